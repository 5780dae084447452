"""The contract of a solver as a pytest class, for the tests of adapters, wherever they live.

A subclass gives one fixture, and pytest collects a test for each of `bnnbench.plugins.conformance.CHECKS`:

    class TestMySolver(SolverContract):
        @pytest.fixture
        def solver(self):
            return bnnbench.load_solver("./my_solver.py", num_sweeps=100)
"""

from __future__ import annotations

import pytest

from bnnbench.plugins.conformance import CHECKS, run_check
from bnnbench.solver.contract import Solver


class SolverContract:
    """Tests that every adapter passes; weaken its parameters until a run takes a moment."""

    @pytest.fixture
    def solver(self) -> Solver:
        """Return the solver under test."""
        raise NotImplementedError("give SolverContract a fixture `solver` that returns your bnnbench.Solver.")

    @pytest.mark.filterwarnings("ignore:All bqm biases are zero")
    @pytest.mark.parametrize("check", CHECKS)
    def test_contract(self, solver: Solver, check: str) -> None:
        """Run one check; see `bnnbench.plugins.conformance`."""
        result = run_check(check, solver)
        if result.verdict == "does not apply":
            pytest.skip(result.sentence)
        assert result.verdict == "passed", f"{check}: {result.sentence}"  # noqa: S101  it is a test
