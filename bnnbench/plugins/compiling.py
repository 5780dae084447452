"""Compile a problem by the name of a formulation."""

from __future__ import annotations

from typing import Any

from bnnbench.plugins.entries import OWN
from bnnbench.plugins.registry import formulation
from bnnbench.problem.problem import Problem
from bnnbench.qubo import instance
from bnnbench.qubo.formulation import Formulation
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.size import check_memory, num_couplings


def compile(problem: Problem, setting: str | Formulation = "compact", /, **parameters: Any) -> Instance:  # noqa: A001
    """Compile a problem to a QUBO: ``compile(problem, "reduced", penalty=1)``.

    Parameters
    ----------
    setting
        A formulation, its name with or without parameters, or the path of a ``.py`` file that defines one.

    Raises
    ------
    UnknownNameError
        If there is no such formulation or parameter.
    InputError
        If a parameter is wrong, the formulation does not apply to the problem, or its QUBO does not fit into memory.
    """
    chosen = formulation(setting, **parameters)
    if type(chosen).__module__.startswith(OWN["formulation"]):  # of others nobody knows how many couplings they make
        check_memory(problem, num_couplings(problem), num_parts=1 + 2 * problem.network.num_outputs)
    return instance.compile(problem, chosen)
