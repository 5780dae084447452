"""Formulations beside each other: size, dynamic range, and what solvers make of them."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from bnnbench.errors import InputError
from bnnbench.figures.chart import Chart, Panel, Series
from bnnbench.figures.evidence import Evidence
from bnnbench.metrics import cost_table


def formulations(evidence: Evidence) -> Chart:
    """Variables, couplings and dynamic range of each formulation, and the best and the mean read of each solver on it.

    The dynamic range is that of `bnnbench.qubo.qubo.Qubo.dynamic_range`.

    Raises
    ------
    InputError
        If no instance was compiled.
    """
    asked = evidence.asked
    compiled = asked[asked["num_variables"].notna()] if len(asked) else asked
    if not len(compiled):
        raise InputError(f"{evidence.name}: no instance was compiled, so that formulations have no sizes.")
    instances = compiled.drop_duplicates("instance_hash")
    panels = [
        _sizes(instances, "num_variables", "variables"),
        _sizes(instances, "num_couplings", "couplings"),
        _sizes(instances, "dynamic_range", "dynamic range"),
    ]
    if asked["optimum"].notna().any():
        panels.append(_gaps(evidence, "loss_gap", "best read", "loss gap [loss]"))
        panels.append(_gaps(evidence, "mean_loss_gap", "mean read", "mean gap [loss]"))
    return Chart(
        "formulations",
        "Formulations",
        "Median and range over problems of the number of variables, of couplings, and of the dynamic range max |c| / "
        "min |c| of the coefficients; mean over problems of each solver's median loss gap and of its mean read above "
        "the optimum, none where half of its runs failed.",
        tuple(panel for panel in panels if panel.content),
    )


def _sizes(instances: pd.DataFrame, column: str, label: str) -> Panel:
    groups = instances.dropna(subset=[column]).groupby("formulation")[column]
    names = [str(name) for name, _ in groups]
    quantile: Callable[[float], list[float]] = lambda q: groups.quantile(q).tolist()  # noqa: E731
    series = Series("", names, quantile(0.5), 0, "points", low=quantile(0.0), high=quantile(1.0))
    return Panel(label, "", label, (series,) if names else (), log_y=True)


def _gaps(evidence: Evidence, column: str, title: str, y_label: str) -> Panel:
    costs = cost_table(evidence.asked, column, rows=("problem", "formulation"))
    series = []
    for solver in costs:
        means = costs[solver].dropna().groupby("formulation").mean()
        if len(means):
            series.append(
                Series(
                    str(solver), [str(n) for n in means.index], means.tolist(), evidence.look_of[str(solver)], "points"
                )
            )
    return Panel(title, "", y_label, tuple(series))
