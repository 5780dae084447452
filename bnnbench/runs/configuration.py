"""A configuration: a solver with all that decides its answers, and what tables call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bnnbench.qubo.formulation import Formulation
from bnnbench.solver.contract import Budget
from bnnbench.spec import Spec, parse_spec


@dataclass(frozen=True)
class Configuration:
    """Hold a solver as a suite asks for it; seeds come from `identity`, which no label changes.

    Parameters
    ----------
    spec
        As the user wrote it, with the parameters that were given; a name that ends in ``.py`` is a path.
    label
        How tables call it.
    parameters, versions
        All hyperparameters with their defaults, and the versions of what the solver needs.
    threads
        That the solver uses.
    is_floor
        Whether the solver guesses, see `bnnbench.solver.Solver.is_floor`.
    display_name
        What a suite wants the solver to be called in tables; empty: as `label`. It decides no answer.
    formulation
        What it meets, by name and the parameters that count, such as ``reduced[penalty=2]``; empty: all.
    """

    spec: Spec
    label: str
    identity: str
    parameters: Mapping[str, Any]
    versions: Mapping[str, str]
    budget: Budget
    threads: int = 1
    is_floor: bool = False
    display_name: str = ""
    formulation: str = ""

    def meets(self, setting: Formulation) -> bool:
        """Tell whether the suite runs it on a formulation: of that name, with the values of the parameters named."""
        if not self.formulation:
            return True
        wanted = parse_spec(self.formulation)
        return wanted.name == setting.name and wanted.parameters.items() <= setting.parameters.items()
