"""The summary: a row per formulation and solver, which `bnnbench show` prints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bnnbench.metrics.censoring import censored, numbers, was_asked
from bnnbench.metrics.labels import disambiguated

if TYPE_CHECKING:
    import pandas as pd

from bnnbench.qubo.qubo import TOLERANCE


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

    Runs that share a label but not their budget, hyperparameters or versions get rows of their own, see
    `disambiguated`.

    Parameters
    ----------
    runs
        As `bnnbench.store.store.Store.runs` gives them.
    """
    import pandas as pd

    if runs.empty:
        return pd.DataFrame(columns=[*by, *SUMMARY])
    runs = disambiguated(runs)
    is_asked, is_ended = was_asked(runs), runs["status"] == "ok"
    is_known = is_asked & runs["optimum"].notna()
    counts = {
        "runs": is_asked,
        "ok": is_ended,
        "solved": is_ended & (numbers(runs["loss_gap"]) <= TOLERANCE),
        "proved": is_ended & (numbers(runs["proved"]) == 1),
        "flagged": runs["flag_texts"].notna() & (runs["flag_texts"] != ""),
        "known": is_known,
    }
    medians = {
        **{name: censored(runs, name) for name in ("energy_gap", "loss_gap", "mean_loss_gap", "violations")},
        **{name: numbers(runs[name]).where(is_ended) for name in ("train_accuracy", "test_accuracy", "sample_s")},
        "num_variables": numbers(runs["num_variables"]),
    }
    groups = pd.concat([runs[list(by)], pd.DataFrame(counts | medians)], axis=1).groupby(list(by), dropna=False)
    frame = pd.concat([groups[list(counts)].sum(), groups[list(medians)].median()], axis=1)
    frame["solved"] = frame["solved"].where(frame["known"] > 0)
    frame["remarks"] = _remarks(runs, by, frame["runs"] - frame["known"])
    frame = frame.reset_index()[[*by, *SUMMARY]]
    ended = runs[is_ended]
    for name in ("train_accuracy", "test_accuracy"):
        if ended[name].isna().groupby(ended["problem"]).all().any():
            frame[name] = math.nan
    return frame


SUMMARY = (
    "runs", "ok", "solved", "proved", "energy_gap", "loss_gap", "mean_loss_gap", "violations", "train_accuracy",
    "test_accuracy", "sample_s", "num_variables", "flagged", "remarks",
)  # fmt: skip
"""Columns of a summary, after those that it is grouped by."""


def _remarks(runs: pd.DataFrame, by: Sequence[str], num_unknown: pd.Series) -> list[str]:
    """Of each group, how many runs have which status other than ok, and how many asked ones no certain optimum."""
    keys = [runs[name] for name in by]
    status = runs["status"].astype(object)
    counts = status.groupby(keys, dropna=False).value_counts().unstack(fill_value=0)  # noqa: PD010
    is_uncertain = was_asked(runs) & (runs["truth_kind"] == "best_known")
    num_uncertain = is_uncertain.groupby(keys, dropna=False).sum().reindex(num_unknown.index)
    texts = []
    rows = zip(counts.reindex(num_unknown.index).to_dict("records"), num_unknown, num_uncertain, strict=True)
    for found, unknown, uncertain in rows:
        remarks = [f"{found[name]} {name}" for name in sorted(map(str, found)) if found[name] and name != "ok"]
        remarks += [f"{unknown} without optimum"] if unknown else []
        texts.append(", ".join([*remarks, *([f"{uncertain} against best known"] if uncertain else [])]))
    return texts
