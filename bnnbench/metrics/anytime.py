"""Anytime behavior: what a run had found when, from the time stamps of its batches."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bnnbench.errors import InputError
from bnnbench.metrics.censoring import censored, is_sound, numbers, was_asked
from bnnbench.metrics.success import success_probability
from bnnbench.qubo.qubo import TOLERANCE

if TYPE_CHECKING:
    import pandas as pd


def best_so_far(trace: pd.DataFrame, value: str = "loss") -> pd.DataFrame:
    """The anytime curves: in each run, the least value until each batch, with the reads until then.

    Columns ``run``, ``time_s``, ``reads``, and `value` (``loss`` or ``energy``), one row per batch, by time. A curve is
    a step function: a value holds until the next row. Runs without a batch have no rows: count them as unsolved.
    """
    ordered = trace.sort_values(["run", "time_s", "number"], kind="stable")
    groups = ordered.groupby("run", sort=False)
    curves = ordered[["run", "time_s"]].assign(
        reads=groups["num_reads"].cumsum(), **{value: groups[value].cummin().astype(float)}
    )
    return curves.reset_index(drop=True)


def times_to_targets(
    trace: pd.DataFrame, runs: pd.DataFrame, targets: Sequence[float], value: str = "loss"
) -> pd.DataFrame:
    """Seconds until each run was first within each target gap above the optimum.

    ``t(r, g) = min {t : best_r(t) − optimum ≤ g}``. A target of 0 is the optimum: its time is ``time_to_target_s``.
    Censoring: infinite where the target was never reached, and for runs that failed, whatever they had found; missing
    where the solver was not asked or no optimum is known, for energies also where the formulation is not sound.

    Returns
    -------
    pandas.DataFrame
        A row per run (index: its key) and a column per target.
    """
    import pandas as pd

    if value == "energy":  # where the ground energy is not the optimal loss, there is no gap to reach
        runs = runs.assign(optimum=numbers(runs["optimum"]).where(is_sound(runs)))
    curves = best_so_far(trace, value)
    gaps = curves[value] - curves["run"].map(runs.set_index("key")["optimum"]).astype(float)
    first = {g: curves[gaps <= g + TOLERANCE].groupby("run")["time_s"].min() for g in targets}
    times = pd.DataFrame({g: runs["key"].map(first[g]).astype(float) for g in targets}, index=runs.index)
    reached = {g: censored(runs.assign(time_to_target_s=times[g]), "time_to_target_s") for g in targets}
    table = pd.DataFrame(reached, columns=list(targets))
    return table.set_axis(pd.Index(runs["key"], name="run"))


def expected_running_time(runs: pd.DataFrame, by: Sequence[str] = ("problem", "formulation", "solver")) -> pd.Series:
    """ERT: expected seconds until the optimum, if a run that fails is started again, of each group.

    ``ERT = Σ_r T_r / #successes``: the time of a successful run until it reached the optimal loss, and the whole time
    of one that did not. Censoring: infinite without a success. A run that failed took ``sample_s``, or its budget of
    seconds where that is not known, or else nothing, which flatters; one that was not asked, or has no known optimum,
    is left out. Clock: sampling time.

    References
    ----------
    A. Auger and N. Hansen, "Performance Evaluation of an Advanced Local Search Evolutionary Algorithm", IEEE Congress
    on Evolutionary Computation, 2005. N. Hansen, A. Auger, S. Finck and R. Ros, "Real-Parameter Black-Box Optimization
    Benchmarking 2010: Experimental Setup", INRIA report RR-7215, 2010.
    """
    counted = runs[was_asked(runs) & runs["optimum"].notna()]
    spent, is_success = _spent(counted)
    groups = [counted[name] for name in by]
    times, successes = spent.groupby(groups).sum(), is_success.groupby(groups).sum()
    expected: pd.Series = times / successes.where(successes > 0)
    return expected.fillna(math.inf).rename("ert_s")


def least_running_time(runs: pd.DataFrame, by: Sequence[str] = ("problem", "formulation", "solver")) -> pd.Series:
    """What the ERT is at least, with 97.5 % confidence, of each group in which no run succeeded; else missing.

    ``T̄·(1 − p)/p`` with the mean time T̄ of the group's runs, as `expected_running_time` counts it, and the upper end
    p of the 95 % Jeffreys interval of no success in n runs: the expected time of the failures before a success.
    """
    counted = runs[was_asked(runs) & runs["optimum"].notna()]
    times, is_success = _spent(counted)
    groups = [counted[name] for name in by]
    figures = times.groupby(groups).agg(["mean", "size"])
    chance = figures["size"].map(lambda n: success_probability(0, int(n))[2])
    least = figures["mean"] * (1 - chance) / chance
    return least.where(~is_success.groupby(groups).any()).rename("ert_s_low")


def _spent(counted: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Seconds of each run until the optimum, or all of it without; and whether it was a success."""
    to_target = censored(counted, "time_to_target_s")
    is_success = np.isfinite(to_target)
    whole = numbers(counted["sample_s"]).fillna(numbers(counted["budget_seconds"])).fillna(0)
    return to_target.where(is_success, whole), is_success


