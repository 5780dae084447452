r"""Bounds of a penalty λ: what soundness needs, and what double precision allows.

See docs/formulation.md for the proofs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bnnbench.problem.network import Network
from bnnbench.problem.problem import LossWeights
from bnnbench.qubo.counter import Counter

FINEST = 20
"""λ that is no binary fraction is rounded to a multiple of 2^-20, which other programs can scale to whole numbers."""
MARGIN = 1 + 2**-6
"""λ over its bound where none is given: above it, every ground state violates nothing; a binary fraction is exact."""
MANTISSA_BITS = 53
"""Of a double: whole numbers below 2^53 are exact."""


def layer_bounds(network: Network, loss: LossWeights) -> tuple[float, ...]:
    r"""Return the smallest λ_1, …, λ_L for which the minimum energy is proved to be the minimum training loss.

    With e the price of an error, c that of a unit of margin, and d_l the widths:

    - one layer: ``e``;
    - the output layer above hidden ones: ``e + 2c``, as a wrong product bit moves the count by 2;
    - the last hidden layer: ``d_L·(e + c)``, as a wrong activation moves each output's count by 1;
    - each layer below it: ``d_L·(e + c·d_{L−1})``, the span of one sample's loss.

    For λ above these bounds, every ground state violates nothing.
    """
    outputs, layers = network.num_outputs, network.num_layers
    if layers == 1:
        return (loss.errors,)
    below = outputs * (loss.errors + loss.margin * network.widths[layers - 1])
    return (below,) * (layers - 2) + (outputs * (loss.errors + loss.margin), loss.errors + 2 * loss.margin)


def least_penalties(network: Network, loss: LossWeights) -> tuple[float, ...]:
    """Return a λ for each layer, a 64th above its bound; a layer without penalties takes a unit of loss for a bound."""
    return tuple(MARGIN * (bound or loss.margin) for bound in layer_bounds(network, loss))


def penalty_bound(network: Network, loss: LossWeights) -> float:
    """Return the smallest λ for all layers that is proved to be enough: the largest of `layer_bounds`.

    A network of one layer with the loss ``margin`` has no penalties; its bound is the price of a unit of margin.
    """
    return max(layer_bounds(network, loss)) or loss.margin


def energy_scale(
    network: Network, counter: Counter, penalties: Sequence[float], loss: LossWeights, num_samples: int, edge: float
) -> float:
    """Return a bound on Σ |h| + Σ |J| + |offset| of an instance in spin form, summed sample by sample.

    Parameters
    ----------
    edge
        The same sum for the penalty on the product of one edge, for λ = 1.
    """
    total = network.num_outputs * (loss.errors + loss.margin * 4 * network.fan_in(network.num_layers))
    for layer, penalty in enumerate(penalties, start=1):
        fan_in = network.fan_in(layer)
        lowest, _ = counter.form_range(fan_in)
        one = counter.added_inputs(fan_in)
        # In spins, an agreement with data is ½ ± ½w, and 1 − w − a + 2p has the coefficients ½, ½, 1 and the mean 1.
        width, center = (0.5 * fan_in, 0.5 * fan_in) if layer == 1 else (2.0 * fan_in, 1.0 * fan_in)
        half = 0.5 * (-(-fan_in // 2) + one + sum(counter.weights(fan_in)) + 1)
        form = width + half + max(center, abs(center - half - one - lowest))
        total += penalty * network.widths[layer] * (form * form + form + edge * fan_in + 2)
    return num_samples * total


def exact_bits(scale: float) -> int:
    """Return the largest k for which energies are exact if their coefficients are multiples of 2^-k; less than 0: none.

    `scale` is that of `energy_scale`. As bits, Σ |coefficient| is at most 8 times as large; in spin form, coefficients
    are multiples of 2^-k/8. Both leave 2^53 / 8 steps for `scale`.
    """
    return MANTISSA_BITS - 3 - math.ceil(math.log2(scale))


def on_grid(penalty: float, bits: int, finest: int = FINEST) -> float:
    """Return λ if it is a multiple of 2^-bits, else the next one of 2^-finest, or of 2^-bits if that is coarser."""
    if (penalty * 2.0**bits).is_integer():
        return penalty
    steps = 2.0 ** min(bits, finest)
    return math.ceil(penalty * steps) / steps


def loss_bits(loss: LossWeights) -> int:
    """Return the least k for which losses are multiples of 2^-k; prices are powers of two."""
    return max(0, -round(math.log2(loss.margin or loss.errors)))
