"""Expected running time (ERT): the sampling time until the optimum, if a run that fails is started again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bnnbench.metrics.averages import median_interval
from bnnbench.metrics.censoring import censored, numbers, was_asked
from bnnbench.metrics.over_problems import problem_key
from bnnbench.metrics.success import Interval, share_ends

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("ert_s", "ert_s_low", "ert_s_high")
NUM_DRAWS = 2000
"""Of the bootstrap; its ends then differ by about 1 % from one seed to another."""


def expected_running_time(runs: pd.DataFrame, by: Sequence[str] = ("problem", "formulation", "solver")) -> pd.DataFrame:
    """Return the ERT of each group with its 95 % interval: columns ``ert_s``, ``ert_s_low``, ``ert_s_high``.

    ``ERT = Σ_r T_r / #successes``: the time of a successful run until it reached the optimal loss, and the whole time
    of one that did not. The interval is over runs, see `ert_draws`.

    Censoring: infinite without a success; then the lower end is ``T̄·(1 − p)/p``, the expected time of the failures
    before a success, with the mean time T̄ of the runs and the exact upper bound ``p = 1 − 0.05^(1/n)`` of no success in
    n runs, and holds with 95 % confidence. A run that failed took ``sample_s``, or its budget of seconds where
    that is not known, or else nothing, which flatters; one that was not asked, or has no known optimum, is left out.
    Clock: sampling time.

    Parameters
    ----------
    by
        Pool runs of one problem only: restarts are of one question.

    References
    ----------
    A. Auger and N. Hansen, "Performance Evaluation of an Advanced Local Search Evolutionary Algorithm", IEEE Congress
    on Evolutionary Computation, 2005. N. Hansen, A. Auger, S. Finck and R. Ros, "Real-Parameter Black-Box Optimization
    Benchmarking 2010: Experimental Setup", INRIA report RR-7215, 2010.
    """
    import pandas as pd

    runs = runs.reset_index(drop=True)
    spent = spent_times(runs)
    groups = spent.groupby([runs.loc[spent.index, name] for name in by])
    figures = [ert_interval(Spent.of(part)) for _, part in groups]
    index = groups.size().index
    return pd.DataFrame(figures, index=index, columns=list(NAMES), dtype=float)


def median_running_time(runs: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return the median over problems of each group's ERT, with its 95 % interval; columns as `expected_running_time`.

    The interval is one over problems, see `bnnbench.metrics.median_interval`; in a group of one problem it is the one
    over runs.
    """
    import pandas as pd

    key = problem_key(runs)
    runs = runs.reset_index(drop=True)
    spent = spent_times(runs)
    keys = [runs.loc[spent.index, name] for name in by]
    groups = spent.assign(**{key: runs.loc[spent.index, key]}).groupby(keys)
    figures = []
    for _, part in groups:
        problems = [Spent.of(own) for _, own in part.groupby(key)]
        erts = pd.Series([own.ert_s for own in problems])
        figures.append(ert_interval(problems[0]) if len(problems) == 1 else median_interval(erts))
    return pd.DataFrame(figures, index=groups.size().index, columns=list(NAMES), dtype=float)


@dataclass(frozen=True)
class Spent:
    """Runs of one problem: the seconds of each, which of them succeeded, and the seconds of one that would fail."""

    times: NDArray[np.float64]
    is_success: NDArray[np.bool_]
    failing_s: float

    @classmethod
    def of(cls, part: pd.DataFrame) -> Spent:
        """Return them from rows of `spent_times`; without a failure, one takes as long as the longest run may."""
        return cls(part["time_s"].to_numpy(), part["is_success"].to_numpy(), float(part["whole_s"].max()))

    @property
    def ert_s(self) -> float:
        """Return the ERT, infinite without a success."""
        num_successes = int(self.is_success.sum())
        return float(self.times.sum()) / num_successes if num_successes else math.inf


def spent_times(runs: pd.DataFrame) -> pd.DataFrame:
    """Return what each run that counts took: columns ``time_s``, ``is_success`` and ``whole_s``, indexed like `runs`.

    They are the seconds until the optimum, or all of it without; whether it got there; and its budget of seconds, or
    without one the time of the whole run.
    """
    import pandas as pd

    counted = runs[was_asked(runs) & runs["optimum"].notna()]
    to_target = censored(counted, "time_to_target_s")
    is_success = np.isfinite(to_target)
    took, allowed = numbers(counted["sample_s"]), numbers(counted["budget_seconds"])
    times = to_target.where(is_success, took.fillna(allowed).fillna(0))
    whole = allowed.fillna(took).fillna(times)
    return pd.DataFrame({"time_s": times, "is_success": is_success, "whole_s": whole})


def ert_interval(runs: Spent) -> Interval:
    """Return the ERT of runs of one problem, with its 95 % interval; see `expected_running_time`."""
    if not runs.is_success.any():
        chance = share_ends(0, len(runs.times))[1]
        return math.inf, float(runs.times.mean()) * (1 - chance) / chance, math.inf
    low, high = np.quantile(ert_draws(runs), [0.025, 0.975])
    return runs.ert_s, float(low), float(high)


def ert_draws(runs: Spent, seed: int = 0) -> NDArray[np.float64]:
    """Draw what the ERT can be, given runs: float64 of shape (`NUM_DRAWS`,).

    ``ERT = E[T | success] + (1 − p)/p · E[T | failure]``. The probability p is drawn from its Jeffreys posterior
    Beta(k + 1/2, n − k + 1/2), a draw per stratum, so that its quantiles are exact; each mean by a parametric
    bootstrap, log-normal with Student's t at k − 1 degrees of freedom. A plain bootstrap of runs is too narrow where
    nearly all of them succeed. How often the interval holds the ERT: docs/metrics.md.
    """
    from scipy.special import betaincinv

    generator = np.random.default_rng(seed)
    num, num_successes = len(runs.times), int(runs.is_success.sum())
    levels = (generator.permutation(NUM_DRAWS) + 0.5) / NUM_DRAWS
    chance = betaincinv(num_successes + 0.5, num - num_successes + 0.5, levels)
    succeeded, failed = runs.times[runs.is_success], runs.times[~runs.is_success]
    failures = _mean_draws(failed, generator) if len(failed) else runs.failing_s
    successes = _mean_draws(succeeded, generator) if num_successes else 0.0
    with np.errstate(divide="ignore"):
        return np.asarray(successes + (1 - chance) / chance * failures)


def _mean_draws(times: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    mean = times.mean()
    if len(times) < 2 or mean <= 0:
        return np.full(NUM_DRAWS, mean)
    error = times.std(ddof=1) / (mean * math.sqrt(len(times)))
    return np.asarray(mean * np.exp(np.clip(error * generator.standard_t(len(times) - 1, NUM_DRAWS), -20, 20)))
