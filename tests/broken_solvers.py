"""Adapters that each break the contract in one way, and the checks that must say so."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from bnnbench.qubo.qubo import all_energies
from bnnbench.solver.contract import Batch, Budget, Solver


@dataclass(frozen=True, kw_only=True)
class Sound(Solver):
    """Random bits with the best of each batch in front: keeps the contract, and is what the others break."""

    fails: ClassVar[tuple[str, ...]] = ()

    def prepare(self, instance):
        """Keep the QUBO."""
        return instance.qubo

    def sample(self, prepared, *, seed: int, budget: Budget):
        """Draw, improve by single flips."""
        random = np.random.default_rng(seed)
        for reads in budget.reads_in_batches(10):
            yield Batch(self.answer(prepared, random.integers(0, 2, (reads, prepared.num_variables), dtype=np.int8)))

    def answer(self, qubo, bits):
        """Bits after one pass of descent."""
        bits = bits.copy()
        for i in range(qubo.num_variables if qubo.num_variables < 100 else 0):
            flipped = bits.copy()
            flipped[:, i] ^= 1
            better = qubo.energies(flipped) < qubo.energies(bits)
            bits[better] = flipped[better]
        return bits


@dataclass(frozen=True, kw_only=True)
class ReversedColumns(Sound):
    """Answers the variables from last to first."""

    fails = ("order of variables",)

    def answer(self, qubo, bits):
        return np.ascontiguousarray(super().answer(qubo, bits)[:, ::-1])


@dataclass(frozen=True, kw_only=True)
class FlippedSign(Sound):
    """Maximizes."""

    fails = ("order of variables",)

    def answer(self, qubo, bits):
        return (1 - super().answer(qubo, bits)).astype(np.int8)


@dataclass(frozen=True, kw_only=True)
class Spins(Sound):
    """Answers −1 and +1."""

    fails = ("bits",)

    def answer(self, qubo, bits):
        return (2 * super().answer(qubo, bits) - 1).astype(np.int8)


@dataclass(frozen=True, kw_only=True)
class IgnoredSeed(Sound):
    """Draws from the system's entropy."""

    fails = ("same seed, same bits",)

    def sample(self, prepared, *, seed, budget):
        return super().sample(prepared, seed=np.random.SeedSequence().entropy, budget=budget)


@dataclass(frozen=True, kw_only=True)
class OneSeed(Sound):
    """Draws the same bits whatever the seed."""

    fails = ("other seed, other bits",)

    def sample(self, prepared, *, seed, budget):
        return super().sample(prepared, seed=0, budget=budget)


@dataclass(frozen=True, kw_only=True)
class NoAnswer(Sound):
    """Ends without a batch."""

    fails = ("bits",)

    def sample(self, prepared, *, seed, budget):
        yield from ()


@dataclass(frozen=True, kw_only=True)
class NoRows(Sound):
    """Answers a batch without a row."""

    fails = ("bits",)

    def answer(self, qubo, bits):
        return bits[:0]

    def sample(self, prepared, *, seed, budget):
        return itertools.islice(super().sample(prepared, seed=seed, budget=budget), 2)


@dataclass(frozen=True, kw_only=True)
class Zeros(Sound):
    """Answers zeros, the trap of samplers that were never tried."""

    fails = ("order of variables", "other seed, other bits")

    def answer(self, qubo, bits):
        return np.zeros_like(bits)


@dataclass(frozen=True, kw_only=True)
class TooManyReads(Sound):
    """Answers ten reads, however few are asked."""

    fails = ("budget in reads",)

    def sample(self, prepared, *, seed, budget):
        return super().sample(prepared, seed=seed, budget=Budget(reads=100))


@dataclass(frozen=True, kw_only=True)
class TooLong(Sound):
    """Works for three seconds before it answers, where it has a limit in seconds."""

    fails = ("budget in seconds",)

    def sample(self, prepared, *, seed, budget):
        for batch in super().sample(prepared, seed=seed, budget=budget):
            time.sleep(3 if budget.seconds and not budget.reads else 0)
            yield batch


@dataclass(frozen=True, kw_only=True)
class FalseBound(Sound):
    """Claims that its best energy is a bound."""

    fails = ("bounds hold",)

    def sample(self, prepared, *, seed, budget):
        for batch in super().sample(prepared, seed=seed, budget=budget):
            yield Batch(batch.bits, lower_bound=float(prepared.energies(batch.bits).max()) + 1)


