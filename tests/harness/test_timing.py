"""Times mean something: runs are apart, what they took is noted, and a machine that drifts is seen."""

from __future__ import annotations

import os
import time

import pytest

from bnnbench.errors import InputError, StoreError
from bnnbench.harness.campaign import Campaign
from bnnbench.harness.executor import LocalExecutor
from bnnbench.harness.isolation import placement
from bnnbench.harness.isolation.placement import lanes_apart, physical_cores, processor_quota
from bnnbench.runs.speed_probe import NEAR_S, SpeedProbe, probe_speed, slowdowns
from bnnbench.store.store import open_store, read_store
from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan

PINS = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system cannot pin processes")

SUITE = """
repetitions = 2
[budget]
seconds = 0.3
[[problems]]
name = "majority"
[[formulations]]
name = "compact"
[[solvers]]
name = "{solver}"
"""


def run_suite(folder, executor, solver="random"):
    path = folder / "suite.toml"
    path.write_text(SUITE.format(solver=solver))
    planned = plan(read_suite(path), folder)
    with open_store(folder / "out") as store:
        for _ in Campaign(store, planned.suite.limits, {}, executor=executor).run(list(planned.cells())):
            pass
    with read_store(folder / "out") as store:
        return store.runs(), store.speed_probes()


# --- placement ------------------------------------------------------------------------------------------------------


def make_machine(folder, monkeypatch, siblings, allowed):
    """A machine whose processors have the given siblings, as the kernel writes them."""
    for number, text in enumerate(siblings):
        (folder / f"cpu{number}" / "topology").mkdir(parents=True)
        (folder / f"cpu{number}" / "topology" / "thread_siblings_list").write_text(text + "\n")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(allowed), raising=False)
    monkeypatch.setattr(placement, "processor_quota", lambda: None)
    cores = physical_cores(folder)
    monkeypatch.setattr(placement, "physical_cores", lambda: cores)
    return cores


def test_hardware_threads_of_a_core_are_one_place(tmp_path, monkeypatch):
    assert make_machine(tmp_path, monkeypatch, ["0,2", "1,3", "0,2", "1,3"], range(4)) == [(0, 2), (1, 3)]
    assert lanes_apart(1) == [(0, 1, 2, 3)]
    assert lanes_apart(2) == [(0, 2), (1, 3)]
    with pytest.raises(InputError, match=r"--jobs 3: runs would share .* 2 physical cores .* --jobs 2, or --untimed"):
        lanes_apart(3)


def test_no_number_of_jobs_is_as_many_as_there_are_cores_for(tmp_path, monkeypatch):
    make_machine(tmp_path, monkeypatch, ["0", "1", "2", "3", "4"], range(5))
    assert len(lanes_apart(0)) == 5
    assert lanes_apart(0, threads=2) == lanes_apart(2, threads=2)
    assert len(lanes_apart(0, threads=8)) == 1


def test_processors_that_are_not_allowed_are_not_used(tmp_path, monkeypatch):
    assert make_machine(tmp_path, monkeypatch, ["0-1", "0-1", "2-3", "2-3"], [1, 2, 3]) == [(1,), (2, 3)]


def test_cores_that_are_left_over_go_round(tmp_path, monkeypatch):
    make_machine(tmp_path, monkeypatch, ["0", "1", "2", "3", "4"], range(5))
    assert lanes_apart(2) == [(0, 2, 4), (1, 3)]
    assert lanes_apart(2, threads=2) == [(0, 2, 4), (1, 3)]
    with pytest.raises(InputError, match=r"runs of 2 threads each .* give --jobs 2"):
        lanes_apart(3, threads=2)


def test_a_quota_of_a_container_counts(tmp_path, monkeypatch):
    make_machine(tmp_path, monkeypatch, ["0", "1", "2", "3"], range(4))
    monkeypatch.setattr(placement, "processor_quota", lambda: 1.5)
    assert len(lanes_apart(1)) == 1
    with pytest.raises(InputError, match="1 physical core is free"):
        lanes_apart(2)


@pytest.mark.parametrize(("text", "quota"), [("150000 100000", 1.5), ("max 100000", None), ("", None)])
def test_the_quota_is_read_as_the_kernel_writes_it(tmp_path, text, quota):
    (tmp_path / "cpu.max").write_text(text)
    assert processor_quota(tmp_path / "cpu.max") == quota
    assert processor_quota(tmp_path / "none") is None


def test_one_job_is_never_refused(tmp_path, monkeypatch):
    make_machine(tmp_path, monkeypatch, ["0"], [0])
    assert lanes_apart(1, threads=8) == [(0,)]


