r"""Message passing for perceptrons and committees with binary weights; compiled by numba.

Beliefs are the marginals of the thermal distribution exp(−β·errors) over the weights. Each weight has a field h, with
mean m = tanh h. A hidden neuron k sees in sample n a sum of many weights, which is taken as normal:

    ω_nk = Σ_i x_ni m_ki − V_k g_nk,    V_k = Σ_i (1 − m_ki²),    p_nk = Φ(ω_nk / √V_k),

where g is that of the step before: the term of Onsager, which takes out what a weight told the sample. With y the
target, u⁺ the chance factor of the sample if the neuron agrees with y and u⁻ if it does not, summed exactly over the
other neurons' agreements,

    g_nk = (u⁺ − u⁻)·φ(ω/√V)/√V / (u⁺·p + u⁻·(1 − p)),    h_ki ← Σ_n x_ni g_nk + m_ki Σ_n g_nk (g_nk + ω_nk / V_k).

These are the equations of Thouless, Anderson and Palmer for belief propagation on dense graphs, also called approximate
message passing: memory and time of a step are those of two products with the data.

Beliefs alone say how often a weight is +1. To end in one setting, a step adds a field that grows:

- **reinforced**: r·h of the step before, with r from 0 to 1;
- **focusing**: of y replicas around a common center, atanh(t·tanh((y − 1)·atanh(t·tanh h))) with t = tanh γ, γ growing;
  so dense regions of good settings are preferred to lone ones.

References
----------
A. Braunstein and R. Zecchina, "Learning by Message Passing in Networks of Discrete Synapses", Physical Review Letters
96, 2006: reinforcement.
C. Baldassi, C. Borgs, J. T. Chayes, A. Ingrosso, C. Lucibello, L. Saglietti and R. Zecchina, "Unreasonable
effectiveness of learning neural networks", PNAS 113, 2016: focusing.
D. L. Donoho, A. Maleki and A. Montanari, "Message-passing algorithms for compressed sensing", PNAS 106, 2009.
Implemented is what stands above, with all messages in one wave, not edge by edge.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search.compiled import compiled
from bnnbench.optimum.search.distinct_samples import DistinctSamples

_LEAST = 1e-30
"""Chances below are as good as 0."""
_LEAST_VARIANCE = 1e-3
"""Of a sum of weights that are all but decided."""
_LARGEST = 30.0
"""Fields above say nothing more."""


class Samples(NamedTuple):
    """The training data.

    Attributes
    ----------
    products
        Inputs times target, a bias among them: ±1, int8 of shape (D, m).
    needs
        Agreeing neurons that make a sample right, int64 (D,).
    counts
        Weights of the samples, float64 (D,).
    penalties
        exp(−β·count): chance factor of a wrong sample, (D,).
    """

    products: NDArray[np.int8]
    needs: NDArray[np.int64]
    counts: NDArray[np.float64]
    penalties: NDArray[np.float64]


class Beliefs(NamedTuple):
    """The state of a run.

    Attributes
    ----------
    fields, means
        h with and without the field that grows: (2, K, m); and tanh of the first, (K, m).
    slopes, curvatures
        g of each sample and neuron, (D, K); Σ_n g (g + ω/V), (K,).
    variances
        V, (K,).
    memory
        For one sample: ω, p, agreements of the weights' signs, (3, K); and the distributions of agreements of the first
        and of the last neurons, (2, K + 1, K + 1).
    """

    fields: NDArray[np.float32]
    means: NDArray[np.float32]
    slopes: NDArray[np.float32]
    curvatures: NDArray[np.float64]
    variances: NDArray[np.float64]
    memory: tuple[NDArray[np.float64], NDArray[np.float64]]


def committee_samples(distinct: DistinctSamples, output: int, beta: float) -> Samples:
    """Return the samples of one output, neurons of the layer below agreeing with it; `beta` is per error."""
    network = distinct.network
    inputs = distinct.inputs
    if network.bias:
        inputs = np.concatenate([inputs, np.ones((len(inputs), 1), dtype=np.int8)], axis=1)
    target = distinct.targets[:, output]
    num_hidden = network.widths[1] if network.num_layers == 2 else 1
    counts = distinct.weights[:, output].astype(np.float64)
    return Samples(
        np.ascontiguousarray(inputs * target[:, None]),
        np.where(target > 0, (num_hidden + 1) // 2, num_hidden // 2 + 1).astype(np.int64),
        counts,
        np.exp(-beta * counts),
    )


def make_beliefs(samples: Samples, num_hidden: int) -> Beliefs:
    """Return the memory of a run."""
    num_samples, fan_in = samples.products.shape
    return Beliefs(
        np.zeros((2, num_hidden, fan_in), np.float32),
        np.zeros((num_hidden, fan_in), np.float32),
        np.zeros((num_samples, num_hidden), np.float32),
        np.zeros(num_hidden),
        np.zeros(num_hidden),
        (np.zeros((3, num_hidden)), np.zeros((2, num_hidden + 1, num_hidden + 1))),
    )


def begin(beliefs: Beliefs, random: np.random.Generator, spread: float) -> None:
    """Draw fields of a standard deviation of `spread`, which break the symmetry between neurons, and forget slopes."""
    beliefs.fields[:] = random.normal(0, spread, beliefs.fields.shape[1:])
    beliefs.slopes[:] = 0


@compiled()
def polarize(
    samples: Samples, beliefs: Beliefs, damping: float, pulls: NDArray[np.float64], best: NDArray[np.int8]
) -> int:
    """Step until the signs of the fields make no error, or to the end; return the number of steps.

    Parameters
    ----------
    damping
        Part of the old field that stays.
    pulls
        One per step: (0, r) of reinforcement, or (y − 1, t) of focusing, (steps, 2).
    best
        Filled with the signs that made the fewest errors, (K, m).
    """
    least = np.inf
    for number in range(len(pulls)):
        errors = listen(samples, beliefs)
        if errors < least:
            least = errors
            for k in range(best.shape[0]):
                for i in range(best.shape[1]):
                    best[k, i] = 1 if beliefs.fields[0, k, i] >= 0 else -1
        if errors == 0:
            return number + 1
        gather(samples, beliefs, damping)
        push(beliefs.fields, pulls[number])
    return len(pulls)


@compiled()
def listen(samples: Samples, beliefs: Beliefs) -> float:
    """Fill in means, slopes and curvatures; return the errors that the signs of the fields make."""
    fields, means = beliefs.fields, beliefs.means
    for k in range(means.shape[0]):
        total = 0.0
        for i in range(means.shape[1]):
            means[k, i] = math.tanh(fields[0, k, i])
            total += 1 - means[k, i] ** 2
        beliefs.variances[k] = max(total, _LEAST_VARIANCE)
        beliefs.curvatures[k] = 0
    errors = 0.0
    for n in range(len(samples.needs)):
        errors += samples.counts[n] * _hear(samples, beliefs, n)
        _answer(samples, beliefs, n)
    return errors


@compiled(fastmath=True)
def _dots(products: NDArray[Any], means: NDArray[Any], fields: NDArray[Any]) -> tuple[Any, Any]:
    """Scalar products of a sample with the means, and with the signs of the fields."""
    mean, sign = np.float32(0), np.int32(0)
    for i in range(len(products)):
        mean += products[i] * means[i]
        sign += np.int32(products[i]) if fields[i] >= 0 else -np.int32(products[i])
    return mean, sign


@compiled()
def _hear(samples: Samples, beliefs: Beliefs, n: int) -> bool:
    """Fill in ω and p of a sample; return whether the signs of the fields get it wrong."""
    now = beliefs.memory[0]
    agreements = 0
    for k in range(now.shape[1]):
        mean, sign = _dots(samples.products[n], beliefs.means[k], beliefs.fields[0, k])
        now[0, k] = mean - beliefs.variances[k] * beliefs.slopes[n, k]
        now[1, k] = 0.5 * math.erfc(-now[0, k] / math.sqrt(2 * beliefs.variances[k]))
        agreements += sign > 0
    return bool(agreements < samples.needs[n])


@compiled()
def _answer(samples: Samples, beliefs: Beliefs, n: int) -> None:
    """Fill in the slopes of a sample, and add up the curvatures."""
    now, sums = beliefs.memory
    num_hidden = now.shape[1]
    first, last = sums[0], sums[1]
    first[0, 0], last[num_hidden, 0] = 1, 1
    for k in range(num_hidden):  # agreements of neurons before k + 1, and from k' on
        _add(first[k], first[k + 1], k, now[1, k])
        back = num_hidden - 1 - k
        _add(last[back + 1], last[back], k, now[1, back])
    for k in range(num_hidden):
        need, penalty = samples.needs[n], samples.penalties[n]
        enough, almost = 0.0, 0.0  # chances that the others have `need` agreements, or one less
        for a in range(k + 1):
            for b in range(num_hidden - k):
                if a + b >= need - 1:
                    chance = first[k, a] * last[k + 1, b]
                    almost += chance
                    if a + b >= need:
                        enough += chance
        up, down = penalty + (1 - penalty) * almost, penalty + (1 - penalty) * enough
        root = math.sqrt(beliefs.variances[k])
        place = now[0, k] / root
        norm = up * now[1, k] + down * (1 - now[1, k])
        if norm < _LEAST:
            slope = max(-place, 0.0) / root  # the tail of φ/Φ
        else:
            slope = (up - down) * math.exp(-0.5 * place * place) / (math.sqrt(2 * math.pi) * root * norm)
        beliefs.slopes[n, k] = slope
        beliefs.curvatures[k] += slope * (slope + place / root)


@compiled(inline="always")
def _add(before: NDArray[Any], after: NDArray[Any], size: int, chance: float) -> None:
    """Distribution of agreements with one more neuron."""
    after[size + 1] = before[size] * chance
    for a in range(size, 0, -1):
        after[a] = before[a] * (1 - chance) + before[a - 1] * chance
    after[0] = before[0] * (1 - chance)


@compiled(fastmath=True)
def gather(samples: Samples, beliefs: Beliefs, damping: float) -> None:
    """Add up what the samples tell the weights, into the fields without the one that grows."""
    local, means = beliefs.fields[1], beliefs.means
    rest = np.float32(1 - damping)
    for k in range(means.shape[0]):
        curvature = np.float32(beliefs.curvatures[k])
        row = local[k]
        for i in range(means.shape[1]):
            row[i] = np.float32(damping) * row[i] + rest * means[k, i] * curvature
        for n in range(len(samples.needs)):
            slope, products = rest * beliefs.slopes[n, k], samples.products[n]
            for i in range(len(products)):
                row[i] += slope * products[i]


@compiled()
def push(fields: NDArray[Any], pull: NDArray[Any]) -> None:
    """Add the field that grows."""
    replicas, strength = pull
    for k in range(fields.shape[1]):
        for i in range(fields.shape[2]):
            local = fields[1, k, i]
            if replicas > 0:
                center = math.atanh(strength * math.tanh(local) * (1 - 1e-12))
                extra = math.atanh(strength * math.tanh(replicas * center) * (1 - 1e-12))
            else:
                extra = strength * fields[0, k, i]
            fields[0, k, i] = min(max(local + extra, -_LARGEST), _LARGEST)
