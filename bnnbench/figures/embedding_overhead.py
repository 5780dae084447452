"""Embedding overhead: what the hardware's graph costs."""

from __future__ import annotations

from bnnbench.errors import InputError
from bnnbench.figures.chart import Chart, Panel, Series
from bnnbench.figures.evidence import Evidence
from bnnbench.figures.style import looks

FACTS = (
    ("fact.num_physical", "qubits"),
    ("fact.longest_chain", "longest chain [qubits]"),
    ("fact.chain_break_fraction", "broken chains [share]"),
)


def embedding_overhead(evidence: Evidence) -> Chart:
    """Qubits, longest chain and share of broken chains over the number of variables, a point per run.

    Raises
    ------
    InputError
        If no run was embedded.
    """
    asked = evidence.asked
    present = [(column, label) for column, label in FACTS if column in asked and asked[column].notna().any()]
    if not present:
        raise InputError(f'{evidence.name}: no run tells of an embedding; add a solver such as "embedded" or "dwave".')
    look_of = looks(asked["formulation"])
    panels = []
    for column, y_label in present:
        rows = asked.dropna(subset=[column, "num_variables"])
        series = [
            Series(
                str(name),
                group["num_variables"].tolist(),
                group[column].astype(float).tolist(),
                look_of[str(name)],
                "points",
                texts=[
                    f"{solver}, {problem}" for solver, problem in zip(group["solver"], group["problem"], strict=True)
                ],
            )
            for name, group in rows.groupby("formulation")
        ]
        is_count = column == "fact.num_physical"
        if is_count and len(rows):
            ends = [float(rows["num_variables"].min()), float(rows["num_variables"].max())]
            series.append(Series("as many as variables", ends, ends, len(look_of), "trend"))
        panels.append(
            Panel(y_label.partition(" [")[0], "variables", y_label, tuple(series), log_x=is_count, log_y=is_count)
        )
    return Chart(
        "embedding_overhead",
        "Embedding",
        "What a minor embedding into the graph of a quantum annealer takes, a point per run; no quantum annealer need "
        "have been used, see the solver's parameters.",
        tuple(panels),
    )
