"""The contract of a figure: a function from the data of a store to panels, with a title and a caption."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from bnnbench.charts.chart import Chart, Panel
from bnnbench.charts.plot_data import PlotData
from bnnbench.errors import InputError

Page = Literal["overview", "problem", "solver"]


@dataclass(frozen=True)
class Figure:
    """A figure by name; called with data, it gives its chart.

    Attributes
    ----------
    name
        Of the function, and of its file.
    title, caption
        As a paper has them. The caption says what is shown and how it was counted.
    missing
        Why there are no panels, as the end of a sentence.
    pages
        Pages of a report that show it.
    place
        Its place among the figures of a page; equal places are ordered by name.
    is_slow
        Whether a report should leave the chart to `bnnbench figure`.
    panels
        The function itself.
    """

    name: str
    title: str
    caption: str
    missing: str
    pages: tuple[Page, ...]
    place: int
    is_slow: Callable[[PlotData], bool]
    panels: Callable[[PlotData], Iterable[Panel]]

    def __call__(self, data: PlotData) -> Chart:
        """Return the chart of the data.

        Raises
        ------
        InputError
            If the data do not have what the figure shows.
        """
        if data.runs.empty:
            raise InputError(f"{data.name}: there are no runs yet; run: bnnbench run SUITE.")
        panels = tuple(panel for panel in self.panels(data) if panel.content)
        if not panels:
            raise InputError(f"{data.name}: {self.missing}.")
        return Chart(self.name, self.title, self.caption, panels)


def figure(
    *,
    title: str,
    caption: str,
    missing: str = "no run has what this figure shows",
    pages: tuple[Page, ...] = ("overview",),
    place: int = 100,
    is_slow: Callable[[PlotData], bool] = lambda _: False,
) -> Callable[[Callable[[PlotData], Iterable[Panel]]], Figure]:
    """Make a figure of the function below, which yields panels; see `Figure` for the arguments."""

    def decorate(panels: Callable[[PlotData], Iterable[Panel]]) -> Figure:
        return Figure(panels.__name__, title, caption, missing, pages, place, is_slow, panels)

    return decorate
