"""Estimate what a QUBO takes before it is compiled, so that what cannot fit is refused at once."""

from __future__ import annotations

from math import comb

import psutil

from bnnbench.errors import InputError
from bnnbench.problem.problem import Problem

BYTES_PER_COUPLING = 50
"""At the peak of compiling: indices, coefficient and order, some of them twice; 42 to 98 were measured."""
BYTES_PER_PART = 40
"""The same of the first sample, whose coefficients are kept apart by how they depend on targets; 40 were measured."""


def num_couplings(problem: Problem) -> int:
    r"""Estimate the number of couplings from below: the squared sum of a neuron couples its weights in pairs.

    With fan-ins :math:`f_l` and widths :math:`d_l` it is :math:`\sum_l d_l \binom{f_l}{2}`; some may cancel.
    """
    network = problem.network
    fan_ins = [width + network.bias for width in network.widths[:-1]]
    return sum(width * comb(fan_in, 2) for fan_in, width in zip(fan_ins, network.widths[1:], strict=True))


def check_memory(problem: Problem, num_couplings: int, num_parts: int = 0) -> None:
    """Raise `InputError` if the QUBO of a problem has no room in the memory that is free now.

    Parameters
    ----------
    num_parts
        Parts in which the coefficients are kept apart while the first sample is compiled.
    """
    needed = num_couplings * (BYTES_PER_COUPLING + num_parts * BYTES_PER_PART)
    free = psutil.virtual_memory().available
    if needed > free:
        raise InputError(
            f"{problem.name}: its QUBO has about {num_couplings:.1e} couplings, which take {needed / 1e9:,.0f} GB, but "
            f"{free / 1e9:,.1f} GB of memory are free; take a narrower network or fewer samples."
        )
