"""``[[instances]]`` of a suite: QUBOs of files, with what is known of their ground energies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import pydantic

from bnnbench.qubo.qubo_problem import QuboProblem, qubo_problem
from bnnbench.qubo.reading import read_qubo

Optimum = float | Literal["unknown", "cpsat", "highs"]


class InstanceTable(pydantic.BaseModel):
    """``[[instances]]``: a file with a QUBO, or several."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True)
    file: Annotated[tuple[str, ...], pydantic.Field(min_length=1)]
    """In the folder of the suite; the ending says which format it is, see `bnnbench.qubo.reading.read_qubo`."""
    optimum: Optimum = "unknown"
    """The ground energy; or a solver that has to prove it; or ``unknown``: small QUBOs are visited state by state."""
    seconds: Annotated[float, pydantic.Field(gt=0)] = 60.0
    """Time that the solver has to prove the ground energy."""

    @pydantic.field_validator("file", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else (value,)


def foreign_problems(table: InstanceTable, folder: Path) -> Iterator[QuboProblem]:
    """Yield the QUBOs of a table as problems.

    Raises
    ------
    InputError
        If a file cannot be read.
    """
    for file in table.file:
        yield qubo_problem(read_qubo(folder / file), Path(file).name)
