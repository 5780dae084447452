"""The canonical QUBO: sorted arrays, energies, conversion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.hashing import content_hash
from bnnbench.problem.network import as_array

if TYPE_CHECKING:
    import dimod
    import scipy.sparse


@dataclass(frozen=True, eq=False)
class Qubo:
    r"""``E(x) = offset + Σ_i linear_i x_i + Σ_c couplings_c x_{rows_c} x_{cols_c}`` over bits x ∈ {0, 1}^n.

    Canonical: rows < cols, sorted by row and then by column, no pair twice, no coupling zero.

    Parameters
    ----------
    linear
        float64 of shape (n,).
    rows, cols
        int32 of shape (num_couplings,).
    couplings
        float64 of shape (num_couplings,).
    offset
        In units of energy, as all of them.
    """

    linear: NDArray[np.float64]
    rows: NDArray[np.int32]
    cols: NDArray[np.int32]
    couplings: NDArray[np.float64]
    offset: float = 0.0

    def __post_init__(self) -> None:
        for array in (self.linear, self.rows, self.cols, self.couplings):
            array.setflags(write=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Qubo) and self.hash == other.hash

    def __hash__(self) -> int:
        return hash(self.hash)

    @property
    def qubo(self) -> Qubo:
        """The QUBO itself, so that a bare one can stand wherever a solver reads ``instance.qubo``."""
        return self

    @property
    def num_variables(self) -> int:
        """Number of variables n."""
        return len(self.linear)

    @property
    def num_couplings(self) -> int:
        """Pairs of variables with a coupling other than zero."""
        return len(self.couplings)

    @cached_property
    def dynamic_range(self) -> float | None:
        """``max |c| / min |c|`` over all coefficients but zeros: what the control of an analog machine has to resolve.

        None where there is none.
        """
        sizes = np.abs(np.concatenate([self.linear, self.couplings]))
        sizes = sizes[sizes > 0]
        return float(sizes.max() / sizes.min()) if sizes.size else None

    @cached_property
    def hash(self) -> str:
        """Content hash."""
        return content_hash("qubo", {"offset": self.offset}, self.linear, self.rows, self.cols, self.couplings)

    @cached_property
    def structure_hash(self) -> str:
        """Content hash of the graph alone, the key of minor embeddings."""
        return content_hash("graph", {"num_variables": self.num_variables}, self.rows, self.cols)

    @cached_property
    def is_integer(self) -> bool:
        """Return whether all coefficients are whole numbers of a sum below 2^53, so that energies are exact."""
        parts = (self.linear, self.couplings, np.array([self.offset]))
        size = sum(float(np.abs(part).sum()) for part in parts)
        return size < 2**53 and all(bool(np.all(part == np.rint(part))) for part in parts)

    @cached_property
    def unit(self) -> float:
        """The largest power of two of which all coefficients, and so all energies, are multiples; 0 if all are 0."""
        coefficients = np.abs(np.concatenate([self.linear, self.couplings, [self.offset]]))
        mantissas, exponents = np.frexp(coefficients[coefficients > 0])
        whole = (mantissas * 2.0**53).astype(np.int64)
        units = np.ldexp((whole & -whole).astype(float), exponents - 53)
        return float(units.min(initial=np.inf)) if len(units) else 0.0

    @cached_property
    def total(self) -> float:
        """``Σ |c|`` over all coefficients, the offset included: no energy and no part of one is larger."""
        return float(np.abs(self.linear).sum() + np.abs(self.couplings).sum()) + abs(self.offset)

    @property
    def adds_exactly(self) -> bool:
        """Return whether double precision adds coefficients without rounding, in whatever order."""
        return self.total == 0 or self.total < 2.0**53 * self.unit

    @property
    def rounding(self) -> float:
        """Bound on the error of an energy that was added in double precision, in units of energy; 0 if all are exact.

        Whoever adds k numbers, in whatever order, is wrong by at most ``k·2^-53·Σ|c|``.
        """
        num_terms = self.num_variables + self.num_couplings + 1
        return 0.0 if self.adds_exactly else num_terms * 2.0**-53 * self.total

    @property
    def decimals(self) -> int | None:
        """Decimals to which an energy is known, negative left of the point; None if energies are exact.

        A coefficient such as 0.1 is known to half a unit in its last place, and so an energy to ``2^-53·Σ|c|``; the
        last decimal is at least 8 times as large.
        """
        return None if self.adds_exactly else min(300, math.floor(-math.log10(2.0**-50 * self.total)))

    @cached_property
    def upper(self) -> scipy.sparse.csr_array:
        """The couplings as a sparse matrix, (n, n), rows < cols."""
        import scipy.sparse

        n = self.num_variables
        return scipy.sparse.csr_array((self.couplings, (self.rows, self.cols)), shape=(n, n))

    def energies(self, bits: Any) -> NDArray[np.float64]:
        """Return the energy of each row of `bits`, 0 or 1, shape (k, n); float64 of shape (k,).

        Energies are exact where `adds_exactly` says so. Else they are rounded to the `decimals` that are known, so that
        states of equal energy have equal numbers, in whatever batch and on whatever machine.

        Raises
        ------
        InputError
            If the shape or a value is wrong.
        """
        x = self.check_bits(bits)
        result = np.zeros(len(x))
        step = max(1, 20_000_000 // max(1, self.num_variables))  # rows at a time, for about 160 MB of float64
        for start in range(0, len(x), step):
            block = x[start : start + step].astype(np.float64)
            for part in self._parts:
                sums = block @ part.linear + np.sum((part.upper @ block.T).T * block, axis=1)
                result[start : start + step] += sums + part.offset
        return result if self.decimals is None else np.round(result, self.decimals)

    @cached_property
    def _parts(self) -> tuple[Qubo, ...]:
        """QUBOs that add up to this one, the smallest first, each of which adds exactly.

        Of coefficients whose sizes add up to less than 2^e, multiples of 2^(e − 52) are split off, which add up to less
        than 2^53 of these. What is left is smaller by a factor of 2^52 / n² at least, and is split again.
        (K. Ozaki, T. Ogita, S. Oishi, S. M. Rump, "Error-free transformations of matrix multiplication by using fast
        routines of matrix multiplication and its applications", Numerical Algorithms 59, 2012, splits matrices so.)
        """
        if self.adds_exactly or not math.isfinite(self.total):
            return (self,)
        grid = math.ldexp(1.0, math.frexp(self.total)[1] - 52)
        coarse, fine = (
            [np.rint(part / grid) * grid for part in (self.linear, self.couplings)],
            [part - np.rint(part / grid) * grid for part in (self.linear, self.couplings)],
        )
        offset = round(self.offset / grid) * grid
        rest = Qubo(fine[0], self.rows, self.cols, fine[1], self.offset - offset)
        return (*rest._parts, Qubo(coarse[0], self.rows, self.cols, coarse[1], offset))

    def check_bits(self, bits: Any) -> NDArray[np.int8]:
        """Return `bits` as an int8 array of shape (k, n) of 0 and 1, or raise `InputError`."""
        array = as_array(bits, "bits")
        if array.ndim != 2 or array.shape[1] != self.num_variables:
            raise InputError(f"bits must have shape (k, {self.num_variables}), but shape {array.shape} came.")
        if array.dtype.kind not in "biuf" or not ((array == 0) | (array == 1)).all():
            raise InputError("bits must be 0 or 1; turn spins into bits with (spins + 1) // 2.")
        return array.astype(np.int8, copy=False)

    def symmetric(self) -> NDArray[np.float64]:
        """Return the couplings as a symmetric matrix with zeros on its diagonal, (n, n)."""
        matrix = np.zeros((self.num_variables, self.num_variables))
        matrix[self.rows, self.cols] = self.couplings
        return matrix + matrix.T

    def to_bqm(self) -> dimod.BinaryQuadraticModel:
        """Return a binary dimod model over the integers 0, …, n − 1, in this order."""
        import dimod

        quadratic = (self.rows, self.cols, self.couplings)
        return dimod.BinaryQuadraticModel.from_numpy_vectors(
            self.linear, quadratic, self.offset, dimod.BINARY, variable_order=range(self.num_variables)
        )


def all_energies(
    linear: NDArray[np.float64], symmetric: NDArray[np.float64], offset: float = 0.0
) -> NDArray[np.float64]:
    """Return the energies of all 2^n states, float64 (2^n,), by doubling; bit i of a state's number is variable i."""
    energies = np.array([offset])
    for i, bias in enumerate(linear):
        fields = np.array([bias])
        for coupling in symmetric[i, :i]:
            fields = np.concatenate([fields, fields + coupling])
        energies = np.concatenate([energies, energies + fields])
    return energies


def qubo_from_bqm(bqm: dimod.BinaryQuadraticModel) -> Qubo:
    """Return canonical arrays of a dimod model of any vartype over the integers 0, …, n − 1.

    Raises
    ------
    InputError
        If its variables are other than 0, …, n − 1.
    """
    order = range(bqm.num_variables)
    if set(bqm.variables) != set(order):
        raise InputError(f"the model's variables must be the integers 0 to {len(order) - 1}; relabel them first.")
    vectors = bqm.binary.to_numpy_vectors(variable_order=order)
    rows, cols, values = vectors.quadratic
    return make_qubo(np.asarray(vectors.linear_biases), rows, cols, values, float(vectors.offset))


def make_qubo(
    linear: NDArray[Any], rows: NDArray[Any], cols: NDArray[Any], couplings: NDArray[Any], offset: float
) -> Qubo:
    """Return the canonical `Qubo` of couplings in any order and orientation; pairs that occur twice are added."""
    import scipy.sparse

    n = len(linear)
    low, high = np.minimum(rows, cols), np.maximum(rows, cols)
    upper = scipy.sparse.coo_array(
        (np.asarray(couplings, dtype=np.float64), (low.astype(np.int32), high.astype(np.int32))), shape=(n, n)
    ).tocsr()
    upper.sum_duplicates()
    upper.eliminate_zeros()
    counts = np.diff(upper.indptr)
    return Qubo(
        linear=np.asarray(linear, dtype=np.float64).copy(),
        rows=np.repeat(np.arange(n, dtype=np.int32), counts),
        cols=upper.indices.astype(np.int32),
        couplings=upper.data,
        offset=float(offset),
    )


TOLERANCE = 1e-6
"""What the bound of a solver in floating point may miss, relative to its size if that is above 1: see `bound_slack`.

Energies have no use for it: exact ones are compared as they are, and others have their own `Qubo.rounding`.
"""


def bound_slack(bound: float) -> float:
    """Return by how much the lower bound of a solver in floating point may miss, in units of energy."""
    return TOLERANCE * max(1.0, abs(bound))
