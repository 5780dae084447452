"""Find the ground truth of a problem by the strongest means that applies."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from bnnbench.errors import InputError
from bnnbench.ground_truth.truth import Truth
from bnnbench.problem import Problem

EVALUATION_LIMIT = 2**31
"""Output evaluations that exhaustive search may cost, about a minute on one core."""


@lru_cache(maxsize=256)
def ground_truth(problem: Problem, *, max_optima: int = 1000) -> Truth:
    """Optimum of a training problem: by exhaustive search where feasible, else by planted weights.

    Parameters
    ----------
    problem
        Any network of up to 24 weights can be searched, most shapes with a few more as well.
    max_optima
        Cap on the number of optimal settings that are listed; they are counted all the same.

    Returns
    -------
    Truth
        Of kind ``exhaustive``; or ``attained``, if planted weights have loss 0, the least possible; or ``best_known``,
        if they have another loss.

    Raises
    ------
    InputError
        If the problem is too large to search and no weights are planted.
    """
    from bnnbench.ground_truth.exhaustive import num_evaluations, search

    cost = num_evaluations(problem.network)
    if cost <= EVALUATION_LIMIT:
        return search(problem, max_optima=max_optima)
    if problem.planted is None:
        raise InputError(
            f"{problem.name}: the network {problem.network} has {problem.network.num_weights} weights; searching them "
            f"would take about {cost:.1g} evaluations, more than the limit of {EVALUATION_LIMIT:.1g}; "
            "use a smaller network, or a problem with planted weights such as teacher."
        )
    loss = float(problem.training_loss(problem.planted))
    return Truth(
        problem_hash=problem.hash,
        loss=loss,
        kind="attained" if loss == 0 else "best_known",
        method="planted weights, evaluated",
        optima=np.array(problem.planted)[None, :],
    )
