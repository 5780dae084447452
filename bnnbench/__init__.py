"""Benchmark of solvers that train binary neural networks, against certified optima.

The way of the data: `Problem` → `compile` → `Instance` → `Solver` → batches → judge → `Outcome` → store → tables.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bnnbench.errors import BnnbenchError as BnnbenchError
    from bnnbench.errors import CheckError as CheckError
    from bnnbench.errors import InputError as InputError
    from bnnbench.errors import RefusedError as RefusedError
    from bnnbench.errors import StoreError as StoreError
    from bnnbench.errors import UnavailableError as UnavailableError
    from bnnbench.errors import UnknownNameError as UnknownNameError
    from bnnbench.formulation import Formulation as Formulation
    from bnnbench.formulation import formulation as formulation
    from bnnbench.formulation import penalty_bound as penalty_bound
    from bnnbench.ground_truth import Truth as Truth
    from bnnbench.ground_truth import ground_truth as ground_truth
    from bnnbench.harness import Outcome as Outcome
    from bnnbench.harness import run as run
    from bnnbench.instance import Instance as Instance
    from bnnbench.instance import compile as compile  # noqa: A004
    from bnnbench.network import Network as Network
    from bnnbench.problem import Problem as Problem
    from bnnbench.qubo import Qubo as Qubo
    from bnnbench.registry import load_problem as load_problem
    from bnnbench.registry import load_solver as load_solver
    from bnnbench.solver import Batch as Batch
    from bnnbench.solver import Budget as Budget
    from bnnbench.solver import DimodSolver as DimodSolver
    from bnnbench.solver import Solver as Solver

__version__ = "0.1.0"

_HOME = {
    "errors": (
        "BnnbenchError",
        "CheckError",
        "InputError",
        "RefusedError",
        "StoreError",
        "UnavailableError",
        "UnknownNameError",
    ),
    "formulation": ("Formulation", "formulation", "penalty_bound"),
    "ground_truth": ("Truth", "ground_truth"),
    "harness": ("Outcome", "run"),
    "instance": ("Instance", "compile"),
    "network": ("Network",),
    "problem": ("Problem",),
    "qubo": ("Qubo",),
    "registry": ("load_problem", "load_solver"),
    "solver": ("Batch", "Budget", "DimodSolver", "Solver"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``bnnbench --help`` does not wait for NumPy."""
    if name not in _MODULE_OF:
        msg = f"module 'bnnbench' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(importlib.import_module(f"bnnbench.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Offer the public names, used or not."""
    return [*__all__, "__version__"]


class _Package(ModuleType):
    """The import system binds every submodule in its package; where a function has its name, the function wins."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (isinstance(value, ModuleType) and name in _MODULE_OF):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
