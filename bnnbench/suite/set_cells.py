"""The table of the cells of a set: their size, what is known of their optima, and their rungs."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from bnnbench.optimum.shipped import ShippedTruth
from bnnbench.suite.problem_set import Member, ProblemSet

if TYPE_CHECKING:
    import pandas as pd


def cell_table(found: ProblemSet) -> pd.DataFrame:
    """Return a row per cell: weights, rows, instances, certified ones, optimal losses, P(random optimum), and rung."""
    import pandas as pd

    members: dict[str, list[Member]] = {}
    for member in found.members():
        members.setdefault(member.place.cell, []).append(member)
    return pd.DataFrame([_row(found, cell, of_cell) for cell, of_cell in members.items()])


def _row(found: ProblemSet, cell: str, members: list[Member]) -> dict[str, object]:
    problem = members[0].load()
    known = [found.truths[one.place] for one in members if one.place in found.truths]
    return {
        "cell": cell,
        "weights": problem.network.num_weights,
        "rows": problem.num_samples,
        "instances": len(members),
        "certified": sum(row.kind != "best_known" for row in known),
        "optimal loss": _range([row.loss for row in known]),
        "P(random optimum)": _share(known, problem.network.num_weights),
        "rung": found.rungs.get(cell, "–"),
    }


def _range(losses: list[float]) -> str:
    """Return the least and the largest of some losses, as one number where they are equal."""
    if not losses:
        return "–"
    low, high = min(losses), max(losses)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _share(known: list[ShippedTruth], num_weights: int) -> str:
    """Return the median share of settings that are optimal, over the instances whose settings were counted."""
    shares = [int(row.num_optima) / 2**num_weights for row in known if row.num_optima is not None]
    return f"{statistics.median(shares):.1e}" if shares else "not counted"
