"""The kinds of tables: numbers from the rows of a store, and a caption that says how they came about."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from bnnbench.errors import InputError, UnknownNameError, as_word
from bnnbench.metrics import (
    SUMMARY,
    censored,
    disambiguated,
    median_interval,
    success_table,
    summarize,
)
from bnnbench.metrics.decision import decision_table
from bnnbench.metrics.labels import chosen, in_natural_order
from bnnbench.metrics.over_problems import level_of, problem_key
from bnnbench.metrics.running_time import ERTS
from bnnbench.metrics.summary import solved_of_known, with_works_on
from bnnbench.store.columns import BUDGET, budget_texts
from bnnbench.store.parquet import RunSource
from bnnbench.tables.best import best_table
from bnnbench.tables.rounding import DASH
from bnnbench.tables.scaling import scaling_table
from bnnbench.tables.stamp import make_stamp
from bnnbench.tables.table import Column, Table
from bnnbench.tables.view import View
from bnnbench.tables.works_on import WORKS_ON

_BEST = {"solved_share": "greatest", "loss_gap": "least"} | dict.fromkeys(ERTS, "least")
_ON_SCREEN = ("solved", "flagged")
"""Columns of a summary that papers show in another way: as a share, and among the remarks."""
BOUND = ">: 95 % lower bound, nothing succeeded"
NOTES = {
    "ert_s": f"expected sampling time to the optimum with restarts, the median over problems; {BOUND}",
    "ert_prepared_s": "the same from the handing over of the instance, with the least time of preparation in each run",
    "ert_1_percent_s": "the same to a loss of 1 % of the samples above the optimum",
    "ert_5_percent_s": "the same to 5 %",
    "ert_evaluations": "the same to the optimum, in evaluations of the solver",
    "ert_1_percent_evaluations": "to 1 % of the samples above the optimum",
    "ert_5_percent_evaluations": "to 5 % of the samples above the optimum",
    "loss_gap": "best decoded weights above the optimum",
    "normalized_gap": "loss gap over that of as many random settings",
    "energy_gap": "where λ is sound",
    "mean_loss_gap": "mean loss of reads above the optimum",
}
"""What captions say of a column."""
SUMMARY_COLUMNS = {
    c.name: Column.of(
        c, best=_BEST.get(c.name), note=NOTES.get(c.name, ""), **({"kind": "log"} if c.name in ERTS else {})
    )
    for c in SUMMARY
    if c.name not in _ON_SCREEN
}
SOLVER = Column("solver", "solver", kind="text")
RUNS, OK, ERT, LOSS_GAP, REMARKS = (SUMMARY_COLUMNS[name] for name in ("runs", "ok", "ert_s", "loss_gap", "remarks"))
SOLVED_RUNS = Column(
    "solved_runs", "solved runs", kind="text", rank=95, note="of the runs with a known optimum, by number"
)
VIEW = View()
"""All that tells rows apart, for the line of an article."""
BOLD = "Bold: the best of its block, and what its interval does not set apart from it."
FAILED = "Failed runs are unsolved and infinitely bad in gaps and violations."
NO_VALUE = f"{DASH}: no value."


def _how_to_read(runs: pd.DataFrame, by: Sequence[str]) -> str:
    return f"{FAILED} {_intervals(runs, by)} {BOLD} {NO_VALUE}"


def _intervals(runs: pd.DataFrame, by: Sequence[str]) -> str:
    """Say what the brackets hold, and over what they are intervals."""
    return (
        f"In brackets: 95 % intervals {level_of(runs, by)}, of shares by Jeffreys, of medians by order statistics "
        "(none below 6 values)."
    )


def make_table(results: RunSource, kind: str, name: str, view: View = VIEW) -> Table:
    """Make a table of a store, or of what was published of one.

    Parameters
    ----------
    kind
        One of `KINDS`.
    name
        What the results are called in caption and label, such as ``smoke``.
    view
        What of it is shown.

    Raises
    ------
    InputError
        If there are no runs, or none that such a table is about, or no solver or column of a name.
    """
    if kind not in KINDS:
        raise InputError(f"there is no table {kind!r}; there are {', '.join(KINDS)}.")
    runs, machines = results.runs(), results.machines()
    if runs.empty:
        raise InputError(f"{results.folder} holds no runs yet; run: bnnbench run SUITE --out {as_word(results.folder)}")
    runs = disambiguated(runs)
    if view.solvers:
        kept = chosen(list(runs["solver"].unique()), view.solvers, f"{name} has no solver")
        runs = runs[runs["solver"].isin(kept)]
    used = {key: machines.get(key, {}) for key in runs["machine"].unique()}
    table = KINDS[kind](runs, used, name)
    if "flagged" in table.data:
        table.data["remarks"] = [
            ", ".join(filter(None, (text, f"{number} flagged" if number else "")))
            for text, number in zip(table.data["remarks"], table.data["flagged"], strict=True)
        ]
    return Table(
        kind,
        name,
        table.title,
        f"{table.caption} {_set_up(runs, used)}{_flags(runs) if 'flagged' in table.data else ''}".strip(),
        _chosen_columns(table, view.columns),
        table.data.reset_index(drop=True),
        table.groups,
        {**make_stamp(runs, used), **view.stamp},
        view,
    )


def _chosen_columns(table: Table, names: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns that name the rows, and those of the given names or headings; without names, all."""
    if not names:
        return table.columns
    is_name = [column.kind == "text" and column.rank is None for column in table.columns]
    others = [column for column, is_one in zip(table.columns, is_name, strict=True) if not is_one]
    found = {text: column for column in others for text in (column.header, column.name)}
    for name in names:
        if name not in found:
            raise UnknownNameError(f"column of the table {table.kind}", name, list(found))
    asked = [replace(found[name], rank=None) for name in names]
    return (*(column for column, is_one in zip(table.columns, is_name, strict=True) if is_one), *asked)


