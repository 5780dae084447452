"""CP-SAT on the network itself, with hard constraints and no QUBO; proves optimality (ortools)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field
from typing_extensions import override

from bnnbench.optimum.cpsat_model import network_model
from bnnbench.optimum.weight_anneal import warm_up
from bnnbench.problem.network import Network
from bnnbench.qubo.symmetry import representative
from bnnbench.solver.contract import Batch, Budget, Objective

from ._cpsat import give_hint, solve
from ._hint import Hint, timed_weights, with_clock
from ._network_solver import NetworkSolver


@dataclass(frozen=True, kw_only=True)
class CpSatNetwork(NetworkSolver):
    """Weights and activations as Booleans, agreements as XNOR, activations as reified thresholds.

    The bound is one on the training loss; it is passed on as a bound on the energy where the formulation is sound.
    Equal samples are merged, and the sign symmetry of hidden neurons of odd fan-in is broken, and
    so is the order of hidden neurons.
    """

    exact: ClassVar[bool] = True
    watches_clock: ClassVar[bool] = True
    counts: ClassVar[str] = "branches"
    needs: ClassVar[tuple[str, ...]] = ("numba", "ortools")
    loads: ClassVar[tuple[str, ...]] = ("ortools.sat.python.cp_model",)

    num_workers: Annotated[int, Field(ge=1)] = 1
    """Search threads; with more than one the answers depend on timing."""
    linearization: Annotated[int, Field(ge=0, le=2)] = 1
    """CP-SAT's linearization_level."""
    hint: Hint = "none"
    """Where the search starts: nowhere, or from what ``weight_search`` finds in 20 reads, with its time on a clock."""

    @property
    @override
    def threads(self) -> int:
        return self.num_workers

    @override
    def warm_up_for(self, network: Network) -> None:
        if self.hint != "none":
            warm_up(network.num_layers)

    def prepare(self, instance: Objective) -> Any:
        """Return instance, model, weights, and the factor from objective to loss."""
        found = self.network_of(instance)
        model, weights, objective, unit = network_model(found.problem)
        model.minimize(objective)
        return found, model, weights, unit

    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield each improving network, with the best bound so far."""
        instance, model, weights, unit = prepared
        hint_s = None
        model.clear_hints()
        if self.hint != "none":
            found, hint_s = timed_weights(instance.problem, seed)
            found = representative(instance.problem.network, found, fixes_signs=True)
            give_hint(model, weights, (found[0] > 0).astype(int))

        def energy_bound(objective_bound: float) -> float | None:
            # The energy of an unsound formulation can fall below the loss.
            return objective_bound * unit if instance.is_sound else None

        def to_bits(values: Any) -> Any:
            return instance.complete(2 * values[None] - 1)

        options = {"num_workers": self.num_workers, "linearization_level": self.linearization}
        return with_clock(solve(model, weights, energy_bound, options, seed, budget, to_bits), hint_s)