def primal_gap(value: float, optimum: float) -> float:
    """Berthold's primal gap: 0 at the optimum, 1 with no value or with one of the opposite sign.

    ``γ = |v − v*| / max(|v|, |v*|)``, 0 if both are 0, 1 if v·v* < 0 or there is no v (NaN or infinite). It is
    relative, so only values with a natural zero have one: losses have, energies have one by their offset alone.

    References
    ----------
    T. Berthold, "Measuring the Impact of Primal Heuristics", Operations Research Letters 41, 2013.
    """
    if not math.isfinite(value) or value * optimum < 0:
        return 1.0
    return abs(value - optimum) / max(abs(value), abs(optimum)) if value or optimum else 0.0


def primal_integral(times_s: Sequence[float], gaps: Sequence[float], horizon_s: float) -> float:
    """``P(T) = ∫_0^T γ(t) dt`` in seconds, for a gap γ that is 1 before the first time and steps at each time.

    ``P(T)/T`` is the mean gap over the run. What comes after the horizon does not count. Censoring: a run that found
    nothing has P(T) = T.

    Parameters
    ----------
    times_s, gaps
        When the best value changed, rising, and the gap from then on, from 0 to 1; see `primal_gap`.

    Raises
    ------
    InputError
        If the times fall, or the horizon is not a positive number.

    References
    ----------
    T. Berthold, "Measuring the Impact of Primal Heuristics", Operations Research Letters 41, 2013.
    """
    times = np.asarray(times_s, dtype=float)
    if not 0 < horizon_s < math.inf or np.any(np.diff(times) < 0):
        raise InputError(f"primal integral: times must rise, and the horizon {horizon_s} be positive and finite.")
    edges = np.clip([0.0, *times, horizon_s], 0.0, horizon_s)
    return float(np.diff(edges) @ np.array([1.0, *gaps]))


def primal_integrals(
    trace: pd.DataFrame, runs: pd.DataFrame, horizon_s: float, scale: Mapping[str, float] | None = None
) -> pd.Series:
    """The primal integral of each run's loss up to a horizon, in seconds, by the key of the run.

    Censoring: failed runs have P(T) = T, whatever they had found; those that were not asked, or whose optimum is not
    known, are missing. A run that ended early keeps its last loss until the horizon.

    Parameters
    ----------
    scale
        Where optima are 0, Berthold's gap is 1 until solved. By run, the loss gap that counts as 1, such as the floor
        of `bnnbench.metrics.normalized_gap`: then ``γ = min(1, (L − L_0)/scale)``.
    """
    import pandas as pd

    curves = dict(list(best_so_far(trace).groupby("run")))
    has_answer = was_asked(runs) & runs["optimum"].notna()
    integrals = {}
    for key, status, optimum, is_counted in zip(runs["key"], runs["status"], runs["optimum"], has_answer, strict=True):
        curve = curves.get(key) if status == "ok" else None
        times = [] if curve is None else curve["time_s"].tolist()
        losses = [] if curve is None else curve["loss"].tolist()
        if scale is None:
            gaps = [primal_gap(loss, optimum) for loss in losses]
        else:
            gaps = [min(1.0, (loss - optimum) / scale[key]) if loss > optimum else 0.0 for loss in losses]
        integrals[key] = primal_integral(times, gaps, horizon_s) if is_counted else math.nan
    return pd.Series(integrals, name="primal_integral_s", dtype=float).rename_axis("run")
