"""What a cluster gains, and what a large suite costs: seconds, ratios and memory."""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import psutil
import pytest
from suite_texts import suite_text

from bnnbench.harness.campaign import Campaign, find_truths, pending
from bnnbench.harness.executor import LocalExecutor
from bnnbench.harness.isolation.placement import lanes_apart
from bnnbench.store.store import open_store
from bnnbench.store.stored_run import StoredRun
from bnnbench.suite.file import Limits, read_suite
from bnnbench.suite.planning import plan


def null_suite(repetitions: int, solver: str) -> str:
    """A suite whose runs take nothing but what the solver takes."""
    problem = {"name": "random_function", "hidden": [[]], "samples": 2}
    return suite_text(problem, [solver], formulations=["compact"], budget={"reads": 1}, repetitions=repetitions)


WORK = """
import time, numpy as np
from dataclasses import dataclass
import bnnbench as bb

@dataclass(frozen=True, kw_only=True)
class Work(bb.Solver):
    def sample(self, prepared, *, seed, budget):
        {work}
        yield bb.Batch(np.zeros((1, prepared.qubo.num_variables), dtype=np.int8))
"""
WORKS = {"sleep": "time.sleep(0.5)", "compute": "sum(i * i for i in range(8_000_000))"}


@pytest.mark.parametrize("kind", WORKS)
def test_two_dask_workers_are_nearly_twice_as_fast_as_one(tmp_path, kind):
    distributed = pytest.importorskip("distributed")
    from bnnbench.harness.cluster.dask_executor import DaskExecutor

    (tmp_path / "work.py").write_text(WORK.format(work=WORKS[kind]))
    (tmp_path / "s.toml").write_text(null_suite(repetitions=40, solver="work.py"))
    planned = plan(read_suite(tmp_path / "s.toml"), tmp_path)
    cells, solvers = list(planned.cells()), [solver.spec for solver in planned.solvers]
    seconds = {}
    for workers in (1, 2):
        options = {"threads_per_worker": 1, "processes": True, "dashboard_address": ":0"}
        with (
            distributed.LocalCluster(n_workers=workers, **options) as cluster,
            open_store(tmp_path / f"{workers}") as s,
        ):
            executor = DaskExecutor(cluster.scheduler_address, solvers)
            times = [time.perf_counter() for _ in Campaign(s, planned.suite.limits, {}, executor=executor).run(cells)]
        seconds[workers] = (times[-1] - times[3]) / (len(times) - 4)  # when all workers have started
    ratio = seconds[1] / seconds[2]
    print(f"\n{kind}: {seconds[1]:.3f} s per cell on 1 worker, {seconds[2]:.3f} s on 2: {ratio:.2f} times as fast")
    assert ratio >= 1.8


@pytest.mark.parametrize("where", ["local", "dask"])
def test_ten_thousand_null_cells(tmp_path, where):
    (tmp_path / "s.toml").write_text(null_suite(repetitions=10_000, solver="random"))
    start = time.perf_counter()
    planned = plan(read_suite(tmp_path / "s.toml"), tmp_path)
    cells = list(planned.cells())
    with open_store(tmp_path / "out") as store:
        waiting = pending(cells, store.finished())
        truths = {problem.hash: truth for problem, truth in find_truths(planned.problems, store)}
        print(f"\n{where}: 10,000 cells planned in {time.perf_counter() - start:.2f} s")
        process, memory = psutil.Process(), []
        start = time.perf_counter()
        with _executor(where, planned) as executor:
            runs = Campaign(store, planned.suite.limits, truths, executor=executor).run(waiting)
            for number, _ in enumerate(runs, start=1):
                if number % 1000 == 0:
                    memory.append(process.memory_info().rss / 2**20)
        print(f"run in {time.perf_counter() - start:.1f} s; MiB after each 1,000: {[round(m) for m in memory]}")
    start = time.perf_counter()
    with open_store(tmp_path / "out") as store:
        assert not pending(list(plan(read_suite(tmp_path / "s.toml"), tmp_path).cells()), store.finished())
    seconds = time.perf_counter() - start
    print(f"resumed, with nothing to do, in {seconds:.2f} s")
    assert seconds <= 2
    assert memory[-1] - memory[0] < 50, "the coordinator's memory does not grow with the cells"


