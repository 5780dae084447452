"""Expected running time of each solver over the number of weights, with fits that keep unsolved problems."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bnnbench.charts import Panel, PlotData, Series, figure
from bnnbench.charts.series import growth_series, interval_series
from bnnbench.metrics import expected_running_time
from bnnbench.metrics.labels import groups
from bnnbench.metrics.scaling import lines, size_points


@figure(
    title="Expected running time by weights",
    caption="Expected sampling time to the optimum with restarts, in seconds, a point per problem with its 95 % "
    "interval over runs; ▲: never solved, and the lower end is shown. Lines: exponential fits of the expected time, "
    "unsolved problems among them, up to the largest solved one, with the factor per 10 weights and its 95 % interval "
    "over problems; none with fewer than ten solved problems at three sizes. Where the load α differs between sizes, "
    "the factor is that of both.",
    missing="no run with a known optimum is on a network whose size is known",
    place=5,
)
def ert_by_weights(data: PlotData) -> Iterator[Panel]:
    """Yield a panel per formulation: the ERT over the number of weights, see `bnnbench.metrics.scaling.fit_line`."""
    runs = data.known
    if runs.empty or runs["num_weights"].isna().all():
        return
    sizes = runs.groupby("problem")["num_weights"].max().dropna()
    runs = runs[runs["problem"].isin(sizes.index)]
    for formulation, rows in groups(runs, "formulation"):
        series = [one for name, own in groups(rows, "solver") for one in _solver(name, data.style_of[name], own, sizes)]
        yield Panel(formulation, "weights", "ERT [s]", tuple(series), log_y=True)


def _solver(name: str, style: int, runs: pd.DataFrame, sizes: pd.Series) -> list[Series]:
    """Return the points of a solver and the line through them, if they carry one."""
    found = expected_running_time(runs, ["problem"])
    x = sizes.loc[found.index].to_numpy(float)
    estimates = list(found.itertuples(index=False, name=None))
    texts = [f"{problem}: {value:.3g} [{low:.3g}, {high:.3g}]" for problem, value, low, high in found.itertuples()]
    shown = interval_series(name, style, x.tolist(), estimates, texts)
    (_, points), *_ = size_points(runs, ["solver"])
    line = lines(points)[0]
    if line is None:
        return shown
    return [*shown, growth_series(name, style, line, (x.min(), points["size"][points["successes"] > 0].max()), 10)]
