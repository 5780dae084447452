"""The summary: a row per formulation and solver, which `bnnbench show` prints and papers show with intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from bnnbench.metrics.censoring import censored, numbers, was_asked
from bnnbench.metrics.gaps import normalized_gap
from bnnbench.metrics.labels import disambiguated, in_natural_order
from bnnbench.metrics.over_problems import median_over_problems, pooled_share, problem_key
from bnnbench.metrics.running_time import ERTS, all_spent_times, median_of_spent
from bnnbench.runs.column import Column, columns_of
from bnnbench.runs.features import Features
from bnnbench.runs.outcome import Outcome

_NO_OPTIMUM = "no optimum is known"
_ABOUT = (
    Column(
        "works_on", "what the solver reads of an instance: the qubo, its penalties too, or the network",
        empty="the solver is not installed", header="works on", drop_rank=96,
    ),
)  # fmt: skip
_COUNTS = (
    Column("runs", "runs that were asked: neither refused nor unavailable", "integer", header="runs", drop_rank=120),
    Column("ok", "of these, runs that came to their end", "integer", "runs", header="ended", drop_rank=60),
    Column(
        "solved", "of these, runs with loss gap 0; failed runs are unsolved", "integer", "runs", _NO_OPTIMUM, "solved",
        drop_rank=None,
    ),
    Column(
        "solved_share", "of the runs that were asked and have a known optimum, those that are solved", "real",
        empty=_NO_OPTIMUM, header="solved", is_share=True, drop_rank=None,
    ),
)  # fmt: skip
_RANKS = {
    "ert_s": None,
    "ert_prepared_s": 44,
    "ert_5_percent_s": 43,
    "ert_1_percent_s": 42,
    "ert_evaluations": 41,
    "ert_5_percent_evaluations": 2,
    "ert_1_percent_evaluations": 1,
}


def _effort(name: str) -> Column:
    """Return the column of an expected running time."""
    measure = ERTS[name]
    counts_time = bool(measure.limit)
    above = f"a loss of at most {measure.percent:g} % of the samples above it" if measure.percent else "the optimum"
    start = ", with the preparation of each run" if measure.before else ""
    kind = " prepared" if start else "" if counts_time else " evaluations"
    empty = [_NO_OPTIMUM, *(["no loss lies between"] if measure.percent else [])]
    return Column(
        name,
        f"expected {'sampling time' if counts_time else 'evaluations'} until {above} with restarts (ERT){start}, the "
        "median over problems",
        "real",
        "s" if counts_time else "",
        ", or ".join(empty if counts_time else [*empty, "the solver does not count them"]),
        f"ERT{kind}{f' +{measure.percent:g} %' if measure.percent else ''}",
        drop_rank=_RANKS[name],
    )


_GAPS = (
    Column(
        "normalized_gap", "loss gap over that of as many random settings, see docs/metrics.md", "real",
        empty="no random settings were drawn, or they reach the optimum", header="norm. gap",
        statistic="censored_median", drop_rank=5,
    ),
    Column(
        "mean_loss_gap", "mean training loss over all reads − optimum", "real", "loss", _NO_OPTIMUM, "mean read",
        statistic="censored_median", drop_rank=None,
    ),
)  # fmt: skip
_NOTES = (
    Column("flagged", "runs with flag_texts", "integer", "runs", header="flagged", drop_rank=70),
    Column(
        "remarks", "runs that failed or were not asked, by status; runs without a known optimum", header="remarks",
        drop_rank=140,
    ),
)  # fmt: skip


def _columns() -> Iterator[Column]:
    yield from (*_ABOUT, *_COUNTS, *map(_effort, ERTS))
    for column in (*columns_of(Outcome), *columns_of(Features)):
        if column.statistic:
            yield column
        if column.name == "loss_gap":
            yield from _GAPS
    yield from _NOTES


SUMMARY = tuple(_columns())
"""Columns of a summary, after those that it is grouped by: those of a run that have a statistic, and a few more."""


def summarize(
    runs: pd.DataFrame, by: Sequence[str] = ("formulation", "solver"), *, with_intervals: bool = False
) -> pd.DataFrame:
    """Return a row per group: how often solved and proved, medians of gaps and times, what failed.

    Columns of `by`, then those of `SUMMARY`:

    - ``works_on``: what the solver reads of an instance;
    - ``runs``: runs that were asked, so neither ``refused`` nor ``unavailable``; those are in ``remarks``;
    - ``ok``: of them, runs that came to their end;
    - ``solved``: of these, runs whose loss gap is 0 or less. A failed run is unsolved whatever it had found; a run
      without a known optimum is no evidence, and is counted in ``remarks``. Missing if no optimum is known.
      ``solved_share``: over the runs that were asked and have a known optimum;
    - ``ert_s``: the expected running time until the optimum; ``ert_1_percent_s`` and ``ert_5_percent_s`` until a loss
      of so many percent of the samples above it, missing in all rows where no loss lies between; the same in
      evaluations, of solvers that count them. See `bnnbench.metrics.running_time.ERTS`;
    - counts, such as ``proved``: runs of status ok in which it is 1;
    - medians are over problems, of the median over the runs of each, see `bnnbench.metrics.over_problems`;
    - censored medians, such as ``loss_gap`` and ``mean_loss_gap`` (of the mean read, not the best): over asked runs, in
      which a failed run counts as infinite, so that failing never makes a median smaller. Gaps are over runs with a
      known optimum; the energy gap is over sound formulations only, as no ground energy of others is known;
    - medians, such as ``sample_s``: over runs of status ok, not censored, so that they flatter a solver that often
      fails: read them beside ``ok``. A share, such as an accuracy, that not every problem has is missing in all rows:
      medians over different problems do not compare;
    - ``flagged``: runs with a claim that the harness found false, or an overrun budget;
    - ``remarks``: what failed or was not asked, by status.

    Runs that share a label but not their budget, hyperparameters or versions get rows of their own, see
    `disambiguated`. Rows are in natural order of their labels.

    Parameters
    ----------
    runs
        As `bnnbench.store.store.Store.runs` gives them.
    with_intervals
        Whether to add ``NAME_low`` and ``NAME_high``, the ends of the 95 % interval, for shares and medians.
    """
    if runs.empty:
        return pd.DataFrame(columns=[*by, *(column.name for column in SUMMARY)])
    measured = [column.name for column in SUMMARY if column.statistic and column not in _GAPS]
    measured += ["time_to_target_s", "budget_seconds"]
    runs = disambiguated(runs).assign(**{name: math.nan for name in measured if name not in runs})  # of older versions
    keys = [runs[name] for name in by]
    is_known = was_asked(runs) & runs["optimum"].notna()
    counts = pd.DataFrame({
        "runs": was_asked(runs),
        "ok": runs["status"] == "ok",
        "solved": (runs["status"] == "ok") & (numbers(runs["loss_gap"]) <= 0),
        "flagged": runs["flag_texts"].notna() & (runs["flag_texts"] != ""),
        "known": is_known,
        **{c.name: (runs["status"] == "ok") & (numbers(runs[c.name]) == 1) for c in SUMMARY if c.statistic == "count"},
    })  # fmt: skip
    frame = counts.groupby(keys, dropna=False).sum()
    known = frame["known"].where(frame["known"] > 0)
    frame["solved_share"] = frame["solved"] / known
    frame["solved"] = frame["solved"].where(frame["known"] > 0)
    if with_intervals:
        frame = frame.join(_share_ends(counts, keys, runs[problem_key(runs)]))
    for column in SUMMARY:
        if column.statistic in ("median", "censored_median"):
            frame = frame.join(_medians(runs, keys, column, with_intervals=with_intervals))
    for name, spent in all_spent_times(runs).items():
        ert = median_of_spent(spent, runs, by, name)
        frame = frame.join(ert if with_intervals else ert[name])
    frame["works_on"] = _works_on(runs, keys)
    frame["remarks"] = _remarks(runs, by, frame["runs"] - frame["known"])
    names = [n for c in SUMMARY for n in (c.name, f"{c.name}_low", f"{c.name}_high") if n in frame]
    return in_natural_order(frame.reset_index()[[*by, *names]], by)


def solved_of_known(summary: pd.DataFrame, runs: pd.DataFrame, by: Sequence[str]) -> list[str]:
    """Return, per row of a summary, the solved runs of those with a known optimum, such as ``2/3``; empty without any.

    Parameters
    ----------
    summary
        What `summarize` gives for `runs` and `by`.
    runs
        With solvers named as in the summary, see `disambiguated`.
    """
    known = (was_asked(runs) & runs["optimum"].notna()).groupby([runs[name] for name in by], dropna=False).sum()
    numbers = summary[list(by)].merge(known.rename("known").reset_index(), on=list(by), how="left")["known"]
    pairs = zip(summary["solved"], numbers, strict=True)
    return [f"{int(solved)}/{int(known)}" if known else "" for solved, known in pairs]


def _medians(runs: pd.DataFrame, keys: list[pd.Series], column: Column, *, with_intervals: bool) -> pd.DataFrame:
    """Return the median of a column by group, and the ends of its interval."""
    if column.name == "normalized_gap":
        values = normalized_gap(runs)
    elif column.statistic == "censored_median":
        values = censored(runs, column.name)
    else:
        values = numbers(runs[column.name]).where(runs["status"] == "ok")
        if column.is_share and _is_partial(runs, column.name):
            values = values.mask(values.notna())
    problems = runs[problem_key(runs)]
    if not with_intervals:
        medians = values.groupby([*keys, problems], dropna=False).median()
        return medians.groupby(level=list(range(len(keys))), dropna=False).median().to_frame(column.name)
    found = median_over_problems(values, problems, keys)
    return found.set_axis([column.name, f"{column.name}_low", f"{column.name}_high"], axis="columns")


def _share_ends(counts: pd.DataFrame, keys: list[pd.Series], problems: pd.Series) -> pd.DataFrame:
    """Return the ends of the interval of the share of solved runs by group, see `pooled_share`."""
    cells = counts[["solved", "known"]].groupby([*keys, problems], dropna=False).sum()
    groups = cells[cells["known"] > 0].groupby(level=list(range(len(keys))), dropna=False)
    ends = [pooled_share(*own.to_numpy(dtype=float).T)[1:] for _, own in groups]
    names = ["solved_share_low", "solved_share_high"]
    return pd.DataFrame(ends, index=groups.size().index, columns=names, dtype=float)


def _works_on(runs: pd.DataFrame, keys: list[pd.Series]) -> pd.Series:
    """Return what the solvers of each group read of an instance; several are joined."""
    told = runs["works_on"] if "works_on" in runs else pd.Series(None, index=runs.index, dtype=object)
    return told.groupby(keys, dropna=False).agg(lambda own: ", ".join(sorted(set(own.dropna()))))


def with_works_on(table: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Add to a table with a column ``solver`` what each solver reads of an instance, empty where it is not known."""
    told = _works_on(runs, [runs["solver"]])
    return table.assign(works_on=table["solver"].map(told).astype(object).fillna(""))


def _is_partial(runs: pd.DataFrame, name: str) -> bool:
    """Tell whether a problem of runs that ended has no value at all."""
    ended = runs[runs["status"] == "ok"]
    return bool(ended[name].isna().groupby(ended["problem"]).all().any())


def _remarks(runs: pd.DataFrame, by: Sequence[str], num_unknown: pd.Series) -> list[str]:
    """Return, for each group, how many runs have which status but ok, and how many asked ones no certain optimum."""
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