class _executor:  # noqa: N801  reads as a function
    def __init__(self, where, planned):
        self.where, self.planned = where, planned

    def __enter__(self):
        if self.where == "local":
            return LocalExecutor(lanes_apart(2))
        distributed = pytest.importorskip("distributed")
        from bnnbench.harness.cluster.dask_executor import DaskExecutor

        options = {"threads_per_worker": 1, "processes": True, "dashboard_address": ":0"}
        self.cluster = distributed.LocalCluster(n_workers=2, **options)
        return DaskExecutor(self.cluster.scheduler_address, [solver.spec for solver in self.planned.solvers])

    def __exit__(self, *error):
        if self.where == "dask":
            self.cluster.close()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folders of a suite whose runs are all in the store, by their number; a run is copied to each key."""
    folders = {}
    for number in (5_000, 20_000):
        folder = folders[number] = tmp_path_factory.mktemp(f"{number}")
        (folder / "s.toml").write_text(null_suite(repetitions=number, solver="random"))
        cells = list(plan(read_suite(folder / "s.toml"), folder).cells())
        with open_store(folder / "out") as store, LocalExecutor(1) as executor:
            truths = {problem.hash: truth for problem, truth in find_truths([cells[0].problem], store)}
            list(Campaign(store, Limits(), truths, executor=executor).run(cells[:1]))
            (run,) = store.stored_runs()
            with store.transaction():
                for cell in cells[1:]:
                    row = {**run.row, "key": cell.key, "seed": cell.seed, "repetition": cell.repetition}
                    parts = ([{**part, "run": cell.key} for part in parts] for parts in (run.batches, run.samples))
                    store.put_run(StoredRun(row, *parts))
    return folders


@pytest.mark.parametrize(("verb", "limit_s"), [(["--dry-run"], 3), ([], 6)])
def test_a_finished_suite_is_looked_through_in_seconds(finished, verb, limit_s):
    """Processor time, which a busy machine lengthens less; the resumed run prints its table, too."""
    seconds = {}
    for number, folder in finished.items():
        command = [sys.executable, "-P", "-m", "bnnbench", "run", str(folder / "s.toml"), "--out", str(folder / "out")]
        before = children_s()
        done = subprocess.run([*command, *verb], capture_output=True, text=True, check=True)
        seconds[number] = children_s() - before
        assert f"{number} done before" in done.stdout or f"{number} of them done before" in done.stderr
    print(f"\n{' '.join(verb) or 'resumed'}: {seconds}")
    assert seconds[20_000] <= limit_s
    assert seconds[20_000] <= 5 * seconds[5_000]


VERBS = {
    "verify": 10,
    "show": 4,
    "export": 4,
    "export --to parquet": 4,
    "export --to latex": 6,
    "merge": 30,
    "report": 10,
}
"""Processor seconds that each verb may take for 20,000 runs."""


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_costs_more_than_in_proportion_to_the_runs(finished, tmp_path, verb):
    seconds = {}
    for number, folder in finished.items():
        name, *options = verb.split()
        if name in ("merge", "export", "report"):
            options += ["-o", str(tmp_path / f"{number}")]
        folders = [str(folder / "out")] * (2 if name == "merge" else 1)
        command = [sys.executable, "-P", "-m", "bnnbench", name, *folders, *options]
        before = children_s()
        subprocess.run(command, capture_output=True, text=True, check=True)
        seconds[number] = children_s() - before
    print(f"\n{verb}: {seconds}")
    assert seconds[20_000] <= VERBS[verb]
    assert seconds[20_000] <= 5 * seconds[5_000]


def children_s():
    """Processor seconds of all processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
