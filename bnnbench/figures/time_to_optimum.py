"""Expected time to the optimum of each solver, beside that of guessing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bnnbench.charts import Panel, PlotData, Series, figure
from bnnbench.charts.series import interval_series
from bnnbench.charts.style import numbered
from bnnbench.metrics import is_floor
from bnnbench.metrics.labels import groups
from bnnbench.metrics.optimal import virtual_best
from bnnbench.metrics.running_time import NAMES, median_running_time


@figure(
    title="Time to the optimum",
    caption="Sampling time that is expected until the optimal training loss, if a run that fails is started again "
    "(ERT), the median over problems with its 95 % interval where there are enough of them; △ at the edge: fewer than "
    "half of the problems were solved, by any run. The fastest solver comes first. Lines: the floor, as where random "
    "weights are as fast, no method is needed; and the virtual best, the fastest of all for each problem, chosen after "
    "the fact, which no one solver reaches.",
    missing="no run with a known optimum took place, so that there is no time to it",
    pages=("overview",),
    place=0,
)
def time_to_optimum(data: PlotData) -> Iterator[Panel]:
    """Yield one panel: ERT of each solver, a point per formulation, solvers in the order of their best."""
    if data.known.empty:
        return
    keys = ["formulation", "solver"]
    times = median_running_time(data.known, keys)
    times = times.reset_index()
    best = times.groupby("solver")[["ert_s", "ert_s_low"]].min().sort_values(["ert_s", "ert_s_low"], kind="stable")
    order = {solver: place for place, solver in enumerate(best.index)}
    # The bound that one run without success gives is far below its time: at it, who never arrived would look fast.
    known = times[list(NAMES)].to_numpy(dtype=float)
    edge = 2 * float(np.max(known, initial=0.0, where=np.isfinite(known))) or 1.0
    times["ert_s_low"] = times["ert_s_low"].where(np.isfinite(times["ert_s"]), edge)
    style_of = numbered(data.known["formulation"])
    series: list[Series] = []
    for name, rows in groups(times.sort_values("solver", key=lambda column: column.map(order)), "formulation"):
        estimates: Any = list(rows[list(NAMES)].itertuples(index=False, name=None))
        texts = [f"{value:.3g} s [{low:.3g}, {high:.3g}]" for value, low, high in estimates]
        series += interval_series(name, style_of[name], rows["solver"].tolist(), estimates, texts)
    # The first series says in which order the solvers stand.
    series.insert(0, Series("", list(order), [float("nan")] * len(order), 0, "points"))
    guesses = times[times["solver"].isin(data.known.loc[is_floor(data.known), "solver"])]["ert_s"]
    if np.isfinite(guesses.min()):
        floor = [float(guesses.min())] * len(order)
        series.append(Series("random weights", list(order), floor, len(style_of), "trend"))
    virtual = virtual_best(data.known)
    if len(times) > 1 and np.isfinite(virtual):
        series.append(Series("virtual best", list(order), [virtual] * len(order), len(style_of) + 1, "trend"))
    yield Panel("", "", "ERT [s]", tuple(series), log_y=True)
