"""Any solver with an adapter of OMMX, Jij's exchange format; the QUBO, or the network with its constraints."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from bnnbench.qubo.constrained_model import constrained_model
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.linear_program import network_program
from bnnbench.qubo.ommx_instance import bits_of_state, ommx_instance
from bnnbench.solver.contract import Batch, Budget, Objective, Solver, WorksOn

MAX_SEED = 2**31
"""Libraries behind adapters take seeds of 32 bits."""


@dataclass(frozen=True)
class _Prepared:
    model: Any
    num_variables: int
    instance_bits: Callable[[NDArray[np.int8]], NDArray[np.int8]]


@dataclass(frozen=True, kw_only=True)
class Ommx(Solver):
    """One call of a sampler's or a solver's adapter; the seed and the number of reads are handed on where it has them.

    Adapters know no time limit: a call takes what it takes. A solver's adapter answers one read. Variables that no
    term has, of which adapters say nothing, are drawn from the seed.
    """

    needs: ClassVar[tuple[str, ...]] = ("ommx",)

    adapter: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")] = "ommx_openjij_adapter:OMMXOpenJijSAAdapter"
    """Where its class is, as MODULE:CLASS."""
    model: Literal["qubo", "network"] = "qubo"
    """What is handed over: the QUBO, or the network's loss with linear constraints in the place of penalties."""
    max_reads: Annotated[int, Field(ge=1)] = 100
    """Reads that a sampler is asked for where the budget has none."""

    @property
    def works_on(self) -> WorksOn:  # type: ignore[override]
        """Return the network or the QUBO, whichever is handed over."""
        return self.model

    @override
    def unavailable(self) -> str | None:
        if reason := super().unavailable():
            return reason
        try:
            self._adapter()
        except (ImportError, AttributeError) as error:
            return f"ommx: the adapter {self.adapter} cannot be imported ({error}); install its package."
        return None

    @override
    def refuses(self, instance: Objective) -> str | None:
        if self.model == "qubo":
            return None
        return instance.cannot_complete() if isinstance(instance, Instance) else "ommx: this QUBO has no network."

    @override
    def prepare(self, instance: Objective) -> _Prepared:
        import dimod

        if self.model == "qubo" or not isinstance(instance, Instance):
            model = dimod.ConstrainedQuadraticModel.from_bqm(instance.qubo.to_bqm())
            return _Prepared(ommx_instance(model), len(model.variables), lambda bits: bits)
        network, complete = constrained_model(network_program(instance.problem)), instance.complete
        return _Prepared(
            ommx_instance(network.cqm), len(network.free), lambda bits: complete(2 * network.answers(bits) - 1)
        )

    @override
    def sample(self, prepared: _Prepared, *, seed: int, budget: Budget) -> Iterator[Batch]:
        adapter = self._adapter()
        is_sampler = hasattr(adapter, "sample")
        call = adapter.sample if is_sampler else adapter.solve
        options = {"seed": seed % MAX_SEED, "num_reads": budget.reads or self.max_reads}
        known = inspect.signature(call).parameters
        answer = call(prepared.model, **{name: value for name, value in options.items() if name in known})
        answers = [answer.get(number) for number in sorted(answer.sample_ids)] if is_sampler else [answer]
        bits = np.array([bits_of_state(one.state.entries, prepared.num_variables) for one in answers])
        free = np.setdiff1d(np.arange(prepared.num_variables), [v.id for v in prepared.model.used_decision_variables])
        bits[:, free] = np.random.default_rng(seed).integers(2, size=(len(bits), len(free)))
        yield Batch(prepared.instance_bits(bits[: budget.reads]))

    def _adapter(self) -> Any:
        module, _, name = self.adapter.partition(":")
        return getattr(importlib.import_module(module), name)
