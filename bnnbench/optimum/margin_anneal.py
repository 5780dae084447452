r"""Simulated annealing of the weights of one or two layers on margins instead of errors; compiled by numba.

The cost of sample n at output o is ``u_n·max(0, κ − y·S)²``, where y is the target, u the sample's weight, and

- in one layer S = z, the pre-activation;
- in two layers S = Σ_j v_oj·clip(z_j, −c, c): the outputs of the hidden neurons, but graded, so that a flip that turns
  no sign is felt too.

Errors have no slope: a flip that brings a wrong sample nearer to its threshold changes nothing. Margins have one, and
what has margins has few errors. The loss of the problem is computed after each sweep, and the weights of the least loss
are kept, so that a read is judged as any other.

A flip of weight w_i with inputs x moves z by −2·w·x. With the cost F₋ of a sample for z − 2 and F₊ for z + 2, the
change of the cost is Σ_n (F₋ + F₊)/2 − F + w·x_n·(F₋ − F₊)/2. The first part is the same for all weights of a neuron,
the second is a scalar product of the inputs with a vector that changes with accepted flips alone.

References
----------
M. Opper and W. Kinzel, "Statistical Mechanics of Generalization", in Models of Neural Networks III, 1996: stability κ.
S. Kirkpatrick, C. D. Gelatt and M. P. Vecchi, "Optimization by Simulated Annealing", Science 220, 1983.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.flip_anneal import next_word, seeded
from bnnbench.optimum.search.compiled import compiled
from bnnbench.optimum.search.distinct_samples import DistinctSamples

MAX_LAYERS = 2


class Samples(NamedTuple):
    """The training data as floats, for products that run on vectors.

    Attributes
    ----------
    inputs
        ±1, float32 of shape (d_0, D): a row per input, the bias among them.
    targets, counts
        ±1 and the weights of the samples, float32 of shape (d_L, D).
    errors, margin
        Prices of the problem's loss.
    stability, clip
        κ and c.
    """

    inputs: NDArray[np.float32]
    targets: NDArray[np.float32]
    counts: NDArray[np.float32]
    errors: int
    margin: int
    stability: float
    clip: float


class Neurons(NamedTuple):
    """Weights ±1, float32 of shape (width, fan-in), and pre-activations z, float32 of shape (width, D)."""

    weights: NDArray[np.float32]
    z: NDArray[np.float32]


class Slopes(NamedTuple):
    """Of one neuron: (F₋ − F₊)/2 per sample, (D,), and Σ (F₋ + F₊)/2 − F, (1,)."""

    each: NDArray[np.float32]
    base: NDArray[np.float64]


def anneal_margins(
    distinct: DistinctSamples,
    *,
    num_reads: int,
    temperatures: NDArray[np.float64],
    stability: float,
    clip: float,
    seed: int,
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Anneal from random weights; return the weights of least loss of each read, and the losses.

    Parameters
    ----------
    temperatures
        One per sweep, in units of the cost.
    stability, clip
        κ, in units of pre-activation, and c; c is of no effect in one layer.
    """
    network = distinct.network
    ones = np.ones((1, len(distinct.inputs)), dtype=np.float32)
    inputs = distinct.inputs.T.astype(np.float32)
    samples = Samples(
        np.ascontiguousarray(np.concatenate([inputs, ones]) if network.bias else inputs),
        np.ascontiguousarray(distinct.targets.T.astype(np.float32)),
        np.ascontiguousarray(distinct.weights.T.astype(np.float32)),
        distinct.errors,
        distinct.margin,
        float(stability),
        float(clip),
    )
    num_hidden = network.widths[1] if network.num_layers == 2 else 0
    hidden = _neurons(num_hidden, network.fan_in(1), len(distinct.inputs))
    output = _neurons(network.num_outputs, network.fan_in(network.num_layers), len(distinct.inputs))
    best = np.empty((num_reads, network.num_weights), dtype=np.int8)
    losses = np.empty(num_reads, dtype=np.int64)
    _anneal(samples, hidden, output, temperatures, seeded(seed), best, losses)
    return best, losses


def _neurons(width: int, fan_in: int, num_samples: int) -> Neurons:
    return Neurons(np.ones((width, fan_in), dtype=np.float32), np.zeros((width, num_samples), dtype=np.float32))


