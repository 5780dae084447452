"""Features of an instance: its size, and what is known of its coefficients and its minimum."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bnnbench.qubo.instance import Instance
from bnnbench.runs.column import column

_NOT_COMPILED = "no run got as far as the QUBO"


@dataclass(frozen=True)
class Features:
    """The features of an instance that are noted before the run.

    A field that is added here, and filled by `features_of`, is a column of the store, the tables and docs/columns.md.

    Attributes
    ----------
    hash
        Of the instance, see `bnnbench.runs.cell.Cell.instance_hash`.
    qubo_hash
        Content hash of its QUBO.
    """

    hash: str
    qubo_hash: str
    num_variables: int = column(
        "binary variables of the QUBO", empty=_NOT_COMPILED, header="variables", statistic="median", drop_rank=10
    )
    num_couplings: int = column("nonzero quadratic coefficients of the QUBO", empty=_NOT_COMPILED)
    is_sound: bool = column(
        "1 if the minimum energy is the minimum training loss for certain, else 0", empty=_NOT_COMPILED
    )
    dynamic_range: float | None = column(
        "largest over smallest nonzero coefficient of the QUBO, in absolute value",
        default=None,
        empty="no run got as far as the QUBO, or it has no coefficients",
    )

    @property
    def is_possible(self) -> bool:
        """Return whether the numbers are such as `features_of` gives, so that the store can hold them."""
        numbers = [value for value in vars(self).values() if isinstance(value, (int, float))]
        return all(0 <= number < (2**53 if isinstance(number, int) else math.inf) for number in numbers)


def features_of(instance: Instance) -> Features:
    """Return the features of a compiled instance."""
    qubo = instance.qubo
    return Features(
        hash=instance.hash,
        qubo_hash=qubo.hash,
        num_variables=qubo.num_variables,
        num_couplings=qubo.num_couplings,
        is_sound=instance.is_sound,
        dynamic_range=qubo.dynamic_range,
    )
