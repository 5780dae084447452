"""A cell: one run that a suite asks for, before it happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from bnnbench.hashing import content_hash
from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import Formulation
from bnnbench.qubo.instance import instance_hash
from bnnbench.runs.configuration import Configuration
from bnnbench.solver.contract import Budget


@dataclass(frozen=True, eq=False)
class Cell:
    """One run: an instance, a solver with all its parameters and its budget, a seed."""

    problem: Problem
    formulation: Formulation
    solver: Configuration
    seed: int
    repetition: int

    def __str__(self) -> str:
        return f"{self.solver.label} on {self.problem.name} as {self.formulation}, repetition {self.repetition}"

    @cached_property
    def instance_hash(self) -> str:
        """Content hash of the instance, known without compiling it."""
        return _instance_hash(self.problem, self.formulation)

    @cached_property
    def key(self) -> str:
        """Hash of all that decides the answer; a run whose key is in the store is not run again."""
        one = self.solver
        return run_key(self.instance_hash, one.label, one.parameters, one.versions, seed=self.seed, budget=one.budget)


def run_key(
    instance_hash: str,
    solver_label: str,
    parameters: Mapping[str, Any],
    versions: Mapping[str, str],
    *,
    seed: int,
    budget: Budget,
) -> str:
    """Return the hash of all that decides the answer of a run."""
    header = {
        "instance": instance_hash,
        "solver": solver_label.partition("[")[0],
        "parameters": dict(parameters),
        "versions": dict(versions),
        "seed": seed,
        "budget": [budget.seconds, budget.reads, *([] if budget.target is None else [budget.target])],
    }
    return content_hash("run", header)


_instance_hash = lru_cache(maxsize=1024)(instance_hash)
"""Repetitions of a cell come one after another, and share their instance."""


def asked_key(key: str) -> str:
    """Return the `Cell.key` behind a row's key: merged stores add ``~2`` and so on to keys with different answers."""
    return key.partition("~")[0]


def derive_seed(suite_seed: int, problem: Problem, formulation: Formulation, solver: str, repetition: int) -> int:
    """Return the seed of a cell, below 2^63: SHA-256 of what names it, so that no order and no other solver matters."""
    header = {
        "suite": suite_seed,
        "problem": problem.hash,
        "formulation": _canonical(formulation),
        "solver": solver,
        "repetition": repetition,
    }
    return int(content_hash("seed", header)[:16], 16) >> 1


@lru_cache(maxsize=1024)
def _canonical(formulation: Formulation) -> str:
    """Return the text that equal formulations share."""
    return formulation.spec.canonical