@compiled(fastmath=True)
def _dot(a: NDArray[Any], b: NDArray[Any]) -> float:
    total = np.float32(0)
    for n in range(len(b)):
        total += a[n] * b[n]
    return total


@compiled(inline="always")
def _cost(lack: Any) -> Any:
    """Square of what a sample lacks of the stability."""
    short = max(lack, np.float32(0))
    return short * short


@compiled(inline="always")
def _clipped(z: Any, clip: Any) -> Any:
    return min(max(z, -clip), clip)


@compiled(fastmath=True)
def _output_slopes(samples: Samples, output: Neurons, o: int, slopes: Slopes) -> None:
    """Slopes of an output of a single layer."""
    z, target, count, each = output.z[o], samples.targets[o], samples.counts[o], slopes.each
    stability = np.float32(samples.stability)
    base = np.float32(0)
    for n in range(len(z)):
        lack = stability - target[n] * z[n]
        lower = count[n] * _cost(lack + 2 * target[n])
        upper = count[n] * _cost(lack - 2 * target[n])
        each[n] = (lower - upper) * np.float32(0.5)
        base += (lower + upper) * np.float32(0.5) - count[n] * _cost(lack)
    slopes.base[0] = base


@compiled(fastmath=True)
def _hidden_slopes(samples: Samples, hidden: Neurons, output: Neurons, j: int, slopes: Slopes) -> None:
    """Slopes of a hidden neuron, over all outputs."""
    z, each, clip = hidden.z[j], slopes.each, np.float32(samples.clip)
    stability = np.float32(samples.stability)
    total = np.float32(0)
    each[:] = 0
    for o in range(len(output.z)):
        sums, target, count, v = output.z[o], samples.targets[o], samples.counts[o], output.weights[o, j]
        base = np.float32(0)
        for n in range(len(z)):
            here, toward = _clipped(z[n], clip), v * target[n]
            lack = stability - target[n] * sums[n]
            lower = count[n] * _cost(lack - toward * (_clipped(z[n] - np.float32(2), clip) - here))
            upper = count[n] * _cost(lack - toward * (_clipped(z[n] + np.float32(2), clip) - here))
            each[n] += (lower - upper) * np.float32(0.5)
            base += (lower + upper) * np.float32(0.5) - count[n] * _cost(lack)
        total += base
    slopes.base[0] = total


@compiled(inline="always")
def _accepts(change: float, temperature: float, state: NDArray[Any]) -> bool:
    return change <= 0 or (next_word(state) >> np.uint64(11)) * 2.0**-53 < np.exp(-change / temperature)


@compiled(fastmath=True)
def _move(z: NDArray[Any], row: NDArray[Any], step: float) -> None:
    for n in range(len(z)):
        z[n] += step * row[n]


@compiled(fastmath=True)
def _add_step(sums: NDArray[Any], z: NDArray[Any], row: NDArray[Any], step: float, v: float, clip: float) -> None:
    """Add to the sums of an output what a neuron's clipped pre-activation changes by, if z moves by step·row."""
    for n in range(len(z)):
        sums[n] += v * (_clipped(z[n] + step * row[n], clip) - _clipped(z[n], clip))


@compiled()
def _sweep_single(samples: Samples, output: Neurons, temperature: float, slopes: Slopes, state: NDArray[Any]) -> None:
    """Propose each weight of a single layer once."""
    for o in range(output.weights.shape[0]):
        _output_slopes(samples, output, o, slopes)
        for i in range(output.weights.shape[1]):
            w = output.weights[o, i]
            change = slopes.base[0] + w * _dot(samples.inputs[i], slopes.each)
            if _accepts(change, temperature, state):
                output.weights[o, i] = -w
                _move(output.z[o], samples.inputs[i], -2 * w)
                _output_slopes(samples, output, o, slopes)


@compiled()
def _sweep_hidden(
    samples: Samples, hidden: Neurons, output: Neurons, temperature: float, slopes: Slopes, state: NDArray[Any]
) -> None:
    """Propose each weight of the hidden neurons once; `output.z` are the graded sums S."""
    for j in range(hidden.weights.shape[0]):
        _hidden_slopes(samples, hidden, output, j, slopes)
        for i in range(hidden.weights.shape[1]):
            w = hidden.weights[j, i]
            change = slopes.base[0] + w * _dot(samples.inputs[i], slopes.each)
            if _accepts(change, temperature, state):
                hidden.weights[j, i] = -w
                for o in range(len(output.z)):
                    _add_step(output.z[o], hidden.z[j], samples.inputs[i], -2 * w, output.weights[o, j], samples.clip)
                _move(hidden.z[j], samples.inputs[i], -2 * w)
                _hidden_slopes(samples, hidden, output, j, slopes)


