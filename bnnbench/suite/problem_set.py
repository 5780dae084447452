"""Sets of problems: named lists of instances by family, size, load and seed, in splits that share no instance.

A set is a TOML file: its splits, as ranges of seeds, and its cells, each a family with parameters. Beside it lies a
file with the truth of each instance, which pins the content hashes as well: an instance that has become another one is
refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import pydantic

from bnnbench.errors import CheckError, InputError, UnknownNameError
from bnnbench.metrics.rungs import Rung, read_rungs
from bnnbench.optimum.shipped import SHIPPED, Place, ShippedTruth, read_shipped, set_files
from bnnbench.plugins.files import placed
from bnnbench.plugins.registry import load_problem
from bnnbench.problem.problem import Problem
from bnnbench.spec import Spec
from bnnbench.suite.toml_file import checked, read_toml

_Seed = Annotated[int, pydantic.Field(ge=0)]


class _File(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)
    title: str = ""
    splits: Annotated[dict[str, tuple[_Seed, _Seed]], pydantic.Field(min_length=1)]
    cells: Annotated[list[dict[str, Any]], pydantic.Field(min_length=1)]


class Selection(pydantic.BaseModel):
    """``[[problems]] set = …``: the instances of a set that a suite takes; what is not given is not narrowed."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True)
    set: str
    """Name of an installed set, or a TOML file in the suite's folder."""
    split: tuple[str, ...] = ("test",)
    cell: tuple[str, ...] = ()
    rung: tuple[Rung, ...] = ()
    instances: Annotated[int, pydantic.Field(ge=1)] | None = None
    """Instances per cell and split at most, the first ones."""

    @pydantic.field_validator("split", "cell", "rung", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, (list, tuple)) else (value,)


@dataclass(frozen=True)
class Member:
    """An instance of a set: its place, how it is made, and the content hash that it must have, if one is pinned."""

    place: Place
    spec: Spec
    pinned: str | None

    def load(self) -> Problem:
        """Make the instance, and check that it is the one that the set pins."""
        problem = load_problem(self.spec)
        self.check(problem)
        return problem

    def check(self, problem: Problem) -> None:
        """Check that a problem is the instance that the set pins.

        Raises
        ------
        CheckError
            If it has another content than the set has a truth of.
        """
        if self.pinned not in (None, problem.hash):
            raise CheckError(
                f"{problem.name}: its content has the hash {problem.hash}, but the set pins {self.pinned}; the family "
                f"{Path(self.spec.name).stem} makes other instances than it did, so restore it or make a new set."
            )


@dataclass(frozen=True)
class SetCell:
    """A cell of a set: a name, and the family with its parameters, but for the seed."""

    name: str
    spec: Spec


@dataclass(frozen=True)
class ProblemSet:
    """A set of problems.

    Parameters
    ----------
    path
        Of its TOML file; a truth file of the same name with the ending ``.parquet`` lies beside it, and so does
        the table of a pilot, ``NAME_pilot.csv``, from which rungs follow.
    splits
        First and last seed by the name of the split.
    """

    path: Path
    title: str
    splits: Mapping[str, tuple[int, int]]
    cells: tuple[SetCell, ...]

    @property
    def name(self) -> str:
        """Name of the set: that of its file."""
        return self.path.stem

    @property
    def truth_path(self) -> Path:
        """Path of its truths."""
        return self.path.with_suffix(".parquet")

    @cached_property
    def truths(self) -> Mapping[Place, ShippedTruth]:
        """Return what is known of its instances."""
        return {row.place: row for row in read_shipped(self.truth_path)}

    @cached_property
    def rungs(self) -> Mapping[str, Rung]:
        """Return the rungs of the cells that a pilot has tried."""
        return read_rungs(self.path)

    @property
    def num_members(self) -> int:
        """Number of instances."""
        return len(self.cells) * sum(last - first + 1 for first, last in self.splits.values())

    def members(self, selection: Selection | None = None) -> Iterator[Member]:
        """Yield the instances that are selected, cell by cell and split by split.

        Raises
        ------
        UnknownNameError
            If there is no such split or cell.
        """
        wanted = selection or Selection(set=self.name, split=tuple(self.splits))
        for what, names, known in (
            ("split", wanted.split, self.splits),
            ("cell", wanted.cell, [cell.name for cell in self.cells]),
        ):
            for name in names:
                if name not in known:
                    raise UnknownNameError(f"{what} of the set {self.name}", name, known)
        for cell in self.cells:
            if wanted.cell and cell.name not in wanted.cell:
                continue
            if wanted.rung and self.rungs.get(cell.name) not in wanted.rung:
                continue
            for split in wanted.split:
                yield from self._split(cell, split, wanted.instances)

    def _split(self, cell: SetCell, split: str, most: int | None) -> Iterator[Member]:
        first, last = self.splits[split]
        for seed in range(first, min(last + 1, first + most) if most else last + 1):
            place = Place(cell.name, split, seed)
            known = self.truths.get(place)
            spec = Spec(cell.spec.name, {**cell.spec.parameters, "seed": seed})
            yield Member(place, spec, known.problem_hash if known else None)


def set_paths() -> dict[str, Path]:
    """Return the files of the installed sets by name."""
    return {path.stem: path for path in set_files(".toml")}


def find_set(name: str, folder: Path = Path()) -> ProblemSet:
    """Read a set: an installed name, or a path that ends in ``.toml``, from a folder.

    Raises
    ------
    UnknownNameError
        If no set has the name.
    InputError
        If its file cannot be used.
    """
    if name.endswith(".toml"):
        found = read_set(folder / name)
        SHIPPED.offer(found.name, found.truths.values())
        return found
    paths = set_paths()
    if name not in paths:
        raise UnknownNameError("set of problems", name, paths)
    return read_set(paths[name])


def read_set(path: Path) -> ProblemSet:
    """Read the file of a set.

    Raises
    ------
    InputError
        If it cannot be read, a key is wrong, splits overlap, or a cell has no name of its own or no family.
    """
    file = read_toml(path, "set", _File, guide="docs/sets.md")
    ranges = sorted(file.splits.values())
    if any(last < first for first, last in ranges) or any(b[0] <= a[1] for a, b in itertools.pairwise(ranges)):
        raise InputError(
            f"set {path}: splits are ranges [first, last] of seeds that share none, but {dict(file.splits)} came."
        )
    cells = [_cell(path, table) for table in file.cells]
    names = [cell.name for cell in cells]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"set {path}: two cells are named {name!r}; name them apart.")
    return ProblemSet(path, file.title, file.splits, tuple(cells))


def _cell(path: Path, table: Mapping[str, Any]) -> SetCell:
    parameters = dict(table)
    name, family = parameters.pop("name", None), parameters.pop("family", None)
    if not (isinstance(name, str) and name and isinstance(family, str) and family) or "seed" in parameters:
        raise InputError(
            f"set {path}: each cell needs a name and a family, and its seeds come from the splits, but {table!r} came."
        )
    return SetCell(name, placed("problem", Spec(family, parameters), path.parent))


def selected(table: Mapping[str, Any], folder: Path) -> list[Member]:
    """Return the instances that a table of a suite takes from a set.

    Raises
    ------
    InputError
        If the table or the set is wrong, or if nothing is left.
    """
    wanted = checked(table, f"set {table['set']}", Selection, guide="docs/sets.md")
    members = list(find_set(wanted.set, folder).members(wanted))
    if not members:
        raise InputError(f"set {wanted.set}: no cell has the rung {' or '.join(wanted.rung)}; see bnnbench list sets.")
    return members
