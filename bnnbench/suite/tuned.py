"""Tuned parameters: the TOML file that `bnnbench tune` writes, and that a suite names as ``parameters``."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import pydantic

from bnnbench.errors import InputError
from bnnbench.problem.problem import Problem
from bnnbench.suite.toml_file import read_toml

_Strict = pydantic.ConfigDict(extra="forbid", frozen=True)
HEADER = "# Parameters that bnnbench tune found; a suite names this file with: parameters = "


class TunedPair(pydantic.BaseModel):
    """``[[pairs]]``: what was found for a solver and a formulation, and what the search has cost."""

    model_config = _Strict
    solver: str
    """As the suite has it, with the parameters that it gives."""
    formulation: str
    """The same; empty: the solver works on the network, and every formulation is alike to it."""
    solver_parameters: dict[str, Any] = {}
    """Those that were found, which differ from the defaults; none: the defaults were best."""
    formulation_parameters: dict[str, Any] = {}
    value: float
    """Objective of the setting that was found, on the problems that it was tuned on."""
    default_value: float
    """That of the default parameters."""
    trials: Annotated[int, pydantic.Field(ge=0)]
    pruned: Annotated[int, pydantic.Field(ge=0)]
    runs: Annotated[int, pydantic.Field(ge=0)]
    seconds: Annotated[float, pydantic.Field(ge=0)]
    """Time that the runs of the search took: compiling, preparing, sampling, judging."""


class TunedFile(pydantic.BaseModel):
    """The whole file."""

    model_config = _Strict
    suite: str
    objective: str
    """Such as ``ert in seconds``."""
    problems: list[str]
    """Hashes of the problems that were tuned on; no run on one of them may stand beside the others."""
    pairs: list[TunedPair]

    def check_apart(self, problems: Iterable[Problem], file: Path | str) -> None:
        """Raise `InputError` if a problem is one of those that the parameters were tuned on."""
        shared = [problem.name for problem in problems if problem.hash in self.problems]
        if shared:
            raise InputError(
                f"{file}: the parameters were tuned on {len(shared)} of the suite's problems, such as {shared[0]}; "
                "test on others, as a search flatters itself on its own problems."
            )


def read_tuned(path: Path) -> TunedFile:
    """Read and check a file of tuned parameters.

    Raises
    ------
    InputError
        If it cannot be read, or is no such file.
    """
    return read_toml(path, "tuned parameters", TunedFile, guide="docs/tuning.md")


def tuned_text(tuned: TunedFile, name: str) -> str:
    """Return the file's text; `name` is what a suite calls it."""
    head = [f"{HEADER}{json.dumps(name)}", *_lines(tuned.model_dump(exclude={"pairs"}))]
    tables = [["", "[[pairs]]", *_lines(pair.model_dump())] for pair in tuned.pairs]
    return "\n".join([*head, *(line for table in tables for line in table), ""])


def _lines(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in table.items()]


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key} = {_toml(part)}' for key, part in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
