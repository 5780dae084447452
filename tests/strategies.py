"""What the tests draw: small networks, problems and formulations, and every assignment of a few bits.

Penalties and losses are dyadic, so that energies are exact in floating point and compare with ``==``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from bnnbench.plugins.registry import formulation
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import Formulation
from bnnbench.qubo.penalty import layer_bounds

LOSSES = ("zero_one", "margin", "zero_one_margin")
PENALTIES = (0.25, 0.5, 1.0, 2.0, 3.0)
PUBLISHED_SHAPES = ((3, 1), (3, 2), (3, 3, 1), (3, 3, 2), (7, 1), (3, 3, 3, 1))
ENUMERABLE_SHAPES = (
    ((1, 1), True), ((2, 1), False), ((2, 1), True), ((3, 1), False), ((3, 1), True), ((4, 1), False), ((2, 2), False),
    ((3, 2), False), ((1, 1, 1), False), ((2, 1, 1), False), ((1, 2, 1), False), ((1, 1, 2), False), ((3, 1, 1), False),
    ((2, 1, 2), False), ((1, 1, 1), True), ((2, 2, 1), False), ((1, 1, 1, 1), False), ((2, 1, 1, 1), False),
)  # fmt: skip
MAX_BITS = 16
LEAST = 0.25
"""λ where the bound is 0, as there is no penalty."""
LOSS = st.sampled_from(LOSSES)
FEW = st.integers(1, 3)
AT_THE_BOUND = st.just(0.0)


@lru_cache(maxsize=8)
def all_bits(count: int) -> NDArray[np.int8]:
    """Every assignment of `count` bits in lexicographic order: int8 of shape (2^count, count)."""
    bits = (np.arange(2**count)[:, None] >> np.arange(count)[::-1] & 1).astype(np.int8)
    bits.setflags(write=False)
    return bits


def all_weights(network: Network) -> NDArray[np.int8]:
    """Every weight setting in lexicographic order."""
    return (2 * all_bits(network.num_weights) - 1).astype(np.int8)


def random_problem(
    widths: tuple[int, ...], samples: int, *, bias: bool = False, loss: Any = "zero_one", seed: int = 0, **more: Any
) -> Problem:
    """Random inputs and targets."""
    generator = np.random.default_rng(seed)
    spins = np.array([-1, 1], dtype=np.int8)
    inputs, targets = (generator.choice(spins, (samples, width)) for width in (widths[0], widths[-1]))
    return Problem(Network(widths, bias), inputs, targets, loss, **more)


def random_bits(count: int, variables: int, *, seed: int = 0) -> NDArray[np.int8]:
    """Random assignments."""
    return np.random.default_rng(seed).integers(0, 2, (count, variables), dtype=np.int8)


def random_weights(count: int, network: Network, *, seed: int = 0) -> NDArray[np.int8]:
    """Random weight settings."""
    return (2 * random_bits(count, network.num_weights, seed=seed) - 1).astype(np.int8)


@st.composite
def networks(draw: st.DrawFn, max_weights: int = 16) -> Network:
    """One to three layers of width 1 to 4, with or without bias: odd and even fan-in."""
    layers = draw(st.integers(1, 3))
    network = st.builds(
        Network, st.lists(st.integers(1, 4), min_size=layers + 1, max_size=layers + 1).map(tuple), st.booleans()
    )
    return draw(network.filter(lambda n: n.num_weights <= max_weights))


@st.composite
def problems(
    draw: st.DrawFn,
    network: st.SearchStrategy[Network] | None = None,
    loss: st.SearchStrategy[Any] = LOSS,
    samples: st.SearchStrategy[int] = FEW,
) -> Problem:
    """Random data for a network, any loss."""
    shape = draw(networks() if network is None else network)
    seed = draw(st.integers(0, 2**16))
    return random_problem(shape.widths, draw(samples), bias=shape.bias, loss=draw(loss), seed=seed)


COUNTERS = ["binary", "unary", "paired"]


@st.composite
def formulated(draw: st.DrawFn) -> tuple[Problem, Formulation]:
    """A problem and a formulation that applies to it: all four, every counter, one λ or one per layer."""
    name = draw(st.sampled_from(["compact", "reduced", "soft", "sasdelli"]))
    if name == "sasdelli":
        shapes = st.sampled_from(PUBLISHED_SHAPES).map(Network)
        return draw(problems(shapes, st.just("zero_one"))), formulation(name, merge=draw(st.booleans()))
    problem = draw(problems())
    penalty = st.sampled_from(PENALTIES)
    layers = problem.network.num_layers
    penalties = penalty | st.lists(penalty, min_size=layers, max_size=layers)
    counter, merge = draw(st.sampled_from(COUNTERS)), draw(st.booleans())
    return problem, formulation(name, counter=counter, penalty=draw(penalties), merge=merge)


@st.composite
def enumerable(draw: st.DrawFn, excess: st.SearchStrategy[float] = AT_THE_BOUND) -> tuple[Problem, Formulation]:
    """A problem and a formulation with λ_l = bound + excess, whose instance has at most `MAX_BITS` variables."""
    widths, bias = draw(st.sampled_from(ENUMERABLE_SHAPES))
    network, loss = Network(widths, bias), draw(st.sampled_from(LOSSES))
    name, counter = draw(st.sampled_from(["compact", "reduced"])), draw(st.sampled_from(COUNTERS))
    recipe = formulation(name, counter=counter).recipe
    plan = recipe.builder(network, recipe.counter, recipe.fixes_signs, loss != "margin").build()
    fits = (MAX_BITS - plan.num_weights) // plan.num_ancillas if plan.num_ancillas else 3
    problem = draw(problems(st.just(network), st.just(loss), st.integers(1, min(3, fits))))
    more = draw(excess)
    penalties = [max(bound, LEAST) + more for bound in layer_bounds(network, problem.loss_weights)]
    return problem, formulation(name, counter=counter, penalty=penalties, merge=draw(st.booleans()))
