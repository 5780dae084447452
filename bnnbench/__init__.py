"""Benchmark of solvers that train binary neural networks, against certified optima.

The way of the data: `Problem` → `compile` → `Instance` → `Solver` → batches → judge → `Outcome` → store → tables.
"""

from __future__ import annotations

import importlib
import sys

if sys.argv[:1] == ["-m"] and "bnnbench" in sys.orig_argv and not sys.flags.safe_path:
    # ``python -m bnnbench`` puts the user's folder first, where a file named random.py would stand for the library.
    _here = sys.path.pop(0)
    if __file__.startswith(f"{_here}/bnnbench/"):  # bnnbench itself lies there
        sys.path.append(_here)

from typing import TYPE_CHECKING, Any

from bnnbench.cache import keep_kernels

if TYPE_CHECKING:
    from bnnbench.api.results import Results as Results
    from bnnbench.api.results import read_results as read_results
    from bnnbench.api.suite import run_suite as run_suite
    from bnnbench.errors import BnnbenchError as BnnbenchError
    from bnnbench.errors import CheckError as CheckError
    from bnnbench.errors import InputError as InputError
    from bnnbench.errors import RefusedError as RefusedError
    from bnnbench.errors import StoreError as StoreError
    from bnnbench.errors import UnavailableError as UnavailableError
    from bnnbench.errors import UnknownNameError as UnknownNameError
    from bnnbench.optimum.find import ground_truth as ground_truth
    from bnnbench.optimum.truth import Truth as Truth
    from bnnbench.plugins.compiling import compile as compile  # noqa: A004
    from bnnbench.plugins.registry import formulation as formulation
    from bnnbench.plugins.registry import load_problem as load_problem
    from bnnbench.plugins.registry import load_solver as load_solver
    from bnnbench.plugins.sampler import as_sampler as as_sampler
    from bnnbench.problem.network import Network as Network
    from bnnbench.problem.problem import Problem as Problem
    from bnnbench.qubo.formulation import Formulation as Formulation
    from bnnbench.qubo.formulation import Soundness as Soundness
    from bnnbench.qubo.instance import Instance as Instance
    from bnnbench.qubo.penalty import penalty_bound as penalty_bound
    from bnnbench.qubo.qubo import Qubo as Qubo
    from bnnbench.qubo.symbolic import SymbolicSample as SymbolicSample
    from bnnbench.runs.loop import run as run
    from bnnbench.runs.outcome import Outcome as Outcome
    from bnnbench.search_range import Options as Options
    from bnnbench.search_range import Range as Range
    from bnnbench.solver.contract import Batch as Batch
    from bnnbench.solver.contract import Budget as Budget
    from bnnbench.solver.contract import Solver as Solver
    from bnnbench.solver.dimod import DimodSolver as DimodSolver

__version__ = "1.0.0"

keep_kernels()

_HOME = {
    "api.results": ("Results", "read_results"),
    "api.suite": ("run_suite",),
    "errors": (
        "BnnbenchError",
        "CheckError",
        "InputError",
        "RefusedError",
        "StoreError",
        "UnavailableError",
        "UnknownNameError",
    ),
    "qubo.formulation": ("Formulation", "Soundness"),
    "qubo.penalty": ("penalty_bound",),
    "qubo.symbolic": ("SymbolicSample",),
    "plugins.compiling": ("compile",),
    "optimum.find": ("ground_truth",),
    "optimum.truth": ("Truth",),
    "runs.loop": ("run",),
    "runs.outcome": ("Outcome",),
    "qubo.instance": ("Instance",),
    "problem.network": ("Network",),
    "problem.problem": ("Problem",),
    "qubo.qubo": ("Qubo",),
    "plugins.registry": ("formulation", "load_problem", "load_solver"),
    "plugins.sampler": ("as_sampler",),
    "solver.contract": ("Batch", "Budget", "Solver"),
    "search_range": ("Options", "Range"),
    "solver.dimod": ("DimodSolver",),
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