@compiled()
def _sweep_output(samples: Samples, hidden: Neurons, output: Neurons, temperature: float, state: NDArray[Any]) -> None:
    """Propose each weight above the hidden neurons once; the last one may be a bias, whose input is clipped to c."""
    num_hidden, num_samples = hidden.z.shape
    for o in range(output.weights.shape[0]):
        for j in range(output.weights.shape[1]):
            v = output.weights[o, j]
            change = 0.0
            for n in range(num_samples):
                graded = _clipped(hidden.z[j, n], samples.clip) if j < num_hidden else samples.clip
                lack = samples.stability - samples.targets[o, n] * output.z[o, n]
                moved = lack + 2 * v * samples.targets[o, n] * graded
                change += samples.counts[o, n] * (_cost(moved) - _cost(lack))
            if _accepts(change, temperature, state):
                output.weights[o, j] = -v
                for n in range(num_samples):
                    graded = _clipped(hidden.z[j, n], samples.clip) if j < num_hidden else samples.clip
                    output.z[o, n] -= 2 * v * graded


@compiled()
def _loss(samples: Samples, hidden: Neurons, output: Neurons) -> int:
    """Loss of the problem: of signs, not of margins."""
    num_hidden, fan_in = hidden.z.shape[0], output.weights.shape[1]
    loss = 0.0
    for o in range(output.weights.shape[0]):
        for n in range(output.z.shape[1]):
            z = output.z[o, n]
            if num_hidden:
                z = output.weights[o, num_hidden] if fan_in > num_hidden else np.float32(0)
                for j in range(num_hidden):
                    z += output.weights[o, j] if hidden.z[j, n] >= 0 else -output.weights[o, j]
            target = samples.targets[o, n]
            price = samples.errors * ((z >= 0) != (target > 0)) + samples.margin * (fan_in - target * z) / 2
            loss += samples.counts[o, n] * price
    return int(loss)


@compiled()
def _begin(samples: Samples, hidden: Neurons, output: Neurons, state: NDArray[Any]) -> None:
    """Draw random weights, and compute the pre-activations."""
    num_hidden = hidden.weights.shape[0]
    for neurons in (hidden, output):
        for j in range(neurons.weights.shape[0]):
            for i in range(neurons.weights.shape[1]):
                neurons.weights[j, i] = 1 if next_word(state) >> np.uint64(63) else -1
        neurons.z[:] = 0
    for j in range(num_hidden):
        for i in range(hidden.weights.shape[1]):
            _move(hidden.z[j], samples.inputs[i], hidden.weights[j, i])
    for o in range(output.weights.shape[0]):
        for i in range(output.weights.shape[1]):
            v = output.weights[o, i]
            if not num_hidden:
                _move(output.z[o], samples.inputs[i], v)
                continue
            for n in range(output.z.shape[1]):
                output.z[o, n] += v * (_clipped(hidden.z[i, n], samples.clip) if i < num_hidden else samples.clip)


@compiled()
def _anneal(
    samples: Samples,
    hidden: Neurons,
    output: Neurons,
    temperatures: NDArray[Any],
    state: NDArray[Any],
    best_weights: NDArray[Any],
    best_losses: NDArray[Any],
) -> None:
    """Fill in the weights of least loss of each read, and the losses."""
    slopes = Slopes(np.empty(samples.inputs.shape[1], np.float32), np.zeros(1, np.float64))
    num_first = hidden.weights.size
    for read in range(len(best_weights)):
        _begin(samples, hidden, output, state)
        best_losses[read] = np.iinfo(np.int64).max
        for temperature in temperatures:
            if hidden.weights.shape[0]:
                _sweep_hidden(samples, hidden, output, temperature, slopes, state)
                _sweep_output(samples, hidden, output, temperature, state)
            else:
                _sweep_single(samples, output, temperature, slopes, state)
            loss = _loss(samples, hidden, output)
            if loss < best_losses[read]:
                best_losses[read] = loss
                best_weights[read, :num_first] = hidden.weights.ravel()
                best_weights[read, num_first:] = output.weights.ravel()
