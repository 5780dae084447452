"""Labels: names that say the difference where runs of one name must not share a row, and their order."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bnnbench.errors import CONTROL, InputError, visible
from bnnbench.solver.contract import Budget

_NUMBER = re.compile(r"((?:(?<=[=,:;(\[ ])-|^-)?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")
"""A number in a label; its minus follows what opens a value, and no other number, as in the network ``7-7-1``."""


def natural(text: str) -> tuple[tuple[str | float, ...], str]:
    """Return a key that sorts numbers in a text by value, in quotes or not.

    ``beta=-1`` comes before ``beta=0.5``, and ``num_sweeps=100`` before ``num_sweeps=1000``.
    """
    parts = _NUMBER.split(text.replace('"', ""))
    return tuple(float(part) if place % 2 else part for place, part in enumerate(parts)), text


def groups(frame: pd.DataFrame, column: str) -> list[tuple[str, pd.DataFrame]]:
    """Return the rows of each value of a column of labels, in natural order."""
    found = ((str(name), rows) for name, rows in frame.groupby(column))
    return sorted(found, key=lambda group: natural(group[0]))


def in_natural_order(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return the rows sorted by columns of labels, see `natural`; missing labels come last."""
    ranks = {name: sorted(frame[name].dropna().astype(str).unique(), key=natural) for name in by}
    return frame.sort_values(
        list(by),
        key=lambda column: column.map({label: rank for rank, label in enumerate(ranks[str(column.name)])}),
        kind="stable",
        ignore_index=True,
    )


def chosen(names: Sequence[str], labels: Sequence[str], what: str) -> set[str]:
    """Return the names that the labels stand for: a label without brackets stands for all names that begin with it.

    Raises
    ------
    InputError
        If a label stands for none; `what` says of what kind, and of what results, the names are.
    """
    for label in labels:
        if not any(_stands_for(label, name) for name in names):
            known = f"{', '.join(map(repr, names[:10]))}{' and more' if len(names) > 10 else ''}"
            raise InputError(f"{what} {label!r}; it has {known}.")
    return {name for name in names if any(_stands_for(label, name) for label in labels)}


def _stands_for(label: str, name: str) -> bool:
    return name == label or name.startswith((f"{label}[", f"{label},", f"{label} "))


def printable(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with its texts' control characters as escapes, so that none of them moves a cursor."""
    texts = [str(name) for name, kind in frame.dtypes.items() if str(kind) in _TEXTS]
    dirty = [name for name in texts if CONTROL.search("\n".join(map(str, frame[name].unique())))]
    return frame.assign(**{name: [_shown(value) for value in frame[name]] for name in dirty})


_TEXTS = ("object", "string", "str")


def _shown(value: Any) -> Any:
    return visible(value) if isinstance(value, str) else value


def disambiguated(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with names that say the difference where runs of one name must not share a row.

    Within one formulation, a solver's label is followed by the budget and the hyperparameters that differ, such as
    ``tabu, 10 reads, tenure=5``, and where these do not tell versions apart, by the versions: ``mine, file=1f2e3d4``.
    The label of a solver is that of the suite (``label = "SA"``), or else its specification.
    Problems of one name and different data are followed by their hash. Texts are `printable`.
    """
    runs = printable(runs.reset_index(drop=True))
    if "label" in runs and runs["label"].notna().any():
        runs["solver"] = runs["label"].where(runs["label"].notna(), runs["solver"]).astype(object)
        runs["label"] = None  # done, should it be asked for again
    runs["solver"] = _disambiguate(
        runs, ["formulation", "solver"], ["budget_seconds", "budget_reads", "budget_target", "parameters"]
    )
    runs["solver"] = _disambiguate(runs, ["formulation", "solver"], ["versions"])
    runs["problem"] = _disambiguate(runs, ["problem"], ["problem_hash"])
    return runs


def _disambiguate(runs: pd.DataFrame, named: list[str], differing: list[str]) -> pd.Series:
    """Return the last of the columns `named`; where rows agree in all of them, with what differs in the others."""
    names = runs[named[-1]].copy()
    differing = [column for column in differing if column in runs]
    if not differing:
        return names
    if not runs[[*named, *differing]].drop_duplicates().duplicated(named).any():
        return names
    varies = runs.groupby(named)[differing].nunique(dropna=False).gt(1).any(axis="columns")
    keys = pd.MultiIndex.from_frame(runs[named]) if len(named) > 1 else pd.Index(runs[named[0]])
    for _, group in runs[keys.isin(varies.index[varies])].groupby(named):
        texts = differences([_settings(row) for row in group[differing].to_dict("records")])
        names[group.index] = [
            f"{name}, {text}" if text else name for name, text in zip(names[group.index], texts, strict=True)
        ]
    return names


def _settings(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the settings of a row, flat; a budget that was not given is left out."""
    listed = ("parameters", "versions")
    flat = {name: value for name, value in row.items() if name not in listed and pd.notna(value)}
    return flat | {key: value for name in listed for key, value in json.loads(row.get(name, "{}")).items()}


def differences(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return, for each row, those of its settings in which not all rows agree, as text."""
    names = dict.fromkeys(name for row in rows for name in row)
    differing = [name for name in names if len({json.dumps(row[name]) if name in row else "" for row in rows}) > 1]
    return [", ".join(_setting(name, row[name]) for name in differing if name in row) for row in rows]


def _setting(name: str, value: Any) -> str:
    if name == "budget_seconds":
        return str(Budget(seconds=value))
    if name == "budget_reads":
        return str(Budget(reads=int(value)))
    if name == "budget_target":
        return f"target={value:g}"
    # The beginning of a hash is enough.
    return f"{name}={value[:7]}" if isinstance(value, str) and len(value) == 64 else f"{name}={value}"


def entrants(runs: pd.DataFrame) -> pd.Series:
    """Return who is ranked by each run: the solver and, if it reads the QUBO, the formulation that made it.

    A solver of the network is the same entrant whatever the formulation beside it.
    """
    solver = runs["solver"].astype(str)
    return solver.where(runs["works_on"] == "network", solver + " on " + runs["formulation"].astype(str))
