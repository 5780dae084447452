"""The instance: a problem compiled to a QUBO, with the way back to weights."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.hashing import content_hash
from bnnbench.problem.card import card
from bnnbench.problem.problem import Problem
from bnnbench.qubo.decoder import Decoder
from bnnbench.qubo.formulation import Formulation
from bnnbench.qubo.qubo import Qubo
from bnnbench.qubo.qubo_problem import GIVEN, QuboProblem
from bnnbench.qubo.tiling import Tiling

ENCODING_VERSION = 2
"""Raised whenever the same problem and formulation would give other bits, so that old results are not mixed in."""


@dataclass(frozen=True, eq=False)
class Instance:
    """A training problem as a QUBO, with the way back to weights."""

    problem: Problem
    formulation: Formulation
    qubo: Qubo
    decoder: Decoder
    compile_s: float = 0.0

    def __str__(self) -> str:
        return f"{self.problem.name} as {self.formulation}"

    def __repr__(self) -> str:
        return f"<Instance {self}: {self.qubo.num_variables} variables, {self.qubo.num_couplings} couplings>"

    def _repr_html_(self) -> str:
        sound = "is the least training loss" if self.is_sound else "need not be the least training loss"
        facts = {"variables": self.qubo.num_variables, "couplings": self.qubo.num_couplings, "least energy": sound}
        return card(f"Instance {self}", facts | {"compiled in": f"{self.compile_s:.3g} s"})

    @property
    def hash(self) -> str:
        """Content hash of problem, formulation and encoding version."""
        return instance_hash(self.problem, self.formulation)

    @property
    def is_sound(self) -> bool:
        """Return whether the minimum energy is the minimum training loss for certain."""
        return self.formulation.is_sound(self.problem)

    @property
    def tiling(self) -> Tiling | None:
        """The loss and the penalties behind the QUBO, sample by sample; None if the formulation does not give them."""
        return self.decoder if isinstance(self.decoder, Tiling) else None

    def decode(self, bits: Any) -> NDArray[np.int8]:
        """Return the weights behind bits.

        Parameters
        ----------
        bits
            0 or 1, shape (k, n).

        Returns
        -------
        ndarray of int8
            −1 or +1, shape (k, num_weights).

        Raises
        ------
        InputError
            If the shape or a value is wrong.
        """
        return self.decoder.decode(self.qubo.check_bits(bits))

    def canonical(self, weights: Any) -> NDArray[np.int8]:
        """Return the setting that computes the same as `weights` and that bits can say; shape unchanged.

        Where the sign symmetry is fixed, all fixed weights are +1.
        """
        return self.decoder.canonical(self.problem.network.check_weights(weights))

    def complete(self, weights: Any) -> NDArray[np.int8]:
        """Return the bits that stand for given weights.

        Of all that do, they have the least energy, unless the formulation is unsound.

        Parameters
        ----------
        weights
            −1 or +1, shape (k, num_weights). Where the sign symmetry is fixed, the canonical setting is encoded.

        Returns
        -------
        ndarray of int8
            0 or 1, shape (k, n).

        Raises
        ------
        InputError
            If the shape or a value is wrong, or if the formulation cannot complete weights.
        """
        w = self.problem.network.check_weights(weights)
        if w.ndim != 2:
            raise InputError(f"{self}: weights to complete must have shape (k, num_weights), but {w.shape} came.")
        return self.decoder.complete(w)

    def cannot_complete(self) -> str | None:
        """Return why weights cannot be completed to bits, as a sentence; None if they can."""
        return self.decoder.cannot_complete()

    def violations(self, bits: Any) -> dict[str, NDArray[np.int64]]:
        """Return the number of violated penalties by kind (``sign``, ``product``, ``loss``), each of shape (k,)."""
        return self.decoder.violations(self.qubo.check_bits(bits))


def instance_hash(problem: Problem, formulation: Formulation) -> str:
    """Return the hash of the instance that `compile` would give, without compiling."""
    header = {"problem": problem.hash, "formulation": formulation.spec.canonical, "encoding": ENCODING_VERSION}
    if formulation.digest:
        header["file"] = formulation.digest
    return content_hash("instance", header)


def compile(problem: Problem, formulation: Formulation) -> Instance:  # noqa: A001
    """Compile a problem to a QUBO.

    Raises
    ------
    InputError
        If the formulation does not apply to the problem.
    """
    if not isinstance(problem, Problem):
        raise InputError(f"compile: {problem!r} is no bnnbench.Problem; load one with bnnbench.load_problem.")
    if reason := formulation.refuses(problem):
        raise InputError(reason)
    if isinstance(problem, QuboProblem) and formulation.name != GIVEN:
        raise InputError(f"{problem.name} is the QUBO of a file, which {formulation} cannot write; take {GIVEN}.")
    start = time.perf_counter()
    qubo, decoder = formulation.build(problem)
    return Instance(problem, formulation, qubo, decoder, compile_s=time.perf_counter() - start)
