"""The order of runs: random within blocks, so that drift of a machine meets all problems and solvers alike."""

from __future__ import annotations

from collections.abc import Sequence

from bnnbench.hashing import content_hash
from bnnbench.runs.cell import Cell


def in_blocks(cells: Sequence[Cell], seed: int) -> list[Cell]:
    """Return cells block by block, a block per repetition; instances are shuffled within it, solvers within each.

    The solvers of an instance follow one another, so that they are compared under the same conditions, and the instance
    is compiled once. The order of any two cells depends on them and the seed alone: a campaign that was interrupted
    goes on in the same order.
    """

    def place(cell: Cell) -> tuple[int, str, str]:
        block = {"seed": seed, "repetition": cell.repetition, "instance": cell.instance_hash}
        return cell.repetition, content_hash("order", block), content_hash("order", block | {"key": cell.key})

    return sorted(cells, key=place)
