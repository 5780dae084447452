"""Prove the optimum of a problem: a search over its weights, which shares no code with what checks it."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search.cost import fits
from bnnbench.optimum.search.distinct_samples import DistinctSamples, distinct_samples
from bnnbench.optimum.search.hidden_layer import HiddenLayer
from bnnbench.optimum.search.layers import Layers
from bnnbench.optimum.search.passes import Limits, Report, Result, Search, Standing
from bnnbench.optimum.search.perceptron import Perceptron
from bnnbench.optimum.search.space import Space, optimal_settings, total_count
from bnnbench.optimum.truth import Truth
from bnnbench.optimum.weight_anneal import quick_weights, warm_up
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

COUNT_NODES = 2_000_000
"""Nodes that each of the tasks of a search may spend on counting, some seconds; it can cost more than the proof."""
INCUMBENT_READS = 100
"""Anneals that look for good weights, under a second on networks that are searched."""


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
    start = time.perf_counter()
    distinct = distinct_samples(problem)
    if problem.network.num_layers == 1:
        return _enumerated(problem, distinct, max_optima, start)
    space = space_of(distinct)

    @cache
    def incumbent() -> NDArray[np.int8]:
        # Sought only if somebody waits, or if the search gives up.
        weights: NDArray[np.int8] = quick_weights(problem, 0, INCUMBENT_READS)[0]
        return weights

    def relay(standing: Standing) -> None:
        lower = (standing.lower_bound + distinct.base) * distinct.unit
        if report:
            report(replace(standing, lower_bound=lower, best=float(problem.training_loss(incumbent()))))

    limits = Limits(
        # Margins are finer than errors: of their many levels not each is worth a pass.
        step=max(1, distinct.errors // 2),
        cap=max_optima,
        seconds=seconds,
        count_nodes=COUNT_NODES,
        threads=threads,
        interruptible=interruptible,
        count=count,
    )
    result = Search(space, limits, relay if report else None).minimize(distinct.ceiling)
    if result.loss is None:
        return _unfinished(problem, distinct, space, result, incumbent(), start)
    return Truth(
        problem_hash=problem.hash,
        loss=(result.loss + distinct.base) * distinct.unit,
        kind="exhaustive",
        method=space.method,
        optima=optimal_settings(space, result.found, max_optima),
        num_optima=total_count(space, result.found, space.primes) if result.is_counted else None,
        seconds=time.perf_counter() - start,
        nodes=result.nodes,
    )


def _enumerated(problem: Problem, distinct: DistinctSamples, max_optima: int, start: float) -> Truth:
    perceptron = Perceptron(distinct)
    loss, number, optima = perceptron.minimum(max_optima)
    return Truth(
        problem_hash=problem.hash,
        loss=(loss + distinct.base) * distinct.unit,
        kind="exhaustive",
        method=perceptron.method,
        optima=optima,
        num_optima=number,
        seconds=time.perf_counter() - start,
        nodes=perceptron.losses.size,
    )


def _unfinished(
    problem: Problem, distinct: DistinctSamples, space: Space, result: Result, known: NDArray[np.int8], start: float
) -> Truth:
    """Return what a search that gave up has proved, with the best weights of some anneals."""
    bound, loss = (result.lower_bound + distinct.base) * distinct.unit, float(problem.training_loss(known))
    is_proved = bound >= loss  # what was searched is enough, though no optimum was met on the way
    return Truth(
        problem_hash=problem.hash,
        loss=loss,
        kind="proved" if is_proved else "best_known",
        method=f"simulated annealing; {space.method} {'proved it' if is_proved else 'gave up'}",
        optima=known[None],
        seconds=time.perf_counter() - start,
        lower_bound=loss if is_proved else bound,
        nodes=result.nodes,
    )


@cache
def compile_kernels(num_layers: int) -> None:
    """Compile what a search of such networks needs, or load it, so that it does not count as search time."""
    one = np.ones((1, 1), dtype=np.int8)
    distinct = distinct_samples(Problem(Network((1,) * (num_layers + 1)), one, one))
    if num_layers == 1:
        Perceptron(distinct)
    else:
        space = space_of(distinct)
        found = Search(space).minimize(distinct.ceiling).found
        space.settings(0, found[0].states[0], 1)
    warm_up()


def space_of(distinct: DistinctSamples) -> Space:
    """Return the space in which a network with hidden layers is searched."""
    return HiddenLayer(distinct) if fits(distinct.network, len(distinct.inputs)) else Layers(distinct)
