"""Expected running time (ERT): what it takes until a target is reached, if a run that fails is started again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.metrics.averages import median_interval
from bnnbench.metrics.censoring import censored, numbers, was_asked
from bnnbench.metrics.over_problems import problem_key
from bnnbench.metrics.success import Interval, share_ends
from bnnbench.runs.outcome import GOALS

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("ert_s", "ert_s_low", "ert_s_high")
NUM_DRAWS = 2000
"""Of the bootstrap; its ends then differ by about 1 % from one seed to another."""


@dataclass(frozen=True)
class Measure:
    """Definition of an ERT, by names of columns of runs: what it counts, and until when.

    Attributes
    ----------
    percent
        Of the samples, by which the target lies above the optimum.
    reached, spent
        What a run took until the target, and what it took in all.
    limit
        The most that it may take; empty: nothing says.
    before
        What each run took before it sampled, and counts too; empty: nothing.
    """

    name: str
    percent: float
    reached: str
    spent: str
    limit: str = ""
    before: str = ""

    @property
    def names(self) -> list[str]:
        """Names of the ERT and of the ends of its interval."""
        return [self.name, f"{self.name}_low", f"{self.name}_high"]


def _measures() -> Iterator[Measure]:
    marks = {goal: "" if percent == 0 else f"_{goal}" for goal, percent in GOALS.items()}
    for goal, percent in GOALS.items():
        yield Measure(f"ert{marks[goal]}_s", percent, f"time_to_{goal}_s", "sample_s", "budget_seconds")
    yield Measure("ert_prepared_s", 0, "time_to_target_s", "sample_s", "budget_seconds", "prepare_s")
    for goal, percent in GOALS.items():
        yield Measure(f"ert{marks[goal]}_evaluations", percent, f"evaluations_to_{goal}", "evaluations")


ERTS: Mapping[str, Measure] = MappingProxyType({measure.name: measure for measure in _measures()})
"""By name: ERTs in seconds of sampling and in evaluations, until the optimum, and 1 % and 5 % of the samples above; and
in seconds from the handing over of the instance, with the preparation."""


def expected_running_time(
    runs: pd.DataFrame, by: Sequence[str] = ("problem", "formulation", "solver"), measure: str = "ert_s"
) -> pd.DataFrame:
    """Return the ERT of each group with its 95 % interval: columns such as ``ert_s``, ``ert_s_low``, ``ert_s_high``.

    ``ERT = Σ_r T_r / #successes``: the time of a successful run until it reached the target, and the whole time of one
    that did not. The interval is over runs, see `ert_draws`.

    Censoring: infinite without a success; then the lower end is ``T̄·(1 − p)/p``, the expected time of the failures
    before a success, with the mean time T̄ of the runs and the exact upper bound ``p = 1 − 0.05^(1/n)`` of no success in
    n runs, and holds with 95 % confidence. A run that failed took ``sample_s``, or its budget of seconds where
    that is not known, or else nothing, which flatters; one that was not asked, or has no known optimum, is left out.
    Clock: sampling time, or evaluations, of solvers that count them.

    Parameters
    ----------
    by
        Pool runs of one problem only: restarts are of one question.
    measure
        A name in `ERTS`.

    References
    ----------
    A. Auger and N. Hansen, "Performance Evaluation of an Advanced Local Search Evolutionary Algorithm", IEEE Congress
    on Evolutionary Computation, 2005. N. Hansen, A. Auger, S. Finck and R. Ros, "Real-Parameter Black-Box Optimization
    Benchmarking 2010: Experimental Setup", INRIA report RR-7215, 2010.
    """
    import pandas as pd

    runs = runs.reset_index(drop=True)
    spent = spent_times(runs, measure)
    groups = spent.groupby([runs.loc[spent.index, name] for name in by])
    figures = [ert_interval(Spent.of(part)) for _, part in groups]
    index = groups.size().index
    return pd.DataFrame(figures, index=index, columns=ERTS[measure].names, dtype=float)


def median_running_time(runs: pd.DataFrame, by: Sequence[str], measure: str = "ert_s") -> pd.DataFrame:
    """Return the median over problems of each group's ERT, with its 95 % interval; columns as `expected_running_time`.

    The interval is one over problems, see `bnnbench.metrics.median_interval`; in a group of one problem it is the one
    over runs.
    """
    runs = runs.reset_index(drop=True)
    return median_of_spent(spent_times(runs, measure), runs, by, measure)


def median_of_spent(spent: pd.DataFrame, runs: pd.DataFrame, by: Sequence[str], measure: str) -> pd.DataFrame:
    """Return what `median_running_time` does of runs, given their `spent_times`."""
    import pandas as pd

    keys = [runs.loc[spent.index, name] for name in by]
    problems: dict[tuple[Any, ...], list[Spent]] = {}
    for (*group, _), own in spent.groupby([*keys, runs.loc[spent.index, problem_key(runs)]]):
        problems.setdefault(tuple(group), []).append(Spent.of(own))
    figures = [
        ert_interval(found[0]) if len(found) == 1 else median_interval(pd.Series([one.ert_s for one in found]))
        for found in problems.values()
    ]
    return pd.DataFrame(figures, index=spent.groupby(keys).size().index, columns=ERTS[measure].names, dtype=float)


def all_spent_times(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the `spent_times` of runs by each measure, without rows where they are those to the optimum.

    That is so where no loss lies between, as with few samples, and then the ERT needs no column of its own.
    """
    spent = {name: spent_times(runs, name) for name in ERTS}
    to_optimum = {goal.spent: spent[name] for name, goal in reversed(list(ERTS.items())) if goal.percent == 0}
    repeated = {name for name, goal in ERTS.items() if goal.percent and spent[name].equals(to_optimum[goal.spent])}
    return {name: table[: 0 if name in repeated else None] for name, table in spent.items()}


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


