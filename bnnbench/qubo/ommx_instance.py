"""Models as instances of OMMX, Jij's exchange format of optimization, and back."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import dimod


def ommx_instance(model: dimod.ConstrainedQuadraticModel) -> Any:
    """Return an `ommx.v1.Instance` of a model of binary variables 0, …, n − 1, whose constraints are linear.

    A QUBO is a model without constraints.
    """
    from ommx.v1 import Constraint, DecisionVariable, Instance, Linear, Quadratic

    objective = model.objective
    pairs = [(u, v, bias) for (u, v), bias in objective.quadratic.items() if bias]
    first, second, values = zip(*pairs, strict=True) if pairs else ((), (), ())
    linear = Linear(terms={v: float(bias) for v, bias in objective.linear.items() if bias}, constant=objective.offset)
    constraints = [
        Constraint(
            function=Linear(
                terms={v: float(bias) for v, bias in constraint.lhs.linear.items()}, constant=-float(constraint.rhs)
            ),
            equality=Constraint.LESS_THAN_OR_EQUAL_TO_ZERO,
            id=number,
        )
        for number, constraint in enumerate(model.constraints.values())
    ]
    return Instance.from_components(
        decision_variables=[DecisionVariable.binary(v) for v in range(len(model.variables))],
        objective=Quadratic(rows=first, columns=second, values=[float(value) for value in values], linear=linear),
        constraints=constraints,
        sense=Instance.MINIMIZE,
    )


def bits_of_state(entries: Mapping[int, float], num_variables: int) -> NDArray[np.int8]:
    """Return the bits of a state of OMMX; a variable of which it says nothing is 0."""
    return np.array([round(entries.get(v, 0)) for v in range(num_variables)], dtype=np.int8)


def as_qubo(instance: Any, penalty: float) -> tuple[Any, dict[tuple[int, int], float], float]:
    """Return a copy of an instance as a QUBO: constraints at a uniform penalty, integers in bits, maximization turned.

    Returns
    -------
    converted
        The copy; it evaluates states of the QUBO's variables.
    coefficients, offset
        Of bits, by identifiers of variables; those of one variable are linear.
    """
    converted = copy.deepcopy(instance)
    coefficients, offset = converted.to_qubo(uniform_penalty_weight=penalty)
    return converted, coefficients, offset
