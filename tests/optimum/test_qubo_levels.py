"""All states of a QUBO: levels as a plain enumeration has them, and what formulations promise about them."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import random_problem

from bnnbench.errors import InputError
from bnnbench.optimum.prove import search
from bnnbench.optimum.qubo_levels import levels
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.qubo.qubo import Qubo, make_qubo


def random_qubo(num_variables: int, seed: int, *, whole: bool) -> Qubo:
    generator = np.random.default_rng(seed)
    rows, cols = np.triu_indices(num_variables, 1)
    kept = generator.random(len(rows)) < 0.6

    def draw(size: int) -> np.ndarray:
        return generator.integers(-5, 6, size).astype(float) if whole else generator.normal(size=size)

    return make_qubo(draw(num_variables), rows[kept], cols[kept], draw(int(kept.sum())), 1.5)


@pytest.mark.parametrize("num_variables", [1, 2, 3, 6, 7, 8, 11, 12, 13, 15])
@pytest.mark.parametrize("whole", [True, False])
def test_levels_equal_enumeration(num_variables: int, whole: bool) -> None:
    for seed in range(5):
        qubo = random_qubo(num_variables, seed, whole=whole)
        states = np.arange(2**num_variables)[:, None] >> np.arange(num_variables) & 1
        energies = qubo.energies(states)
        ground = energies.min()
        above = energies[energies > ground + 1e-9]

        found = levels(qubo, cap=2**num_variables)

        assert found.energy == pytest.approx(ground, abs=1e-9)
        assert found.num_states == np.count_nonzero(energies <= ground + 1e-9) == len(found.states)
        assert np.allclose(qubo.energies(found.states), ground)
        assert len(np.unique(found.states, axis=0)) == len(found.states)
        assert found.gap == (pytest.approx(above.min() - ground, abs=1e-9) if len(above) else None)


def test_a_constant_has_one_level_and_a_cap_limits_the_list() -> None:
    none = np.zeros(0, dtype=np.int32)

    found = levels(make_qubo(np.zeros(14), none, none, np.zeros(0), -2.0), cap=5)

    assert (found.energy, found.num_states, found.gap, len(found.states)) == (-2, 2**14, None, 5)


def test_many_steps_of_the_gray_code_do_not_lose_the_ground_state() -> None:
    qubo = random_qubo(22, 3, whole=False)
    seen: list[float] = []

    found = levels(qubo, report=seen.append)

    assert qubo.energies(found.states) == pytest.approx(found.energy)
    flips = found.states[0] ^ np.eye(22, dtype=np.int8)
    assert (qubo.energies(flips) > found.energy).all()
    assert seen[-1] == 1


@pytest.mark.parametrize("formulation", ["compact", "reduced", "sasdelli"])
@pytest.mark.parametrize(
    ("widths", "samples", "bias"),
    [((3, 1), 3, False), ((7, 1), 4, False), ((1, 1, 1), 2, False), ((2, 2, 1), 2, False)],
)
def test_sound_formulations_have_the_ground_states_they_promise(
    widths: tuple[int, ...], samples: int, bias: bool, formulation: str
) -> None:
    problem = random_problem(widths, samples, bias=bias, seed=3)
    try:
        instance = compile_problem(problem, formulation)
    except InputError:
        pytest.skip("the published encoding has no such fan-in")
    if instance.qubo.num_variables > 26:
        pytest.skip("too large for a test")
    truth = search(problem)

    found = levels(instance.qubo)

    assert found.energy == truth.energy
    assert found.gap >= 1
    weights = np.unique(instance.decode(found.states), axis=0)
    assert (problem.training_loss(weights) == truth.loss).all()
    if formulation == "compact":
        assert len(weights) == truth.num_optima
    assert not any(count.any() for count in instance.violations(found.states).values())


def test_a_large_qubo_is_refused_with_a_sentence() -> None:
    with pytest.raises(InputError, match=r"a QUBO of 35 variables has 2\^35 states, and 2\^34 are the most"):
        levels(random_qubo(35, 0, whole=True))


@pytest.mark.parametrize("scale", [1e-7, 0.1, 1 / 3, 1000000.1, 9.9e11])
def test_a_scale_of_the_energies_changes_no_level(scale: float) -> None:
    for seed in range(5):
        whole = random_qubo(14, seed, whole=True)
        right = levels(whole)
        scaled = make_qubo(scale * whole.linear, whole.rows, whole.cols, scale * whole.couplings, scale * whole.offset)

        found = levels(scaled)

        assert right.tolerance == 0
        assert 0 <= found.tolerance < 1e-9 * scale
        assert found.num_states == right.num_states
        assert found.gap == pytest.approx(scale * right.gap, rel=1e-9)
        assert sorted(found.states.tolist()) == sorted(right.states.tolist())


def test_energies_that_are_exact_have_no_tolerance() -> None:
    none = np.zeros(0, dtype=np.int32)

    def of(*linear: float) -> float:
        return make_qubo(np.array(linear), none, none, np.zeros(0), 0.0).rounding

    assert of(0.0) == of(3, -5, 2.0**-40) == of(2.0**52, 1) == of(2.0**-30, 2.0**22) == 0
    assert of(2.0**53, 1) > 0
    assert of(0.1, 0.25) > 0


def test_levels_a_hair_apart_are_two_where_energies_are_exact() -> None:
    none = np.zeros(0, dtype=np.int32)

    found = levels(make_qubo(np.array([2.0**-40, 1.0]), none, none, np.zeros(0), 0.0))

    assert (found.num_states, found.gap) == (1, 2.0**-40)
