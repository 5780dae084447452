"""Success per read of each solver over the size of the QUBO."""

from __future__ import annotations

from collections.abc import Iterator

from bnnbench.charts import Panel, PlotData, figure
from bnnbench.figures._by_size import by_size


@figure(
    title="Success per read by size",
    caption="Probability that a read reaches the optimal training loss, a point per problem with its 95 % Jeffreys "
    "interval; ▼: no read did, and the upper end is shown. Reads count as independent draws, which those of a search "
    "that goes on from its last state are not. Points of one size stand a little apart.",
    missing="no run with a known optimum took place on a compiled instance, so that there is no success to count",
    place=3,
)
def success_by_size(data: PlotData) -> Iterator[Panel]:
    """Yield a panel per formulation: success probability per read over the number of variables, a point per problem."""
    yield from by_size(data, ["success", "success_low", "success_high"], "success per read")
