"""The squared distance to a margin, a convex quadratic of the weights of one layer; no ancillas, not exact."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Annotated

import numpy as np
from pydantic import Field
from typing_extensions import override

from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import Formulation, Soundness
from bnnbench.qubo.qubo import Qubo, make_qubo
from bnnbench.search_range import Range

Margin = Annotated[float, Field(gt=0, allow_inf_nan=False)] | None


@dataclass(frozen=True, kw_only=True)
class Surrogate(Formulation):
    """``Σ_n Σ_o (κ − y_no z_no)² / (4 κ²)``: couplings are the Gram matrix of the inputs, whatever their number.

    One bit per weight. Samples far on the right side cost as much as samples on the wrong side: that is the price of
    doing without ancillas.

    References
    ----------
    arXiv 2603.02958, 2026, which proposes a quadratic surrogate of the Gram matrix; its text was not at hand:
    implemented is what stands above.
    """

    margin: Annotated[Margin, Range(1.0, 30.0, log=True)] = None
    """κ, to which y·z is drawn; None: the square root of the fan-in, which random data have."""

    @override
    def refuses(self, problem: Problem) -> str | None:
        if problem.network.num_layers == 1:
            return None
        return f"formulation surrogate: it is for networks of one layer, but {problem.network} came; use wells."

    @override
    def soundness(self, problem: Problem) -> Soundness:
        return Soundness.UNSOUND

    @override
    def compile(self, problem: Problem) -> Qubo:
        network = problem.network
        fan_in, num_outputs = network.fan_in(1), network.widths[1]
        margin = self.margin or sqrt(fan_in)
        ones = np.ones((problem.num_samples, int(network.bias)))
        inputs = np.hstack([problem.inputs, ones]).astype(np.float64)
        unit = 1 / (4 * margin**2)
        gram, field = inputs.T @ inputs, inputs.T @ problem.targets.astype(np.float64)
        # In spins: unit·(N κ² − 2 κ w·field + wᵀ G w) for each output; spin = 2·bit − 1.
        linear = unit * (4 * (np.diag(gram) - gram.sum(axis=1))[None, :] - 4 * margin * field.T)
        offset = unit * (problem.targets.size * margin**2 + num_outputs * gram.sum() + 2 * margin * field.sum())
        first, second = np.triu_indices(fan_in, 1)
        starts = fan_in * np.arange(num_outputs)[:, None]
        couplings = np.tile(8 * unit * gram[first, second], num_outputs)
        return make_qubo(linear.ravel(), (starts + first).ravel(), (starts + second).ravel(), couplings, float(offset))
