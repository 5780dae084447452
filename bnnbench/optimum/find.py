"""Find the ground truth of a problem by the strongest means that applies."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.optimum.truth import Truth
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

if TYPE_CHECKING:
    from bnnbench.optimum.search.distinct_samples import Merged
    from bnnbench.optimum.search.passes import Report, Standing
    from bnnbench.optimum.search.space import Space

QUICK = 31
"""log2 of the evaluations of plain enumeration that take about a minute on one core; a search is worth that much."""
HOPELESS = 44
"""log2 of the evaluations above which a search without a good bound is refused unless forced."""
MEMORY = 31
"""log2 of the bytes that the tables of a search may take."""
COUNT_NODES = 2_000_000
"""Nodes that each of the tasks of a search may spend on counting, some seconds; it can cost more than the proof."""

INCUMBENT_READS = 100
"""Anneals that look for good weights, under a second."""
WORTH_KEEPING_S = 0.1
"""Seconds above which a truth is written to disk."""

_FOUND: dict[tuple[str, int], Truth] = {}
"""Certified truths of this process, by problem hash and cap."""


def ground_truth(
    problem: Problem,
    *,
    max_optima: int = 1000,
    seconds: float | None = 60.0,
    force: bool = False,
    report: Report | None = None,
    threads: int | None = None,
    interruptible: bool = False,
    use_cache: bool = True,
) -> Truth:
    """Optimum of a training problem: by a search that proves it where feasible, else by planted weights.

    Parameters
    ----------
    problem
        Networks of up to 24 weights take less than a second or a few, many up to 70 weights too.
    max_optima
        Cap on the number of optimal settings that are listed; they are counted all the same.
    seconds
        Wall time after which the search gives up; None: never.
    force
        Search even if the estimated cost is hopeless.
    report
        Called some ten times a second with the `bnnbench.optimum.search.passes.Standing` of a long search.
    threads
        Number of threads; by default one per core. The result does not depend on it.
    interruptible
        Whether a KeyboardInterrupt makes the search give up, or is raised.
    use_cache
        Whether to ask this process, and the disk, for what was found before.

    Returns
    -------
    Truth
        Of kind ``exhaustive``; or ``attained``, if planted weights have loss 0, the least possible; if the search gave
        up, ``best_known`` with a valid lower bound, or ``proved``, if that bound is reached.

    Raises
    ------
    InputError
        If the problem is too large to search and no weights are planted, or if `max_optima` is not positive.
    """
    from bnnbench.optimum.cache import recall, remember
    from bnnbench.optimum.search.layers import log2_evaluations

    if not isinstance(max_optima, int) or max_optima < 1:
        raise InputError(f"{problem.name}: max_optima must be a whole number of at least 1, but {max_optima!r} came.")
    if use_cache:
        known = _FOUND.get((problem.hash, max_optima)) or recall(problem, max_optima)
        if known is not None:
            _FOUND[problem.hash, max_optima] = known
            return known
    start = time.perf_counter()
    network = problem.network
    if problem.planted is not None and log2_evaluations(network) > QUICK:
        loss = float(problem.training_loss(problem.planted))
        if loss == 0:
            return _planted(problem, loss, seconds=time.perf_counter() - start)
    try:
        refuse_hopeless(problem, force=force)
    except InputError:
        if problem.planted is None:
            raise
        return _planted(problem, float(problem.training_loss(problem.planted)), seconds=time.perf_counter() - start)
    truth = search(
        problem,
        max_optima=max_optima,
        seconds=seconds,
        report=report,
        threads=threads,
        interruptible=interruptible,
    )
    if use_cache and truth.kind == "exhaustive":
        truth.optima.setflags(write=False)  # all callers share them
        _FOUND[problem.hash, max_optima] = truth
        if truth.seconds > WORTH_KEEPING_S:
            remember(truth, max_optima)
    return truth


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
    """Search a problem, whatever it costs; see `ground_truth`, and `Search` for `count`."""
    from bnnbench.optimum.search.distinct_samples import merge
    from bnnbench.optimum.search.passes import Search
    from bnnbench.optimum.search.perceptron import Perceptron
    from bnnbench.optimum.search.space import optimal_settings, total_count
    from bnnbench.optimum.weight_anneal import WeightAnnealer

    compile_kernels(problem.network.num_layers)
    if report:
        one = np.ones((1, 1), dtype=np.int8)
        WeightAnnealer(Problem(Network((1, 1)), one, one)).anneal(1, 1, 0)
    start = time.perf_counter()
    merged = merge(problem)
    if problem.network.num_layers == 1:
        perceptron = Perceptron(merged)
        loss, number, optima = perceptron.minimum(max_optima)
        return Truth(
            problem_hash=problem.hash,
            loss=(loss + merged.base) * merged.unit,
            kind="exhaustive",
            method=perceptron.method,
            optima=optima,
            num_optima=number,
            seconds=time.perf_counter() - start,
            nodes=perceptron.losses.size,
        )
    space = space_of(merged)
    # Margins are finer than errors: of their many levels not each is worth a pass.
    step = max(1, merged.errors // 2)

    @cache
    def incumbent() -> NDArray[np.int8]:
        # Sought only if somebody waits, or if the search gives up.
        weights, losses = WeightAnnealer(problem).anneal(INCUMBENT_READS, 100, seed=0)
        return np.asarray(weights[losses.argmin()])

    def relay(standing: Standing) -> None:
        lower = (standing.lower_bound + merged.base) * merged.unit
        if report:
            report(replace(standing, lower_bound=lower, best=float(problem.training_loss(incumbent()))))

    run = Search(
        space,
        step=step,
        cap=max_optima,
        seconds=seconds,
        count_nodes=COUNT_NODES,
        report=relay if report else None,
        threads=threads,
        interruptible=interruptible,
        count=count,
    )
    result = run.minimize(merged.ceiling)
    if result.loss is None:
        known = incumbent()
        bound, known_loss = (result.lower_bound + merged.base) * merged.unit, float(problem.training_loss(known))
        is_proved = bound >= known_loss  # what was searched is enough, though no optimum was met on the way
        return Truth(
            problem_hash=problem.hash,
            loss=known_loss,
            kind="proved" if is_proved else "best_known",
            method=f"simulated annealing; {space.method} {'proved it' if is_proved else 'gave up'}",
            optima=known[None],
            seconds=time.perf_counter() - start,
            lower_bound=known_loss if is_proved else bound,
            nodes=result.nodes,
        )
    return Truth(
        problem_hash=problem.hash,
        loss=(result.loss + merged.base) * merged.unit,
        kind="exhaustive",
        method=space.method,
        optima=optimal_settings(space, result.found, max_optima),
        num_optima=total_count(space, result.found, space.primes) if result.is_counted else None,
        seconds=time.perf_counter() - start,
        nodes=result.nodes,
    )


@cache
def compile_kernels(num_layers: int) -> None:
    """Compile what a search of such networks needs, or load it, so that it does not count as search time."""
    from bnnbench.optimum.search.distinct_samples import merge
    from bnnbench.optimum.search.passes import Search
    from bnnbench.optimum.search.perceptron import Perceptron

    one = np.ones((1, 1), dtype=np.int8)
    merged = merge(Problem(Network((1,) * (num_layers + 1)), one, one))
    if num_layers == 1:
        Perceptron(merged)
    else:
        space = space_of(merged)
        found = Search(space).minimize(merged.ceiling).found
        space.settings(0, found[0].states[0], 1)


def space_of(merged: Merged) -> Space:
    """The space in which a network with hidden layers is searched."""
    from bnnbench.optimum.search.hidden_layer import HiddenLayer, fits
    from bnnbench.optimum.search.layers import Layers

    return HiddenLayer(merged) if fits(merged.network, len(merged.inputs)) else Layers(merged)


def refuse_hopeless(problem: Problem, *, force: bool = False) -> None:
    """Raise `InputError` with an estimate of the cost if a search has no prospects.

    With one hidden layer whose table fits in memory, bounds prune so well that a search is always tried. Force
    overrides the time that it would take, but no system gives more memory than it has.
    """
    import psutil

    from bnnbench.optimum.search.hidden_layer import fits
    from bnnbench.optimum.search.layers import log2_evaluations

    network = problem.network
    if fits(network, problem.num_samples):
        return
    log2_words = math.log2(-(-problem.num_samples // 64))
    cost = log2_evaluations(network) + log2_words
    table = network.fan_in(1) + 5 + (log2_words if network.num_layers > 1 else math.log2(network.num_outputs))
    if not force and cost <= (QUICK if network.num_layers == 1 else HOPELESS) and table <= MEMORY:
        return
    if force and table <= math.log2(psutil.virtual_memory().available):
        return
    advice = "" if force else ", or search all the same with --force"
    raise InputError(
        f"{problem.name}: the network {network} has {network.num_weights} weights; to search them would take up to "
        f"10^{cost * math.log10(2):.0f} evaluations of a neuron on 64 samples, and tables of up to "
        f"10^{table * math.log10(2):.0f} bytes; use a smaller network, or a problem with planted weights such as "
        f"teacher{advice}."
    )


def _planted(problem: Problem, loss: float, *, seconds: float) -> Truth:
    return Truth(
        problem_hash=problem.hash,
        loss=loss,
        kind="attained" if loss == 0 else "best_known",
        method="planted weights, evaluated",
        optima=np.array(problem.planted)[None, :],
        seconds=seconds,
        lower_bound=0.0,
    )
