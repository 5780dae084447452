"""A margin and a range per neuron in place of errors; energy 0 proves loss 0, made to be annealed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bnnbench.problem.merging import every_sample, merged_samples
from bnnbench.problem.network import Network
from bnnbench.problem.problem import LossWeights, Problem
from bnnbench.qubo.constraint import Square
from bnnbench.qubo.decoder import Decoder
from bnnbench.qubo.encoding import Encoding
from bnnbench.qubo.formulation import Formulation, Soundness
from bnnbench.qubo.penalty import exact_bits, layer_bounds, on_grid
from bnnbench.qubo.qubo import Qubo
from bnnbench.qubo.size import check_memory
from bnnbench.qubo.symbolic import MAX_ENUMERATED, complete_samples
from bnnbench.qubo.template import Recipe, Template, encoding, template
from bnnbench.qubo.tiling import Tiling, ancilla_values, tile
from bnnbench.qubo.well import Well, WellBuilder, WellCounter, default_well
from bnnbench.search_range import Range

Whole = Annotated[int, Field(ge=0, le=4095)]
Step = Annotated[int, Field(ge=1, le=4095)]
Price = Annotated[float, Field(gt=0, lt=1e6)]

RESIDUE = 2.0**-44
"""Part of the largest coefficient below which what is left of a penalty that was taken off again is rounding."""


@dataclass(frozen=True, kw_only=True)
class Wells(Formulation):
    """Each neuron is drawn into a range of its pre-activation z: κ ≤ a·z ≤ κ + 2C, where a is the target at the output.

    ``E = Σ_l λ_l Σ (z − a·(κ_l + C_l) − Σ_k c_k t_k)²/4`` over samples and neurons, with slack spins t whose weights
    c = step, 2·step, 4·step, … have the sum C_l; see `bnnbench.qubo.well.Well` for κ off the parity of the fan-in.
    A single layer has n + N·K bits for K slack bits, and no activation. An energy of 0 proves a training loss of 0.
    With ``error`` outputs have activations too, and `soft` and `reduced` are corners. Rules for what is not given, and
    proofs: docs/formulation.md.
    """

    margin: Annotated[Whole | tuple[Whole, ...] | None, Range(1, 15, log=True, count="layers")] = None
    """κ: for all layers, or one per layer; off the parity of the fan-in m, both neighbors are free; None: by a rule."""
    reach: Annotated[Whole | tuple[Whole, ...] | None, Range(0, 31, count="layers")] = None
    """C, half the width of the range: for all layers, or one per layer; None: by a rule."""
    step: Step | tuple[Step, ...] | None = None
    """The least weight of a slack bit: c = step, 2·step, …; None: 1, or by a rule where `reach` follows one."""
    penalty: Annotated[Price | tuple[Price, ...] | None, Range(0.02, 3.0, log=True, count="layers")] = None
    """λ: for all layers, or one per layer; None: 2/m in hidden layers and 1 at the output."""
    error: Price | None = None
    """The price at which an output, now with an activation bit, may miss its target; None: it may not."""
    merge: bool = True
    """Whether samples that no network tells apart are one sample of a larger weight: equal and, if odd, opposite."""

    def wells(self, network: Network) -> tuple[Well, ...]:
        """Return the range and the price of each layer."""
        layers = range(1, network.num_layers + 1)
        last = network.num_layers
        rules = [default_well(network.fan_in(layer), is_single=last == 1, is_output=layer == last) for layer in layers]
        return tuple(
            Well(
                network.fan_in(layer),
                _of_layer(self.margin, layer, rules[layer - 1][0]),
                _of_layer(self.reach, layer, rules[layer - 1][1]),
                _of_layer(self.step, layer, rules[layer - 1][2] if self.reach is None else 1),
                _of_layer(self.penalty, layer, rules[layer - 1][3]),
            )
            for layer in layers
        )

    def soundness(self, problem: Problem) -> Soundness:
        """Return sound where the wells and energies are exact, and λ reaches its bound; else whether 0 proves 0.

        For the latter, all margins have to be positive.
        """
        network, wells = problem.network, self.wells(problem.network)
        if problem.loss != "zero_one" or any(well.guaranteed < 1 for well in wells):
            return Soundness.UNSOUND
        bounds = layer_bounds(network, problem.loss_weights)
        reaches = all(well.is_exact and well.penalty >= bound for well, bound in zip(wells, bounds, strict=True))
        is_exact = self.error == 1 and reaches and self._exact_bits(problem) >= 0
        return Soundness.SOUND if is_exact else Soundness.ONE_SIDED

    def refuses(self, problem: Problem) -> str | None:
        """Refuse lists of another length than the layers, and margins that no pre-activation can have."""
        network = problem.network
        for name in ("margin", "reach", "step", "penalty"):
            given = getattr(self, name)
            if isinstance(given, tuple) and len(given) != network.num_layers:
                return (
                    f"formulation {self}: {len(given)} values of {name} came for the {network.num_layers} layers of "
                    f"the network {network}; give one number, or {network.num_layers}."
                )
        for well in self.wells(network):
            if well.margin > well.fan_in:
                return (
                    f"formulation {self}: with fan-in {well.fan_in}, pre-activations are at most {well.fan_in}, but "
                    f"the margin {well.margin} came; give a smaller one, or none, or one per layer."
                )
        return None

    def _exact_bits(self, problem: Problem) -> int:
        """Return the bits behind the point that energies can have; λ is counted as if it were rounded up."""
        network, total = problem.network, float(problem.network.num_outputs * (self.error or 1))
        for layer, well in enumerate(self.wells(network), start=1):
            rounded = replace(well, penalty=ceil(well.penalty))
            total += network.widths[layer] * rounded.energy_scale(is_first=layer == 1)
        return exact_bits(problem.num_samples * total)

    def compile(self, problem: Problem) -> Qubo:
        """Return the QUBO of a problem."""
        return self.build(problem)[0]

    def decode(self, problem: Problem, bits: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the weights behind bits; fixed weights are +1."""
        return self.build(problem)[1].decode(bits)

    def complete(self, problem: Problem, weights: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the bits of `WellDecoder.complete`."""
        return self.build(problem)[1].complete(weights)

    def build(self, problem: Problem) -> tuple[Qubo, Decoder]:
        """Return one sample, compiled once and tiled over all, with the way back from its bits.

        The λ of a sound formulation is rounded up to a grid on which energies are exact, see `on_grid`.
        """
        network, wells = problem.network, self.wells(problem.network)
        if self.is_sound(problem):
            bits = self._exact_bits(problem)
            wells = tuple(replace(well, penalty=on_grid(well.penalty, bits)) for well in wells)
        samples = merged_samples(problem) if self.merge else every_sample(problem)
        recipe = Recipe(WellBuilder, WellCounter(wells), fixes_signs=True)
        penalties = tuple(well.penalty for well in wells)
        if self.error is None:
            plan = WellBuilder(network, recipe.counter, recipe.fixes_signs, needs_sign=True).build()
            one, plan = _with_targets(recipe, plan, wells)
        else:
            loss = LossWeights(errors=self.error, margin=0.0)
            one, plan = template(recipe, network, penalties, loss), encoding(recipe, network, loss)
        weights = samples.weights
        factors = np.hstack([samples.row_weights[:, None], weights, weights * samples.targets]).astype(np.float64)
        check_memory(problem, one.num_couplings(len(samples)))
        qubo = tile(one, samples.inputs, factors)
        qubo = replace(qubo, offset=qubo.offset + (self.error or 1) * samples.num_conflicts)
        return qubo, WellDecoder(Tiling(problem, plan, penalties, samples), wells, qubo)


def _of_layer(given: Any, layer: int, default: Any) -> Any:
    if given is None:
        return default
    return given[min(layer, len(given)) - 1] if isinstance(given, tuple) else given


def _with_targets(recipe: Recipe, plan: Encoding, wells: tuple[Well, ...]) -> tuple[Template, Encoding]:
    """Return the template and the encoding in which targets stand in place of the activations of the outputs.

    The spin of an output's activation is its target y, so that its couplings become biases times y.
    """
    outputs, penalties = plan.output_activations, tuple(well.penalty for well in wells)
    base = template(recipe, plan.network, penalties, LossWeights(errors=1.0, margin=0.0))
    n, num_parts = len(plan.variables), 2 * len(outputs) + 1
    squares = [p for p in plan.penalties if isinstance(p, Square) and p.layer == plan.network.num_layers]
    forms = [square.spin_form() for square in squares]
    pairs_of = [variables[np.array(np.triu_indices(len(variables), 1))] for variables, *_ in forms]
    own = base.rows * n + base.cols
    keys = np.unique(np.concatenate([own, *(first * n + second for first, second in pairs_of)]))
    linear, couplings, offset = np.zeros((num_parts, n)), np.zeros((num_parts, len(keys))), np.zeros(num_parts)
    linear[0], couplings[0, np.searchsorted(keys, own)], offset[0] = base.linear[0], base.couplings[0], base.offset[0]
    for even, alpha in enumerate(outputs, start=1):
        odd, (first, second) = even + len(outputs), pairs_of[even - 1]
        variables, slopes, pairs, constant = forms[even - 1]
        places, prices = np.searchsorted(keys, first * n + second), penalties[-1] * pairs
        linear[even, variables], couplings[even, places] = penalties[-1] * slopes, prices
        offset[even] = penalties[-1] * constant
        for array in (linear, couplings, offset):
            array[0] -= array[even]
        touches = (first == alpha) | (second == alpha)
        linear[odd, (first + second - alpha)[touches]], couplings[even, places[touches]] = prices[touches], 0.0
        offset[odd], linear[even, alpha] = linear[even, alpha], 0.0
    residue = RESIDUE * max(np.abs(base.linear).max(), np.abs(base.couplings).max(initial=0.0))
    for array in (linear, couplings):
        array[0, np.abs(array[0]) < residue] = 0.0
    stays = np.array([variable not in outputs for variable in range(n)])
    place, kept = np.cumsum(stays) - 1, np.any(couplings != 0, axis=0)
    ends = place[keys[kept] // n], place[keys[kept] % n]
    gauges = plan.gauged_inputs[stays]
    one = Template(plan.num_weights, gauges, linear[:, stays], *ends, couplings[:, kept], offset)
    others = tuple(v for v, is_kept in zip(plan.variables, stays, strict=True) if is_kept)
    return one, replace(plan, variables=others, penalties=(), output_activations=())


@dataclass(frozen=True, eq=False)
class WellDecoder(Decoder):
    """The way between bits and weights; slack bits and activations say nothing of the weights."""

    tiling: Tiling
    wells: tuple[Well, ...]
    qubo: Qubo

    @property
    def arrays(self) -> tuple[NDArray[np.int64], ...]:
        """Return the places of the free weights."""
        return self.tiling.arrays

    def decode(self, bits: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the weights behind bits; fixed weights are +1."""
        return self.tiling.decode(bits)

    def canonical(self, weights: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the setting with all fixed weights +1 that computes the same as `weights`."""
        return self.tiling.canonical(weights)

    def complete(self, weights: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return bits of least energy, where a sample has few enough to try; else activations of the forward pass."""
        tiling, network = self.tiling, self.tiling.problem.network
        w, samples = self.canonical(weights), tiling.samples
        shared = (w[:, tiling.free_weights] > 0).astype(np.int8)
        private = tiling.encoding.variables[tiling.encoding.num_weights :]
        if network.num_layers > 1 and len(private) <= MAX_ENUMERATED:
            bits = complete_samples(self.qubo, shared, len(samples))
            if bits is not None:
                return bits
        z = network.layers(w, samples.inputs)
        values, columns = ancilla_values(tiling, w), []
        for variable in private:
            layer, neuron = variable.layer, variable.neuron
            if variable.role != "count":
                columns.append(values(variable))
                continue
            own, well = z[layer - 1][..., neuron], self.wells[layer - 1]
            active = (
                samples.targets[:, neuron] > 0
                if layer == network.num_layers and not tiling.encoding.output_activations
                else own >= 0
            )
            counts = ((own + well.fan_in) // 2).astype(np.int64)
            columns.append(well.bits_of(counts, np.broadcast_to(active, counts.shape))[..., variable.index])
        if not columns:
            return shared
        return np.concatenate([shared, np.stack(columns, axis=-1).astype(np.int8).reshape(len(w), -1)], axis=1)

    def violations(self, bits: NDArray[np.int8]) -> dict[str, NDArray[np.int64]]:
        """Return nothing: what is out of its range costs, and is no violation."""
        del bits
        return {}
