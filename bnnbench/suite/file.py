"""A suite: a TOML grid of problems × formulations × solvers × repetitions, expanded to cells."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic

from bnnbench.errors import InputError, UnknownNameError, system_errors
from bnnbench.solver.contract import Budget
from bnnbench.suite.foreign import InstanceTable
from bnnbench.suite.paths import check_enclosed

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
    """``[precision]``: ``repetitions`` are a most, and a cell is repeated until its success probability is known."""

    model_config = _Strict
    width: Annotated[float, pydantic.Field(gt=0, lt=1)]
    """Of the 95 % interval of the share of runs that reach the optimum."""
    at_least: Annotated[int, pydantic.Field(ge=1)] = 5
    """Repetitions before one looks."""


class TuneTable(pydantic.BaseModel):
    """``[tune]``: how `bnnbench tune` searches parameters, the same for each pair of solver and formulation."""

    model_config = _Strict
    problems: Annotated[list[dict[str, Any]], pydantic.Field(min_length=1)]
    """Problems to tune on, ``[[tune.problems]]``; none may be among those of the suite."""
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
    queue: str | None = None
    account: str | None = None
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
    text = suite_text(path)
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # no TOML, too many digits, or nested too deeply
        raise InputError(f"suite file {path} is not TOML: {error}.") from error
    try:
        suite = Suite.model_validate(content)
    except pydantic.ValidationError as error:
        raise InputError(f"suite file {path}{_sentences(path, error)}") from error
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


def suite_text(path: Path) -> str:
    """Return the text of a suite file.

    Raises
    ------
    InputError
        If it cannot be read, or is not UTF-8.
    """
    try:
        with system_errors(InputError, f"suite file {path} cannot be read", "give another path"):
            return path.read_text(encoding="utf-8-sig")
    except ValueError as error:
        raise InputError(f"suite file {path} is no text in UTF-8: {error}; save it as such.") from error


def together(faults: Iterable[str]) -> str:
    """Return one fault as it is, or several in a line each."""
    lines = list(dict.fromkeys(faults))
    return lines[0] if len(lines) == 1 else "".join([f"{len(lines)} faults:", *(f"\n  {line}" for line in lines)])


def _sentences(path: Path, error: pydantic.ValidationError) -> str:
    """Return all faults; unknown keys before missing ones, since such a pair is often one key, misspelled."""
    faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    text = together(_sentence(path, fault["type"], fault["loc"], fault["input"], fault["msg"]) for fault in faults)
    return f", {text}" if text.startswith("line ") else f": {text}"


def _sentence(path: Path, kind: str, place: tuple[int | str, ...], value: Any, message: str) -> str:
    key = ".".join(str(part) for part in place)
    if kind == "missing":
        return f"the key {key!r} is missing; see the README for a suite file."
    line = _line(path, str(place[-1]))
    if kind == "list_type" and isinstance(value, dict) and len(place) == 1:
        return f"{line}there can be several {key}, so that each is a table of its own; write [[{key}]]."
    if kind == "extra_forbidden":
        what = f"key in [{place[0]}]" if len(place) > 1 else "key"
        return f"{line}{UnknownNameError(what, str(place[-1]), _keys(place))}"
    return f"{line}the key {key!r} cannot be {value!r}: {message.lower()}."


def _keys(place: tuple[int | str, ...]) -> list[str]:
    sections: dict[str, type[pydantic.BaseModel]] = {
        "budget": BudgetTable,
        "instances": InstanceTable,
        "limits": Limits,
        "precision": PrecisionTable,
        "slurm": SlurmTable,
        "tune": TuneTable,
    }
    return list((sections.get(str(place[0]), Suite) if len(place) > 1 else Suite).model_fields)


def _line(path: Path, key: str) -> str:
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if line.partition("=")[0].strip(" []") == key:
            return f"line {number}: "
    return ""
