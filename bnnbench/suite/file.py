"""A suite: a TOML grid of problems × formulations × solvers × repetitions, expanded to cells."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic

from bnnbench.errors import InputError, UnknownNameError, system_errors
from bnnbench.solver.contract import Budget
from bnnbench.suite.foreign import InstanceTable
from bnnbench.suite.paths import check_enclosed
from bnnbench.suite.toml_file import read_toml

_Strict = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True)  # true is no number


class BudgetTable(pydantic.BaseModel):
    """``[budget]``: seconds of sampling, reads, or both, and a target that ends a run before."""

    model_config = _Strict
    seconds: Annotated[float, pydantic.Field(gt=0)] | None = None
    reads: Annotated[int, pydantic.Field(ge=1)] | None = None
    target: Annotated[float, pydantic.Field(ge=0, allow_inf_nan=False)] | None = None
    """Loss above the optimum; the first sample at or below it ends the run."""


class Limits(pydantic.BaseModel):
    """``[limits]``: what the harness enforces by killing the worker process."""

    model_config = _Strict
    wall_s: Annotated[float, pydantic.Field(gt=0)] = 600.0
    """Wall-clock limit of a run whose budget has no seconds."""
    grace_s: Annotated[float, pydantic.Field(gt=0)] = 60.0
    """Added to the seconds of the budget: compilation, embedding and judging happen within it."""
    memory_gb: Annotated[float, pydantic.Field(gt=0, le=1e6)] = 4.0
    """Address space that a worker may take beyond what it starts with, in units of 10^9 bytes."""
    file_gb: Annotated[float, pydantic.Field(gt=0, le=1e6)] = 1.0
    """The largest file that a run may write, what it prints included, in units of 10^9 bytes."""
    processes: Annotated[int, pydantic.Field(ge=1, le=1_000_000)] = 512
    """Processes and threads that a run may start; root is held to it in control groups only, see docs/results.md."""

    def wall_limit_s(self, budget: Budget) -> float:
        """Return the seconds after which a run is killed."""
        return self.wall_s if budget.seconds is None else budget.seconds + self.grace_s


class PrecisionTable(pydantic.BaseModel):
    """``[precision]``: a cell is repeated until its success probability is known, ``repetitions`` times at most."""

    model_config = _Strict
    width: Annotated[float, pydantic.Field(gt=0, lt=1)]
    """Of the 95 % interval of the share of runs that reach the optimum."""
    at_least: Annotated[int, pydantic.Field(ge=1)] = 5
    """Repetitions before one looks."""


class TuneTable(pydantic.BaseModel):
    """``[tune]``: how `bnnbench tune` searches parameters, the same for each pair of solver and formulation."""

    model_config = _Strict
    problems: list[dict[str, Any]] = []
    """Problems to tune on, ``[[tune.problems]]``; none may be among those of the suite. Without any, the split ``tune``
    of the suite's sets."""
    trials: Annotated[int, pydantic.Field(ge=1, le=10_000)] = 20
    """Settings to try."""
    seconds: Annotated[float, pydantic.Field(gt=0)] | None = None
    """Preparation and sampling after which no further setting is begun."""
    repetitions: Annotated[int, pydantic.Field(ge=1)] = 1
    """Runs of a setting per problem."""
    objective: Literal["ert", "tts"] = "ert"
    """What is made small: the expected running time, or the time to solution by reads."""
    clock: Literal["seconds", "evaluations"] = "seconds"
    """What time is counted in."""
    budget: BudgetTable | None = None
    """Of a run; that of the suite if it is left out."""


