"""The landscape of a problem: how many weight settings have each loss."""

from __future__ import annotations

from bnnbench.errors import InputError
from bnnbench.figures.chart import Chart, Panel, Series
from bnnbench.figures.evidence import Evidence
from bnnbench.optimum.spectrum import spectrum
from bnnbench.problem.problem import Problem

MAX_PROBLEMS = 6
"""Panels of a figure that has one per problem."""


def landscape(evidence: Evidence) -> Chart:
    """Spectrum of each problem, a panel each, of the first six.

    In a sound formulation these are also the energies of all states that violate nothing.

    Raises
    ------
    InputError
        If there is no problem, or none is small enough to visit all settings.
    """
    panels, reasons = [], []
    for problem in list(evidence.problems.values())[:MAX_PROBLEMS]:
        try:
            panels.append(landscape_panel(problem))
        except InputError as error:
            reasons.append(str(error))
    if not panels:
        raise InputError(reasons[0] if reasons else f"{evidence.name}: there are no problems yet.")
    return Chart(
        "landscape",
        "Landscape of the ground truth",
        "Number of weight settings by training loss, all of them visited; the first bar are the optima.",
        tuple(panels),
    )


def landscape_panel(problem: Problem) -> Panel:
    """The spectrum of one problem."""
    levels = spectrum(problem)
    series = Series("", list(levels), [float(count) for count in levels.values()], 0, "bars")
    return Panel(problem.name, "training loss [loss]", "weight settings", (series,), log_y=True)
