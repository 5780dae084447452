"""The annealing schedule of a QUBO whose solver was given none."""

from __future__ import annotations

import numpy as np

from bnnbench.qubo.qubo import Qubo

SMALLEST = 1e-9
"""Coefficients below this part of the largest are what rounding left of zeros."""


def estimated_beta_range(qubo: Qubo) -> tuple[float, float]:
    r"""Return the first and the last inverse temperature for annealing a QUBO, from the sizes of its coefficients.

    With the biases h and the couplings J of spins, a flip of spin i changes the energy by
    :math:`2 f_i` with :math:`f_i = (h_i^2 + \sum_j J_{ij}^2)^{1/2}` as a root mean square over random states, and by
    twice a coefficient c if all else cancels. At the start a typical flip is accepted with a probability of ½, at the
    end one against a typical coefficient with 1 %:

    .. math:: β_0 = \ln 2 / (2\,\mathrm{median}_i\,f_i), \qquad β_1 = \ln 100 / (2\,\mathrm{median}\,|c|).

    The largest change, :math:`2 (|h_i| + \sum_j |J_{ij}|)`, grows with the number of couplings where f grows with its
    root: a schedule that starts there spends most of its sweeps above any temperature at which something is decided.
    The median is moved neither by a λ a little above its bound nor by a rest of 10^-17, as the least coefficient is.
    """
    n, couplings = qubo.num_variables, qubo.couplings / 4
    biases = qubo.linear / 2
    biases = biases + np.bincount(qubo.rows, couplings, n) + np.bincount(qubo.cols, couplings, n)
    sizes = np.abs(np.concatenate([biases, couplings]))
    sizes = sizes[sizes > SMALLEST * sizes.max(initial=0.0)]
    if not sizes.size:
        return 1.0, 1.0
    squares = np.bincount(qubo.rows, couplings**2, n) + np.bincount(qubo.cols, couplings**2, n)
    fields = np.sqrt(biases**2 + squares)
    first = float(np.log(2) / (2 * np.median(fields[fields > SMALLEST * fields.max()])))
    return first, max(first, float(np.log(100) / (2 * np.median(sizes))))
