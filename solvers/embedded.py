"""Any solver behind a minor embedding in D-Wave's hardware graph: what chains cost, without a QPU."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field
from typing_extensions import override

from bnnbench.annealer.copies import Copies, anneals, up_to
from bnnbench.annealer.embedding import (
    QPU_SIZES,
    ChainPrefactor,
    ChainStrength,
    Embedding,
    Topology,
    damaged_graph,
    find_embedding_on,
    physical_model,
)
from bnnbench.annealer.fractional_weights import FractionalTally, WeightReader, weight_reader
from bnnbench.annealer.unembedding import ChainBreaks, unembed_batches
from bnnbench.errors import InputError
from bnnbench.plugins.entries import file_hash
from bnnbench.plugins.files import SolverSpec
from bnnbench.plugins.registry import load_solver
from bnnbench.qubo.qubo import Qubo, qubo_from_bqm
from bnnbench.search_range import Range
from bnnbench.solver.contract import Batch, Budget, Objective, Solver
from bnnbench.spec import parse_spec

from ._around import Around


@dataclass(frozen=True)
class _Prepared:
    qubo: Qubo
    physical: Qubo
    embedding: Embedding
    inner: Any
    reader: WeightReader | None

    def bound(self, bound: float) -> float:
        """Return a bound on the energy of qubits as one on that of variables, safe from rounding.

        Intact chains have the energy of their variables, so that no variables can do better than the best qubits, and
        copies that are all at their optimum share the bound. Both energies are sums of these many terms, each rounded.
        """
        if not math.isfinite(bound):
            return bound
        num_terms = 1 + self.physical.num_variables + self.physical.num_couplings
        size = sum(float(np.sum(np.abs(part))) for part in (self.physical.linear, self.physical.couplings))
        safe = bound - np.finfo(np.float64).eps * num_terms * (size + abs(self.physical.offset))
        safe /= self.embedding.copies
        return float(math.ceil(safe)) if self.qubo.is_integer else float(safe)


@dataclass(frozen=True, kw_only=True)
class Embedded(Around):
    """The inner solver on the qubits of a minor embedding; its bounds stay valid."""

    needs: ClassVar[tuple[str, ...]] = ("dwave-system", "minorminer")
    loads: ClassVar[tuple[str, ...]] = ("dwave.embedding", "minorminer", "platformdirs", "scipy.sparse")

    inner: SolverSpec = "simulated_annealing"
    """The solver of the physical problem, such as ``tabu[num_restarts=4]``; it sees a bare QUBO."""
    topology: Topology = "pegasus"
    """Hardware graph: Pegasus (Advantage) or Zephyr (Advantage2)."""
    topology_size: Annotated[int, Field(ge=1)] | None = None
    """Size of the graph; None: that of the QPU, 16 for Pegasus, 12 for Zephyr."""
    qubit_yield: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the qubits that work; which, `embedding_seed` decides."""
    embedding_seed: Annotated[int, Field(ge=0)] = 0
    """Seed of minorminer, and of the missing qubits."""
    copies: Copies = 1
    """Copies on disjoint qubits, all answered at once: a read of the inner solver is so many reads; ``auto``: as many
    as find room."""
    chain_strength: ChainStrength = None
    """Coupling of spins within a chain, see `physical_model`; None: uniform torque compensation."""
    chain_prefactor: Annotated[ChainPrefactor, Range(0.1, 3.0, log=True)] = None
    """Factor of uniform torque compensation, in the place of `chain_strength`; None: 1.414."""
    chain_breaks: ChainBreaks = "majority_vote"
    """How broken chains are read, see `bnnbench.annealer.unembedding.ChainBreaks`."""

    @property
    @override
    def within(self) -> Solver:
        return load_solver(self.inner)

    def prepare(self, instance: Objective) -> _Prepared:
        """Embed, or take the embedding out of the cache.

        Raises
        ------
        InputError
            If no embedding is found, or the inner solver refuses the physical problem, or `mean` cannot be read.
        """
        qubo, inner = instance.qubo, self.within
        size = self.topology_size or QPU_SIZES[self.topology]
        graph = damaged_graph(self.topology, size, self.qubit_yield, self.embedding_seed)
        name = f"{self.topology}-{size}" + ("" if self.qubit_yield == 1 else f" with a yield of {self.qubit_yield:g}")
        embedding = find_embedding_on(qubo, graph, self.embedding_seed, name, self.copies)
        model = physical_model(qubo, embedding, graph, self.chain_strength, self.chain_prefactor)
        places = {qubit: place for place, qubit in enumerate(embedding.qubits)}
        physical = qubo_from_bqm(model.relabel_variables(places, inplace=False))
        if reason := inner.refuses(physical):
            raise InputError(f"embedded: the physical problem has {embedding.num_physical} qubits, and {reason}")
        reader = weight_reader(instance) if self.chain_breaks == "mean" else None
        return _Prepared(qubo, physical, embedding, inner.prepare(physical), reader)

    def sample(self, prepared: _Prepared, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield the batches of the inner solver, one by one."""
        inner, asked = self.within, anneals(budget, prepared.embedding.copies)
        stream = inner.sample(prepared.inner, seed=seed, budget=asked)
        means = None if prepared.reader is None else FractionalTally(prepared.reader).add
        unembedded = unembed_batches(prepared.embedding, stream, prepared.qubo, self.chain_breaks, means)
        with closing(up_to(budget, unembedded)) as batches:
            for batch in batches:
                bound = batch.lower_bound
                yield batch if bound is None else replace(batch, lower_bound=prepared.bound(bound))

    @property
    def versions(self) -> dict[str, str]:
        """Return also what the inner solver needs, and the hash of its file, if it is one."""
        name = parse_spec(self.inner).name
        file = file_hash(name)
        return {**super().versions, **self.within.versions, **({Path(name).name: file} if file else {})}
