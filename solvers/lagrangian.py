"""Any solver of QUBOs in rounds, between which each penalty that its best answer breaks becomes dearer."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from bnnbench.errors import RefusedError
from bnnbench.plugins.files import SolverSpec
from bnnbench.plugins.registry import load_solver
from bnnbench.qubo.constraint import Square
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.qubo import Qubo, make_qubo
from bnnbench.qubo.tiling import Tiling
from bnnbench.solver.answer import open_stream
from bnnbench.solver.contract import Batch, Budget, Objective, Positive, Solver, WorksOn
from bnnbench.solver.ready import make_ready


@dataclass(frozen=True)
class _Penalties:
    """Penalties as quadratic forms, one per sample and constraint: constants, and terms with the penalty of each."""

    constants: NDArray[np.float64]
    linear: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
    pairs: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]

    def values(self, bits: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return the value of each penalty on one row of bits."""
        owner, place, c = self.linear
        values = self.constants + np.bincount(owner, c * bits[place], len(self.constants))
        owner, i, j, c = self.pairs
        return values + np.bincount(owner, c * (bits[i] & bits[j]), len(self.constants))

    def added(self, qubo: Qubo, prices: NDArray[np.float64]) -> Qubo:
        """Return a QUBO with the penalties at these prices added."""
        owner, place, c = self.linear
        linear = qubo.linear + np.bincount(place, prices[owner] * c, qubo.num_variables)
        owner, i, j, c = self.pairs
        rows, cols = np.concatenate([qubo.rows, i]), np.concatenate([qubo.cols, j])
        couplings = np.concatenate([qubo.couplings, prices[owner] * c])
        return make_qubo(linear, rows, cols, couplings, float(qubo.offset + prices @ self.constants))


@dataclass(frozen=True, kw_only=True)
class Lagrangian(Solver):
    """Multipliers for the constraints of a formulation that is a loss plus penalties, one per constraint and sample.

    A round samples the QUBO with the prices so far. Then the price of each penalty that its read of least energy breaks
    grows by `step` times the penalty. Reads of all rounds are answers.

    References
    ----------
    The idea is that of H. Song et al., arXiv 2311.03408, 2023, whose text was not at hand: implemented is what stands
    above.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    loads: ClassVar[tuple[str, ...]] = ("scipy.sparse",)
    works_on: ClassVar[WorksOn] = "penalties"

    inner: SolverSpec = "simulated_annealing"
    """The solver of each round; it sees a bare QUBO."""
    reads_per_round: Annotated[int, Field(ge=1)] = 20
    """Reads between two changes of prices."""
    step: Positive = 0.1
    """Growth of the price of a broken penalty of 1, in units of loss."""

    @override
    def unavailable(self) -> str | None:
        return super().unavailable() or load_solver(self.inner).unavailable()

    @property
    @override
    def threads(self) -> int:
        return load_solver(self.inner).threads

    @property
    @override
    def versions(self) -> dict[str, str]:
        return {**super().versions, **load_solver(self.inner).versions}

    @override
    def warm_up(self) -> None:
        make_ready(load_solver(self.inner))

    @property
    def counts(self) -> str:  # type: ignore[override]
        """Return what the inner solver counts."""
        return load_solver(self.inner).counts

    @override
    def refuses(self, instance: Objective) -> str | None:
        if not isinstance(instance, Instance) or instance.tiling is None:
            return "lagrangian needs a formulation of penalties, such as soft, and this QUBO has none."
        pairs = _num_pairs(instance.tiling)
        if pairs > MOST_PAIRS:
            return (
                f"lagrangian: the penalties of {instance} have {pairs:,} pairs of variables, but up to {MOST_PAIRS:,} "
                "are kept one by one; take a narrower network, or fewer samples."
            )
        return load_solver(self.inner).refuses(instance.qubo)

    def prepare(self, instance: Objective) -> Any:
        """Return the QUBO and its penalties."""
        if not isinstance(instance, Instance) or instance.tiling is None:
            raise RefusedError(self.refuses(instance))
        return instance.qubo, _penalties(instance.tiling)

    def sample(self, prepared: tuple[Qubo, _Penalties], *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield the batches of the inner solver, round by round; conversion of later rounds is on the clock."""
        qubo, penalties = prepared
        inner, random = load_solver(self.inner), np.random.default_rng(seed)
        prices = np.zeros(len(penalties.constants))
        for round_number, reads in enumerate(budget.reads_in_batches(self.reads_per_round, first=self.reads_per_round)):
            priced = penalties.added(qubo, prices)
            best, least = None, np.inf
            inner_seed, share = int(random.integers(2**62)), Budget(budget.seconds, reads)
            with open_stream(inner, inner.prepare(priced), seed=inner_seed, budget=share) as stream:
                for batch in itertools.islice(stream, reads):
                    energies = priced.energies(batch.bits)
                    if energies.min() < least:
                        best, least = batch.bits[int(energies.argmin())], float(energies.min())
                    yield replace(batch, lower_bound=None, facts={**batch.facts, "rounds": round_number + 1})
            if best is not None:
                prices += self.step * penalties.values(best)


