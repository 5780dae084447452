"""What a cluster gains, and what a large suite costs: seconds, ratios and memory."""

from __future__ import annotations

import time

import psutil
import pytest

from bnnbench.harness.campaign import find_truths, pending, run_cells
from bnnbench.harness.executor import LocalExecutor
from bnnbench.harness.isolation.placement import lanes_apart
from bnnbench.store.store import open_store
from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan

SUITE = """
repetitions = {repetitions}
[budget]
reads = 1
[[problems]]
name = "random_function"
hidden = [[]]
samples = 2
[[formulations]]
name = "compact"
[[solvers]]
name = "{solver}"
"""

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
    (tmp_path / "s.toml").write_text(SUITE.format(repetitions=40, solver="work.py"))
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
            times = [time.perf_counter() for _ in run_cells(cells, {}, s, planned.suite.limits, executor=executor)]
        seconds[workers] = (times[-1] - times[3]) / (len(times) - 4)  # when all workers have started
    ratio = seconds[1] / seconds[2]
    print(f"\n{kind}: {seconds[1]:.3f} s per cell on 1 worker, {seconds[2]:.3f} s on 2: {ratio:.2f} times as fast")
    assert ratio >= 1.8


@pytest.mark.parametrize("where", ["local", "dask"])
def test_ten_thousand_null_cells(tmp_path, where):
    (tmp_path / "s.toml").write_text(SUITE.format(repetitions=10_000, solver="random"))
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
            runs = run_cells(waiting, truths, store, planned.suite.limits, executor=executor)
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
