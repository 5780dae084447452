"""Size and dynamic range of each formulation, and what solvers make of it."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bnnbench.charts import Panel, PlotData, Series, figure
from bnnbench.metrics import cost_table
from bnnbench.metrics.labels import groups

SIZES = {"num_variables": "variables", "num_couplings": "couplings", "dynamic_range": "dynamic range"}
GAPS = {"loss_gap": ("best read", "loss gap [loss]"), "mean_loss_gap": ("mean read", "mean gap [loss]")}


@figure(
    title="Formulations",
    caption="Median and range over problems of the number of variables, of couplings, and of the dynamic range max |c| "
    "/ min |c| of the coefficients; mean over problems of each solver's median loss gap and of its mean read above "
    "the optimum, none where half of its runs failed.",
    missing="no instance was compiled, so that formulations have no sizes",
    place=6,
)
def formulations(data: PlotData) -> Iterator[Panel]:
    """Yield sizes of each formulation, and the best and the mean read of each solver on it.

    The dynamic range is that of `bnnbench.qubo.qubo.Qubo.dynamic_range`.
    """
    instances = data.asked[data.asked["num_variables"].notna()].drop_duplicates("instance_hash")
    if instances.empty:
        return
    for column, label in SIZES.items():
        yield _sizes(instances, column, label)
    if len(data.known):
        for column, (title, label) in GAPS.items():
            yield _gaps(data, column, title, label)


def _sizes(instances: pd.DataFrame, column: str, label: str) -> Panel:
    sizes = groups(instances.dropna(subset=[column]), "formulation")
    names = [name for name, _ in sizes]
    low, median, high = ([float(rows[column].quantile(q)) for _, rows in sizes] for q in (0.0, 0.5, 1.0))
    series = Series("", names, median, 0, "points", low=low, high=high)
    return Panel(label, "", label, (series,) if names else (), log_y=True)


def _gaps(data: PlotData, column: str, title: str, label: str) -> Panel:
    costs = cost_table(data.asked, column, rows=("problem", "formulation"))
    names = [name for name, _ in groups(data.asked, "formulation")]  # in one order in all panels
    means = {str(solver): costs[solver].dropna().groupby("formulation").mean() for solver in costs}
    series = [
        Series(solver, names, mean.reindex(names).tolist(), data.style_of[solver], "points")
        for solver, mean in means.items()
        if len(mean)
    ]
    return Panel(title, "", label, tuple(series))
