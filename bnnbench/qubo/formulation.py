"""Formulations: the ways to write the training problem as a QUBO.

A formulation is a frozen dataclass whose fields are its parameters. Its class defines ``sample_energy``, or else
``compile``; everything else has a default. See docs/formulations.md for a guide.
"""

from __future__ import annotations

import abc
import dataclasses
import enum
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.problem.problem import Problem
from bnnbench.qubo.decoder import Decoder
from bnnbench.qubo.qubo import Qubo
from bnnbench.qubo.symbolic import SymbolicSample, can_complete_samples, compile_samples, complete_samples
from bnnbench.spec import Spec

FILE_PREFIX = "bnnbench_file_"
"""Modules that come from a path have names that begin so."""


class Soundness(enum.StrEnum):
    """The relation of the minimum energy to the training loss."""

    SOUND = "sound"
    """The minimum energy is the minimum training loss."""
    ONE_SIDED = "one-sided"
    """An energy of 0 proves that the decoded weights have a training loss of 0; more is not promised."""
    UNSOUND = "unsound"
    """Nothing follows: the formulation is judged by the loss of its decoded weights."""
    UNKNOWN = "unknown"
    """Nobody has said."""


class Formulation(abc.ABC):  # noqa: B024  each method has a default
    """A way to write the training problem as a QUBO: a frozen dataclass whose fields are its parameters.

    A subclass defines `sample_energy`, the energy of one sample as a PyQUBO expression. The weights are then the first
    bits of the instance, in the order of the weight vector, and each sample's private bits follow, sample by sample. A
    formulation that is no sum over samples defines `compile` instead, and `decode` where other bits are the weights.
    """

    digest: ClassVar[str] = ""
    """Content hash of its file, if it comes from a path: another content is another formulation."""
    shown: tuple[str, ...] = ()
    """Parameters that its label has even where they have their defaults; no part of what it is."""

    def sample_energy(self, sample: SymbolicSample) -> Any:
        """Return the energy of one sample as a PyQUBO expression of degree 2 at most."""
        del sample
        raise InputError(f"formulation {self.name}: it defines neither sample_energy nor compile; define one of them.")

    def compile(self, problem: Problem) -> Qubo:
        """Return the QUBO of a problem; the sum of `sample_energy` over its samples."""
        return compile_samples(self.sample_energy, problem)

    def decode(self, problem: Problem, bits: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the weights behind bits, which are checked: (k, n) of 0 and 1 to (k, num_weights) of −1 and +1."""
        return 2 * bits[:, : problem.network.num_weights] - 1

    def complete(self, problem: Problem, weights: NDArray[np.int8]) -> NDArray[np.int8] | None:
        """Return bits that decode to weights, of least energy unless it is unsound: (k, num_weights) to (k, n).

        None stands for the default: each sample's private bits are enumerated, up to 20 of them.
        """
        del problem, weights
        return None

    def violations(self, problem: Problem, bits: NDArray[np.int8]) -> Mapping[str, NDArray[np.int64]]:
        """Return the number of violated constraints by kind, each of shape (k,); nothing where none are known."""
        del problem, bits
        return {}

    def soundness(self, problem: Problem) -> Soundness:
        """Return what the minimum energy says about the training loss; `bnnbench check` tries to refute it."""
        del problem
        return Soundness.UNKNOWN

    def refuses(self, problem: Problem) -> str | None:
        """Return why the formulation does not apply to a problem, as a sentence; None if it does."""
        del problem
        return None

    def build(self, problem: Problem) -> tuple[Qubo, Decoder]:
        """Return the QUBO of a problem with the way back from its bits."""
        qubo = self.compile(problem)
        return qubo, OwnDecoder(self, problem, qubo)

    def is_sound(self, problem: Problem) -> bool:
        """Return whether the minimum energy is the minimum training loss for certain."""
        return self.soundness(problem) is Soundness.SOUND

    @property
    def name(self) -> str:
        """The name of the module that defines the formulation."""
        return type(self).__module__.rpartition(".")[2].removeprefix(FILE_PREFIX)

    @property
    def parameters(self) -> dict[str, Any]:
        """All parameters, defaults included."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]

    @property
    def spec(self) -> Spec:
        """Name and the parameters that differ from their defaults."""
        return self._spec_with(())

    def showing(self, parameters: Sequence[str]) -> Self:
        """Return an equal formulation whose label has these parameters even where they have their defaults."""
        twin: Self = dataclasses.replace(self)  # type: ignore[type-var]
        object.__setattr__(twin, "shown", tuple(parameters))
        return twin

    def without(self, parameter: str) -> Self:
        """Return the formulation with the default of one parameter, which its label does not show."""
        defaults = {f.name: f.default for f in dataclasses.fields(self)}  # type: ignore[arg-type]
        bare: Self = dataclasses.replace(self, **{parameter: defaults[parameter]})  # type: ignore[type-var]
        return bare.showing([name for name in self.shown if name != parameter])

    def __str__(self) -> str:
        return str(self._spec_with(self.shown))

    def _spec_with(self, shown: Sequence[str]) -> Spec:
        kept = {
            f.name: getattr(self, f.name)
            for f in dataclasses.fields(self)  # type: ignore[arg-type]
            if f.name in shown or getattr(self, f.name) != f.default
        }
        return Spec(self.name, {k: list(v) if isinstance(v, tuple) else v for k, v in kept.items()})


@dataclasses.dataclass(frozen=True, eq=False)
class OwnDecoder(Decoder):
    """A formulation's own decoder, with what comes from outside checked on both sides."""

    formulation: Formulation
    problem: Problem
    qubo: Qubo

    def decode(self, bits: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the weights behind bits."""
        weights = self.problem.network.check_weights(self.formulation.decode(self.problem, bits))
        if weights.shape != (len(bits), self.problem.network.num_weights):
            raise InputError(
                f"formulation {self.formulation}: decode must give one row of weights per row of bits, "
                f"but gave {weights.shape} for {bits.shape}."
            )
        return weights

    def canonical(self, weights: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the weights themselves."""
        return weights

    def cannot_complete(self) -> str | None:
        """Return a sentence where the default cannot complete weights."""
        num_weights, num_samples = self.problem.network.num_weights, self.problem.num_samples
        is_own = type(self.formulation).complete is not Formulation.complete
        if is_own or can_complete_samples(self.qubo, num_weights, num_samples):
            return None
        return (
            f"formulation {self.formulation}: it cannot complete weights, as its private bits are no blocks of up to "
            "20, one per sample; define complete(problem, weights), or use a solver of QUBOs."
        )

    def complete(self, weights: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return bits that decode to weights."""
        if reason := self.cannot_complete():
            raise InputError(reason)
        own = self.formulation.complete(self.problem, weights)
        bits = (
            complete_samples(self.qubo, (weights > 0).astype(np.int8), self.problem.num_samples) if own is None else own
        )
        if bits is None or (own is None and not np.array_equal(self.decode(bits), weights)):
            raise InputError(
                f"formulation {self.formulation}: no bits of least energy that decode to the weights are found; "
                "define complete(problem, weights), or use a solver of QUBOs."
            )
        return self.qubo.check_bits(bits)

    def violations(self, bits: NDArray[np.int8]) -> dict[str, NDArray[np.int64]]:
        """Return what the formulation counts."""
        return dict(self.formulation.violations(self.problem, bits))
