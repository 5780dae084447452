"""Figures: each is a function from evidence to a chart, which is drawn on paper or on screen.

A chart holds numbers only, so that the figure of a paper and that of a report are made of the same ones.
"""

from __future__ import annotations

from collections.abc import Callable

from bnnbench.errors import UnknownNameError
from bnnbench.figures.by_size import success_by_size, tts_by_size
from bnnbench.figures.chart import Chart
from bnnbench.figures.embedding_overhead import embedding_overhead
from bnnbench.figures.evidence import Evidence
from bnnbench.figures.formulations import formulations
from bnnbench.figures.gap_by_problem import gap_by_problem
from bnnbench.figures.gap_over_time import gap_over_time
from bnnbench.figures.landscape import landscape
from bnnbench.figures.network_diagram import network_diagram
from bnnbench.figures.penalty_sweep import penalty_sweep
from bnnbench.figures.profile import profile

FIGURES: dict[str, Callable[[Evidence], Chart]] = {
    function.__name__: function
    for function in (
        gap_over_time,
        gap_by_problem,
        success_by_size,
        tts_by_size,
        profile,
        formulations,
        penalty_sweep,
        embedding_overhead,
        landscape,
        network_diagram,
    )
}
"""By name, in the order of a report."""


def make_chart(name: str, evidence: Evidence) -> Chart:
    """The chart of a name.

    Raises
    ------
    UnknownNameError
        If there is no figure of this name.
    InputError
        If the evidence does not have what it shows; the sentence says what is missing.
    """
    if name not in FIGURES:
        raise UnknownNameError("figure", name, FIGURES)
    return FIGURES[name](evidence)
