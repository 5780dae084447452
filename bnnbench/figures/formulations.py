"""Formulations beside each other: size, dynamic range, and what solvers make of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from bnnbench.errors import BnnbenchError, InputError
from bnnbench.figures.chart import Chart, Panel, Series
from bnnbench.figures.evidence import Evidence
from bnnbench.metrics import cost_table

MAX_COMPILED = 100
"""Instances that are compiled again for their coefficients, which no store keeps; some milliseconds each."""


def formulations(evidence: Evidence) -> Chart:
    """Variables, couplings and dynamic range of each formulation, and the gap of each solver on it.

    The dynamic range is ``max |c| / min |c|`` over all coefficients but zeros: what the control precision of an
    annealer has to resolve.

    Raises
    ------
    InputError
        If no instance was compiled.
    """
    asked = evidence.asked
    compiled = asked[asked["num_variables"].notna()] if len(asked) else asked
    if not len(compiled):
        raise InputError(f"{evidence.name}: no instance was compiled, so that formulations have no sizes.")
    instances = compiled.drop_duplicates("instance_hash").copy()
    instances["range"] = [
        dynamic_range(evidence, key, label) if place < MAX_COMPILED else np.nan
        for place, (key, label) in enumerate(zip(instances["problem_hash"], instances["formulation"], strict=True))
    ]
    panels = [
        _sizes(instances, "num_variables", "variables"),
        _sizes(instances, "num_couplings", "couplings"),
        _sizes(instances, "range", "dynamic range"),
    ]
    if asked["optimum"].notna().any():
        costs = cost_table(asked, "loss_gap", rows=("problem", "formulation"))
        panels.append(_gaps(evidence, costs))
    return Chart(
        "formulations",
        "Formulations",
        "Median and range over problems of the number of variables, of couplings, and of the dynamic range max |c| / "
        "min |c| of the coefficients; mean over problems of each solver's median loss gap, none where half of "
        "its runs failed.",
        tuple(panel for panel in panels if panel.content),
    )


def dynamic_range(evidence: Evidence, problem_hash: str, label: str) -> float:
    """``max |c| / min |c|`` of an instance; NaN where it can not be compiled again."""
    from bnnbench.instance import compile as compile_problem

    try:
        qubo = compile_problem(evidence.problems[problem_hash], label).qubo
    except (BnnbenchError, KeyError):
        return float("nan")
    sizes = np.abs(np.concatenate([qubo.linear, qubo.couplings]))
    sizes = sizes[sizes > 0]
    return float(sizes.max() / sizes.min()) if sizes.size else float("nan")


def _sizes(instances: pd.DataFrame, column: str, label: str) -> Panel:
    groups = instances.dropna(subset=[column]).groupby("formulation")[column]
    names = [str(name) for name, _ in groups]
    quantile: Callable[[float], list[float]] = lambda q: groups.quantile(q).tolist()  # noqa: E731
    series = Series("", names, quantile(0.5), 0, "points", low=quantile(0.0), high=quantile(1.0))
    return Panel(label, "", label, (series,) if names else (), log_y=True)


def _gaps(evidence: Evidence, costs: pd.DataFrame) -> Panel:
    series = []
    for solver in costs:
        means = costs[solver].dropna().groupby("formulation").mean()
        if len(means):
            series.append(
                Series(
                    str(solver), [str(n) for n in means.index], means.tolist(), evidence.look_of[str(solver)], "points"
                )
            )
    return Panel("gap", "", "loss gap [loss]", tuple(series))
