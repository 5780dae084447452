"""Numbers of weight settings of a problem over their loss."""

from __future__ import annotations

from collections.abc import Iterator

from bnnbench.charts import Panel, PlotData, Series, figure
from bnnbench.errors import InputError
from bnnbench.optimum.search.cost import log2_evaluations
from bnnbench.optimum.spectrum import spectrum

MAX_PROBLEMS = 6
"""Panels of a figure that has one per problem."""
QUICK = 20
"""log2 of the evaluations up to which a spectrum takes milliseconds."""


@figure(
    title="Landscape of the ground truth",
    caption="Number of weight settings by training loss, all of them visited; the first bar are the optima. At most "
    "six problems are shown.",
    missing="there are no problems yet",
    pages=("problem",),
    place=9,
    is_slow=lambda data: any(log2_evaluations(problem.network) > QUICK for problem in data.problems.values()),
)
def landscape(data: PlotData) -> Iterator[Panel]:
    """Yield the spectrum of each problem that is small enough, of the first six.

    In a sound formulation these are also the energies of all states that violate nothing.

    Raises
    ------
    InputError
        If no problem is small enough to visit all settings.
    """
    reasons: list[InputError] = []
    problems = list(data.problems.values())[:MAX_PROBLEMS]
    for problem in problems:
        try:
            levels = spectrum(problem)
        except InputError as error:
            reasons.append(error)
            continue
        series = Series("", list(levels), [float(count) for count in levels.values()], 0, "bars")
        yield Panel(problem.name, "training loss [loss]", "weight settings", (series,), log_y=True)
    if reasons and len(reasons) == len(problems):
        raise reasons[0]
