"""The cost of a minor embedding into the hardware's graph."""

from __future__ import annotations

from collections.abc import Iterator

from bnnbench.charts import Panel, PlotData, Series, figure
from bnnbench.charts.style import numbered
from bnnbench.metrics.labels import groups

FACTS = {
    "fact.num_physical": "qubits",
    "fact.longest_chain": "longest chain [qubits]",
    "fact.chain_break_fraction": "broken chains [share]",
}


@figure(
    title="Embedding",
    caption="What a minor embedding into the graph of a quantum annealer takes, a point per run; no quantum annealer "
    "need have been used, see the solver's parameters.",
    missing='no run tells of an embedding; add a solver such as "embedded" or "dwave"',
    place=8,
)
def embedding_overhead(data: PlotData) -> Iterator[Panel]:
    """Yield qubits, longest chain and share of broken chains over the number of variables, a point per run."""
    style_of = numbered(data.asked["formulation"])
    for column in [name for name in FACTS if name in data.asked]:
        rows = data.asked.dropna(subset=[column, "num_variables"])
        if rows.empty:
            continue
        series = [
            Series(
                name,
                group["num_variables"].tolist(),
                group[column].astype(float).tolist(),
                style_of[name],
                "points",
                texts=[
                    f"{solver}, {problem}" for solver, problem in zip(group["solver"], group["problem"], strict=True)
                ],
            )
            for name, group in groups(rows, "formulation")
        ]
        is_count = column == "fact.num_physical"
        if is_count:
            ends = [float(rows["num_variables"].min()), float(rows["num_variables"].max())]
            series.append(Series("as many as variables", ends, ends, len(style_of), "trend"))
        label = FACTS[column]
        title = label.partition(" [")[0]
        yield Panel(title, "variables", label, tuple(series), log_x=is_count, log_y=is_count)
