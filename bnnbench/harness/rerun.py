"""Run a stored run again: the store holds all that decides its answer."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bnnbench.errors import BnnbenchError, InputError
from bnnbench.harness.campaign import Campaign
from bnnbench.plugins.registry import formulation, load_solver, solver_class
from bnnbench.runs.cell import Cell
from bnnbench.runs.column import columns_of
from bnnbench.runs.outcome import Outcome
from bnnbench.spec import Spec, parse_spec
from bnnbench.store.answers import agree, differences
from bnnbench.store.columns import budget_of
from bnnbench.store.store import Store, open_store
from bnnbench.store.stored_spec import refuse_files, stored_spec, texts_of
from bnnbench.suite.file import Limits
from bnnbench.suite.solver import configuration

PATIENCE = 10.0
"""A run may take that many times as long as it took."""


COUNTED = tuple(
    column.name for column in columns_of(Outcome) if column.follows_from == "batches" and column.unit != "s"
)
"""Columns that the same batches have to give again."""


@dataclass(frozen=True)
class Rerun:
    """A run, and what became of it now.

    Parameters
    ----------
    cell
        What was asked.
    before, now
        Rows with samples, see `StoredRun.answer`.
    changed
        What decides the answer and is no longer as it was, a sentence each.
    is_fixed
        Whether the same work was asked, so that the same seed has to give the same answer.
    """

    cell: Cell
    before: Mapping[str, Any]
    now: Mapping[str, Any]
    changed: tuple[str, ...]
    is_fixed: bool

    @property
    def differences(self) -> list[str]:
        """Names of what was answered differently."""
        return differences(self.before, self.now)

    @property
    def contradictions(self) -> list[str]:
        """Names of what should be the same and is not, counts of successes included; empty if nothing has to be."""
        if not self.is_fixed or self.changed:
            return []
        wrong = [name for name in COUNTED if not agree(self.before[name], self.now[name], name)]
        return list(dict.fromkeys([*self.differences, *wrong]))


def rerun(
    store: Store,
    key: str,
    *,
    solver: Path | None = None,
    formulations: Sequence[Path] = (),
    program: str | None = None,
    memory_gb: float = Limits().memory_gb,
) -> Rerun:
    """Run a run again, in a worker process; the store is not changed.

    Parameters
    ----------
    key
        See `Store.find_run`.
    solver
        File of the solver, if it came from a file: stores hold no paths.
    formulations
        Files of formulations, likewise.
    program
        Program that the run may run, as its row has it.

    Raises
    ------
    InputError
        If there is no such run, or its solver is not known or no longer takes its parameters.
    """
    before = store.stored_run(store.find_run(key)).answer
    cell = rebuild(store, before, solver, formulations, program)
    took_s = sum(before[name] or 0.0 for name in ("compile_s", "prepare_s", "sample_s", "judge_s"))
    wall_s = max(Limits().wall_s, PATIENCE * took_s)
    truth = store.truths().get(cell.problem.hash)
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder)) as scratch:
        scratch.add_problem(cell.problem)
        limits = Limits(wall_s=wall_s, grace_s=wall_s, memory_gb=memory_gb)
        for _ in Campaign(scratch, limits, {cell.problem.hash: truth}).run([cell]):
            pass
        now = scratch.stored_run(cell.key).answer
    is_fixed = _is_fixed(cell, before, now) and (
        cell.solver.budget.target is None or (truth and truth.is_certified) is True
    )
    return Rerun(cell, before, now, tuple(_changes(cell, before)), is_fixed)


def rerun_sample(
    store: Store, share: float, *, formulations: Sequence[Path] = (), generator: np.random.Generator
) -> Iterator[tuple[str, list[str] | None]]:
    """Run a share of the runs again, at least one; yield the name of each, and what contradicts what is stored of it.

    Only runs that ended well, of solvers that are seeded and come from no file, have to give the same answer. None is
    yielded of others, and of those for which versions changed.
    """
    keys = [row["key"] for row in store.endings() if row["status"] == "ok"]
    number = min(len(keys), max(1, round(share * len(keys))))
    for place in sorted(generator.permutation(len(keys))[:number].tolist()):
        name = store.stored_run(keys[place]).name
        try:
            done = rerun(store, keys[place], formulations=formulations)
        except InputError:
            yield name, None
        else:
            yield name, done.contradictions if done.is_fixed and not done.changed else None


def rebuild(
    store: Store,
    row: Mapping[str, Any],
    solver: Path | None = None,
    formulations: Sequence[Path] = (),
    program: str | None = None,
) -> Cell:
    """Return the cell behind a row, from the problem's data and the parameters that the store holds."""
    name, versions = row["solver"].partition("[")[0], json.loads(row["versions"])
    if "file" in versions and solver is None:
        raise InputError(
            f"{row['key']}: the solver {name} came from a file, and results hold no paths; give it with --solver."
        )
    _refuse_programs(name, json.loads(row["parameters"]), solver, program)
    budget = budget_of(row)
    parameters = {key: value for key, value in json.loads(row["parameters"]).items() if value is not None}
    built = configuration(Spec(str(solver.resolve()) if solver else name, parameters), budget)
    return Cell(
        problem=store.problem(row["problem_hash"]),
        formulation=formulation(stored_spec(row["formulation"], formulations)),
        solver=replace(built, label=row["solver"]),
        seed=int(row["seed"]),
        repetition=int(row["repetition"]),
    )


def _refuse_programs(name: str, parameters: Mapping[str, Any], solver: Path | None, program: str | None) -> None:
    """Raise `InputError` if a row names a file or a program that was not given on the command line."""
    refuse_files("" if solver else name, parameters)
    for text in (name, *texts_of(parameters.values())):
        if _runs_programs(text) and (text != name or parameters.get("program") != program):
            told = parameters.get("program") if text == name else text
            raise InputError(
                f"the results name the program {told!r}, and no program that results name is run; if you trust it, "
                "give it with --program as it stands there."
            )


def _runs_programs(text: str) -> bool:
    with contextlib.suppress(BnnbenchError):  # a text that names no solver
        return solver_class(parse_spec(text).name).runs_programs
    return False


def _changes(cell: Cell, row: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parts of a key that are not as they were."""
    if cell.instance_hash != row["instance_hash"]:
        yield "this version of bnnbench builds another QUBO"
    pairs = {"parameter": ("parameters", cell.solver.parameters), "version of": ("versions", cell.solver.versions)}
    for word, (column, values) in pairs.items():
        before, now = json.loads(row[column]), json.loads(json.dumps(dict(values)))  # tuples are lists there
        for name in dict.fromkeys([*before, *now]):
            if before.get(name) != now.get(name):
                yield f"the {word} {name} was {_short(before.get(name))} and is {_short(now.get(name))}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 24 else f"{text[:12]}…"


def _is_fixed(cell: Cell, before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Return whether reads, and not the clock, ended both runs, and the seed decides the bits."""
    if not load_solver(cell.solver.spec).seeded or "timeout" in (before["status"], now["status"]):
        return False
    budget = cell.solver.budget
    return budget.seconds is None or before["num_reads"] == now["num_reads"] == budget.reads
