"""QUBOs of whole numbers, drawn by Hypothesis."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from bnnbench.qubo.qubo import Qubo, make_qubo

small = st.integers(-3, 3)


@st.composite
def triplets(draw: st.DrawFn) -> tuple[list[int], list[tuple[int, int, int]], int]:
    """Linear terms, couplings in any order, orientation and number, and an offset."""
    n = draw(st.integers(2, 6))
    place = st.integers(0, n - 1)
    pairs = st.tuples(place, place, small).filter(lambda t: t[0] != t[1])
    return draw(st.lists(small, min_size=n, max_size=n)), draw(st.lists(pairs, max_size=12)), draw(small)


def build(content: tuple[list[int], list[tuple[int, int, int]], int]) -> Qubo:
    """The canonical QUBO of triplets."""
    linear, couplings, offset = content
    rows, cols, values = (np.array([c[k] for c in couplings], dtype=np.int64) for k in range(3))
    return make_qubo(np.array(linear), rows, cols, values, offset)
