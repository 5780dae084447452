"""Any solver on coefficients that an analog machine got a little wrong; energies are those of the right ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from typing_extensions import override

from bnnbench.plugins.entries import file_hash
from bnnbench.plugins.files import SolverSpec
from bnnbench.plugins.registry import load_solver
from bnnbench.qubo.qubo import Qubo
from bnnbench.solver.answer import open_stream
from bnnbench.solver.contract import Batch, Budget, Objective, Solver
from bnnbench.spec import parse_spec

from ._around import Around

H_RANGE = 4.0
"""Largest bias of a qubit, either sign, in the machine's units (property ``h_range`` of an Advantage)."""
J_RANGE = (-2.0, 1.0)
"""Least and largest coupling, in the machine's units (property ``extended_j_range`` of an Advantage)."""


@dataclass(frozen=True, kw_only=True)
class ControlErrors(Around):
    r"""The inner solver on ``h_i + s δ_i`` and ``J_ij + s δ_ij`` with Gaussian δ, drawn once per run from its seed.

    The errors are absolute in the machine's units, so that a model of a large dynamic range suffers most: s is the
    factor by which its spins' coefficients exceed the ranges that they are scaled to (4 for h, −2 to 1 for J). The
    inner solver's bounds are not those of the right coefficients, and are dropped. Its preparation follows the draw, so
    that it is on the run's clock.

    References
    ----------
    Model of the errors: A. Pearson, A. Mishra, I. Hen and D. A. Lidar, "Analog errors in quantum annealing: doom and
    hope", npj Quantum Information 5, 2019. The default sizes are round numbers, not measurements of a machine.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    inner: SolverSpec = "simulated_annealing"
    """The solver of the perturbed problem; it sees a bare QUBO."""
    bias_error: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.02
    """Standard deviation of δ_i, in the machine's units."""
    coupling_error: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.02
    """Standard deviation of δ_ij, in the machine's units."""

    @property
    @override
    def within(self) -> Solver:
        return load_solver(self.inner)

    @override
    def prepare(self, instance: Objective) -> Qubo:
        return instance.qubo

    def sample(self, prepared: Qubo, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield the batches of the inner solver."""
        inner = self.within
        wrong = self.perturbed(prepared, np.random.default_rng([seed, 0]))
        with open_stream(inner, inner.prepare(wrong), seed=seed, budget=budget) as stream:
            for batch in stream:
                yield replace(batch, lower_bound=None)

    def perturbed(self, qubo: Qubo, random: np.random.Generator) -> Qubo:
        """Draw errors, and add them to the spins' coefficients."""
        rows, cols, n = qubo.rows, qubo.cols, qubo.num_variables
        if not (self.bias_error or self.coupling_error):
            return qubo
        couplings = qubo.couplings / 4
        biases = qubo.linear / 2 + np.bincount(rows, couplings, n) + np.bincount(cols, couplings, n)
        sizes = (
            np.abs(biases).max(initial=0.0) / H_RANGE,
            couplings.max(initial=0.0) / J_RANGE[1],
            couplings.min(initial=0.0) / J_RANGE[0],
        )
        scale = max(sizes)
        bias_errors = scale * random.normal(0, self.bias_error, n)
        errors = scale * random.normal(0, self.coupling_error, len(couplings))
        shift = 2 * (bias_errors - np.bincount(rows, errors, n) - np.bincount(cols, errors, n))
        offset = qubo.offset + float(errors.sum() - bias_errors.sum())
        return replace(qubo, linear=qubo.linear + shift, couplings=qubo.couplings + 4 * errors, offset=offset)

    @property
    def versions(self) -> dict[str, str]:
        """Return what the inner solver needs, and the hash of its file, if it is one."""
        name = parse_spec(self.inner).name
        file = file_hash(name)
        return {**self.within.versions, **({Path(name).name: file} if file else {})}
