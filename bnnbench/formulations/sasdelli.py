"""The published encoding, all weights free, λ = 50; exact for fan-in 3, 7 and 15."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from bnnbench.problem.problem import Problem
from bnnbench.qubo.constraint import Affine, Gate, product
from bnnbench.qubo.counter import COUNTERS, Counter
from bnnbench.qubo.encoding import Builder
from bnnbench.qubo.penalty_formulation import Penalty, PenaltyFormulation


def _equal(w: Any, p: Any) -> Any:
    """Return 0 if p = w, and 1 otherwise."""
    return w + p - 2 * w * p


def _different(e: Any, alpha: Any) -> Any:
    """Return 0 if e = 1 − α, and 1 otherwise."""
    return 1 - e - alpha + 2 * e * alpha


def _xnor(w: Any, a: Any, p: Any, q: Any) -> Any:
    """Return 0 if p = [w = a] and q = w·a, and at least 1 otherwise.

    The cubic 1 − w − a − p + 2(wa + wp + ap) − 4wap, 0 iff p = [w = a] and 1 otherwise, with wap written as pq and
    q = w·a enforced 4 times over: 4 is the least factor for which the minimum over q is the cubic.
    """
    return 1 - w - a - p + 2 * (w * a + w * p + a * p) - 4 * p * q + 4 * product(w, a, q)


class PublishedBuilder(Builder):
    """Product bits in the first layer too, XNOR products with an ancilla each above it, and a loss bit per output."""

    edge_size: ClassVar[float] = 13.0

    def agreement(self, layer: int, neuron: int, index: int, below: int | None) -> Affine:
        """Return the bit p = [w = a]."""
        w = self.weights[layer, neuron, index]
        p = self.add("agreement", layer, neuron, index)
        if below is None:
            self.penalties.append(Gate("product", layer, _equal, (w, p)))
        else:
            q = self.add("ancilla", layer, neuron, index)
            self.penalties.append(Gate("product", layer, _xnor, (w, below, p, q)))
        return Affine({p: 1})

    def loss_bits(self, activations: list[int]) -> list[int]:
        """Return a bit per output that is 1 where the activation is wrong."""
        layer = self.network.num_layers
        bits = [self.add("loss", layer, output) for output in range(len(activations))]
        for output, (bit, alpha) in enumerate(zip(bits, activations, strict=True)):
            self.penalties.append(Gate("loss", layer, _different, (bit, alpha), target=output))
        return bits


@dataclass(frozen=True, kw_only=True)
class Sasdelli(PenaltyFormulation):
    """The encoding of the publication: the sign of a neuron is the most significant bit of its agreement count.

    References
    ----------
    M. Sasdelli and T.-J. Chin, "Quantum Annealing Formulation for Binary Neural Networks", arXiv 2107.02751, 2021.
    """

    builder: ClassVar[type[Builder]] = PublishedBuilder

    penalty: Penalty = 50.0
    """λ, what a violation costs at least: one number, or one per layer."""
    merge: bool = False
    """Whether samples that no network tells apart are one sample of a larger weight: equal and, if odd, opposite."""

    @property
    def counting(self) -> Counter:
        """Return the counter: the way in which counts are written in bits."""
        return COUNTERS["binary"]

    def refuses(self, problem: Problem) -> str | None:
        """Refuse what the published encoding gets wrong, or does not have."""
        network = problem.network
        if network.bias:
            return f"{self.name}: the published encoding has no bias, but {network} has; use compact or reduced."
        wrong = [m for m in map(network.fan_in, range(1, network.num_layers + 1)) if m not in (3, 7, 15)]
        if wrong:
            return (
                f"{self.name}: the published encoding takes the most significant bit of the agreement count as the "
                f"sign, which is right only for fan-in 3, 7 and 15, but {network} has fan-in {wrong[0]}; "
                "use compact or reduced."
            )
        if problem.loss != "zero_one":
            return f"{self.name}: the published loss is zero_one, but {problem.loss} came; use compact or reduced."
        return super().refuses(problem)
