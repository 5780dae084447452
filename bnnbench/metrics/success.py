"""Success per read: its probability, and the time to solution."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from bnnbench.errors import InputError
from bnnbench.metrics.censoring import numbers, was_asked

Interval = tuple[float, float, float]
"""Estimate, lower end, upper end."""


def success_probability(successes: int, reads: int) -> Interval:
    """Return the success probability per read, with its 95 % interval.

    ``p = k/n``; the interval is that of Jeffreys, from the 2.5 % to the 97.5 % quantile of Beta(k + 1/2, n − k + 1/2),
    but near 0 and 1, where it is too narrow: for k = 0 it ends at the exact one-sided 95 % bound ``1 − 0.05^(1/n)``,
    for k = 1 it begins at the exact one-sided bound ``1 − 0.95^(1/n)`` or before, and for k = n and n − 1 alike. Reads
    of a run that failed have to be among the n, as failures, or the estimate is too high.

    Raises
    ------
    InputError
        If there are no reads, or not between 0 and `reads` successes.

    References
    ----------
    L. D. Brown, T. T. Cai and A. DasGupta, "Interval Estimation for a Binomial Proportion", Statistical Science 16,
    2001. C. J. Clopper and E. S. Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the Case of the
    Binomial", Biometrika 26, 1934: the one-sided bounds.
    """
    if reads < 1 or not 0 <= successes <= reads:
        raise InputError(f"success probability: {successes} successes came in {reads} reads; give 0 ≤ k ≤ n, n ≥ 1.")
    return successes / reads, *share_ends(successes, reads)


def share_ends(successes: float, trials: float) -> tuple[float, float]:
    """Return the ends of the 95 % interval of a share, see `success_probability`; counts need not be whole."""
    from scipy.special import betaincinv

    if successes <= 0:
        return 0.0, 1 - 0.05 ** (1 / trials)
    if successes >= trials:
        return 0.05 ** (1 / trials), 1.0
    low, high = (float(betaincinv(successes + 0.5, trials - successes + 0.5, level)) for level in (0.025, 0.975))
    low = min(low, 1 - 0.95 ** (1 / trials)) if successes <= 1 else low
    return low, max(high, 0.95 ** (1 / trials)) if successes >= trials - 1 else high


def time_to_solution(t_read_s: float, interval: Interval, first_read_s: float = 0.0) -> Interval:
    """Return the seconds until a success with 99 % probability, with the interval mapped from that of p.

    ``TTS_99 = max(t_first, t_read·max(1, ln 0.01 / ln(1 − p)))``: no less than one read, and no less than the time
    after which there is one. It falls with p, so that the ends of the interval change places. Censoring: with no
    success in any read, the estimate and the upper end are infinite, and the lower end is a lower bound of the time.

    Parameters
    ----------
    t_read_s
        Seconds per read. Where reads are drawn side by side, no single read takes so little.
    interval
        As `success_probability` gives it.
    first_read_s
        Seconds until the first batch with a read came, before which no run can have succeeded.

    References
    ----------
    T. F. Rønnow et al., "Defining and detecting quantum speedup", Science 345, 2014.
    """
    estimate, low, high = interval
    times = (_tts(t_read_s, estimate), _tts(t_read_s, high), _tts(t_read_s, low))
    return max(first_read_s, times[0]), max(first_read_s, times[1]), max(first_read_s, times[2])


def _tts(t_read_s: float, probability: float) -> float:
    if probability <= 0:
        return math.inf
    if probability >= 1:
        return t_read_s
    return t_read_s * max(1.0, math.log(0.01) / math.log1p(-probability))


def success_table(runs: pd.DataFrame, by: Sequence[str] = ("problem", "formulation", "solver")) -> pd.DataFrame:
    """Return success per read and TTS_99 of each group, with their 95 % intervals.

    A read succeeds if its decoded weights have the optimal loss.

    Columns of `by`, then ``reads`` and ``successes``; ``success``, ``success_low``, ``success_high`` as
    `success_probability` gives them; ``read_s``, seconds of sampling per read (clock ``sample_s``: compiling, embedding
    and judging excluded); ``first_read_s``, the least time until a run of status ok had its first read; ``tts_s``,
    ``tts_low_s``, ``tts_high_s`` as `time_to_solution` gives them.

    Censoring: the reads of a failed run are failures, whatever it had found; it counts as many as its budget asked
    for, or with a budget in seconds as the mean of its group's runs of status ok; as came if those are more, or one.
    Its time is not known, so that ``read_s`` is that of runs of status ok.
    Without any, times are infinite: nothing succeeded. Runs that were not asked or have no known
    optimum are left out, and groups of such runs alone too.

    Reads of one run are taken as independent draws from one distribution, which holds for samplers with a fixed
    schedule, not for searches that go on from their last state: solvers that do not declare it (``is_memoryless`` 0)
    have no TTS_99.

    Parameters
    ----------
    runs
        As `bnnbench.store.store.Store.runs` gives them.
    by
        Pool runs of one problem only: a mean over problems is the success probability of none of them.
    """
    names = [
        "reads", "successes", "success", "success_low", "success_high", "read_s", "first_read_s", "tts_s",
        "tts_low_s", "tts_high_s",
    ]  # fmt: skip
    if runs.empty:
        return pd.DataFrame(columns=[*by, *names])
    is_counted = was_asked(runs) & runs["optimum"].notna()
    chosen = runs[is_counted]
    is_ended = chosen["status"] == "ok"
    came = numbers(chosen["num_reads"])
    usual = came.where(is_ended).groupby([chosen[name] for name in by], dropna=False).transform("mean")
    asked = numbers(chosen["budget_reads"]).fillna(usual).fillna(0).combine(came.fillna(0), max).clip(lower=1).round()
    rows = chosen[list(by)].assign(
        reads=came.where(is_ended & (came > 0), asked),  # a run that ended without a read failed
        successes=numbers(chosen["loss_successes"]).where(is_ended, 0),
        ended_reads=came.where(is_ended),
        ended_s=numbers(chosen["sample_s"]).where(is_ended),
    )
    drawn = numbers(chosen["is_memoryless"]) if "is_memoryless" in chosen else pd.Series(math.nan, index=chosen.index)
    first = numbers(chosen["first_read_s"]) if "first_read_s" in chosen else pd.Series(0.0, index=chosen.index)
    rows = rows.assign(is_learning=(drawn == 0).astype(int), first_read_s=first.where(is_ended))
    groups = rows.groupby(list(by), dropna=False)
    sums = groups.sum().assign(first_read_s=groups["first_read_s"].min().fillna(0.0)).reset_index()
    counted = ["reads", "successes", "ended_reads", "ended_s", "first_read_s"]
    figures = [_figures(*row) for row in sums[counted].to_numpy().tolist()]
    found = pd.DataFrame(figures, columns=names, index=sums.index)
    found.loc[sums["is_learning"] > 0, [name for name in names if name.startswith("tts_")]] = math.nan
    return pd.concat([sums[list(by)], found], axis=1)


def _figures(
    reads: float, successes: float, ended_reads: float, ended_s: float, first_read_s: float
) -> tuple[float, ...]:
    interval = success_probability(int(successes), int(reads))
    read_s = ended_s / ended_reads if ended_reads else math.inf
    times = time_to_solution(read_s, interval, first_read_s)
    return int(reads), int(successes), *interval, read_s, first_read_s, *times
