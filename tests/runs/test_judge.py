"""The judge: everything that a solver could claim is computed again."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import formulated, random_bits, random_problem, random_weights

from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem
from bnnbench.problem.problem import Problem
from bnnbench.qubo import instance as instances
from bnnbench.qubo.formulation import Formulation
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.qubo import Qubo
from bnnbench.runs.judge import judge, pack_bits, unpack_bits
from bnnbench.solver.contract import Batch


@pytest.fixture
def instance() -> Instance:
    """3-3-1 with four samples."""
    return compile_problem(random_problem((3, 3, 1), 4))


@given(formulated(), st.integers(0, 1000))
def test_energies_losses_and_violations_are_computed_again(drawn: Any, seed: int) -> None:
    instance = compile_problem(*drawn)
    n, problem = instance.qubo.num_variables, instance.problem
    bits = random_bits(6, n, seed=seed)
    energies = instance.qubo.energies(bits)
    losses = problem.training_loss(instance.decode(bits))

    judged = judge(instance, Batch(bits), 1.5)

    assert (judged.time_s, judged.num_reads) == (1.5, 6)
    assert (judged.energy, judged.loss) == (energies.min(), losses.min())
    assert judged.mean_energy == pytest.approx(energies.mean())
    assert judged.mean_loss == pytest.approx(losses.mean())
    assert sum(count for _, count in judged.energy_levels) == sum(count for _, count in judged.loss_levels) == 6
    best = unpack_bits(judged.best_bits, n)[None]
    assert instance.qubo.energies(best)[0] == judged.energy
    assert judged.violations == {kind: count[0] for kind, count in instance.violations(best).items()}
    learned = 2 * unpack_bits(judged.best_weights, problem.network.num_weights) - 1
    assert problem.training_loss(learned) == judged.loss
    assert judged.train_accuracy == problem.accuracy(learned)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Inexact(Formulation):
    """A sound formulation whose coefficients are rounded."""

    def compile(self, problem: Problem) -> Qubo:
        exact = compile_problem(problem, "compact").qubo
        parts = (part * (1 + 2.0**-43) for part in (exact.linear, exact.couplings, exact.offset))
        linear, couplings, offset = parts
        return dataclasses.replace(exact, linear=linear, couplings=couplings, offset=float(offset) + 2.0**-36)

    def complete(self, problem: Problem, weights: Any) -> Any:
        return compile_problem(problem, "compact").complete(weights)


def test_an_energy_that_differs_from_its_loss_by_rounding_is_the_loss() -> None:
    problem = random_problem((3, 3, 1), 9)
    instance = instances.compile(problem, Inexact())
    bits = instance.complete(random_weights(20, problem.network))
    assert (instance.qubo.energies(bits) != problem.training_loss(instance.decode(bits))).any()

    judged = judge(instance, Batch(bits), 0.0)

    assert judged.energy_levels == judged.loss_levels


def test_an_energy_that_differs_from_its_loss_by_more_than_rounding_stays(instance: Instance) -> None:
    offset = instance.qubo.offset + 2.0**-20
    moved = dataclasses.replace(instance, qubo=dataclasses.replace(instance.qubo, offset=offset))
    bits = instance.complete(random_weights(1, instance.problem.network))

    judged = judge(moved, Batch(bits), 0.0)

    assert judged.energy == judged.loss + 2.0**-20


def test_losses_that_differ_by_a_small_margin_are_counted_apart() -> None:
    """With N·d_L·m_L of 512 and more, the margin has more than nine decimals."""
    problem = load_problem("random_data", widths=[7, 1], samples=200, loss="zero_one_margin")
    instance = compile_problem(problem, "reduced")
    weights = random_weights(50, problem.network)

    judged = judge(instance, Batch(instance.complete(weights)), 0.0)

    least = problem.training_loss(weights).min()
    assert judged.loss_levels[0][0] == judged.energy_levels[0][0] == judged.loss == least


@pytest.mark.parametrize(("claimed", "kept"), [(2 + 1e-12, 2.0), (2 - 1e-12, 2.0), (2.001, 2.001), (np.inf, np.inf)])
def test_a_claimed_bound_that_misses_a_loss_by_rounding_is_the_loss(instance: Instance, claimed, kept) -> None:
    bits = instance.complete(random_weights(1, instance.problem.network))

    assert judge(instance, Batch(bits, lower_bound=claimed), 0.0).lower_bound == kept


def test_claims_are_kept_beside_what_was_computed(instance: Instance) -> None:
    bits = instance.complete(random_weights(2, instance.problem.network))

    judged = judge(instance, Batch(bits, lower_bound=-1, clocks={"qpu_access_s": 2}, facts={"n": np.int64(3)}), 0.0)

    assert (judged.lower_bound, judged.clocks, judged.facts) == (-1, {"qpu_access_s": 2}, {"n": 3})
    assert type(judged.facts["n"]) is int


@given(st.lists(st.integers(0, 1), min_size=1, max_size=40))
def test_packed_bits_are_read_back(bits: list[int]) -> None:
    assert unpack_bits(pack_bits(np.array(bits)), len(bits)).tolist() == bits


def test_a_batch_that_trains_has_no_reads_and_no_levels(instance: Instance) -> None:
    bits = np.zeros((3, instance.qubo.num_variables), dtype=np.int8)
    final, training = judge(instance, Batch(bits), 0.0), judge(instance, Batch(bits, phase="training"), 0.0)
    assert (final.num_reads, training.num_reads) == (3, 0)
    assert training.energy_levels == training.loss_levels == []
    assert (training.energy, training.loss) == (final.energy, final.loss), "what it found is found"
