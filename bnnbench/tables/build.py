"""What stands in each kind of table: numbers from the rows of a store, and a caption that says how they came about."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bnnbench.errors import InputError
from bnnbench.metrics import (
    censored,
    disambiguated,
    expected_running_time,
    least_running_time,
    median_interval,
    normalized_gap,
    success_probability,
    success_table,
    summarize,
)
from bnnbench.solver.contract import Budget
from bnnbench.tables.stamp import make_stamp
from bnnbench.tables.table import Column, Table
from bnnbench.tables.terminal import DASH

if TYPE_CHECKING:
    import pandas as pd

    from bnnbench.store.parquet import RunSource

SOLVER = Column("solver", "solver", kind="text")
RUNS = Column("runs", "runs", kind="count")
OK = Column("ok", "ended", "runs", kind="count")
SOLVED = Column("solved_share", "solved", "%", factor=100, best="greatest")
LOSS_GAP = Column("loss_gap", "loss gap", "loss", best="least")
REMARKS = Column("remarks", "remarks", kind="text")
INTERVALS = (
    "In brackets: 95 % intervals over repeated runs of these same problems, of shares by Jeffreys, of medians by order "
    "statistics (none below 6 runs)."
)
BOLD = "Bold: the best of its block, and what its interval does not set apart from it."
FAILED = "Failed runs are unsolved and infinitely bad in gaps and violations."
NO_VALUE = f"{DASH}: no value."


def make_table(results: RunSource, kind: str, name: str) -> Table:
    """A table of a store, or of what was published of one.

    Parameters
    ----------
    kind
        One of `KINDS`.
    name
        What the results are called in caption and label, such as ``smoke``.

    Raises
    ------
    InputError
        If there are no runs, or none that such a table is about.
    """
    if kind not in KINDS:
        raise InputError(f"there is no table {kind!r}; there are {', '.join(KINDS)}.")
    runs, machines = results.runs(), results.machines()
    if runs.empty:
        raise InputError(f"{results.folder} holds no runs yet; run: bnnbench run SUITE --out {results.folder}")
    used = {key: machines.get(key, {}) for key in runs["machine"].unique()}
    table = KINDS[kind](disambiguated(runs), used, name)
    if "flagged" in table.data:
        table.data["remarks"] = [
            ", ".join(filter(None, (text, f"{number} flagged" if number else "")))
            for text, number in zip(table.data["remarks"], table.data["flagged"], strict=True)
        ]
    return Table(
        kind,
        name,
        f"{table.caption} {_set_up(runs, used)}{_flags(runs) if 'flagged' in table.data else ''}",
        table.columns,
        table.data.reset_index(drop=True),
        table.groups,
        make_stamp(runs, used),
        table.dispensable,
    )


def _summary(runs: pd.DataFrame, _machines: Mapping[str, Any], name: str) -> Table:
    by = ["formulation", "solver"]
    data = summarize(runs, by=by)
    known = (runs["optimum"].notna() & ~runs["status"].isin(("refused", "unavailable"))).groupby(
        [runs[key] for key in by], dropna=False
    )
    data["known"] = known.sum().to_numpy()
    data["solved_share"] = data["solved"].astype(float) / data["known"].where(data["known"] > 0)
    ends = [
        success_probability(int(solved), int(asked))[1:] if asked else (math.nan, math.nan)
        for solved, asked in zip(data["solved"].fillna(0), data["known"], strict=True)
    ]
    data["solved_share_low"], data["solved_share_high"] = zip(*ends, strict=True)
    ended = runs["status"] == "ok"
    costs = {
        **{column: censored(runs, column) for column in ("energy_gap", "loss_gap", "mean_loss_gap", "violations")},
        "normalized_gap": normalized_gap(runs),
        **{column: runs[column].astype(float).where(ended) for column in ("train_accuracy", "test_accuracy")},
        "sample_s": runs["sample_s"].astype(float).where(ended),
    }
    for column, values in costs.items():
        intervals = values.groupby([runs[key] for key in by], dropna=False).agg(median_interval)
        medians, lows, highs = zip(*intervals, strict=True)
        if column == "normalized_gap":
            data[column] = medians
        data[f"{column}_low"], data[f"{column}_high"] = lows, highs
        # What `summarize` leaves out has no interval either.
        data.loc[data[column].isna(), [f"{column}_low", f"{column}_high"]] = math.nan
    columns = (
        Column("formulation", "formulation", kind="text"),
        SOLVER,
        RUNS,
        *([OK] if (data["ok"] != data["runs"]).any() else []),
        SOLVED,
        LOSS_GAP,
        Column("normalized_gap", "norm. gap"),
        Column("energy_gap", "energy gap", "loss"),
        Column("mean_loss_gap", "mean read", "loss"),
        Column("violations", "violated"),
        Column("train_accuracy", "train acc.", "%", factor=100),
        Column("test_accuracy", "test acc.", "%", factor=100),
        Column("sample_s", "sampling", "s", kind="log"),
        REMARKS,
    )
    caption = (
        f"Summary of {name}, medians over runs. Loss gap: best decoded weights above the optimum; norm. gap: over that "
        "of as many random settings; energy gap: where λ is sound; mean read: mean loss of reads above the optimum. "
        f"{FAILED} {INTERVALS} {BOLD} {NO_VALUE}"
    )
    dispensable = (
        "train_accuracy", "test_accuracy", "violations", "energy_gap", "mean_loss_gap", "normalized_gap", "sample_s",
        "ok", "remarks", "runs",
    )  # fmt: skip
    return Table("summary", name, caption, columns, data, ("formulation",), dispensable=dispensable)


def _problems(runs: pd.DataFrame, _machines: Mapping[str, Any], name: str) -> Table:
    by = ["problem", "formulation", "solver"]
    data = summarize(runs, by=by)
    keys = [runs[key] for key in by]
    intervals = censored(runs, "loss_gap").groupby(keys, dropna=False).agg(median_interval)
    _, data["loss_gap_low"], data["loss_gap_high"] = zip(*intervals, strict=True)
    ends = {f"tts_{end}_s": f"tts_s_{end}" for end in ("low", "high")}
    data = data.merge(success_table(runs, by).rename(columns=ends), on=by, how="left")
    data = data.merge(expected_running_time(runs, by).reset_index(), on=by, how="left")
    # An infinite ERT, as an infinite TTS, has a lower bound.
    data = data.merge(least_running_time(runs, by).reset_index(), on=by, how="left")
    data["ert_s_high"] = math.nan
    data["block"] = _blocks(runs, data)
    columns = (
        Column("block", "problem", kind="text"),
        SOLVER,
        RUNS,
        LOSS_GAP,
        Column("success", "success", "%", factor=100),
        Column("tts_s", "TTS99", "s", kind="log", best="least"),
        Column("ert_s", "ERT", "s", kind="log"),
        REMARKS,
    )
    caption = (
        f"Problems of {name}. Loss gap: median over runs, of the best decoded weights above the optimum; success: of a "
        "read. TTS99: sampling time until a success with 99 %; ERT: expected sampling time with restarts; >: 97.5 % "
        f"lower bound, nothing succeeded. {FAILED} {INTERVALS} {BOLD} {NO_VALUE}"
    )
    return Table(
        "problems", name, caption, columns, data, ("block",), dispensable=("ert_s", "remarks", "runs", "loss_gap")
    )


def _blocks(runs: pd.DataFrame, data: pd.DataFrame) -> list[str]:
    """Headings: problem, formulation, and the optimum with how it is known."""
    known = runs.dropna(subset="optimum").drop_duplicates("problem").set_index("problem")
    optima = {
        problem: f"optimum {row['optimum']:g} ({str(row['truth_kind']).replace('_', ' ')})"
        for problem, row in known[["optimum", "truth_kind"]].iterrows()
    }
    pairs = zip(data["problem"], data["formulation"], strict=True)
    return [f"{problem}, {formulation}, {optima.get(problem, 'optimum unknown')}" for problem, formulation in pairs]


def _formulations(runs: pd.DataFrame, _machines: Mapping[str, Any], name: str) -> Table:
    import pandas as pd

    gaps = runs.assign(loss_gap=censored(runs, "loss_gap"))
    rows = []
    for (problem, formulation), group in gaps.groupby(["problem", "formulation"], dropna=False):
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
            "best_loss_gap": group.groupby("solver")["loss_gap"].median().min(),
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
        Column("dynamic_range", "dyn. range"),
        Column("exact", "exact", kind="text"),
        Column("compile_s", "compiling", "s", kind="log"),
        Column("best_loss_gap", "best gap", "loss"),
        LOSS_GAP,
    )
    caption = (
        f"Formulations of {name}. Dyn. range: largest over smallest coefficient. Exact: the minimum energy is the "
        "minimum training loss for certain. Best gap: of the virtual best solver, the least median of all; loss gap: "
        f"median over runs of all solvers. {FAILED} {INTERVALS} {BOLD} {NO_VALUE}"
    )
    return Table(
        "formulations",
        name,
        caption,
        columns,
        pd.DataFrame(rows),
        ("problem",),
        dispensable=("compile_s", "runs", "dynamic_range"),
    )


def _embedding(runs: pd.DataFrame, _machines: Mapping[str, Any], name: str) -> Table:
    import pandas as pd

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
        RUNS,
        *([OK] if any(row["ok"] != row["runs"] for row in rows) else []),
        Column("num_variables", "logical", kind="count"),
        Column("physical", "physical"),
        Column("overhead", "phys./log."),
        Column("longest_chain", "longest chain"),
        Column("chain_breaks", "broken chains", "%", factor=100),
        Column("embed_s", "embedding", "s", kind="log"),
    )
    caption = f"Minor embeddings of {name}, medians over runs that found one. {INTERVALS} {NO_VALUE}"
    dispensable = ("runs", "ok", "embed_s", "overhead")
    return Table("embedding", name, caption, columns, pd.DataFrame(rows), ("problem",), dispensable=dispensable)


def _environment(runs: pd.DataFrame, machines: Mapping[str, Any], name: str) -> Table:
    import pandas as pd

    rows = [
        {"part": "machine", "what": _machine(info), "runs": int((runs["machine"] == key).sum())}
        for key, info in machines.items()
    ]
    for (solver, text), group in runs.groupby([runs["solver"].str.partition("[")[0], "versions"]):
        versions = json.loads(str(text))
        what = ", ".join(f"{key} {value[:7] if len(str(value)) == 64 else value}" for key, value in versions.items())
        rows.append({"part": str(solver).partition(",")[0], "what": what or "bnnbench alone", "runs": len(group)})
    columns = (Column("part", "part", kind="text"), Column("what", "what", kind="text"), RUNS)
    return Table("environment", name, f"Machines and versions of {name}.", columns, pd.DataFrame(rows))


def _machine(info: Mapping[str, Any]) -> str:
    """A machine in words; of what is not known, nothing."""
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
    """The end of a caption: number of runs, budget, clock and machine."""
    pairs = runs[["budget_seconds", "budget_reads"]].drop_duplicates().itertuples(index=False, name=None)
    budgets = sorted({str(Budget(seconds=_known(s), reads=_whole(r))) for s, r in pairs})
    shown = "; ".join(budgets) if len(budgets) <= MAX_BUDGETS else f"{len(budgets)} different ones"
    words = {", ".join(filter(None, (info.get("cpu"), _cores(info)))) or UNKNOWN for info in machines.values()}
    number = int((~runs["status"].isin(("refused", "unavailable"))).sum())
    count = "1 run" if number == 1 else f"{number} runs"
    return (
        f"{count}; budget per run: {shown}; clock: sampling time, without compiling, embedding and judging; "
        f"on {'; '.join(sorted(words))}."
    )


def _flags(runs: pd.DataFrame) -> str:
    """The last sentence of a caption: what runs are flagged for."""
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


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _whole(value: float | None) -> int | None:
    known = _known(value)
    return None if known is None else int(known)


KINDS: Mapping[str, Callable[[Any, Mapping[str, Any], str], Table]] = {
    "summary": _summary,
    "problems": _problems,
    "formulations": _formulations,
    "embedding": _embedding,
    "environment": _environment,
}
"""Tables by name."""
