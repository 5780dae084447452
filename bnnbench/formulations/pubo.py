"""The published objective before it is made quadratic, for solvers of polynomials; as a QUBO it is `sasdelli`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bnnbench.formulations.sasdelli import Sasdelli
from bnnbench.problem.problem import Problem
from bnnbench.qubo.constraint import Gate
from bnnbench.qubo.polynomial import HigherOrder, Polynomial, Term, collected, polynomial_of
from bnnbench.qubo.tiling import Tiling


@dataclass(frozen=True, kw_only=True)
class Pubo(Sasdelli, HigherOrder):
    """The encoding of the publication with its cubic products, as its authors annealed it.

    References
    ----------
    M. Sasdelli and T.-J. Chin, "Quantum Annealing Formulation for Binary Neural Networks", arXiv 2107.02751, 2021, and
    the notebook published with it, https://github.com/sasdelli/quantum_annealing_BNN.
    """

    @override
    def polynomial(self, problem: Problem) -> Polynomial:
        return _cubic(self, problem)

    @override
    def lift(self, problem: Problem, bits: NDArray[np.int8]) -> NDArray[np.int8]:
        products = _products(self, problem)
        n = bits.shape[1] + len(products)
        full = np.zeros((len(bits), n), dtype=np.int8)
        full[:, [i for i in range(n) if i not in products]] = bits
        for place, (w, a) in products.items():
            full[:, place] = full[:, w] & full[:, a]
        return full


@lru_cache(maxsize=8)
def _products(formulation: Pubo, problem: Problem) -> dict[int, tuple[int, int]]:
    """Return the bits of the QUBO that stand for a product, with the two bits of each."""
    tiling = formulation.build(problem)[1]
    assert isinstance(tiling, Tiling)  # noqa: S101  as of every formulation of penalties
    gates = [g for g in tiling.encoding.penalties if isinstance(g, Gate) and len(g.variables) == 4]
    columns = ([tiling.column(v, n) for v in g.variables] for n in range(len(tiling.samples)) for g in gates)
    return {q: (w, a) for w, a, _, q in columns}


@lru_cache(maxsize=8)
def _cubic(formulation: Pubo, problem: Problem) -> Polynomial:
    """Return the energy of the QUBO with the product of two bits in the place of each bit that stands for one."""
    quadratic, products = polynomial_of(formulation.compile(problem)), _products(formulation, problem)
    kept = [i for i in range(quadratic.num_variables) if i not in products]
    number = {variable: place for place, variable in enumerate(kept)}

    def written(term: Term) -> Iterator[tuple[Term, float]]:
        """Yield the terms of a monomial without products: in spins, 2 q = −1 + w + a + wa."""
        forms: list[tuple[Term, float]] = [((), 1.0)]
        for variable in term:
            if variable in products:
                w, a = (number[v] for v in products[variable])
                factors: list[tuple[Term, float]] = [((), -0.5), ((w,), 0.5), ((a,), 0.5), ((w, a), 0.5)]
            else:
                factors = [((number[variable],), 1.0)]
            forms = [(left + right, x * y) for left, x in forms for right, y in factors]
        yield from forms

    terms = ((form, c * factor) for term, c in quadratic.terms.items() for form, factor in written(term))
    return collected(len(kept), terms)