MOST_PAIRS = 10_000_000
"""Pairs that are expanded in 8 s, in 2 GB of memory (AMD EPYC)."""


def _num_pairs(tiling: Tiling) -> int:
    """Return how many pairs of variables the penalties of all samples have, without expanding them."""
    return len(tiling.samples) * sum(math.comb(len(p.variables), 2) for p in tiling.encoding.penalties)


def _penalties(tiling: Tiling) -> _Penalties:
    """Return every penalty on every sample over the bits of the instance."""
    constants: list[float] = []
    linear: list[tuple[int, int, float]] = []
    pairs: list[tuple[int, int, int, float]] = []
    for sample, penalty in itertools.product(range(len(tiling.samples)), tiling.encoding.penalties):
        owner = len(constants)
        columns = [int(tiling.column(v, sample)) for v in penalty.variables]
        is_square = isinstance(penalty, Square)
        constant, ones, twos = _square(tiling, penalty, sample) if is_square else _gate(tiling, penalty, sample)
        constants.append(constant)
        linear += [(owner, column, c) for column, c in zip(columns, ones, strict=True)]
        pairs += [(owner, columns[i], columns[j], c) for (i, j), c in twos.items()]
    owners, places, coefficients = np.array(linear, dtype=float).reshape(-1, 3).T
    of, first, second, factors = np.array(pairs, dtype=float).reshape(-1, 4).T
    whole = np.int64
    return _Penalties(
        np.array(constants),
        (owners.astype(whole), places.astype(whole), coefficients),
        (of.astype(whole), first.astype(whole), second.astype(whole), factors),
    )


Form = tuple[float, list[float], dict[tuple[int, int], float]]
"""Constant, coefficients of the variables of a penalty, and of their pairs."""


def _square(tiling: Tiling, penalty: Any, sample: int) -> Form:
    form = tiling.on_sample(penalty.form, sample)
    values = [float(c) for c in form.coefficients.values()]  # in the order of the penalty's variables
    scale, shift = (0.5, 0.5) if penalty.paired else (1.0, 0.0)
    ones = [scale * (c * c + 2 * form.constant * c) - shift * c for c in values]
    twos = {(i, j): 2 * scale * values[i] * values[j] for i, j in itertools.combinations(range(len(values)), 2)}
    return scale * form.constant**2 - shift * form.constant, ones, twos


def _gate(tiling: Tiling, penalty: Any, sample: int) -> Form:
    """Read the coefficients off the values where no, one or two bits are 1."""
    is_turned = [int(tiling.sees_complement(penalty, v, sample)) for v in penalty.variables]

    def value(*ones: int) -> float:
        return float(penalty.polynomial(*(int(k in ones) ^ turned for k, turned in enumerate(is_turned))))

    size = range(len(is_turned))
    zero, one = value(), [value(k) - value() for k in size]
    return zero, one, {(i, j): value(i, j) - zero - one[i] - one[j] for i, j in itertools.combinations(size, 2)}
