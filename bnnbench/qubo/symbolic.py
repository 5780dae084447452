"""The short way to write a formulation: one sample as a PyQUBO expression, summed over the data.

An expression that sees the first layer through `SymbolicSample.products` alone is a function of x_i·w_i, so that every
sample is a gauge transformation of one with inputs +1: PyQUBO compiles one expression for each setting of the targets,
and arrays do the rest. Other expressions are summed over all samples and compiled together, which is slower.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem
from bnnbench.qubo.qubo import Qubo, make_qubo
from bnnbench.qubo.template import SpinForm, spin_form, stacked
from bnnbench.qubo.tiling import tile

MAX_ENUMERATED = 20
"""Private bits of a sample up to which all their settings are tried."""
MAX_CELLS = 2**22
"""Energies at a time, for about 32 MB."""


class SymbolicSample:
    """One sample: its weights and private bits as PyQUBO expressions, its data as numbers.

    Attributes
    ----------
    network
        The shapes.
    targets
        −1 or +1, one per output.
    error_price, margin_price
        What an error and a unit of margin cost: loss = error_price·[a ≠ y] + margin_price·(m_L − y z)/2.
    reads_data
        Whether inputs or weights of the first layer were asked for other than through `products`.
    """

    def __init__(self, problem: Problem, number: int, inputs: Sequence[int], prefix: str = "") -> None:
        self.network: Network = problem.network
        self.targets: list[int] = problem.targets[number].tolist()
        self.error_price, self.margin_price = problem.loss_weights.errors, problem.loss_weights.margin
        self.reads_data = False
        self.ancillas: dict[str, Any] = {}
        self._inputs = list(inputs)
        self._prefix = prefix

    @property
    def inputs(self) -> list[int]:
        """−1 or +1, one per input."""
        self.reads_data = True
        return self._inputs

    @property
    def products(self) -> list[list[Any]]:
        """Products x_i·w_i of the first layer as expressions of value −1 or +1: a list per neuron, its bias last."""
        signs = [*self._inputs, 1]
        return [[sign * w for sign, w in zip(signs, row, strict=False)] for row in self._weights(1)]

    def weights(self, layer: int) -> list[list[Any]]:
        """Return the weights of a layer 1, …, L as expressions of value −1 or +1: a list per neuron, its bias last."""
        self.reads_data = self.reads_data or layer == 1
        return self._weights(layer)

    def ancilla(self, name: str) -> Any:
        """Return a bit of this sample's own, of value 0 or 1; the same name is the same bit."""
        import pyqubo

        return self.ancillas.setdefault(name, pyqubo.Binary(f"{self._prefix}{name}"))

    def spin(self, name: str) -> Any:
        """Return 2·ancilla − 1, of value −1 or +1."""
        return 2 * self.ancilla(name) - 1

    def _weights(self, layer: int) -> list[list[Any]]:
        import pyqubo

        return [
            [2 * pyqubo.Binary(_weight(layer, neuron, index)) - 1 for index in range(self.network.fan_in(layer))]
            for neuron in range(self.network.widths[layer])
        ]


def compile_samples(energy: Callable[[SymbolicSample], Any], problem: Problem) -> Qubo:
    """Return the sum of an energy over all samples: weights first, then the private bits of each sample in turn.

    Raises
    ------
    InputError
        If an energy is no expression of degree 2 at most, or if samples have other private bits than the first.
    """
    targets, groups = np.unique(problem.targets, axis=0, return_inverse=True)
    parts, names = [], None
    for place in range(len(targets)):
        number = int(np.flatnonzero(groups.ravel() == place)[0])
        sample = SymbolicSample(problem, number, [1] * problem.network.num_inputs)
        expression = energy(sample)
        if sample.reads_data:
            return _compile_together(energy, problem)
        names = _same_names(names, sample)
        parts.append(_spin_form(expression, _weight_names(problem.network) + names))
    return _tile_groups(problem, parts, groups.ravel(), names or [])


def can_complete_samples(qubo: Qubo, num_weights: int, num_samples: int) -> bool:
    """Return whether the bits behind those of the weights are equal blocks, one per sample, of few private bits."""
    size, rest = divmod(qubo.num_variables - num_weights, num_samples)
    block = np.maximum(np.arange(qubo.num_variables) - num_weights, -1) // max(size, 1)
    inner = qubo.rows >= num_weights
    has_blocks = not rest and np.array_equal(block[qubo.rows[inner]], block[qubo.cols[inner]])
    return has_blocks and 0 <= size <= MAX_ENUMERATED


