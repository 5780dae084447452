"""Prove the optimum of a problem: a search over its weights, which shares no code with what checks it."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import replace
from functools import cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.enumeration import TINY, optimum_of
from bnnbench.optimum.exchange import exchanged_weights
from bnnbench.optimum.incumbent import incumbent
from bnnbench.optimum.search.cost import fits
from bnnbench.optimum.search.distinct_samples import DistinctSamples, distinct_samples
from bnnbench.optimum.search.hidden_layer import HiddenLayer
from bnnbench.optimum.search.layers import Layers
from bnnbench.optimum.search.passes import Limits, Report, Result, Search, Standing
from bnnbench.optimum.search.perceptron import Perceptron
from bnnbench.optimum.search.perceptron_bound import PerceptronBound
from bnnbench.optimum.search.space import Space, optimal_settings, total_count
from bnnbench.optimum.search.tally import NEVER
from bnnbench.optimum.truth import HEURISTICS, Truth
from bnnbench.optimum.weight_anneal import warm_up
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

COUNT_NODES = 2_000_000
"""Nodes that each of the tasks of a search may spend on counting, some seconds; it can cost more than the proof."""
LONG = 10**8
"""Nodes of a search over one hidden layer, times words, after which better weights are sought: seconds of a core."""
TABLE = 20
"""Inputs of a neuron up to which the losses of all its weight vectors are put into a table, in milliseconds."""


def search(
    problem: Problem,
    *,
    max_optima: int = 1000,
    seconds: float | None = None,
    report: Report | None = None,
    threads: int | None = None,
    interruptible: bool = False,
    count: bool = True,
) -> Truth:
    """Search a problem, whatever it costs, ignoring planted weights; see `ground_truth`, and `Limits` for `count`."""
    compile_kernels(problem.network.num_layers)
    if problem.network.num_weights > TINY:
        warm_up(problem.network.num_layers)
    start = time.perf_counter()
    distinct = distinct_samples(problem)
    if problem.network.num_layers == 1 and not is_bounded(distinct):
        return optimum_of(Perceptron(distinct), problem, distinct, max_optima, start)
    parts = parts_of(distinct)
    spaces = [space_of(part) for part in parts]

    @cache
    def known() -> NDArray[np.int8]:
        # Sought only if somebody waits, if the search takes long, or if it gives up.
        return np.asarray(incumbent(problem)[0])

    @cache
    def exchanged() -> tuple[NDArray[np.int8], int]:
        # Sought in long searches alone, which are over one hidden layer.
        return exchanged_weights(cast("HiddenLayer", spaces[0]), np.random.default_rng(0))

    results: list[Result] = []

    def relay(standing: Standing) -> None:
        lower = (standing.lower_bound + sum(one.lower_bound for one in results) + distinct.base) * distinct.unit
        if report:
            report(replace(standing, lower_bound=lower, best=float(problem.training_loss(known()))))

    limits = Limits(
        # Margins are finer than errors: of their many levels not each is worth a pass.
        step=max(1, distinct.errors // 2),
        cap=max_optima,
        seconds=seconds,
        count_nodes=COUNT_NODES,
        threads=threads,
        interruptible=interruptible,
        count=count,
        known=lambda: exchanged()[1],
        long_nodes=long_nodes(spaces[0]),
    )
    for part, space in zip(parts, spaces, strict=True):
        results.append(Search(space, limits, relay if report else None).minimize(part.ceiling))
        if results[-1].loss is None:
            is_long = results[-1].nodes > limits.long_nodes
            if is_long and exchanged()[1] <= results[-1].lower_bound:
                weights = exchanged()[0]
            elif is_long:
                weights = min(known(), exchanged()[0], key=problem.training_loss)
            else:
                weights = known()
            return _unfinished(problem, distinct, space, results, weights, start)
    counts = [total_count(space, one.found, space.primes) for space, one in zip(spaces, results, strict=True)]
    return Truth(
        problem_hash=problem.hash,
        loss=(sum(one.lower_bound for one in results) + distinct.base) * distinct.unit,
        kind="exhaustive",
        method=spaces[0].method,
        optima=_products(
            [optimal_settings(space, one.found, max_optima) for space, one in zip(spaces, results, strict=True)],
            max_optima,
        ),
        num_optima=math.prod(counts) if all(one.is_counted for one in results) else None,
        seconds=time.perf_counter() - start,
        nodes=sum(one.nodes for one in results),
    )


def _products(settings: list[NDArray[np.int8]], cap: int) -> NDArray[np.int8]:
    """Join the settings of independent outputs in all ways, at most `cap`, in lexicographic order."""
    rows = itertools.islice(itertools.product(*settings), cap)
    return np.array([np.concatenate(row) for row in rows], dtype=np.int8)


def is_bounded(distinct: DistinctSamples) -> bool:
    """Return whether a network without hidden layers is searched by bounds instead of a table of all settings."""
    return distinct.margin == 0 and distinct.network.fan_in(1) > TABLE


def parts_of(distinct: DistinctSamples) -> list[DistinctSamples]:
    """Return what can be minimized by itself: without hidden layers every output, else all of the network."""
    if distinct.network.num_layers > 1:
        return [distinct]
    network = Network((distinct.network.num_inputs, 1), distinct.network.bias)
    return [
        replace(distinct, network=network, targets=distinct.targets[:, [o]], weights=distinct.weights[:, [o]], base=0)
        for o in range(distinct.network.num_outputs)
    ]


def _unfinished(
    problem: Problem,
    distinct: DistinctSamples,
    space: Space,
    results: list[Result],
    known: NDArray[np.int8],
    start: float,
) -> Truth:
    """Return what a search that gave up has proved, with the best weights of some anneals."""
    lower = sum(one.lower_bound for one in results) + distinct.base
    bound, loss = lower * distinct.unit, float(problem.training_loss(known))
    is_proved = bound >= loss  # what was searched is enough, though no optimum was met on the way
    return Truth(
        problem_hash=problem.hash,
        loss=loss,
        kind="proved" if is_proved else "best_known",
        method=f"{HEURISTICS}; {space.method} {'proved it' if is_proved else 'gave up'}",
        optima=known[None],
        seconds=time.perf_counter() - start,
        lower_bound=loss if is_proved else bound,
        nodes=sum(one.nodes for one in results),
    )


@cache
def compile_kernels(num_layers: int) -> None:
    """Compile what a search of such networks needs, or load it, so that it does not count as search time."""
    one = np.ones((1, 1), dtype=np.int8)
    distinct = distinct_samples(Problem(Network((1,) * (num_layers + 1)), one, one))
    if num_layers == 1:
        Perceptron(distinct)
    space = space_of(distinct)
    found = Search(space).minimize(distinct.ceiling).found
    space.settings(0, found[0].states[0], 1)


def long_nodes(space: Space) -> int:
    """Return the nodes of passes after which to look for settings that meet the bound, instead of counting."""
    return LONG // space.num_words if isinstance(space, HiddenLayer) else NEVER


def space_of(distinct: DistinctSamples) -> Space:
    """Return the space in which a network, or a neuron, is searched."""
    if distinct.network.num_layers == 1:
        return PerceptronBound(distinct)
    return HiddenLayer(distinct) if fits(distinct.network, len(distinct.inputs)) else Layers(distinct)
