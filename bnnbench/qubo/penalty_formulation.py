"""Formulations that are a loss and penalties: each violated constraint costs at least λ."""

from __future__ import annotations

import abc
import numbers
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import SkipValidation

from bnnbench.errors import InputError
from bnnbench.problem.merging import WeightedSamples, every_sample, merged_samples
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem
from bnnbench.qubo.counter import Counter
from bnnbench.qubo.decoder import Decoder
from bnnbench.qubo.encoding import Builder
from bnnbench.qubo.formulation import Formulation, Soundness
from bnnbench.qubo.penalty import FINEST, energy_scale, exact_bits, layer_bounds, least_penalties, loss_bits, on_grid
from bnnbench.qubo.qubo import Qubo
from bnnbench.qubo.size import check_memory
from bnnbench.qubo.template import Recipe, encoding, template
from bnnbench.qubo.tiling import Tiling, tile

MAX_PENALTY = 1e12
"""Larger λ leave nothing of the loss in double precision, whatever the network."""
Penalty = Annotated[float | tuple[float, ...] | None, SkipValidation]
"""λ > 0: one number for all layers, one per layer, or None: `least_penalties`. `PenaltyFormulation` checks it."""


class PenaltyFormulation(Formulation):
    """A formulation whose energy is the loss plus λ times squares and gates, see `bnnbench.qubo.encoding`.

    A neuron with agreement count s ∈ [0, m] and threshold T = ⌈m/2⌉ has the activation bit α = [s ≥ T], enforced by
    ``λ·(s − T·α − r)²`` with a bounded integer r that a counter writes.
    """

    penalty: Penalty
    merge: bool
    """Whether samples that no network tells apart are one sample of a larger weight."""
    fixes_signs: ClassVar[bool] = False
    """Whether the sign symmetry of hidden neurons is removed by fixing weights to +1."""
    builder: ClassVar[type[Builder]] = Builder
    """What lays out one sample."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "penalty", self._checked(self.penalty))
        self.counting  # noqa: B018  an unknown counter is refused here

    @property
    @abc.abstractmethod
    def counting(self) -> Counter:
        """Return the counter: the way in which r is written in bits."""

    def penalties(self, problem: Problem) -> tuple[float, ...]:
        """Return λ_1, …, λ_L.

        Raises
        ------
        InputError
            If λ was given per layer for another number of layers.
        """
        if reason := self._wrong_depth(problem.network):
            raise InputError(reason)
        if self.penalty is None:
            return least_penalties(problem.network, problem.loss_weights)
        return self.penalty if isinstance(self.penalty, tuple) else (self.penalty,) * problem.network.num_layers

    def soundness(self, problem: Problem) -> Soundness:
        """Return whether every λ_l reaches its bound and every counter is exact where a sign is needed.

        See `bnnbench.qubo.penalty.layer_bounds`. Where double precision cannot carry the energies, nothing is claimed.
        """
        network, loss = problem.network, problem.loss_weights
        signed = range(1, network.num_layers + (loss.errors > 0))
        bounds = zip(self.penalties(problem), layer_bounds(network, loss), strict=True)
        if not all(self.counting.is_exact(network.fan_in(layer)) for layer in signed):
            return Soundness.UNSOUND
        if any(penalty < bound for penalty, bound in bounds):
            return Soundness.UNSOUND
        return Soundness.SOUND if self._exact_bits(problem) >= loss_bits(loss) else Soundness.UNKNOWN

    def refuses(self, problem: Problem) -> str | None:
        """Refuse another number of penalties than layers, and energies that double precision does not carry."""
        if reason := self._wrong_depth(problem.network):
            return reason
        if (bits := self._exact_bits(problem)) < 0:
            return (
                f"formulation {self}: with this λ, {problem.num_samples} samples on {problem.network} have energies "
                f"that double precision rounds to multiples of {2.0**-bits:g}, which loses single errors; take a λ "
                f"that is smaller by a factor of {2.0**-bits:g}, or fewer samples."
            )
        return None

    def build(self, problem: Problem) -> tuple[Qubo, Decoder]:
        """Return one sample, compiled once and tiled over all.

        The λ of a sound formulation is rounded up to a grid on which energies are exact, see `on_grid`.
        """
        network, loss = problem.network, problem.loss_weights
        penalties = self.penalties(problem)
        if self.is_sound(problem):
            bits = self._exact_bits(problem)
            penalties = tuple(on_grid(penalty, bits, max(FINEST, loss_bits(loss))) for penalty in penalties)
        samples = self._samples(problem)
        weights = samples.weights
        factors = np.hstack([samples.row_weights[:, None], weights, weights * samples.targets]).astype(np.float64)
        one = template(self.recipe, network, penalties, loss)
        check_memory(problem, one.num_couplings(len(samples)))
        qubo = tile(one, samples.inputs, factors)
        if samples.num_conflicts:
            qubo = replace(qubo, offset=qubo.offset + samples.base(problem))
        return qubo, Tiling(problem, encoding(self.recipe, network, loss), penalties, samples)

    def compile(self, problem: Problem) -> Qubo:
        """Return the QUBO of a problem."""
        return self.build(problem)[0]

    def decode(self, problem: Problem, bits: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the weights behind bits; fixed weights are +1."""
        return self._tiling(problem).decode(bits)

    def complete(self, problem: Problem, weights: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the bits of the forward pass."""
        return self._tiling(problem).complete(weights)

    def violations(self, problem: Problem, bits: NDArray[np.int8]) -> Mapping[str, NDArray[np.int64]]:
        """Return the number of violated penalties: ``sign``, ``product``, ``loss``."""
        return self._tiling(problem).violations(bits)

    @property
    def recipe(self) -> Recipe:
        """Return the decisions behind the encoding of a network."""
        return Recipe(self.builder, self.counting, self.fixes_signs)

    def _tiling(self, problem: Problem) -> Tiling:
        network = problem.network
        plan = encoding(self.recipe, network, problem.loss_weights)
        return Tiling(problem, plan, self.penalties(problem), self._samples(problem))

    def _samples(self, problem: Problem) -> WeightedSamples:
        return merged_samples(problem) if self.merge else every_sample(problem)

    def _exact_bits(self, problem: Problem) -> int:
        """Return the bits behind the point that energies can have; λ is counted as if it were rounded up."""
        network = problem.network
        penalties = [float(np.ceil(penalty)) for penalty in self.penalties(problem)]
        edge = self.builder.edge_size
        scale = energy_scale(network, self.counting, penalties, problem.loss_weights, problem.num_samples, edge)
        return exact_bits(scale)

    def _wrong_depth(self, network: Network) -> str | None:
        if isinstance(self.penalty, tuple) and len(self.penalty) != network.num_layers:
            return (
                f"formulation {self}: {len(self.penalty)} penalties came for the {network.num_layers} layers of the "
                f"network {network}; give one number, or {network.num_layers}."
            )
        return None

    def _checked(self, penalty: Any) -> float | tuple[float, ...] | None:
        if penalty is None:
            return None
        is_list = isinstance(penalty, (list, tuple, np.ndarray))
        given = list(penalty) if is_list else [penalty]
        if not given or not all(isinstance(p, numbers.Real) and not isinstance(p, bool) for p in given):
            raise InputError(
                f"formulation {self.name}: the penalty must be a number or one number per layer, but {penalty!r} came."
            )
        if not all(0 < p < MAX_PENALTY for p in given):
            raise InputError(
                f"formulation {self.name}: the penalty λ must be positive and below 10^12, but {penalty!r} came; "
                "with λ of at least the bound (see bnnbench.penalty_bound) the formulation is exact."
            )
        return tuple(map(float, given)) if is_list else float(given[0])
