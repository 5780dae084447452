"""Workers that wait keep what their solver loaded, and cost the runs of others nothing."""

from __future__ import annotations

import os
import sys
import time
from textwrap import dedent

import psutil
import pytest

from bnnbench.harness import pool
from bnnbench.harness.campaign import Campaign
from bnnbench.harness.executor import LocalExecutor
from bnnbench.harness.pool import Pool, pool_key
from bnnbench.harness.worker_process import WorkerProcess, start_worker
from bnnbench.spec import parse_spec
from bnnbench.store.store import open_store, read_store
from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a frozen process with its parent")

SUITE = """
repetitions = {repetitions}
[budget]
reads = 1
[[problems]]
name = "majority"
[[formulations]]
name = "compact"
"""

TELLS = """
    import os, threading, time
    from dataclasses import dataclass
    import numpy as np
    import bnnbench as bb

    started = []

    def rest():
        threading.Event().wait()

    def work():
        while True:
            sum(range(1000))

    @dataclass(frozen=True, kw_only=True)
    class {name}(bb.Solver):
        \"\"\"Tell the process, and leave a thread behind.\"\"\"

        thread: str = "none"
        number: int = 0

        def sample(self, prepared, *, seed, budget):
            if self.thread != "none" and not started:
                started.append(threading.Thread(target=dict(rest=rest, work=work)[self.thread], daemon=True))
                started[0].start()
            places = {{str(sorted(os.sched_getaffinity(int(n)))) for n in os.listdir("/proc/self/task")}}
            facts = {{"process": os.getpid(), "places": ";".join(sorted(places))}}
            yield bb.Batch(np.zeros((1, prepared.qubo.num_variables), dtype=np.int8), facts=facts)
"""


def run_suite(folder, executor, solvers, *, repetitions=3):
    """Run solvers, lines of TOML, on one problem, and return the rows in the order in which they began."""
    for name in ("one", "two"):
        (folder / f"{name}.py").write_text(dedent(TELLS.format(name=name.title())))
    path = folder / "suite.toml"
    path.write_text(SUITE.format(repetitions=repetitions) + "".join(f"[[solvers]]\n{lines}\n" for lines in solvers))
    planned = plan(read_suite(path), folder)
    with open_store(folder / "out") as store:
        list(Campaign(store, planned.suite.limits, executor=executor).run(list(planned.cells())))
    with read_store(folder / "out") as store:
        return store.runs().sort_values("started_at")


def processes(rows):
    """Processes of the runs of each solver."""
    return rows.groupby("solver")["fact.process"].nunique().to_dict()


def test_each_solver_keeps_its_worker_though_solvers_alternate(tmp_path):
    rows = run_suite(tmp_path, LocalExecutor(1), ['name = "one.py"', 'name = "two.py"'])

    assert set(rows["status"]) == {"ok"}
    assert processes(rows) == {"one": 1, "two": 1}
    assert rows["fact.process"].nunique() == 2, "and shares it with no other"


def test_a_worker_goes_where_there_is_room_with_all_its_threads(tmp_path):
    processors = sorted(os.sched_getaffinity(0))
    lanes = [(processors[0],), (processors[-1],)]

    rows = run_suite(tmp_path, LocalExecutor(lanes), ['name = "one.py"\nthread = "rest"'], repetitions=8)

    assert processes(rows)["one[thread=rest]"] <= 2
    assert (rows["fact.places"] == "[" + rows["processors"].astype(str) + "]").all()


@LINUX
@pytest.mark.parametrize(("thread", "is_kept"), [("rest", True), ("work", False)])
def test_a_thread_that_rests_costs_no_worker_and_one_that_works_does(tmp_path, thread, is_kept):
    rows = run_suite(tmp_path, LocalExecutor(1), [f'name = "one.py"\nthread = "{thread}"'])

    assert set(rows["status"]) == {"ok"}
    assert (rows["fact.process"].nunique() == 1) == is_kept


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("tabu[num_restarts=4]", "tabu[num_restarts=8]", True),
        ("tabu[tenure=0.5]", "tabu", True),
        ("embedded[inner=tabu]", "embedded[inner=random]", False),
        ("qaoa[exact=true]", "qaoa[exact=false]", False),
        ("tabu", "random", False),
    ],
)
def test_solvers_that_differ_in_numbers_share_a_worker(one, other, is_same):
    assert (pool_key(parse_spec(one)) == pool_key(parse_spec(other))) == is_same


@pytest.fixture
def start():
    """Start workers, and end all of them at last."""
    executor, started = LocalExecutor(1), []

    def start(key):
        started.append(start_worker(executor._context, key))
        return started[-1]

    yield start
    for worker in started:
        if not worker.pipe.closed:
            worker.stop()


def settled(worker: WorkerProcess, status: str) -> bool:
    """Whether a process comes to a state in time."""
    for _ in range(200):
        if psutil.Process(worker.process.pid).status() == status:
            return True
        time.sleep(0.05)
    return False


@LINUX
def test_a_worker_that_waits_is_frozen_while_others_run_and_goes_on_when_it_is_asked(start):
    workers, waiting = Pool(), start("a")
    workers.keep(waiting)

    assert workers.take("b") is None
    assert settled(waiting, psutil.STATUS_STOPPED)
    assert workers.take("a") is waiting
    assert settled(waiting, psutil.STATUS_SLEEPING)


def test_the_workers_that_waited_longest_end_when_there_are_too_many(start, monkeypatch):
    monkeypatch.setattr(pool, "MAX_IDLE", 2)
    workers, started = Pool(), [start(key) for key in "abc"]
    for worker in started:
        workers.keep(worker)

    workers.take("d")

    assert workers.idle == started[1:]
    assert not started[0].process.is_alive()


def test_the_workers_that_waited_longest_end_when_they_hold_too_much_memory(start):
    workers, started = Pool(max_mib=0.001), [start(key) for key in "ab"]
    for worker in started:
        workers.keep(worker)

    workers.take("d")

    assert workers.idle == []
    assert not any(worker.process.is_alive() for worker in started)


def test_a_worker_that_died_while_it_waited_is_not_given_work(start):
    workers, worker = Pool(), start("a")
    workers.keep(worker)
    worker.process.kill()
    worker.process.join()

    assert workers.take("a") is None
    assert workers.idle == []
