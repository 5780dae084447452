"""Solvers of the network are not asked where a formulation cannot complete their weights to bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from strategies import random_problem

from bnnbench.plugins.registry import load_solver
from bnnbench.qubo import instance as instances
from bnnbench.qubo.formulation import Formulation
from bnnbench.qubo.instance import Instance
from bnnbench.runs.loop import run
from bnnbench.solver.contract import Budget
from bnnbench.solver.refusal import refusal


@dataclass(frozen=True, kw_only=True)
class ManyBits(Formulation):
    """A formulation of so many private bits that weights are not completed by trying them."""

    num_bits: int = 21

    def sample_energy(self, sample: Any) -> Any:
        return sum(sample.ancilla(f"a{k}") for k in range(self.num_bits)) + sample.products[0][0]


def compiled(num_bits: int) -> Instance:
    """One neuron of three inputs."""
    return instances.compile(random_problem((3, 1), 2), ManyBits(num_bits=num_bits))


@pytest.mark.parametrize("name", ["exhaustive", "straight_through", "weight_search"])
def test_a_solver_of_the_network_is_refused_where_weights_cannot_be_completed(name: str) -> None:
    outcome = run(compiled(21), load_solver(name), budget=Budget(reads=2), seed=1)

    assert outcome.status == "refused"
    assert "it cannot complete weights, as its private bits are no blocks of up to 20" in outcome.message


@pytest.mark.parametrize("name", ["exhaustive", "straight_through", "weight_search", "random"])
def test_no_solver_is_refused_where_weights_can_be_completed(name: str) -> None:
    assert refusal(load_solver(name), compiled(3)) is None


@pytest.mark.parametrize("name", ["random", "steepest_descent"])
def test_guesses_and_solvers_of_the_qubo_need_no_completion(name: str) -> None:
    outcome = run(compiled(21), load_solver(name), budget=Budget(reads=2), seed=1)

    assert (outcome.status, outcome.num_reads) == ("ok", 2)
