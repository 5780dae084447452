"""Frames: rows of a store as pandas has them, for tables and figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bnnbench.metrics.rungs import installed_rungs
from bnnbench.optimum.shipped import SHIPPED
from bnnbench.plugins.works_on import is_memoryless, works_on
from bnnbench.runs.speed_probe import SUSPICIOUS, slowdowns
from bnnbench.store.columns import FEATURES, PROBLEM, RUN_COLUMNS, STORED, TRUTH
from bnnbench.store.schema import LEVELS

if TYPE_CHECKING:
    import pandas as pd

RUNS = f"""
    SELECT runs.*, {", ".join(column.name for column in (*PROBLEM, *FEATURES, *TRUTH))},
        (SELECT MIN(time_s) FROM batches WHERE batches.run = runs.key AND num_reads > 0) AS first_read_s
    FROM runs LEFT JOIN problems ON problems.hash = runs.problem_hash
        LEFT JOIN instances ON instances.hash = runs.instance_hash
        LEFT JOIN truths ON truths.problem_hash = runs.problem_hash
    ORDER BY problem, runs.formulation, solver, repetition, runs.key
"""  # noqa: S608  names of this package
"""Runs with their problems, instances and truths, in an order that depends on the content alone."""
_SHARED = "shared its cores with other runs, so that its times mean nothing"
_DRIFT = f"was on a machine {SUSPICIOUS:g} or more times slower than at its best"
_JSON = {column.name: column for column in STORED if column.kind == "json"}
_NUMBERS = [column.name for column in RUN_COLUMNS if column.is_number]
_EXACT = 2**53
"""Whole numbers that are larger are told as floats: no frame and no Parquet file has room for them."""


def runs_frame(
    rows: Sequence[Mapping[str, Any]],
    machines: Mapping[str, Mapping[str, Any]],
    probes: Sequence[Mapping[str, Any]],
    majorities: Mapping[str, float | None],
) -> pd.DataFrame:
    """Return the rows of `RUNS` as a frame, see `bnnbench.store.store.Store.runs`.

    `majorities` are the test accuracies of the best constants, by the hash of their problems.
    """
    import pandas as pd

    slow = slowdowns(map(_when, rows), probes)
    told = [
        _shown(row, slowdown, machines, majorities.get(row["problem_hash"]))
        for row, slowdown in zip(rows, slow, strict=True)
    ]
    frame = pd.DataFrame(told)
    for name in frame.columns.intersection(_NUMBERS):
        frame[name] = _as_numbers(frame[name])
    return frame


def _as_numbers(column: pd.Series) -> pd.Series:
    """Return a column as numbers; pandas has made those of numbers alone already."""
    import pandas as pd

    if column.dtype.kind not in "iuf":  # a column of None alone is not one of numbers
        return pd.to_numeric(column.map(_number) if column.notna().any() else column)
    is_large = column.dtype.kind != "f" and max(column.max(), -column.min()) > _EXACT
    return column.astype(float) if is_large else column


def _shown(
    row: Mapping[str, Any],
    slowdown: float | None,
    machines: Mapping[str, Mapping[str, Any]],
    majority_test_accuracy: float | None,
) -> dict[str, Any]:
    """Return a row as frames have it: JSON spread over columns, and what follows from where the run was."""
    shown = dict(row)
    for name in _JSON:
        shown.update(_spread(name, shown.pop(name)))
    shown["slowdown"] = slowdown
    if row["status"] not in ("refused", "unavailable"):
        drift = _DRIFT if (slowdown or 1) >= SUSPICIOUS else ""
        shared = _SHARED if row["is_timed"] == 0 else ""
        if drift or shared:
            shown["flag_texts"] = "; ".join(filter(None, [shown["flag_texts"], drift, shared]))
    shown.update(_optimum_told(*[row[name] for name in _OF_OPTIMUM]))
    shown["works_on"], shown["is_memoryless"] = _nature(row["solver"], row["versions"])
    shown.update(_place_in_set(row["problem_hash"]))
    machine = machines.get(row["machine"], {})
    shown["cpu"], shown["bnnbench_version"] = machine.get("cpu"), machine.get("bnnbench")
    shown["majority_test_accuracy"] = majority_test_accuracy
    return shown


@lru_cache(maxsize=1024)
def _nature(solver: str, versions: str) -> tuple[str | None, int | None]:
    """Return what a solver works on, and whether its reads are independent: what its file said when it ran, if any."""
    said = json.loads(versions or "{}")
    if isinstance(said, dict) and "works_on" in said:
        return said["works_on"], int(said.get("memoryless") == "yes")
    return works_on(solver), is_memoryless(solver)


_OF_OPTIMUM = ("num_optima", "num_weights", "optimum", "loss_name", "num_samples", "network")


@lru_cache(maxsize=1024)
def _optimum_told(
    count: Any, weights: Any, optimum: Any, loss_name: Any, num_samples: Any, network: Any
) -> dict[str, float | None]:
    """Return what the optimum says of random weights and of accuracy; the runs of a problem share it."""
    is_counted = count is not None and weights
    is_accuracy = optimum is not None and loss_name == "zero_one" and num_samples
    outputs = int(str(network).partition("+")[0].rpartition("-")[2]) if is_accuracy else 1
    return {
        "random_success": float(Fraction(int(count), 2 ** int(weights))) if is_counted else None,
        "best_accuracy": 1 - optimum / (num_samples * outputs) if is_accuracy else None,
    }


def _place_in_set(problem_hash: str) -> dict[str, str | None]:
    """Return the set that a problem belongs to, and its place and rung there."""
    name, place = SHIPPED.place(problem_hash) or (None, None)
    if name is None or place is None:
        return dict.fromkeys(("problem_set", "cell", "split", "rung"))
    rung = installed_rungs(name).get(place.cell)
    return {"problem_set": name, "cell": place.cell, "split": place.split, "rung": rung}


@lru_cache(maxsize=1024)
def _spread(name: str, text: str) -> dict[str, Any]:
    """Return the columns that one of JSON is shown as: one per key of a mapping, or the texts of a list in one.

    Most runs share parameters, versions and flags with others.
    """
    value, shown_name = json.loads(text), _JSON[name].shown_name
    if isinstance(value, list):
        return {shown_name: "; ".join(value)}  # a frame has an attribute `flags`
    prefix = shown_name.removesuffix("…")
    return {f"{prefix}{key}": item for key, item in value.items()}


def _number(value: Any) -> Any:
    """Return a cell as a number; of text, which large whole numbers are stored as, or of None too."""
    if isinstance(value, str):
        value = int(value)
    return float(value) if isinstance(value, int) and abs(value) > _EXACT else value


def _when(row: Mapping[str, Any]) -> tuple[Any, Any, float, float]:
    """Return machine, processors, begin and end of a run."""
    begun = datetime.fromisoformat(row["started_at"]).timestamp()
    lasted = sum(row[name] or 0.0 for name in ("compile_s", "prepare_s", "sample_s", "judge_s"))
    return row["machine"], row["processors"], begun, begun + lasted


def batches_frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the batches of a run as a frame, see `bnnbench.store.store.Store.batches`."""
    import pandas as pd

    return pd.DataFrame([{**row, **{name: json.loads(row[name]) for name in LEVELS}} for row in rows])


def trace_frame(select: Callable[[str], list[dict[str, Any]]]) -> pd.DataFrame:
    """Return the batches of all runs as a frame, see `bnnbench.store.store.Store.trace`."""
    import pandas as pd

    types = {"run": str, "number": int, "time_s": float, "num_reads": int, "evaluations": float}
    types |= {"energy": float, "loss": float}
    query = f"SELECT {', '.join(types)} FROM batches WHERE run IN (SELECT key FROM runs) ORDER BY run, number"  # noqa: S608
    return pd.DataFrame(select(query), columns=list(types)).astype(types)
