"""A linear model as a constrained quadratic model of dimod, for solvers that take constraints as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bnnbench.qubo.linear_program import LinearModel

if TYPE_CHECKING:
    import dimod


@dataclass(frozen=True, eq=False)
class ConstrainedModel:
    """The model without the variables that have one value, and the way back to the answer.

    Attributes
    ----------
    cqm
        Binary variables 0, …, k − 1, a linear objective, and linear constraints.
    free
        The variables of the linear model that they are, shape (k,).
    """

    cqm: dimod.ConstrainedQuadraticModel
    free: NDArray[np.int64]
    linear: LinearModel

    def answers(self, bits: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the first variables of the linear model, those with one value included: (k, free) to (k, answers)."""
        points = np.ones((len(bits), len(self.linear.cost)), dtype=np.int8)
        points[:, self.free] = bits
        return points[:, : self.linear.num_answers]


def constrained_model(linear: LinearModel) -> ConstrainedModel:
    """Return the model with all variables binary, which changes no minimum: products are 0 or 1 where weights are."""
    import dimod

    free = np.flatnonzero(linear.lowest < 1)
    place = {int(old): new for new, old in enumerate(free)}
    objective = dimod.BinaryQuadraticModel(
        {new: float(linear.cost[old]) for old, new in place.items()},
        {},
        linear.offset + float(linear.cost[linear.lowest >= 1].sum()),
        dimod.BINARY,
    )
    cqm = dimod.ConstrainedQuadraticModel.from_bqm(objective)
    matrix = linear.matrix
    for row, upper in enumerate(linear.upper.tolist()):
        span = slice(matrix.indptr[row], matrix.indptr[row + 1])
        terms = list(zip(matrix.indices[span].tolist(), matrix.data[span].tolist(), strict=True))
        rest = sum(value for column, value in terms if column not in place)
        own = [(place[column], value) for column, value in terms if column in place]
        if own:
            cqm.add_constraint_from_iterable(own, "<=", upper - rest)
    return ConstrainedModel(cqm, free, linear)