def complete_samples(qubo: Qubo, shared: NDArray[np.int8], num_samples: int) -> NDArray[np.int8] | None:
    """Return bits of least energy for the bits of weights, (k, W), that come before equal blocks, one per sample.

    Each block is tried through. None, if the bits are not so, or a block has more than `MAX_ENUMERATED`.
    """
    num_weights = shared.shape[1]
    if not can_complete_samples(qubo, num_weights, num_samples):
        return None
    size = (qubo.num_variables - num_weights) // num_samples
    if not size:
        return shared
    states = (np.arange(2**size)[:, None] >> np.arange(size) & 1).astype(np.float64)
    matrix = qubo.upper
    bits = [shared]
    step = max(1, MAX_CELLS // len(states))
    for sample in range(num_samples):
        start = num_weights + sample * size
        own = matrix[start : start + size, start : start + size].toarray()
        across = matrix[:num_weights, start : start + size]
        private = states @ qubo.linear[start : start + size] + np.einsum("si,ij,sj->s", states, own, states)
        best = [
            (private + (shared[k : k + step].astype(np.float64) @ across) @ states.T).argmin(axis=1)
            for k in range(0, len(shared), step)
        ]
        bits.append(states[np.concatenate(best)].astype(np.int8))
    return np.hstack(bits)


def _compile_together(energy: Callable[[SymbolicSample], Any], problem: Problem) -> Qubo:
    """Compile the energies of all samples as one expression."""
    total: Any = 0
    names, private = None, []
    for number in range(problem.num_samples):
        prefix = f"n{number}_"
        sample = SymbolicSample(problem, number, problem.inputs[number].tolist(), prefix)
        total = total + energy(sample)
        names = _same_names(names, sample)
        private += [prefix + name for name in names]
    form = _spin_form(total, _weight_names(problem.network) + private)
    one = stacked([form], len(form[0]), np.full(len(form[0]), -1))
    return tile(one, problem.inputs[:1], np.ones((1, 1)))


def _tile_groups(problem: Problem, parts: list[SpinForm], groups: NDArray[np.int64], names: list[str]) -> Qubo:
    """Tile one template per setting of the targets, and add up what they share."""
    num_weights, size = problem.network.num_weights, len(names)
    num_variables = num_weights + problem.num_samples * size
    gauged = np.full(num_weights + size, -1)
    for place, name in enumerate(_weight_names(problem.network)):
        _, layer, _, index = name.split("_")
        if int(layer) == 1 and int(index) < problem.network.num_inputs:
            gauged[place] = int(index)
    linear, offset, pieces = np.zeros(num_variables), 0.0, []
    for number, part in enumerate(parts):
        members = np.flatnonzero(groups == number)
        qubo = tile(stacked([part], num_weights, gauged), problem.inputs[members], np.ones((len(members), 1)))
        own = num_weights + members[:, None] * size + np.arange(size)
        places = np.concatenate([np.arange(num_weights), own.ravel()])
        linear[places] += qubo.linear
        offset += qubo.offset
        pieces.append((places[qubo.rows], places[qubo.cols], qubo.couplings))
    rows, cols, couplings = (np.concatenate(column) for column in zip(*pieces, strict=True))
    return make_qubo(linear, rows, cols, couplings, offset)


def _weight(layer: int, neuron: int, index: int) -> str:
    return f"w_{layer}_{neuron}_{index}"


def _weight_names(network: Network) -> list[str]:
    """Return the names of all weights, in the order of the weight vector."""
    return [
        _weight(layer, neuron, index)
        for layer in range(1, network.num_layers + 1)
        for neuron in range(network.widths[layer])
        for index in range(network.fan_in(layer))
    ]


def _same_names(names: list[str] | None, sample: SymbolicSample) -> list[str]:
    """Return the names of a sample's private bits, which must be those of the samples before."""
    own = list(sample.ancillas)
    clash = set(own) & set(_weight_names(sample.network))
    if clash or (names is not None and sorted(names) != sorted(own)):
        raise InputError(
            f"sample_energy: a sample has the private bits {own}, but "
            + (f"{min(clash)} is the name of a weight" if clash else f"another has {names}")
            + "; name the same bits in every sample, and none like a weight."
        )
    return own if names is None else names


def _spin_form(expression: Any, names: list[str]) -> SpinForm:
    """Return the coefficients of an expression over variables of these names; a number is a constant."""
    if isinstance(expression, (int, float, np.number)):
        return [0.0] * len(names), {}, float(expression)
    if not hasattr(expression, "compile"):
        raise InputError(
            f"sample_energy: it must give a PyQUBO expression or a number, but gave {type(expression).__name__}."
        )
    model = expression.compile()
    if unknown := sorted(set(model.variables) - set(names)):
        raise InputError(
            f"sample_energy: the expression has the variable {unknown[0]!r}, which is neither a weight nor an ancilla "
            "of the sample; keep the degree at 2, and make bits by sample.ancilla(name)."
        )
    return spin_form(model, names, {})
