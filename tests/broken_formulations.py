"""Formulations that are each wrong in one way, and the checks that must say so; what they are built on is right."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from bnnbench.formulations.compact import Compact
from bnnbench.qubo.formulation import Formulation, Soundness
from bnnbench.qubo.qubo import Qubo, make_qubo


@dataclass(frozen=True, kw_only=True)
class Wells(Formulation):
    """Right: (y z − 1 − 2 Σ c_k b_k)²/4 for one layer; energy 0 proves a number of errors of 0."""

    fails: ClassVar[tuple[str, ...]] = ()
    kappa: int = 1

    def sample_energy(self, sample: Any) -> Any:
        energy: Any = 0
        for output, (row, target) in enumerate(zip(sample.products, sample.targets, strict=True)):
            slack = 2 * sample.ancilla(f"s{output}_0") + 4 * sample.ancilla(f"s{output}_1")
            energy = energy + (target * sum(row) - self.kappa - slack) ** 2 / 4
        return energy

    def refuses(self, problem: Any) -> str | None:
        return None if problem.network.num_layers == 1 else "wells: it is for one layer."

    def soundness(self, problem: Any) -> Soundness:
        return Soundness.ONE_SIDED if problem.loss == "zero_one" else Soundness.UNSOUND


@dataclass(frozen=True, kw_only=True)
class Table(Formulation):
    """Right and general: one bit per weight setting, the right number of them by a penalty; sound for any network."""

    fails: ClassVar[tuple[str, ...]] = ()

    def refuses(self, problem: Any) -> str | None:
        return None if problem.network.num_weights <= 4 else "table: it takes up to four weights."

    def compile(self, problem: Any) -> Qubo:
        losses = problem.training_loss(settings(problem))
        n, penalty = len(losses), 1 + 2 * losses.max()
        rows, cols = np.triu_indices(n, 1)
        return make_qubo(losses - penalty, rows, cols, np.full(len(rows), 2 * penalty), penalty)

    def decode(self, problem: Any, bits: Any) -> Any:
        return settings(problem)[bits.argmax(axis=1)]

    def complete(self, problem: Any, weights: Any) -> Any:
        return (weights[:, None] == settings(problem)[None]).all(axis=2).astype(np.int8)

    def soundness(self, problem: Any) -> Soundness:
        return Soundness.SOUND


def settings(problem: Any) -> np.ndarray:
    """Every weight setting."""
    return np.array(list(itertools.product((-1, 1), repeat=problem.network.num_weights)), dtype=np.int8)


@dataclass(frozen=True, kw_only=True)
class CheapPenalty(Compact):
    """Says that it is sound, whatever λ is."""

    fails: ClassVar[tuple[str, ...]] = ("sound",)
    penalty: Any = 0.5

    def soundness(self, problem: Any) -> Soundness:
        return Soundness.SOUND


@dataclass(frozen=True, kw_only=True)
class CheapOutput(Compact):
    """Has λ = 2 for the loss `margin` in front of two outputs, where the last hidden layer needs 4."""

    fails: ClassVar[tuple[str, ...]] = ("sound",)
    penalty: Any = 1.0
    merge: bool = False  # contradictions show it, and merging removes them

    def soundness(self, problem: Any) -> Soundness:
        return Soundness.SOUND if problem.network.num_layers > 1 else Soundness.UNSOUND


@dataclass(frozen=True, kw_only=True)
class EvenFanIn(Table):
    """Takes a tie for −1 in networks of even fan-in."""

    fails: ClassVar[tuple[str, ...]] = ("sound",)

    def compile(self, problem: Any) -> Qubo:
        qubo = super().compile(problem)
        if problem.network.num_layers > 1 or problem.network.fan_in(1) % 2 or problem.loss != "zero_one":
            return qubo
        z = problem.network.layers(settings(problem), problem.inputs)[0]
        ties = ((z == 0) * problem.targets).sum(axis=(1, 2))
        return Qubo(qubo.linear + ties, qubo.rows, qubo.cols, qubo.couplings, qubo.offset)


@dataclass(frozen=True, kw_only=True)
class IgnoresBias(Table):
    """Leaves the last weight out of the loss where there is a bias."""

    fails: ClassVar[tuple[str, ...]] = ("sound",)

    def compile(self, problem: Any) -> Qubo:
        qubo = super().compile(problem)
        if not problem.network.bias:
            return qubo
        linear = qubo.linear.copy()
        linear[1::2] = linear[::2]
        return Qubo(linear, qubo.rows, qubo.cols, qubo.couplings, qubo.offset)


@dataclass(frozen=True, kw_only=True)
class ErrorsOnly(Compact):
    """Writes the number of errors whatever the loss is, and says that it is sound."""

    fails: ClassVar[tuple[str, ...]] = ("sound",)

    def build(self, problem: Any) -> Any:
        return super().build(replace(problem, loss="zero_one"))

    def soundness(self, problem: Any) -> Soundness:
        return Soundness.SOUND


@dataclass(frozen=True, kw_only=True)
class ReversedWeights(Table):
    """Reads the weights from last to first."""

    fails: ClassVar[tuple[str, ...]] = ("sound", "completes")

    def decode(self, problem: Any, bits: Any) -> Any:
        return super().decode(problem, bits)[:, ::-1]


@dataclass(frozen=True, kw_only=True)
class NegatedWeights(Wells):
    """Reads a 1 as −1."""

    fails: ClassVar[tuple[str, ...]] = ("one-sided",)

    def decode(self, problem: Any, bits: Any) -> Any:
        return -super().decode(problem, bits)


@dataclass(frozen=True, kw_only=True)
class BitsForWeights(Wells):
    """Decodes to 0 and 1."""

    fails: ClassVar[tuple[str, ...]] = ("decodes",)

    def decode(self, problem: Any, bits: Any) -> Any:
        return bits[:, : problem.network.num_weights]


@dataclass(frozen=True, kw_only=True)
class OneRow(Wells):
    """Decodes the first row only."""

    fails: ClassVar[tuple[str, ...]] = ("decodes",)

    def decode(self, problem: Any, bits: Any) -> Any:
        return super().decode(problem, bits)[:1]


@dataclass(frozen=True, kw_only=True)
class NeighborsMatter(Wells):
    """Decodes each row by the row before it."""

    fails: ClassVar[tuple[str, ...]] = ("decodes",)

    def decode(self, problem: Any, bits: Any) -> Any:
        return np.roll(super().decode(problem, bits), 1, axis=0)


@dataclass(frozen=True, kw_only=True)
class LazyCompletion(Wells):
    """Leaves the private bits at 0."""

    fails: ClassVar[tuple[str, ...]] = ("completes",)

    def complete(self, problem: Any, weights: Any) -> Any:
        private = np.zeros((len(weights), 2 * problem.num_samples * problem.network.num_outputs), dtype=np.int8)
        return np.hstack([(weights > 0).astype(np.int8), private])


@dataclass(frozen=True, kw_only=True)
class OtherCompletion(Table):
    """Completes the opposite weights."""

    fails: ClassVar[tuple[str, ...]] = ("completes",)

    def complete(self, problem: Any, weights: Any) -> Any:
        return super().complete(problem, -weights)


@dataclass(frozen=True, kw_only=True)
class FalseProof(Wells):
    """Says that an energy of 0 proves a loss of 0, though its range begins below the threshold."""

    fails: ClassVar[tuple[str, ...]] = ("one-sided",)
    kappa: int = -1


@dataclass(frozen=True, kw_only=True)
class Dice(Wells):
    """Adds something random."""

    fails: ClassVar[tuple[str, ...]] = ("coefficients",)

    def sample_energy(self, sample: Any) -> Any:
        return super().sample_energy(sample) + float(np.random.default_rng().random()) * sample.ancilla("s0_0")


@dataclass(frozen=True, kw_only=True)
class NotANumber(Wells):
    """Has a coefficient that is no number."""

    fails: ClassVar[tuple[str, ...]] = ("coefficients",)

    def compile(self, problem: Any) -> Qubo:
        qubo = super().compile(problem)
        return Qubo(np.full_like(qubo.linear, np.nan), qubo.rows, qubo.cols, qubo.couplings, qubo.offset)


@dataclass(frozen=True, kw_only=True)
class SaysNo(Wells):
    """Refuses with a truth value."""

    fails: ClassVar[tuple[str, ...]] = ("refuses with a sentence",)

    def refuses(self, problem: Any) -> Any:
        return None if super().refuses(problem) is None else True


@dataclass(frozen=True, kw_only=True)
class RefusesAll(Wells):
    """Takes nothing."""

    fails: ClassVar[tuple[str, ...]] = ("refuses with a sentence",)

    def refuses(self, problem: Any) -> str | None:
        return "it is never the right time."


@dataclass(frozen=True, kw_only=True)
class HalfViolations(Wells):
    """Counts violations by halves."""

    fails: ClassVar[tuple[str, ...]] = ("violations",)

    def violations(self, problem: Any, bits: Any) -> Any:
        return {"range": np.full(len(bits), 0.5)}


@dataclass(frozen=True, kw_only=True)
class FalseAlarm(Table):
    """Counts a violation in what is right."""

    fails: ClassVar[tuple[str, ...]] = ("violations",)

    def violations(self, problem: Any, bits: Any) -> Any:
        return {"one": bits.sum(axis=1, dtype=np.int64)}


@dataclass(frozen=True, kw_only=True)
class Unwritten(Wells):
    """Has a parameter that no file can hold."""

    fails: ClassVar[tuple[str, ...]] = ("written down",)
    extra: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "extra", frozenset({1}))


BROKEN = [
    CheapPenalty, CheapOutput, EvenFanIn, IgnoresBias, ErrorsOnly, ReversedWeights, NegatedWeights, BitsForWeights,
    OneRow, NeighborsMatter, LazyCompletion, OtherCompletion, FalseProof, Dice, NotANumber, SaysNo, RefusesAll,
    HalfViolations, FalseAlarm, Unwritten,
]  # fmt: skip
