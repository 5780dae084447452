"""The contracts of solvers and of formulations as pytest classes, for the tests of plugins, wherever they live.

A subclass gives one fixture, and pytest collects a test for each check:

    class TestMySolver(SolverContract):
        @pytest.fixture
        def solver(self):
            return bnnbench.load_solver("./my_solver.py", num_sweeps=100)

    class TestMyFormulation(FormulationContract):
        @pytest.fixture
        def formulation(self):
            return bnnbench.formulation("./my_formulation.py")
"""

from __future__ import annotations

import pytest

from bnnbench.plugins.conformance import CHECKS, run_check
from bnnbench.plugins.formulation_checks import FORMULATION_CHECKS, run_formulation_check
from bnnbench.plugins.verdict import Result
from bnnbench.qubo.formulation import Formulation
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
        _expect(run_check(check, solver))


class FormulationContract:
    """Tests that every formulation passes."""

    @pytest.fixture
    def formulation(self) -> Formulation:
        """Return the formulation under test."""
        raise NotImplementedError(
            "give FormulationContract a fixture `formulation` that returns your bnnbench.Formulation."
        )

    @pytest.mark.parametrize("check", FORMULATION_CHECKS)
    def test_contract(self, formulation: Formulation, check: str) -> None:
        """Run one check; see `bnnbench.plugins.formulation_checks`."""
        _expect(run_formulation_check(check, formulation))


def _expect(result: Result) -> None:
    if result.verdict == "does not apply":
        pytest.skip(result.sentence)
    assert result.verdict == "passed", f"{result.check}: {result.sentence}"  # noqa: S101  it is a test