@dataclass(frozen=True, kw_only=True)
class NotExact(Sound):
    """Calls itself exact, and proves nothing."""

    fails = ("exact",)
    exact = True

    def sample(self, prepared, *, seed, budget):
        return itertools.islice(super().sample(prepared, seed=seed, budget=budget), 1)


@dataclass(frozen=True, kw_only=True)
class ManyReads(Sound):
    """Proves the minimum, one sample at a time, and then answers a state that does not better it."""

    fails = ("one read",)
    exact = True

    def sample(self, prepared, *, seed, budget):
        energies = all_energies(prepared.linear, prepared.symmetric(), prepared.offset)
        for state in (energies.argmin(), energies.argmax()):
            bits = state >> np.arange(prepared.num_variables) & 1
            yield Batch(bits[None].astype(np.int8), lower_bound=float(energies.min()))


@dataclass(frozen=True, kw_only=True)
class ManyAtOnce(ManyReads):
    """Proves the minimum, and answers it as two reads."""

    def sample(self, prepared, *, seed, budget):
        for batch in itertools.islice(super().sample(prepared, seed=seed, budget=budget), 1):
            yield Batch(np.repeat(batch.bits, 2, axis=0), lower_bound=batch.lower_bound)


@dataclass(frozen=True, kw_only=True)
class SharedState(Sound):
    """Keeps its random numbers between calls."""

    fails = ("no shared state",)
    generators: ClassVar[dict[int, Any]] = {}

    def sample(self, prepared, *, seed, budget):
        self.generators["last"] = np.random.default_rng(seed)
        for reads in budget.reads_in_batches(4):
            bits = self.generators["last"].integers(0, 2, (reads, prepared.num_variables), dtype=np.int8)
            yield Batch(self.answer(prepared, bits))


@dataclass(frozen=True, kw_only=True)
class UsedUp(Sound):
    """What it prepares serves one call only."""

    fails = ("stream can be closed",)

    def prepare(self, instance):
        return [instance.qubo]

    def sample(self, prepared, *, seed, budget):
        if prepared:
            yield from super().sample(prepared.pop(), seed=seed, budget=budget)


@dataclass(frozen=True, kw_only=True)
class Writes(Sound):
    """Scales the instance in place."""

    fails = ("instance unchanged",)

    def prepare(self, instance):
        qubo = instance.qubo
        qubo.linear.setflags(write=True)
        qubo.linear *= 2
        qubo.linear.setflags(write=False)
        return qubo


@dataclass(frozen=True, kw_only=True)
class WrongType(Sound):
    """Answers float64."""

    fails = ("bits",)

    def answer(self, qubo, bits):
        return super().answer(qubo, bits).astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class NegativeClock(Sound):
    """Reports a time below zero."""

    fails = ("clocks and facts",)

    def sample(self, prepared, *, seed, budget):
        for batch in super().sample(prepared, seed=seed, budget=budget):
            yield Batch(batch.bits, clocks={"qpu_access_s": -1.0})


@dataclass(frozen=True, kw_only=True)
class HoldsALock(Sound):
    """Has a field that no other process can get."""

    fails = ("pickles",)
    callback: Any = field(default_factory=lambda: lambda: None)


@dataclass(frozen=True, kw_only=True)
class ReadsTheNetwork(Sound):
    """Says that it works on the QUBO, and answers what the weights of the network need."""

    fails = ("works on",)

    def prepare(self, instance):
        return instance

    def sample(self, prepared, *, seed: int, budget: Budget):
        for batch in super().sample(prepared.qubo, seed=seed, budget=budget):
            is_network = hasattr(prepared, "complete")
            yield Batch(prepared.complete(prepared.decode(batch.bits))) if is_network else batch


@dataclass(frozen=True, kw_only=True)
class RefusesTheBareQubo(Sound):
    """Says that it works on the QUBO, and does not."""

    fails = ("works on",)

    def refuses(self, instance):
        return None if hasattr(instance, "problem") else "the network is missing."


@dataclass(frozen=True, kw_only=True)
class RefusesSilently(Sound):
    """Refuses with an empty text."""

    fails = ("refuses with a sentence",)

    def refuses(self, instance):
        return "" if instance.qubo.num_variables > 1000 else None


@dataclass(frozen=True, kw_only=True)
class RefusesWithAnError(Sound):
    """Raises where it should refuse."""

    fails = ("refuses with a sentence",)

    def refuses(self, instance):
        if instance.qubo.num_variables > 1000:
            raise ValueError("too large")


BROKEN = [value for value in list(globals().values()) if isinstance(value, type) and getattr(value, "fails", ())]
