"""MQLib's heuristics are solvers by the recipe of the guide."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import bnnbench as bb
from bnnbench.plugins.conformance import CHECKS
from bnnbench.solver.contract import Budget, Solver

GUIDE = Path(__file__).parents[2] / "docs" / "solvers.md"
INSTANCE = bb.compile(bb.load_problem("random_data", widths=[3, 1], samples=3), "compact")


def save(path: Path, lines: str) -> Path:
    path.write_text(lines)
    path.chmod(0o755)
    return path


@pytest.fixture
def solver(tmp_path) -> Solver:
    (recipe,) = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)
    script = save(tmp_path / "mqlib.sh", recipe)
    return bb.load_solver("command", program=f"'{script}' {{file}} {{seed}} 0.02 BURER2002", format="mqlib")


def test_the_recipe_hands_words_on_and_reads_the_last_line(solver, tmp_path, monkeypatch):
    answer = ("1 0 " * INSTANCE.qubo.num_variables)[: 2 * INSTANCE.qubo.num_variables - 1]
    output = f'0.02,BURER2002,"f",6,0.02,[0:0]\\n\\nSolution:\\n{answer}'
    save(tmp_path / "MQLib", f"#!/bin/sh\necho \"$@\" > {tmp_path}/words\nprintf '{output}'\n")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    (batch,) = solver.sample(solver.prepare(INSTANCE), seed=0, budget=Budget(reads=1))

    assert batch.bits.tolist() == [[int(bit) for bit in answer.split()]]
    _, file, _, seed, *others = (tmp_path / "words").read_text().split()
    assert re.fullmatch(r"/dev/fd/\d+", file)
    assert int(seed) == int(np.random.default_rng(0).integers(2**31)) % 65536
    assert others == ["-r", "0.02", "-h", "BURER2002", "-nv", "-ps"]


@pytest.mark.skipif(shutil.which("MQLib") is None, reason="needs the program MQLib on the path")
def test_a_heuristic_of_mqlib_finds_optima_and_keeps_the_order_of_variables(solver):
    outcome = bb.run(INSTANCE, solver, budget=Budget(reads=5))

    assert (outcome.status, outcome.num_reads, outcome.loss_gap, outcome.energy_gap) == ("ok", 5, 0, 0)
    CHECKS["order of variables"](solver)
