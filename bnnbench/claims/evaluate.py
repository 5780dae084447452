"""Evaluate a claim on the rows that it speaks of."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bnnbench.claims.claim import Claim, Rows
from bnnbench.claims.exponent import exponent
from bnnbench.errors import InputError
from bnnbench.metrics import expected_running_time, median_interval, normalized_gap
from bnnbench.metrics.censoring import censored
from bnnbench.metrics.over_problems import problem_key
from bnnbench.metrics.running_time import ERTS
from bnnbench.store.parquet import open_results
from bnnbench.tables.rounding import Scale, texts


@dataclass(frozen=True)
class Verdict:
    """The median effect of a claim over problems, and its 95 % interval, or the range of all effects."""

    claim: Claim
    effect: float
    low: float
    high: float
    num_problems: int

    @property
    def holds(self) -> bool:
        """Tell whether the whole interval lies within the bounds of the claim."""
        least = -math.inf if self.claim.at_least is None else self.claim.at_least
        most = math.inf if self.claim.at_most is None else self.claim.at_most
        is_known = not (math.isnan(self.low) or math.isnan(self.high))
        return is_known and least <= self.low and self.high <= most

    @property
    def sentence(self) -> str:
        """Return the sentence of the claim with its numbers, as texts quote it."""
        return self.claim.sentence.replace("{effect}", self.effect_text).replace("{problems}", str(self.num_problems))

    @property
    def effect_text(self) -> str:
        """Return the effect and its interval with the digits that the interval supports."""
        is_log = self.claim.effect == "ratio" or (self.claim.cost.endswith("_s") and self.claim.effect != "exponent")
        scale: Scale = "log" if is_log else "linear"
        number, interval = texts(self.effect, self.low, self.high, scale)
        return f"{number} {interval}".strip()


def evaluate(claim: Claim, folder: Path) -> Verdict:
    """Return the verdict on a claim whose results lie in `folder`.

    ``e_p = c(p, first)``, ``c(p, first) − c(p, second)``, or ``c(p, first) / c(p, second)`` for each problem p that
    both were asked, and its median with the distribution-free interval of `bnnbench.metrics.median_interval`. Fewer
    than six problems have no such interval, and support no claim about the median. With `over = "all"`, the least and
    the largest effect stand in place of the interval. An ``exponent`` is one of all problems together, see
    `bnnbench.claims.exponent.exponent`.

    Problems whose samples are the same once merged are one problem. Censoring: a failed run has an infinite cost. A
    problem speaks for neither, and does not count, where both costs are infinite, or for a ratio both 0.

    Raises
    ------
    InputError
        If the results cannot be read, or have no such column or rows.
    """
    return evaluate_all([claim], folder)[0]


def evaluate_all(claims: Sequence[Claim], folder: Path) -> list[Verdict]:
    """Return the verdicts on claims, see `evaluate`; results that several of them speak of are read once."""
    runs = {}
    for name in dict.fromkeys(claim.results for claim in claims):
        with open_results(folder / name) as found:
            runs[name] = found.runs()
    return [_verdict(claim, runs[claim.results]) for claim in claims]


def _verdict(claim: Claim, runs: pd.DataFrame) -> Verdict:
    if claim.effect == "exponent":
        second = None if claim.second is None else runs[_chosen(claim, runs, claim.second)]
        found, num_problems = exponent(runs[_chosen(claim, runs, claim.first)], second, claim.cost, claim.size)
        return Verdict(claim, *found, num_problems)
    first = _costs(claim, runs, claim.first)
    effects = first
    if claim.second is not None:
        both = pd.DataFrame({"first": first, "second": _costs(claim, runs, claim.second)}).dropna()
        # 0/0 and ∞ − ∞ are no numbers: such a problem speaks for neither, and is left out.
        with np.errstate(divide="ignore", invalid="ignore"):
            is_ratio = claim.effect == "ratio"
            effects = both["first"] / both["second"] if is_ratio else both["first"] - both["second"]
    effects = effects.dropna()
    effect, low, high = median_interval(effects)
    if claim.over == "all" and len(effects):
        low, high = float(effects.min()), float(effects.max())
    return Verdict(claim, effect, low, high, len(effects))


def _chosen(claim: Claim, runs: pd.DataFrame, rows: Rows) -> pd.Series:
    """Tell of each run whether a claim speaks of it."""
    chosen = pd.Series(True, index=runs.index)  # noqa: FBT003
    for column, value in rows.items():
        if column not in runs:
            raise InputError(f"claim {claim.name}: the runs have no column {column!r}; see docs/columns.md.")
        values = value if isinstance(value, list) else [value]
        matches = [_has(runs[column], v) for v in values]
        if missing := [v for v, found in zip(values, matches, strict=True) if not found.any()]:
            raise InputError(f"claim {claim.name}: no run of {claim.results} has {column} = {missing[0]!r}.")
        chosen &= np.logical_or.reduce(matches)
    if not chosen.any():
        raise InputError(f"claim {claim.name}: no run of {claim.results} has all of {rows}.")
    return chosen


def _has(column: pd.Series, value: object) -> pd.Series:
    """Tell of each run whether a column has a value; a * in a text stands for any characters."""
    if not (isinstance(value, str) and "*" in value):
        return column == value
    return column.astype(str).str.fullmatch(".*".join(map(re.escape, value.split("*"))))


def _costs(claim: Claim, runs: pd.DataFrame, rows: Rows) -> pd.Series:
    """Return the cost of the chosen runs, indexed by problem: the median over its runs, or its ERT."""
    chosen = _chosen(claim, runs, rows)
    if claim.cost in ERTS:
        return expected_running_time(runs[chosen], [problem_key(runs)], claim.cost)[claim.cost]
    # The floor of a normalized gap is among the runs that are not chosen.
    costs = normalized_gap(runs)[chosen] if claim.cost == "normalized_gap" else censored(runs[chosen], claim.cost)
    return costs.groupby(runs.loc[chosen, problem_key(runs)]).median()
