"""Kernels are compiled before runs, by two processes where that takes long."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from bnnbench.harness import warm_up
from bnnbench.harness.warm_up import Need
from bnnbench.problem.network import Network
from bnnbench.spec import Spec

SOLVER = """
import os
from dataclasses import dataclass
from pathlib import Path
from bnnbench.solver import Solver
@dataclass(frozen=True)
class Mine(Solver):
    def warm_up(self):
        print("compiled")
        Path(__file__).with_name(f"{os.getpid()}.pid").touch()
        {fault}
    def warm_up_for(self, network):
        Path(__file__).with_name(f"{network}.network").touch()
    def sample(self, prepared, *, seed, budget):
        yield from ()
"""


@pytest.fixture
def solver(tmp_path):
    (tmp_path / "mine.py").write_text(SOLVER.replace("{fault}", ""))
    return need(tmp_path / "mine.py")


def need(path: Path) -> Need:
    return Need(Spec(str(path)), (Network((3, 1)), Network((3, 3, 1))))


def pids(folder: Path) -> list[int]:
    return [int(path.stem) for path in folder.glob("*.pid")]


def test_a_second_process_helps_where_compiling_takes_long(solver, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(warm_up, "HELP_S", 0.0)

    with warm_up.helped([solver]):
        until = time.monotonic() + 60
        while not pids(tmp_path) and time.monotonic() < until:
            time.sleep(0.01)

    (helper,) = pids(tmp_path)
    assert helper != os.getpid()
    assert capfd.readouterr().out == ""
    with pytest.raises(ProcessLookupError):
        os.kill(helper, 0)


def test_no_process_starts_where_it_takes_no_time(solver, tmp_path):
    with warm_up.helped([solver]):
        warm_up.warm_up([solver])

    assert pids(tmp_path) == [os.getpid()]
    assert sorted(path.stem for path in tmp_path.glob("*.network")) == ["3-1", "3-3-1"]


def test_a_solver_that_cannot_compile_stops_no_other(solver, tmp_path):
    (tmp_path / "broken.py").write_text(SOLVER.replace("{fault}", "raise ValueError('no')"))

    warm_up.warm_up([need(tmp_path / "broken.py"), solver])

    assert pids(tmp_path) == [os.getpid()]
