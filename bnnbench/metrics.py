"""Metrics: plain functions on numbers and data frames.

Runs that failed stay in every statistic as unsolved (censored); runs that were refused or unavailable are counted
apart, because the question was not put to the solver.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bnnbench.errors import InputError
from bnnbench.solver import Budget

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 1e-6
"""As `bnnbench.harness.outcome.TOLERANCE`: losses closer than this are equal."""
NOT_ASKED = ("refused", "unavailable")

Interval = tuple[float, float, float]
"""Estimate, lower end, upper end."""


def success_probability(successes: int, reads: int) -> Interval:
    """Success probability per read, with its 95 % Jeffreys interval.

    ``p = k/n``; the interval holds the 2.5 % and 97.5 % quantiles of Beta(k + 1/2, n − k + 1/2), with its lower end
    at 0 for k = 0 and its upper end at 1 for k = n. Reads of a run that failed have to be among the n, as failures,
    or the estimate is too high.

    Raises
    ------
    InputError
        If there are no reads, or not between 0 and `reads` successes.

    References
    ----------
    L. D. Brown, T. T. Cai and A. DasGupta, "Interval Estimation for a Binomial Proportion", Statistical Science 16,
    2001.
    """
    from scipy.stats import beta

    if reads < 1 or not 0 <= successes <= reads:
        raise InputError(f"success probability: {successes} successes came in {reads} reads; give 0 ≤ k ≤ n, n ≥ 1.")
    posterior = beta(successes + 0.5, reads - successes + 0.5)
    low = 0.0 if successes == 0 else float(posterior.ppf(0.025))
    high = 1.0 if successes == reads else float(posterior.ppf(0.975))
    return successes / reads, low, high


def time_to_solution(t_read_s: float, interval: Interval) -> Interval:
    """Seconds until a success with 99 % probability, with the interval mapped from that of p.

    ``TTS_99 = t_read·max(1, ln 0.01 / ln(1 − p))``: no less than one read. It falls with p, so that the ends of the
    interval change places. Censoring: with no success in any read, the estimate and the upper end are infinite, and
    the lower end is a lower bound of the time.

    Parameters
    ----------
    t_read_s
        Seconds per read.
    interval
        As `success_probability` gives it.

    References
    ----------
    T. F. Rønnow et al., "Defining and detecting quantum speedup", Science 345, 2014.
    """
    estimate, low, high = interval
    return _tts(t_read_s, estimate), _tts(t_read_s, high), _tts(t_read_s, low)


def _tts(t_read_s: float, probability: float) -> float:
    if probability <= 0:
        return math.inf
    if probability >= 1:
        return t_read_s
    return t_read_s * max(1.0, math.log(0.01) / math.log1p(-probability))


def summarize(runs: pd.DataFrame, by: Sequence[str] = ("formulation", "solver")) -> pd.DataFrame:
    """A row per group: how often solved and proved, medians of gaps and times, what failed.

    Columns of `by`, then

    - ``runs``: runs that were asked, so neither ``refused`` nor ``unavailable``; those are in ``remarks``;
    - ``ok``: of them, runs that came to their end;
    - ``solved``: of these, runs whose loss gap is at most 1e-6. A failed run is unsolved whatever it had found; a run
      without a known optimum is no evidence, and is counted in ``remarks``. Missing if no optimum is known;
    - ``proved``: of these, runs whose valid lower bound meets their energy;
    - ``energy_gap``, ``loss_gap``, ``mean_loss_gap`` (of the mean read, not the best), ``violations``: medians over
      asked runs, in which a failed run counts as infinite (right-censored), so that failing never makes a median
      smaller. The gaps are over runs with a known optimum; the energy gap is over sound formulations only, as no
      ground energy of others is known;
    - ``train_accuracy``, ``test_accuracy``, ``sample_s``: medians over runs of status ok, not censored, so that they
      flatter a solver that often fails: read them beside ``ok``. An accuracy that not every problem has is missing in
      all rows: medians over different problems do not compare;
    - ``num_variables``: median over all runs;
    - ``flagged``: runs with a claim that the harness found false, or an overrun budget;
    - ``remarks``: what failed or was not asked, by status.

    Runs that share a label but not their budget, hyperparameters or versions get rows of their own, see `tell_apart`.

    Parameters
    ----------
    runs
        As `bnnbench.store.Store.runs` gives them.
    """
    import pandas as pd

    if runs.empty:
        return pd.DataFrame(columns=[*by, *SUMMARY])
    groups = tell_apart(runs).groupby(list(by), dropna=False)
    frame = pd.DataFrame([dict(zip(by, names, strict=True)) | _summary(group) for names, group in groups])
    ended = runs[runs["status"] == "ok"]
    for name in ("train_accuracy", "test_accuracy"):
        if ended[name].isna().groupby(ended["problem"]).all().any():
            frame[name] = math.nan
    return frame


def tell_apart(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs, with names that say the difference where runs of one name must not share a row.

    Within one formulation, a solver's label is followed by the budget and the hyperparameters that differ, such as
    ``tabu, 10 reads, tenure=5``, and where these do not tell versions apart, by the versions: ``mine, file=1f2e3d4``.
    Problems of one name and different data are followed by their hash.
    """
    runs = runs.reset_index(drop=True)
    runs["solver"] = _told_apart(runs, ["formulation", "solver"], ["budget_seconds", "budget_reads", "parameters"])
    runs["solver"] = _told_apart(runs, ["formulation", "solver"], ["versions"])
    runs["problem"] = _told_apart(runs, ["problem"], ["problem_hash"])
    return runs