class SlurmTable(pydantic.BaseModel):
    """``[slurm]``: the jobs that ``--slurm`` submits; all of them run until the campaign ends."""

    model_config = _Strict
    jobs: Annotated[int, pydantic.Field(ge=1, le=10_000)] = 1
    cores: Annotated[int, pydantic.Field(ge=1, le=1024)] = 1
    """Of each job; as many runs at a time."""
    memory: Annotated[str, pydantic.Field(pattern=r"^\d+(\.\d+)? ?[kMGT]i?B$")] = "4GB"
    """Of each job."""
    walltime: Annotated[str, pydantic.Field(pattern=r"^(\d+-)?\d+(:\d\d){0,2}$")] = "01:00:00"
    queue: Annotated[str, pydantic.Field(pattern=r"^[^\s#]+$")] | None = None
    account: Annotated[str, pydantic.Field(pattern=r"^[^\s#]+$")] | None = None
    interface: str | None = None
    """Network interface that workers and scheduler meet on, such as ``ib0``."""
    directives: list[str] = []
    """Further lines ``#SBATCH …``."""
    prologue: list[str] = []
    """Lines of the job's script before the worker, such as ``module load python``."""


class Suite(pydantic.BaseModel):
    """The whole file. In the tables of problems, formulations and solvers, ``name`` names the thing.

    Every other key is a parameter.

    A parameter that is a list is swept; a list of lists sweeps a parameter that is itself a list. A solver may have a
    ``budget`` of its own.
    """

    model_config = _Strict
    title: str = ""
    seed: Annotated[int, pydantic.Field(ge=0)] = 0
    repetitions: Annotated[int, pydantic.Field(ge=1)] = 1
    precision: PrecisionTable | None = None
    budget: BudgetTable
    limits: Limits = Limits()
    tune: TuneTable | None = None
    parameters: str | None = None
    """File that `bnnbench tune` wrote; its settings run beside those of the suite."""
    slurm: SlurmTable = SlurmTable()
    problems: list[dict[str, Any]] = []
    instances: list[InstanceTable] = []
    formulations: list[dict[str, Any]] = []
    solvers: Annotated[list[dict[str, Any]], pydantic.Field(min_length=1)]


def suite_paths() -> dict[str, Path]:
    """Return installed suites by name: every TOML file in a package of the group ``bnnbench.problems``."""
    import importlib.util

    found: dict[str, Path] = {}
    for point in entry_points(group="bnnbench.problems"):
        spec = importlib.util.find_spec(point.value)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            found |= {path.stem: path for path in sorted(Path(folder).glob("*.toml"))}
    return found


def suite_path(name: str) -> Path:
    """Return the path of a suite: an installed name, or a path that ends in ``.toml``."""
    if name.endswith(".toml"):
        path = Path(name)
        with system_errors(InputError, f"suite file {name} cannot be read", "give another path"):
            is_file = path.is_file()
        if not is_file:
            state = "is no file" if path.exists() else "does not exist"
            raise InputError(
                f"suite file {name} {state}; give the path of a TOML file, or one of: {', '.join(suite_paths())}."
            )
        return path
    known = suite_paths()
    if name not in known and Path(name).is_file():
        raise InputError(f"{name} is no suite file, whose name ends in .toml; known suites are {', '.join(known)}.")
    if name not in known:
        raise UnknownNameError("suite", name, known)
    return known[name]


def read_suite(path: Path) -> Suite:
    """Read and check a suite file.

    Raises
    ------
    InputError
        If it is not TOML (file, line), a key is unknown, missing or of a wrong type (file, key), or a path leaves the
        folder of the file.
    """
    suite = read_toml(path, "suite file", Suite, guide="the README for a suite file")
    for section in ("problems", "formulations") if suite.problems or not suite.instances else ():
        if not getattr(suite, section):
            raise InputError(f"suite file {path}: the key {section!r} is missing; see the README for a suite file.")
    for section in ("problems", "formulations", "solvers"):
        for table in getattr(suite, section):
            check_enclosed(path.parent, f"suite file {path}: {section}", table)
    for table in suite.tune.problems if suite.tune else ():
        check_enclosed(path.parent, f"suite file {path}: tune.problems", table)
    check_enclosed(path.parent, f"suite file {path}", {"name": "the suite", "parameters": suite.parameters})
    for one in suite.instances:
        check_enclosed(path.parent, f"suite file {path}: instances", {"name": "file", "file": one.file})
    return suite
