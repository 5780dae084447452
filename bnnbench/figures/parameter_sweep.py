"""The time to the optimum over a parameter that was swept, with the value of least time marked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pandas as pd

from bnnbench.charts import Panel, PlotData, Series, figure
from bnnbench.charts.names import shortened
from bnnbench.charts.series import interval_series
from bnnbench.charts.style import numbered
from bnnbench.metrics import Interval, median_interval, success_table
from bnnbench.metrics.running_time import median_running_time
from bnnbench.metrics.settings import at_end, with_settings

BEST, AT_END = "least time", "least time, at the end of the range"
CURVE = ["formulation", "solver"]
SHIFT = 1.05
"""Factor between the places of curves at one value, so that their points and intervals do not hide each other."""


@figure(
    title="Swept parameters",
    caption="Expected running time to the optimum with restarts (ERT), and time to solution by reads (TTS99), over a "
    "parameter that was swept; medians over the problems of a group, with 95 % intervals over problems, or over the "
    "runs of one problem; none for two to five problems. ▲: a lower bound, since nothing succeeded. Rings: the value "
    "of least time, chosen after the fact, so that its own interval is too narrow; at an end of the range the best may "
    "lie beyond. Curves are set apart sideways.",
    missing="no solver has two numbers of a parameter with a known optimum; sweep it in the suite, such as "
    "num_sweeps = [1, 10, 100]",
    place=10,
)
def parameter_sweep(data: PlotData) -> Iterator[Panel]:
    """Yield panels for each group of problems and parameter: ERT, and TTS99 where some solver has one."""
    known = data.asked[data.asked["optimum"].notna()] if len(data.asked) else data.asked
    for parameter in _numbers_of(known):
        runs = _swept(known, parameter)
        styles = numbered(
            " on ".join(reversed(curve)) for curve in map(tuple, runs[CURVE].drop_duplicates().to_numpy())
        )
        names = shortened(list(styles), 38)
        for group, part in runs.groupby("group", sort=True):
            log_x = part["at"].min() > 0
            for clock, costs in (("ERT", _erts(part)), ("TTS99", _ttss(part))):
                series: list[Series] = []
                for number, (curve, found) in enumerate(costs.items()):
                    label = " on ".join(reversed(curve))
                    shift = SHIFT ** (number - (len(costs) - 1) / 2) if log_x else 1.0
                    series += _curve(names[label], styles[label], found, len(styles), shift)
                if series:
                    yield Panel(str(group), parameter, f"{clock} [s]", tuple(series), log_x=log_x, log_y=True)


def _numbers_of(runs: pd.DataFrame) -> list[str]:
    """Return the parameters of which some solver has two numbers, in the order in which they come; seeds are none."""
    found: dict[str, set[tuple[str, float]]] = {}
    for solver, text in runs[["solver", "parameters"]].drop_duplicates().itertuples(index=False, name=None):
        for name, value in json.loads(text).items():
            if _is_number(value) and not name.endswith("seed"):
                found.setdefault(name, set()).add((str(solver).partition("[")[0].partition(",")[0], float(value)))
    return [name for name, pairs in found.items() if any(a[0] == b[0] for a, b in pairwise(sorted(pairs)))]


def _swept(runs: pd.DataFrame, parameter: str) -> pd.DataFrame:
    """Return the runs of solvers that have two numbers of a parameter, which is a column ``at`` of them."""
    named = with_settings(runs, parameter)
    values = [json.loads(text).get(parameter) for text in named["values"]]
    named = named.assign(at=[float(value) if _is_number(value) else float("nan") for value in values])
    named = named[named["at"].notna()]
    return named[named.groupby(CURVE)["at"].transform("nunique") > 1]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _erts(runs: pd.DataFrame) -> dict[tuple[str, str], dict[float, Interval]]:
    """Return the ERT at each value, of each curve."""
    times = median_running_time(runs, [*CURVE, "at"]).reset_index()
    found: dict[tuple[str, str], dict[float, Interval]] = {}
    for formulation, solver, at, *interval in times.itertuples(index=False, name=None):
        found.setdefault((formulation, solver), {})[at] = tuple(interval)
    return found


def _ttss(runs: pd.DataFrame) -> dict[tuple[str, str], dict[float, Interval]]:
    """Return the TTS99 at each value, of each curve whose solver draws reads independently."""
    table = success_table(runs, [*CURVE, "at", "of_problem"])
    found: dict[tuple[str, str], dict[float, Interval]] = {}
    for _, own in table.groupby([*CURVE, "at"]):
        formulation, solver, at = own[[*CURVE, "at"]].iloc[0]
        alone = own[["tts_s", "tts_low_s", "tts_high_s"]].iloc[0]
        ends = tuple(alone) if len(own) == 1 else median_interval(own["tts_s"])
        if pd.notna(ends[0]):
            found.setdefault((formulation, solver), {})[at] = ends
    return found


def _curve(label: str, style: int, costs: dict[float, Interval], num_styles: int, shift: float) -> list[Series]:
    """Return the line of a curve, its points with intervals, and the mark of the value of least time."""
    at = sorted(costs)
    intervals = [costs[value] for value in at]
    texts = [f"{label}, at {value:g}" for value in at]
    places = [value * shift for value in at]
    series = [Series("", places, [interval[0] for interval in intervals], style, "trend")]
    series += interval_series(label, style, places, intervals, texts)
    best = min(at, key=lambda value: costs[value][0])
    if costs[best][0] < float("inf"):
        end = at_end({"at": best}, [{"at": value} for value in at])
        marked = Series(AT_END if end else BEST, [best * shift], [costs[best][0]], num_styles + bool(end), "ring")
        series.append(marked)
    return series
