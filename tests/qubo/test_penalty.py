"""λ in double precision: what is exact, what is rounded, what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import formulated, random_problem, random_weights

from bnnbench.errors import InputError
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import formulation
from bnnbench.qubo.formulation import Soundness
from bnnbench.qubo.penalty import energy_scale, exact_bits, on_grid


def size_of(qubo: Any) -> float:
    """Σ |coefficient|."""
    return float(np.abs(qubo.linear).sum() + np.abs(qubo.couplings).sum() + abs(qubo.offset))


@given(formulated())
def test_the_scale_bounds_the_coefficients(drawn: Any) -> None:
    problem, setting = drawn
    penalties = setting.penalties(problem)
    edge = setting.builder.edge_size

    scale = energy_scale(problem.network, setting.counting, penalties, problem.loss_weights, problem.num_samples, edge)

    assert size_of(compile_problem(problem, setting).qubo) <= 8 * scale


@pytest.mark.parametrize(
    ("penalty", "loss"),
    [
        (50.1, "zero_one"), (1.3, "zero_one"), (1e7 + 0.1, "zero_one"), ([1.0, 1e8 + 0.3], "zero_one"),
        ([1e7 / 3, 1.1], "zero_one"), (50.1, "zero_one_margin"), ([1.3, 1e4 + 0.1], "zero_one_margin"), (2.3, "margin"),
    ],
)  # fmt: skip
def test_a_sound_penalty_is_rounded_up_until_energies_are_exact(penalty: Any, loss: str) -> None:
    problem = random_problem((7, 7, 1), 200, loss=loss)
    instance = compile_problem(problem, penalty=penalty)
    weights = random_weights(20, problem.network)
    asked = instance.formulation.penalties(problem)
    assert instance.tiling is not None
    used = instance.tiling.penalties

    assert instance.is_sound
    assert instance.qubo.energies(instance.complete(weights)).tolist() == problem.training_loss(weights).tolist()
    assert all(0 <= after - before <= 2**-3 for before, after in zip(asked, used, strict=True))


def test_many_samples_have_exact_energies_too() -> None:
    problem = random_problem((7, 7, 1), 5000)
    instance = compile_problem(problem, penalty=50.1)
    weights = random_weights(3, problem.network)

    energies = instance.qubo.energies(instance.complete(weights))

    assert energies.tolist() == problem.training_loss(weights).tolist()


@pytest.mark.parametrize(
    ("widths", "samples", "penalty"), [((7, 7, 1), 100, 9e11), ((500, 3, 1), 20, 1e9), ((3, 3, 1), 5000, [1.0, 1e11])]
)
def test_a_penalty_that_drowns_single_errors_is_refused(widths: Any, samples: int, penalty: Any) -> None:
    problem = random_problem(widths, samples)

    reason = formulation("compact", penalty=penalty).refuses(problem)

    assert reason is not None
    assert "which loses single errors; take a λ that is smaller by a factor of" in reason
    with pytest.raises(InputError, match="double precision rounds to multiples of"):
        compile_problem(problem, penalty=penalty)


def test_nothing_is_claimed_where_margins_are_lost() -> None:
    problem = random_problem((3, 3, 1), 5000, loss="zero_one_margin")

    assert formulation("compact", penalty=2e7).soundness(problem) is Soundness.UNKNOWN
    assert formulation("compact", penalty=2.0).soundness(problem) is Soundness.SOUND


@given(st.floats(0.5, 1e9), st.integers(0, 40))
def test_the_grid_is_above_and_near(penalty: float, bits: int) -> None:
    rounded = on_grid(penalty, bits)

    assert penalty <= rounded < penalty + 2.0 ** -min(bits, 20)
    assert (rounded * 2.0**bits).is_integer()
    assert on_grid(rounded, bits) == rounded


def test_the_number_of_exact_bits_leaves_53_for_the_bits_of_an_instance() -> None:
    assert exact_bits(1.0) == 50
    assert all(8 * scale * 2.0 ** exact_bits(scale) <= 2**53 for scale in (0.3, 1.0, 7.0, 1e9, 1e20))
    assert exact_bits(2.0**51) < 0 <= exact_bits(2.0**50)


def test_small_couplings_beside_large_ones_stay() -> None:
    problem = random_problem((3, 3, 1), 30)
    small = compile_problem(problem, penalty=[1e-7, 1.0])
    large = compile_problem(problem, penalty=[1e-7, 1e9])

    assert large.qubo.num_couplings == small.qubo.num_couplings
    assert np.abs(large.qubo.couplings).min() < 1


def test_what_cancels_but_for_rounding_is_zero() -> None:
    coefficients = np.abs(compile_problem(random_problem((7, 7, 1), 40), "soft").qubo.couplings)

    assert coefficients.min() > 1e-3
    assert math.isfinite(coefficients.max())