def test_without_affinity_runs_are_counted_but_not_pinned(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(placement, "processor_quota", lambda: None)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert physical_cores() == []
    assert lanes_apart(2) == [None, None]
    with pytest.raises(InputError, match="2 physical cores"):
        lanes_apart(3)


# --- what is noted of a run -----------------------------------------------------------------------------------------

PINNED = """
import os, time, numpy as np
from dataclasses import dataclass
import bnnbench as bb

@dataclass(frozen=True, kw_only=True)
class Pinned(bb.Solver):
    num_threads: int = 1

    @property
    def threads(self):
        return self.num_threads

    def sample(self, prepared, *, seed, budget):
        end = time.process_time() + 0.2
        while time.process_time() < end:
            pass
        held = np.ones(50_000_000, dtype=np.int8)
        facts = {"places": ",".join(map(str, sorted(os.sched_getaffinity(0)))), "omp": os.environ["OMP_NUM_THREADS"]}
        yield bb.Batch(np.zeros((1, prepared.qubo.num_variables), dtype=np.int8), facts=facts)
"""


@PINS
def test_a_run_keeps_to_its_processors_and_what_it_takes_is_noted(tmp_path):
    (tmp_path / "pinned.py").write_text(PINNED)
    processor = min(os.sched_getaffinity(0))
    runs, probes = run_suite(tmp_path, LocalExecutor([(processor,)]), solver="pinned.py")
    assert set(runs["processors"]) == set(runs["fact.places"].astype(str)) == {str(processor)}
    assert set(runs["is_timed"]) == {1}
    assert set(runs["threads"]) == {1}
    assert runs["cpu_s"].between(0.1, 2).all()
    assert (runs["cpu_s"] <= 1.1 * runs["sample_s"] + 0.05).all()
    assert (runs["peak_mib"] > 48).all()
    assert (runs["load_after"] >= 0).all()
    assert len(probes) == 1, "a worker probes as it begins, and every two minutes"
    assert (runs["slowdown"] == 1).all()


def test_runs_that_share_cores_are_marked(tmp_path):
    runs, _ = run_suite(tmp_path, LocalExecutor(2))
    assert set(runs["is_timed"]) == {0}
    assert runs["flag_texts"].str.contains("shared its cores with other runs, so that its times mean nothing").all()
    assert runs["processors"].isna().all()


@PINS
def test_more_threads_than_processors_are_flagged(tmp_path):
    (tmp_path / "pinned.py").write_text(PINNED)
    text = SUITE.format(solver="pinned.py") + "num_threads = 3\n"
    (tmp_path / "s.toml").write_text(text)
    planned = plan(read_suite(tmp_path / "s.toml"), tmp_path)
    assert planned.threads == 3
    executor = LocalExecutor([(min(os.sched_getaffinity(0)),)])
    with open_store(tmp_path / "out") as store:
        campaign = Campaign(store, planned.suite.limits, executor=executor)
        outcomes = [outcome for _, outcome in campaign.run(list(planned.cells()))]
    assert {flag for outcome in outcomes for flag in outcome.flags} == {"used 3 threads on 1 processors"}


# --- the probe -----------------------------------------------------------------------------------------------------


def probe(at, seconds, machine="m", processors="0"):
    return {"machine": machine, "processors": processors, "at": at, "seconds": seconds}


def test_the_speed_probe_is_short_and_tells_when_it_ended():
    probe = probe_speed()
    assert 0.001 < probe.seconds < 2
    assert abs(probe.at - time.time()) < 60


def test_a_run_is_as_slow_as_the_slower_of_the_probes_around_it():
    probes = [probe(0, 1.0), probe(100, 1.5), probe(200, 1.1), probe(300, 3.0)]
    runs = [("m", "0", 10, 90), ("m", "0", 110, 190), ("m", "0", 205, 206), ("m", "0", 310, 320)]
    assert slowdowns(runs, probes) == [1.5, 1.5, 3.0, 3.0]


def test_a_long_run_spans_probes_of_other_runs_but_takes_those_at_its_ends():
    assert slowdowns([("m", "0", 50, 250)], [probe(0, 1.0), probe(100, 9.0), probe(300, 1.2)]) == [1.2]


def test_probes_of_other_processors_set_the_best_but_say_nothing_else():
    assert slowdowns([("m", "0", 10, 20)], [probe(0, 2.0), probe(0, 1.0, processors="1")]) == [2.0]
    assert slowdowns([("m", None, 10, 20), ("n", "0", 10, 20)], [probe(0, 1.0)]) == [None, None]


def test_a_probe_of_another_day_says_nothing():
    assert slowdowns([("m", "0", NEAR_S + 1, NEAR_S + 2), ("m", "0", 10, 20)], [probe(0, 1.0)]) == [None, 1.0]


def test_a_machine_that_became_slow_is_shown_in_every_table(tmp_path):
    run_suite(tmp_path, LocalExecutor([None]))
    with open_store(tmp_path / "out") as store:
        (first,) = store.speed_probes()
        best = SpeedProbe(first["at"] - 50, first["seconds"] / 2)
        store.add_speed_probe(best, machine=first["machine"], processors="elsewhere")
    with read_store(tmp_path / "out") as store:
        runs = store.runs()
    assert (runs["slowdown"] == 2).all()
    assert runs["flag_texts"].str.contains("was on a machine 1.2 or more times slower than at its best").all()


def test_a_damaged_probe_of_no_seconds_is_a_sentence(tmp_path):
    run_suite(tmp_path, LocalExecutor([None]))
    with open_store(tmp_path / "out") as store:
        (first,) = store.speed_probes()
        store.add_speed_probe(SpeedProbe(first["at"], 0.0), machine=first["machine"], processors=first["processors"])
    with read_store(tmp_path / "out") as store, pytest.raises(StoreError, match="the file is damaged"):
        store.runs()