def _told_apart(runs: pd.DataFrame, named: list[str], differing: list[str]) -> pd.Series:
    """The last of the columns `named`; where rows agree in all of them, with what differs in the other columns."""
    names = runs[named[-1]].copy()
    differing = [column for column in differing if column in runs]
    for _, group in runs.groupby(named):
        if differing and len(group.value_counts(differing, dropna=False)) > 1:
            texts = differences([_settings(row) for row in group[differing].to_dict("records")])
            names[group.index] = [
                f"{name}, {text}" if text else name for name, text in zip(names[group.index], texts, strict=True)
            ]
    return names


def _settings(row: Mapping[Any, Any]) -> dict[str, Any]:
    """What a row was run with, flat; a budget that was not given is left out."""
    import pandas as pd

    listed = ("parameters", "versions")
    flat = {name: value for name, value in row.items() if name not in listed and pd.notna(value)}
    return flat | {key: value for name in listed for key, value in json.loads(row.get(name, "{}")).items()}


def differences(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """For each row, those of its settings in which not all rows agree, as text."""
    names = dict.fromkeys(name for row in rows for name in row)
    differing = [name for name in names if len({json.dumps(row[name]) if name in row else "" for row in rows}) > 1]
    return [", ".join(_setting(name, row[name]) for name in differing if name in row) for row in rows]


def _setting(name: str, value: Any) -> str:
    if name == "budget_seconds":
        return str(Budget(seconds=value))
    if name == "budget_reads":
        return str(Budget(reads=int(value)))
    # The beginning of a hash is enough.
    return f"{name}={value[:7]}" if isinstance(value, str) and len(value) == 64 else f"{name}={value}"


SUMMARY = (
    "runs", "ok", "solved", "proved", "energy_gap", "loss_gap", "mean_loss_gap", "violations", "train_accuracy",
    "test_accuracy", "sample_s", "num_variables", "flagged", "remarks",
)  # fmt: skip
"""Columns of a summary, after those that it is grouped by."""


def _summary(group: pd.DataFrame) -> dict[str, Any]:
    asked = group[~group["status"].isin(NOT_ASKED)]
    ended = asked[asked["status"] == "ok"]
    known = asked[asked["optimum"].notna()]
    solved = (_numbers(ended["loss_gap"]) <= TOLERANCE).sum()
    # A run that failed before its instance was compiled leaves NaN; the formulation's other runs speak for it.
    sound = known[known["is_sound"] != 0] if (known["is_sound"] == 1).any() else known[:0]
    return {
        "runs": len(asked),
        "ok": len(ended),
        "solved": None if known.empty else int(solved),
        "proved": int((_numbers(ended["proved"]) == 1).sum()),
        "energy_gap": _censored_median(sound, "energy_gap"),
        "loss_gap": _censored_median(known, "loss_gap"),
        "mean_loss_gap": _censored_median(known.assign(gap=_numbers(known["mean_loss"]) - known["optimum"]), "gap"),
        "violations": _censored_median(asked, "violations"),
        "train_accuracy": _median(ended["train_accuracy"]),
        "test_accuracy": _median(ended["test_accuracy"]),
        "sample_s": _median(ended["sample_s"]),
        "num_variables": _median(group["num_variables"]),
        "flagged": int((group["flag_texts"].notna() & (group["flag_texts"] != "")).sum()),
        "remarks": _remarks(group, len(asked) - len(known)),
    }


def _censored_median(asked: pd.DataFrame, column: str) -> float | None:
    """Median in which failed runs are infinite; None for no runs at all."""
    values = _numbers(asked[column]).where(asked["status"] == "ok", math.inf).fillna(math.inf)
    return None if values.empty else float(values.median())


def _median(values: pd.Series) -> float | None:
    """Median of the values that are there; None if there are none."""
    known = _numbers(values).dropna()
    return None if known.empty else float(known.median())


def _numbers(values: pd.Series) -> pd.Series:
    """Floats, with NaN for None: a column in which every run failed has no numbers to tell pandas its type."""
    import pandas as pd

    return pd.to_numeric(values).astype(float)


def _remarks(group: pd.DataFrame, num_unknown: int) -> str:
    counts = group.loc[group["status"] != "ok", "status"].value_counts()
    remarks = [f"{counts[status]} {status}" for status in sorted(counts.index)]
    return ", ".join([*remarks, *([f"{num_unknown} without optimum"] if num_unknown else [])])
