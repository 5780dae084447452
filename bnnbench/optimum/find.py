"""Find the ground truth of a problem by the strongest means that applies."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import CheckError, InputError
from bnnbench.optimum.cache import TRUTHS, TruthCache
from bnnbench.optimum.enumeration import TINY, enumerated
from bnnbench.optimum.ground_state import ground_state
from bnnbench.optimum.losses import all_losses, spins_of
from bnnbench.optimum.search.cost import HOPELESS, QUICK, log2_evaluations, why_hopeless
from bnnbench.optimum.search.distinct_samples import distinct_samples
from bnnbench.optimum.shipped import SHIPPED
from bnnbench.optimum.truth import HEURISTICS, Truth
from bnnbench.problem.problem import Problem
from bnnbench.qubo.qubo_problem import QuboProblem

if TYPE_CHECKING:
    from bnnbench.optimum.search.passes import Report

MAX_WEIGHTS = 2**24
"""Weights of a network up to which an optimum is looked for; one look at all of them takes about a second."""
_CHECKED = 2**27
"""Neurons on samples that the check of a truth evaluates, about a second; at least one setting is checked."""
_CHECKED_AT_ONCE = 2**22
"""Of these, how many at a time: some 50 MB."""
_CHECK_WORK = 2**24
"""Work of the anneals that try to refute a truth, some milliseconds; see `bnnbench.optimum.weight_anneal`."""


def ground_truth(
    problem: Problem,
    *,
    max_optima: int = 1000,
    seconds: float | None = 60.0,
    force: bool = False,
    report: Report | None = None,
    threads: int | None = None,
    interruptible: bool = False,
    cache: TruthCache | None = TRUTHS,
) -> Truth:
    """Find the optimum of a training problem: by a search that proves it where feasible, else the best known loss.

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
    cache
        Where to look for what was found before, and to keep what is found. What ships with a set of problems is used
        as well. None: neither.

    Returns
    -------
    Truth
        Of kind ``exhaustive``. If the search gave up or was not begun: ``attained`` or ``proved``, if weights are known
        whose loss is 0 or meets a lower bound; else ``best_known`` with a valid lower bound.

    Raises
    ------
    InputError
        If `max_optima` is not positive, losses are not exact, a forced search exceeds the memory, or the network has
        more than `MAX_WEIGHTS` weights.
    CheckError
        If what was found does not pass the forward pass, or weights of a lower loss are known.
    """
    if isinstance(problem, QuboProblem):
        return ground_state(problem)
    _check_size(problem, max_optima)
    known = cache.get(problem, max_optima) if cache else None
    if known is not None:
        return known
    if cache and (shipped := SHIPPED.get(problem)) is not None:
        return shipped.truth(problem)
    hopeless = why_hopeless(problem, force=force)
    if hopeless and force:
        raise InputError(hopeless)
    size = log2_evaluations(problem.network)
    is_planted = problem.planted is not None and problem.training_loss(problem.planted) == 0
    truth = None
    if hopeless or (size > QUICK and is_planted) or (size > HOPELESS and not force):
        truth = _best_known(problem)
    if truth is None or not (hopeless or truth.is_certified):
        truth = proved(
            problem,
            max_optima=max_optima,
            seconds=seconds,
            report=report,
            threads=threads,
            interruptible=interruptible,
        )
    truth = _confirmed(problem, _with_planted(problem, truth))
    if cache and truth.kind == "exhaustive":
        cache.put(truth, max_optima)
    return truth


def proved(problem: Problem, *, max_optima: int, **limits: Any) -> Truth:
    """Try all settings of a few weights, and search more; see `bnnbench.optimum.prove.search` for the limits."""
    if problem.network.num_weights <= TINY:
        return enumerated(problem, max_optima)
    from bnnbench.optimum.prove import search  # numba takes half a second to load

    return search(problem, max_optima=max_optima, **limits)


def _check_size(problem: Problem, max_optima: int) -> None:
    """Refuse a cap that is no positive number, and networks that are too large to look for an optimum."""
    if not isinstance(max_optima, int) or max_optima < 1:
        raise InputError(f"{problem.name}: max_optima must be a whole number of at least 1, but {max_optima!r} came.")
    if problem.network.num_weights > MAX_WEIGHTS:
        raise InputError(
            f"{problem.name}: the network has {problem.network.num_weights:,} weights, but an optimum is looked for up "
            f"to {MAX_WEIGHTS:,}; take a narrower one."
        )


def _best_known(problem: Problem) -> Truth:
    """Return the least loss of planted weights and of some anneals. It is an optimum if no loss can be lower."""
    from bnnbench.optimum.incumbent import incumbent
    from bnnbench.optimum.weight_anneal import warm_up

    start = time.perf_counter()
    distinct = distinct_samples(problem)
    floor = distinct.base * distinct.unit
    weights, method = problem.planted, "planted weights, evaluated"
    if weights is None or problem.training_loss(weights) > floor:
        warm_up(problem.network.num_layers)
        annealed = incumbent(problem)[0]
        if weights is None or problem.training_loss(annealed) < problem.training_loss(weights):
            weights, method = annealed, HEURISTICS
    loss = float(problem.training_loss(weights))
    if floor and loss == floor:
        method += "; samples that contradict each other cost that much"
    return Truth(
        problem_hash=problem.hash,
        loss=loss,
        kind="attained" if loss == 0 else "proved" if loss == floor else "best_known",
        method=method,
        optima=np.array(weights)[None, :],
        seconds=time.perf_counter() - start,
        lower_bound=floor,
    )


def _with_planted(problem: Problem, truth: Truth) -> Truth:
    """Return a truth that is not certified with planted weights in its place where they are better."""
    if truth.is_certified or problem.planted is None or problem.training_loss(problem.planted) >= truth.loss:
        return truth
    loss = float(problem.training_loss(problem.planted))
    is_proved = truth.lower_bound is not None and truth.lower_bound >= loss
    method = truth.method.replace(HEURISTICS, "planted weights, evaluated")
    return replace(
        truth,
        loss=loss,
        kind="attained" if loss == 0 else "proved" if is_proved else "best_known",
        method=method,
        optima=np.array(problem.planted)[None, :],
    )


def _confirmed(problem: Problem, truth: Truth) -> Truth:
    """Return a truth that the forward pass confirms, and no weights that are known refute.

    Raises
    ------
    CheckError
        If one of them does not.
    """
    size = problem.num_samples * sum(problem.network.widths[1:])
    checked = truth.optima[: max(1, _CHECKED // size)]
    for block in np.array_split(checked, max(1, len(checked) * size // _CHECKED_AT_ONCE)):
        losses = problem.training_loss(block)
        if len(block) and np.any(losses != truth.loss):
            raise CheckError(
                f"{problem.name}: {truth.method} says that the optimal loss is {truth.loss:g}, but its weights have "
                f"the loss {losses[losses != truth.loss][0]:g}; please report it as a fault of bnnbench."
            )
    known = dict([_tried(problem)])
    if problem.planted is not None:
        known["the planted weights"] = problem.planted
    for name, weights in known.items():
        loss = float(problem.training_loss(weights))
        if truth.is_certified and loss < truth.loss:
            raise CheckError(
                f"{problem.name}: {truth.method} says that no loss is below {truth.loss:g}, but {name} have the loss "
                f"{loss:g}; please report it as a fault of bnnbench."
            )
    if not len(checked) or (truth.num_optima is not None and truth.num_optima < len(truth.optima)):
        raise CheckError(
            f"{problem.name}: {truth.method} counts {truth.num_optima} optimal settings and lists {len(truth.optima)}; "
            "please report it as a fault of bnnbench."
        )
    return truth


def _tried(problem: Problem) -> tuple[str, NDArray[np.int8]]:
    """Return weights that could refute a truth, and what they are."""
    if problem.network.num_weights <= TINY:  # sooner done than the kernels of anneals are compiled
        return "the best of all weights", spins_of(int(all_losses(problem).argmin()), problem.network.num_weights)
    from bnnbench.optimum.weight_anneal import quick_weights

    return "weights of a short anneal", quick_weights(problem, 1, 5, 20, most=_CHECK_WORK)[0]
