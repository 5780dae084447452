"""A solver that hands a mixed-integer linear model to a library: on the network, or on the linearized QUBO."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bnnbench.optimum.weight_anneal import warm_up
from bnnbench.problem.network import Network
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.linear_program import LinearModel, linearized, network_program
from bnnbench.qubo.symmetry import representative
from bnnbench.solver.contract import Batch, Budget, Objective, Solver, WorksOn
from bnnbench.solver.stream import StreamClosed, stream_of

from ._hint import Hint, refusal, timed_weights, with_clock

Report = Callable[[NDArray[np.float64], float, float], bool]
"""Takes a point, a bound on the objective and the nodes so far; says whether to go on."""


@dataclass(frozen=True, kw_only=True)
class LinearSolver(Solver):
    """A subclass runs its library in `optimize`."""

    exact: ClassVar[bool] = True
    watches_clock: ClassVar[bool] = True
    counts: ClassVar[str] = "nodes"

    model: Literal["network", "qubo"] = "network"
    """The network with hard constraints, where there is one, or the linearized QUBO in any case."""
    hint: Hint = "none"
    """Where the search starts: nowhere, or from what ``weight_search`` finds in 20 reads, with its time on a clock."""

    @property
    def works_on(self) -> WorksOn:  # type: ignore[override]
        """Return what the hyperparameter `model` says."""
        return self.model

    @abc.abstractmethod
    def optimize(
        self, model: LinearModel, seed: int, budget: Budget, report: Report, start: NDArray[np.float64] | None
    ) -> tuple[Any, float, float]:
        """Minimize; report improving points. Returns the best point, None if there is none, the bound and the nodes.

        `start` has values of the first variables, from which the search is to start; None: from nowhere.
        """

    @override
    def warm_up_for(self, network: Network) -> None:
        if self.hint != "none":
            warm_up(network.num_layers)

    def refuses(self, instance: Objective) -> str | None:
        """Refuse a hint where there is no network."""
        return refusal(self.hint, self.name, has_network=isinstance(instance, Instance))

    def linear_model(self, instance: Objective) -> LinearModel:
        """Return the model of an instance that the hyperparameter chooses."""
        if isinstance(instance, Instance) and self.model == "network":
            return network_program(instance.problem)
        return linearized(instance.qubo)

    def prepare(self, instance: Objective) -> Any:
        """Return the instance and its model."""
        return instance, self.linear_model(instance)

    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield each improving point, with the best bound so far."""
        instance, model = prepared
        is_network = isinstance(instance, Instance) and self.model == "network"
        # The least energy of a sound formulation is a loss.
        is_loss = isinstance(instance, Instance) and instance.is_sound
        least_unit = instance.problem.loss_unit if is_loss else 0.0
        start, hint_s = None, None
        if self.hint != "none":
            weights, hint_s = timed_weights(instance.problem, seed)
            weights = representative(instance.problem.network, weights, fixes_signs=True)
            start = (weights[0] > 0 if is_network else instance.complete(weights)[0]).astype(float)

        num_counted = 0

        def batch(point: Any, bound: float, nodes: float) -> Batch:
            nonlocal num_counted
            evaluations, num_counted = max(0, int(nodes) - num_counted), max(int(nodes), num_counted)
            answer = (np.asarray(point[: model.num_answers]) > 0.5).astype(np.int8)[None]
            bits = instance.complete(2 * answer - 1) if is_network else answer
            # The energy of an unsound formulation can fall below the loss.
            holds = np.isfinite(bound) and (not is_network or instance.is_sound)
            lower = model.safe_bound(bound, least_unit) if holds else None
            return Batch(bits, lower_bound=lower, evaluations=evaluations)

        def call(emit: Callable[[Batch], None]) -> None:
            def report(point: Any, bound: float, nodes: float) -> bool:
                try:
                    emit(batch(point, bound, nodes))
                except StreamClosed:
                    return False
                return True

            point, bound, nodes = self.optimize(model, seed, budget, report, start)
            emit(batch(np.ones(len(model.cost)) if point is None else point, bound, nodes))

        return with_clock(stream_of(call), hint_s)
