"""Settings: what sets the runs of one solver apart, and the groups of problems on which settings are compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from bnnbench.metrics.labels import differences
from bnnbench.metrics.over_problems import problem_key

_FIXED = ("budget_seconds", "budget_reads", "budget_target")
"""What sets runs of one solver apart, and is no choice of it."""


def with_settings(runs: pd.DataFrame, *parameters: str) -> pd.DataFrame:
    """Return the runs with solvers named without their settings, and the settings beside them.

    ``solver`` is its name, followed by what is no choice: a budget, versions and, where `parameters` are asked for,
    all others that differ. ``setting`` names the values of the chosen parameters that differ between the runs of the
    solver on a formulation, such as ``num_sweeps=10``; ``values`` are they, as JSON. ``group`` is the group of
    problems, see `problem_groups`, and ``of_problem`` tells its problems apart.
    """
    runs = runs.reset_index(drop=True)
    labels = runs["label"].where(runs["label"].notna(), runs["solver"]) if "label" in runs else runs["solver"]
    named = runs.assign(
        group=problem_groups(runs), of_problem=runs[problem_key(runs)], setting="", values="{}",
        solver=[str(label).partition("[")[0].partition(",")[0] for label in labels],
    )  # fmt: skip
    for _, own in named.groupby(["formulation", "solver"]):
        settings = [json.loads(text) for text in own["parameters"]]
        chosen = [name for name in _differing(settings) if not parameters or name in parameters]
        values = [{name: one[name] for name in chosen if name in one} for one in settings]
        others = [{name: one[name] for name in one if name not in chosen} for one in settings]
        texts = differences([fixed | rest for fixed, rest in zip(_fixed(own), others, strict=True)])
        bases = zip(own["solver"], texts, strict=True)
        named.loc[own.index, "solver"] = [f"{base}, {text}" if text else base for base, text in bases]
        named.loc[own.index, "setting"] = [", ".join(f"{k}={_plain(v)}" for k, v in one.items()) for one in values]
        named.loc[own.index, "values"] = [json.dumps(one) for one in values]
    return named


def has_sweep(runs: pd.DataFrame) -> bool:
    """Tell whether some solver was run with several settings on a formulation."""
    return len(runs) > 0 and is_swept(with_settings(runs))


def is_swept(named: pd.DataFrame) -> bool:
    """Tell of what `with_settings` gives whether some solver has several settings."""
    return any(len(set(own)) > 1 for _, own in named.groupby(["formulation", "solver"])["setting"])


def problem_groups(runs: pd.DataFrame) -> list[str]:
    """Return the group of each run's problem: its cell of a set, or else its network, number of samples and loss.

    A problem that shares these with no other one is a group of its own name, as is one of an older version's results.
    """
    known = ["network", "num_samples", "loss_name"]
    if not set(known) <= set(runs):
        return list(map(str, runs["problem"]))
    number = runs.groupby(known, dropna=False)["problem"].transform("nunique")
    cells = runs["cell"] if "cell" in runs else [None] * len(runs)
    rows = runs[[*known, "problem"]].itertuples(index=False, name=None)
    return [
        cell if isinstance(cell, str) else str(problem) if alone < 2 else _told(network, samples, loss)
        for cell, alone, (network, samples, loss, problem) in zip(cells, number, rows, strict=True)
    ]


def _told(network: str, samples: float, loss: str) -> str:
    return f"{network} N{int(samples)}{'' if loss == 'zero_one' else f' {loss}'}"


def at_end(best: dict[str, Any], tried: Sequence[dict[str, Any]]) -> str:
    """Say which numbers of a setting are the least or the greatest that were tried.

    Of a single parameter ``least`` or ``greatest``; of several, with their names, such as ``num_sweeps: least``.
    """
    ends = []
    for name, value in best.items():
        values = [other[name] for other in tried if name in other]
        is_ordered = all(isinstance(other, (int, float)) and not isinstance(other, bool) for other in values)
        if is_ordered and min(values) < max(values) and value in (min(values), max(values)):
            end = "least" if value == min(values) else "greatest"
            ends.append(end if len(best) == 1 else f"{name}: {end}")
    return ", ".join(ends)


def _differing(settings: Sequence[dict[str, Any]]) -> list[str]:
    """Return names of parameters in which not all settings agree."""
    names = dict.fromkeys(name for one in settings for name in one)
    return [name for name in names if len({json.dumps(one.get(name)) for one in settings}) > 1]


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _fixed(runs: pd.DataFrame) -> list[dict[str, Any]]:
    """Return budget and versions of each run."""
    names = [name for name in _FIXED if name in runs]
    budgets = [{k: v for k, v in row.items() if pd.notna(v)} for row in runs[names].to_dict("records")]
    return [budget | json.loads(text) for budget, text in zip(budgets, runs["versions"], strict=True)]
