"""Features of an instance: its size, and what is known of its coefficients and its minimum."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from bnnbench.problem.merging import merged_samples
from bnnbench.problem.problem import Problem
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.qubo_problem import QuboProblem
from bnnbench.runs.column import column

_NOT_COMPILED = "no run got as far as the QUBO"
_NO_NETWORK = "no run got as far as the QUBO, or it is the QUBO of a file, without a network"


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

    num_weights: int | None = column("weights of the network", default=None, empty=_NO_NETWORK)
    num_distinct: int | None = column(
        "distinct rows of the training data, after equal and opposite ones that no network tells apart are merged, and "
        "contradictions cancel",
        default=None,
        empty=_NO_NETWORK,
    )
    alpha: float | None = column("α, distinct rows per weight", default=None, empty=_NO_NETWORK)
    majority_accuracy: float | None = column(
        "accuracy of the best constant on the training data, from 0 to 1: the more frequent class of each output",
        default=None,
        empty=_NO_NETWORK,
        is_share=True,
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
        **({} if isinstance(instance.problem, QuboProblem) else _of_problem(instance.problem)),
    )


def _of_problem(problem: Problem) -> dict[str, Any]:
    """Return the features that do not depend on how a problem is written as a QUBO."""
    num_distinct, num_weights = len(merged_samples(problem)), problem.network.num_weights
    share = (problem.targets > 0).mean(axis=0)
    return {
        "num_weights": num_weights,
        "num_distinct": num_distinct,
        "alpha": num_distinct / num_weights,
        "majority_accuracy": float(np.maximum(share, 1 - share).mean()),
    }