def spent_times(runs: pd.DataFrame, measure: str = "ert_s") -> pd.DataFrame:
    """Return what each run that counts took: columns ``time_s``, ``is_success`` and ``whole_s``, indexed like `runs`.

    They are the seconds until the target, or all of it without, and those before it where the measure counts them;
    whether it got there; and its budget of seconds, or without one the time of the whole run. All of them are
    evaluations, where `measure` counts these.
    """
    import pandas as pd

    goal = ERTS[measure]
    counted = runs[was_asked(runs) & runs["optimum"].notna() & _is_noted(runs, goal)]
    to_target = censored(counted, goal.reached) if len(counted) else pd.Series(dtype=float)
    is_success = np.isfinite(to_target)
    took = numbers(counted[goal.spent]) if len(counted) else to_target
    allowed = numbers(counted[goal.limit]) if goal.limit else took
    times = to_target.where(is_success, took.fillna(allowed).fillna(0))
    whole = allowed.fillna(took).fillna(times)
    before = _preparation(counted, goal.before) if goal.before and len(counted) else 0.0
    return pd.DataFrame({"time_s": times + before, "is_success": is_success, "whole_s": whole + before})


def _preparation(runs: pd.DataFrame, column: str) -> pd.Series:
    """Return what the solver of each run takes to prepare its problem: the least of its runs of it, 0 if none tells.

    The least one, since the first run of a process also loads libraries, which is no cost of a method.
    """
    way = [runs["formulation"], runs["solver"], runs[problem_key(runs)]]
    return numbers(runs[column]).groupby(way, dropna=False).transform("min").fillna(0.0)


def _is_noted(runs: pd.DataFrame, goal: Measure) -> pd.Series:
    """Tell of each run whether it notes what a measure needs.

    A solver may not count evaluations, or not until its end; of one that does, a run that failed counts as none.
    Results of older versions do not say when a run reached a loss above the optimum that it did reach, and then no run
    counts.
    """
    import pandas as pd

    needed = {goal.reached, goal.spent} | ({goal.before} if goal.before else set())
    is_known = pd.Series(data=needed <= set(runs), index=runs.index)
    if not is_known.any():
        return is_known
    has_ended = runs["status"] == "ok"
    if not goal.limit:
        tells = runs[goal.spent].notna()
        ways = [runs["formulation"], runs["solver"]]
        is_known = tells | (~has_ended & tells.groupby(ways).transform("any"))
        # A solver that counts at its end alone does not say how many of them it had made when it got there.
        is_untold = (
            numbers(runs[f"{goal.reached.replace('evaluations', 'time')}_s"]).notna() & runs[goal.reached].isna()
        )
        is_known &= ~is_untold.groupby(ways).transform("any")
    if goal.percent and "num_samples" in runs:
        most = numbers(runs["num_samples"]) * goal.percent / 100
        reached = has_ended & (numbers(runs["loss_gap"]) <= most)
        is_known &= not (is_known & reached & runs[goal.reached].isna()).any()
    return is_known


def ert_interval(runs: Spent) -> Interval:
    """Return the ERT of runs of one problem, with its 95 % interval; see `expected_running_time`."""
    if not runs.is_success.any():
        chance = share_ends(0, len(runs.times))[1]
        return math.inf, float(runs.times.mean()) * (1 - chance) / chance, math.inf
    low, high = np.quantile(ert_draws(runs), [0.025, 0.975])
    # As with the interval of Jeffreys at no or no other success, an end is never beyond the estimate.
    return runs.ert_s, min(float(low), runs.ert_s), max(float(high), runs.ert_s)


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
