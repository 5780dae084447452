"""Dynamic programming over a tree decomposition of the QUBO; proves optimality where the treewidth is small."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field
from typing_extensions import override

from bnnbench.errors import RefusedError
from bnnbench.qubo.qubo import Qubo
from bnnbench.solver.contract import Batch, Budget, Objective, Solver
from bnnbench.solver.dimod import bits_of

LARGEST = 25
"""Treewidth up to which dwave-samplers answers."""


@dataclass(frozen=True, kw_only=True)
class Tree(Solver):
    """Exact minimization by eliminating one variable after the other, in tables of 2^(treewidth + 1) entries.

    The order is by minimum fill-in, which gives an upper bound of the treewidth.

    References
    ----------
    V. Gogate and R. Dechter, "A Complete Anytime Algorithm for Treewidth", UAI 2004; as implemented by D-Wave.
    """

    exact: ClassVar[bool] = True
    counts: ClassVar[str] = "entries of tables"
    needs: ClassVar[tuple[str, ...]] = ("dwave-samplers",)
    loads: ClassVar[tuple[str, ...]] = ("dwave.samplers",)

    max_treewidth: Annotated[int, Field(ge=1, le=LARGEST)] = 20
    """Largest treewidth; each one more doubles time and memory, some 0.1 GB at 20."""

    @override
    def refuses(self, instance: Objective) -> str | None:
        n, width = instance.qubo.num_variables, self.max_treewidth
        if n <= width + 1 or instance.qubo.num_couplings <= width * n - width * (width + 1) // 2:
            return None  # so many edges at most has a graph of this treewidth
        return (
            f"tree: {instance.qubo.num_couplings} couplings of {n} variables need a treewidth above "
            f"max_treewidth = {width}; each more doubles the cost."
        )

    def prepare(self, instance: Objective) -> Any:
        """Return the QUBO as a dimod model, and the order of elimination."""
        from dwave.samplers.tree.utilities import min_fill_heuristic

        model = instance.qubo.to_bqm()
        width, order = min_fill_heuristic(model)
        if width > self.max_treewidth:
            raise RefusedError(
                f"tree: a treewidth of {width} was found, above max_treewidth = {self.max_treewidth}; each more doubles"
                " the cost."
            )
        return instance.qubo, model, order, _num_entries(model, order)

    def sample(self, prepared: tuple[Qubo, Any, list[int], int], *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield a minimum, which is its own bound."""
        from dwave.samplers import TreeDecompositionSolver

        del seed, budget
        qubo, model, order, num_entries = prepared
        bits = bits_of(TreeDecompositionSolver().sample(model, num_reads=1, elimination_order=order))[:1]
        bound = float(qubo.energies(bits)[0]) - 2 * qubo.rounding
        yield Batch(bits, lower_bound=bound, evaluations=num_entries)


def _num_entries(model: Any, order: list[int]) -> int:
    """Count the entries of the tables of an elimination: 2^(neighbors + 1) per variable, which then are connected."""
    neighbors = {v: set(model.adj[v]) for v in model.variables}
    num_entries = 0
    for v in order:
        others = neighbors.pop(v)
        num_entries += 2 ** (len(others) + 1)
        for other in others:
            neighbors[other] |= others - {other}
            neighbors[other].discard(v)
    return num_entries
