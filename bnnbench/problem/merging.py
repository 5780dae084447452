"""Merge the samples that no network of a kind tells apart: equal inputs, and opposite ones where networks are odd.

Of two samples with equal inputs and opposite targets exactly one is wrong, whatever the weights are, and their margins
add up to a constant. So a row of inputs is kept once, with a target and a net weight per output. A network without bias
in which every fan-in is odd computes an odd function, f(−x) = −f(x), so that opposite inputs are one row as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnnbench.hashing import content_hash
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem


@dataclass(frozen=True, eq=False)
class WeightedSamples:
    """Samples with a weight per output: their weighted loss and a constant are the loss of the problem.

    Parameters
    ----------
    inputs, targets
        −1 or +1, int8 of shapes (D, d_0) and (D, d_L).
    weights
        How many samples more ask for the target than for its opposite: int64 of shape (D, d_L), ≥ 0.
    num_conflicts
        Pairs of sample and output that are left out because they contradict each other; exactly one of each is wrong.
    """

    inputs: NDArray[np.int8]
    targets: NDArray[np.int8]
    weights: NDArray[np.int64]
    num_conflicts: int = 0

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def row_weights(self) -> NDArray[np.int64]:
        """Return the weight of each row in its penalties: the largest of its outputs, at least 1; shape (D,)."""
        return np.asarray(np.maximum(self.weights.max(axis=1), 1))

    def base(self, problem: Problem) -> float:
        """Return the loss that no setting avoids: e + c·m_L per conflict."""
        price, network = problem.loss_weights, problem.network
        return self.num_conflicts * (price.errors + price.margin * network.fan_in(network.num_layers))


def every_sample(problem: Problem) -> WeightedSamples:
    """Return all samples as they are, each of weight 1."""
    return WeightedSamples(problem.inputs, problem.targets, np.ones(problem.targets.shape, dtype=np.int64))


def merged_samples(problem: Problem) -> WeightedSamples:
    """Return the distinct rows of a problem that do not cancel, in the order of their first samples.

    Where all cancel, the first row stays, with weights of 0: penalties need a row to be laid on.
    """
    inputs, targets = problem.inputs, problem.targets
    signs = inputs[:, 0] if is_odd(problem.network) else np.ones(len(inputs), dtype=np.int8)
    first, place = distinct_rows(inputs * signs[:, None])
    net = np.zeros((len(first), targets.shape[1]), dtype=np.int64)
    np.add.at(net, place, targets.astype(np.int64) * (signs * signs[first][place])[:, None])
    kept = np.flatnonzero(net.any(axis=1))
    kept = kept[np.argsort(first[kept])] if len(kept) else np.array([np.argmin(first)])
    return WeightedSamples(
        inputs=inputs[first[kept]],
        targets=np.where(net[kept] >= 0, 1, -1).astype(np.int8),
        weights=np.abs(net[kept]),
        num_conflicts=int(targets.size - np.abs(net).sum()) // 2,
    )


def merged_hash(problem: Problem) -> str:
    """Return the content hash of what is left of a problem when its samples are merged, in whatever order they came.

    Problems of one such hash have the same optimal weights, and losses that differ by a factor and a constant: as
    evidence, they are one problem.
    """
    merged = merged_samples(problem)
    weights = merged.weights // max(1, int(np.gcd.reduce(merged.weights, axis=None)))
    signs = merged.inputs[:, :1] if is_odd(problem.network) else np.int8(1)
    rows = np.hstack([signs * merged.inputs, signs * merged.targets, weights])
    header = {"network": problem.network.hash, "loss": problem.loss}
    if problem.loss == "zero_one_margin":  # the price of a margin depends on it
        header["num_samples"] = str(problem.num_samples)
    return content_hash("merged", header, rows[np.lexsort(rows.T)])


def distinct_rows(rows: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each distinct row of −1 and +1 occurs first, and which of them each row is."""
    packed = np.packbits(rows > 0, axis=1)
    if packed.shape[1] <= 8:  # numbers sort much faster than rows
        padded = np.zeros((len(rows), 8), dtype=np.uint8)
        padded[:, : packed.shape[1]] = packed
        _, first, place = np.unique(padded.view(np.uint64)[:, 0], return_index=True, return_inverse=True)
    else:
        _, first, place = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    return first, place.ravel()


def is_odd(network: Network) -> bool:
    """Return whether f(−x) = −f(x) for all weights: no bias, and no sum that can be 0."""
    return not network.bias and all(network.fan_in(layer) % 2 for layer in range(1, network.num_layers + 1))