def summary_table(runs: pd.DataFrame, name: str) -> Table:
    """Return a row per formulation and solver, without set-up and stamp."""
    return _summary(disambiguated(runs), {}, name)


def _with_solved_runs(runs: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    data = summarize(runs, by, with_intervals=True)
    return data.assign(solved_runs=solved_of_known(data, runs, by))


def _summary(runs: pd.DataFrame, _machines: Mapping[str, Any], name: str) -> Table:
    by = ["formulation", "solver"]
    data = _with_solved_runs(runs, by)
    is_complete = (data["ok"] == data["runs"]).all()
    measured = [
        replace(column, note=_marks_of(runs, _MARKS[key])) if key in _MARKS else column
        for key, column in SUMMARY_COLUMNS.items()
        if not (key == "ok" and is_complete)
    ]
    place = measured.index(SUMMARY_COLUMNS["solved_share"])
    columns = (Column("formulation", "formulation", kind="text"), SOLVER, *measured[:place], SOLVED_RUNS,
               *measured[place:])  # fmt: skip
    title = f"Summary of {name}, medians over problems."
    return Table("summary", name, title, _how_to_read(runs, ["formulation", "solver"]), columns, data, ("formulation",))


_MARKS = {
    "train_accuracy": {"the best constant": "majority_accuracy", "optimal weights": "best_accuracy"},
    "test_accuracy": {"the best constant of the training rows": "majority_test_accuracy"},
}
"""Columns that an accuracy is judged by, with what has them."""


def _marks_of(runs: pd.DataFrame, names: Mapping[str, str]) -> str:
    """Say which accuracy others have than the solvers, as far as rows tell."""
    problems = runs.drop_duplicates(problem_key(runs))
    medians = {who: problems[name].median() for who, name in names.items() if name in problems}
    shown = [f"{who} {100 * share:.0f} %" for who, share in medians.items() if pd.notna(share)]
    return f"of {' and '.join(shown)}, medians over problems" if shown else ""


def _problems(runs: pd.DataFrame, _machines: Mapping[str, Any], name: str) -> Table:
    by = ["problem", "formulation", "solver"]
    data = _with_solved_runs(runs, by)
    ends = {f"tts_{end}_s": f"tts_s_{end}" for end in ("low", "high")}
    data = data.merge(success_table(runs, by).rename(columns=ends), on=by, how="left")
    data["block"] = _blocks(runs, data)
    columns = (
        Column("block", "problem", kind="text"),
        SOLVER,
        WORKS_ON,
        RUNS,
        SOLVED_RUNS,
        replace(ERT, note=f"expected sampling time with restarts; {BOUND}"),
        *(column for name, column in SUMMARY_COLUMNS.items() if name in ERTS and name != "ert_s"),
        replace(LOSS_GAP, note=f"median over runs, of the {LOSS_GAP.note}"),
        Column("success", "success", "%", factor=100, note="of a read"),
        Column(
            "tts_s", "TTS99", "s", kind="log", best="least", rank=10, note="sampling time until a success with 99 %"
        ),
        REMARKS,
    )
    return Table("problems", name, f"Problems of {name}.", _how_to_read(runs, by), columns, data, ("block",))


def _blocks(runs: pd.DataFrame, data: pd.DataFrame) -> list[str]:
    """Return headings: problem, formulation, and the optimum with how it is known."""
    known = runs.dropna(subset="optimum").drop_duplicates("problem").set_index("problem")
    optima = {
        problem: f"optimum {row['optimum']:g} ({str(row['truth_kind']).replace('_', ' ')})"
        for problem, row in known[["optimum", "truth_kind"]].iterrows()
    }
    pairs = zip(data["problem"], data["formulation"], strict=True)
    return [f"{problem}, {formulation}, {optima.get(problem, 'optimum unknown')}" for problem, formulation in pairs]


def _formulations(runs: pd.DataFrame, _machines: Mapping[str, Any], name: str) -> Table:
    gaps = runs.assign(loss_gap=censored(runs, "loss_gap"))
    by = ["problem", "formulation"]
    medians = gaps.groupby([*by, "solver"], dropna=False)["loss_gap"].median()
    least = medians.groupby(level=by, dropna=False).min()
    rows = []
    for ((problem, formulation), group), best in zip(gaps.groupby(by, dropna=False), least, strict=True):
        size = group.dropna(subset="num_variables")
        median, low, high = median_interval(group["loss_gap"])
        rows.append({
            "problem": problem,
            "formulation": formulation,
            "runs": int((~group["status"].isin(("refused", "unavailable"))).sum()),
            "num_variables": size["num_variables"].iloc[0] if len(size) else None,
            "num_couplings": size["num_couplings"].iloc[0] if len(size) else None,
            "dynamic_range": size["dynamic_range"].iloc[0] if len(size) else None,
            "exact": "" if size.empty else "yes" if size["is_sound"].iloc[0] == 1 else "no",
            "compile_s": group["compile_s"].median(),
            "best_loss_gap": best,
            "loss_gap": median,
            "loss_gap_low": low,
            "loss_gap_high": high,
        })  # fmt: skip
    columns = (
        Column("problem", "problem", kind="text"),
        Column("formulation", "formulation", kind="text"),
        RUNS,
        Column("num_variables", "variables", kind="count"),
        Column("num_couplings", "couplings", kind="count"),
        Column("dynamic_range", "dyn. range", rank=100, note="largest over smallest coefficient"),
        Column("exact", "exact", kind="text", note="the minimum energy is the minimum training loss for certain"),
        Column("compile_s", "compiling", "s", kind="log", rank=10),
        Column("best_loss_gap", "best gap", "loss", note="of the virtual best solver, the least median of all"),
        replace(LOSS_GAP, rank=None, note="median over runs of all solvers"),
    )
    data = in_natural_order(pd.DataFrame(rows), by)
    how_to_read = _how_to_read(runs, by)
    return Table("formulations", name, f"Formulations of {name}.", how_to_read, columns, data, ("problem",))


def _embedding(runs: pd.DataFrame, _machines: Mapping[str, Any], name: str) -> Table:
    if "fact.num_physical" not in runs or runs["fact.num_physical"].isna().all():
        raise InputError(f"{name}: no run went through an embedding; run it with --solver embedded.")
    asked = runs[~runs["status"].isin(("refused", "unavailable"))]
    embedded = asked[asked["solver"].isin(runs.dropna(subset="fact.num_physical")["solver"])]
    names = {
        "physical": "fact.num_physical",
        "longest_chain": "fact.longest_chain",
        "chain_breaks": "fact.chain_break_fraction",
        "embed_s": "clock.embed_s",
    }
    rows = []
    for keys, group in embedded.groupby(["problem", "formulation", "solver"], dropna=False):
        row: dict[str, Any] = dict(zip(("problem", "formulation", "solver"), keys, strict=True))
        size = group["num_variables"].dropna()
        row |= {"runs": len(group), "ok": int((group["status"] == "ok").sum())}
        row |= {"num_variables": size.iloc[0] if len(size) else math.nan}
        for column, source in names.items():
            values = pd.to_numeric(group[source]) if source in group else pd.Series(dtype=float)
            row[column], row[f"{column}_low"], row[f"{column}_high"] = median_interval(values)
        rows.append(row | {"overhead": row["physical"] / row["num_variables"]})
    columns = (
        Column("problem", "problem", kind="text"),
        Column("formulation", "formulation", kind="text"),
        SOLVER,
        WORKS_ON,
        RUNS,
        *([OK] if any(row["ok"] != row["runs"] for row in rows) else []),
        Column("num_variables", "logical", kind="count"),
        Column("physical", "physical"),
        Column("overhead", "phys./log.", rank=130),
        Column("longest_chain", "longest chain"),
        Column("chain_breaks", "broken chains", "%", factor=100),
        Column("embed_s", "embedding", "s", kind="log", rank=110),
    )
    over = _intervals(embedded, ["problem", "formulation", "solver"])
    title = f"Minor embeddings of {name}, medians over runs that found one."
    data = with_works_on(in_natural_order(pd.DataFrame(rows), ["problem", "formulation", "solver"]), runs)
    return Table("embedding", name, title, f"{over} {NO_VALUE}", columns, data, ("problem",))


def _environment(runs: pd.DataFrame, machines: Mapping[str, Any], name: str) -> Table:
    rows = [
        {"part": "machine", "what": _machine(info), "runs": int((runs["machine"] == key).sum())}
        for key, info in machines.items()
    ]
    for (solver, text), group in runs.groupby([runs["solver"].str.partition("[")[0], "versions"]):
        versions = json.loads(str(text))
        what = ", ".join(f"{key} {value[:7] if len(str(value)) == 64 else value}" for key, value in versions.items())
        rows.append({"part": str(solver).partition(",")[0], "what": what or "bnnbench alone", "runs": len(group)})
    columns = (Column("part", "part", kind="text"), Column("what", "what", kind="text"), RUNS)
    return Table("environment", name, f"Machines and versions of {name}.", "", columns, pd.DataFrame(rows))


def _machine(info: Mapping[str, Any]) -> str:
    """Describe a machine in words; what is not known is left out."""
    parts = {
        "cpu": "{}",
        "cores": "{} cores",
        "memory_gib": "{} GiB",
        "system": "{}",
        "python": "Python {}",
        "bnnbench": "bnnbench {}",
        "numpy": "NumPy {}",
    }
    words = [text.format(info[key]) for key, text in parts.items() if info.get(key) is not None]
    if info.get("commit"):
        words.append(f"commit {info['commit'][:10]}{' with changes' if info.get('dirty') else ''}")
    return ", ".join(words) or "not known"


def _set_up(runs: pd.DataFrame, machines: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the end of a caption: number of runs, budget, clock and machine."""
    budgets = sorted(set(budget_texts(runs[list(BUDGET)].drop_duplicates())))
    shown = "; ".join(budgets) if len(budgets) <= MAX_BUDGETS else f"{len(budgets)} different ones"
    words = {", ".join(filter(None, (info.get("cpu"), _cores(info)))) or UNKNOWN for info in machines.values()}
    number = int((~runs["status"].isin(("refused", "unavailable"))).sum())
    count = "1 run" if number == 1 else f"{number} runs"
    return (
        f"{count}; budget per run: {shown}; clock: sampling time, without compiling, embedding and judging; "
        f"on {'; '.join(sorted(words))}."
    )


def _flags(runs: pd.DataFrame) -> str:
    """Return the last sentence of a caption: what runs are flagged for."""
    texts = Counter(text for texts in runs["flag_texts"].dropna() for text in str(texts).split("; ") if text)
    shown = [f"{text} ({number})" for text, number in texts.most_common(MAX_FLAGS)]
    rest = [f"{len(texts) - MAX_FLAGS} more"] if len(texts) > MAX_FLAGS else []
    return f" Flagged runs: {'; '.join(shown + rest)}." if shown else ""


MAX_FLAGS = 3
"""Different flags that a caption lists, the most frequent ones."""
UNKNOWN = "a machine that is not known"
MAX_BUDGETS = 4
"""Different budgets that a caption lists."""


def _cores(info: Mapping[str, Any]) -> str | None:
    return f"{info['cores']} cores" if info.get("cores") else None


def _decision(runs: pd.DataFrame, _machines: Mapping[str, Any], name: str) -> Table:
    data = with_works_on(decision_table(runs), runs)
    columns = (
        Column("rung", "rung", kind="text"),
        Column("hidden_layers", "hidden layers", kind="count"),
        Column("weights_class", "weights", kind="text"),
        Column("alpha_class", "load α", kind="text", note="distinct rows per weight"),
        Column("problems", "problems", kind="count", rank=60),
        Column("formulation", "formulation", kind="text", rank=80),
        SOLVER,
        WORKS_ON,
        replace(ERT, best=None, rank=None, note="expected sampling time with restarts, the median over problems"),
        Column("solved_share", "solved", "%", factor=100, rank=90, note="problems that it solved at least once"),
        Column("next_solver", "next best", kind="text", rank=70),
        Column("ratio", "slower by", rank=65, note="ratio of times of the next best solver"),
    )
    title = (
        f"Which solver when, by the runs of {name}: the least time among ways that met all problems of a row; "
        "without a time, what solved most."
    )
    return Table(
        "decision", name, title, f"{_intervals(runs, ['formulation', 'solver'])} {NO_VALUE}", columns, data, ("rung",)
    )


KINDS: Mapping[str, Callable[[Any, Mapping[str, Any], str], Table]] = {
    "summary": _summary,
    "problems": _problems,
    "formulations": _formulations,
    "embedding": _embedding,
    "decision": _decision,
    "best": best_table,
    "scaling": scaling_table,
    "environment": _environment,
}
"""Tables by name."""
