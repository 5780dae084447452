"""Exchange files read back: QUBOs that other people wrote, and those of `bnnbench.qubo.formats`."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bnnbench.errors import InputError, system_errors
from bnnbench.qubo.qubo import Qubo, make_qubo, qubo_from_bqm

if TYPE_CHECKING:
    import dimod

MAX_VARIABLES = 1_000_000
"""More are taken for a file of another kind."""


def read_qubo(path: Path) -> Qubo:
    """Read a QUBO; the ending of the file says how, see `bnnbench.qubo.formats.write_qubo`.

    An ``.lp`` file holds a quadratic objective over binary variables, and no constraints. Variables that have names
    become 0, 1, … in their natural order, x2 before x10.

    Raises
    ------
    InputError
        If the ending is another, or the file cannot be read or is none of its kind.
    """
    if path.suffix not in READERS:
        raise InputError(f"{path}: the ending {path.suffix!r} is unknown; give a file in {', '.join(READERS)}.")
    with system_errors(InputError, f"QUBO file {path} cannot be read", "give another path"):
        content = path.read_bytes()
    try:
        qubo = READERS[path.suffix](content)
    except InputError as error:
        raise InputError(f"QUBO file {path}: {error}") from error
    except Exception as error:  # readers of dimod raise of all kinds
        raise InputError(
            f"QUBO file {path} is none of the kind {path.suffix} ({' '.join(str(error).split())[:120]}); repair it, or "
            "give it the ending of its kind."
        ) from error
    if not qubo.num_variables:
        raise InputError(f"QUBO file {path}: there is no variable; give a file with at least one.")
    return qubo


def _triplets(lines: Iterator[str]) -> Iterator[tuple[int, int, float]]:
    """Yield the numbers of lines ``i j coefficient``."""
    for line in lines:
        parts = line.split()
        if len(parts) != 3:
            raise InputError(f"a line has {len(parts)} entries, {line[:60]!r}, instead of i, j and a number.")
        i, j, value = int(parts[0]), int(parts[1]), float(parts[2])
        if not (0 <= i < MAX_VARIABLES and 0 <= j < MAX_VARIABLES and math.isfinite(value)):
            raise InputError(f"a line cannot be used: {line[:60]!r}; give numbers of variables and finite numbers.")
        yield i, j, value


def _split(content: bytes, marks: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the comments of a text, which begin with a mark, and its other lines that are not empty."""
    lines = [line.strip() for line in content.decode().splitlines() if line.strip()]
    return (
        [line for line in lines if line.startswith(marks)],
        [line for line in lines if not line.startswith(marks)],
    )


def _offset(comments: list[str], word: str) -> float:
    """Return the number behind a word in the comments; 0 if none has it."""
    for comment in comments:
        if word in comment:
            return float(comment.partition(word)[2].strip(" =:\t").split()[0])
    return 0.0


def _assembled(
    terms: Iterator[tuple[int, int, float]], offset: float, *, num_variables: int = 0, first: int = 0, double: float = 1
) -> Qubo:
    """Return the QUBO of terms: those of the diagonal are linear; couplings are taken `double` times."""
    found = [(i - first, j - first, value) for i, j, value in terms]
    if found and min(min(i, j) for i, j, _ in found) < 0:
        raise InputError(f"a variable is numbered below {first}, with which numbers begin.")
    n = max([num_variables, *(1 + max(i, j) for i, j, _ in found)])
    if num_variables and n > num_variables:
        raise InputError(f"the head says {num_variables} variables, but number {n - 1 + first} occurs.")
    linear = np.zeros(n)
    for i, j, value in found:
        if i == j:
            linear[i] += value
    pairs = [(i, j, double * value) for i, j, value in found if i != j]
    rows, cols, values = zip(*pairs, strict=True) if pairs else ((), (), ())
    return make_qubo(linear, np.array(rows, int), np.array(cols, int), np.array(values, float), offset)


def _coo(content: bytes) -> Qubo:
    comments, lines = _split(content, ("#",))
    if any("vartype" in comment and "SPIN" in comment for comment in comments):
        raise InputError("its variables are spins; write it with bits, for example by dimod's change_vartype.")
    return _assembled(_triplets(iter(lines)), _offset(comments, "offset"))


def _qbsolv(content: bytes) -> Qubo:
    comments, lines = _split(content, ("c", "p"))
    head = [line.split() for line in comments if line.startswith("p ")]
    if len(head) != 1 or len(head[0]) < 4:
        raise InputError('it needs one line "p qubo 0 VARIABLES DIAGONALS COUPLINGS".')
    offset = _offset([line for line in comments if not line.startswith("p ")], "offset")
    return _assembled(_triplets(iter(lines)), offset, num_variables=int(head[0][3]))


def _qoblib(content: bytes, sign: float = 1.0) -> Qubo:
    comments, (head, *lines) = _split(content, ("#", "c ", "%"))
    terms = ((i, j, sign * value) for i, j, value in _triplets(iter(lines)))
    offset = sign * _offset(comments, "ObjectiveOffset")
    return _assembled(terms, offset + 0.0, num_variables=int(head.split()[0]), first=1, double=2)


def _mqlib(content: bytes) -> Qubo:
    return _qoblib(content, sign=-1.0)


def _relabeled(bqm: dimod.BinaryQuadraticModel) -> Qubo:
    """Return the QUBO of a model; names that are not 0, 1, … are numbered in their natural order, x2 before x10."""
    if set(bqm.variables) != set(range(bqm.num_variables)):
        names = sorted(bqm.variables, key=lambda name: [part.zfill(20) for part in re.split(r"(\d+)", str(name))])
        bqm = bqm.relabel_variables({name: number for number, name in enumerate(names)}, inplace=False)
    return qubo_from_bqm(bqm)


def _json(content: bytes) -> Qubo:
    import dimod

    return _relabeled(dimod.BinaryQuadraticModel.from_serializable(json.loads(content)))


def _bqm(content: bytes) -> Qubo:
    import dimod

    return _relabeled(dimod.BinaryQuadraticModel.from_file(io.BytesIO(content)))


def _lp(content: bytes) -> Qubo:
    import dimod

    model = dimod.lp.loads(content.decode())
    if model.constraints:
        raise InputError(
            f"it has {len(model.constraints)} constraints, and a QUBO has none; write a quadratic objective over "
            "binary variables, [ … ] / 2, or another format."
        )
    if any(model.vartype(variable) is not dimod.BINARY for variable in model.variables):
        raise InputError("not all of its variables are binary; list them under Binaries.")
    objective = model.objective
    bqm = dimod.BinaryQuadraticModel(
        {v: objective.get_linear(v) for v in model.variables},
        {(u, v): value for u, v, value in objective.iter_quadratic()},
        objective.offset,
        dimod.BINARY,
    )
    return _relabeled(bqm)


READERS: Mapping[str, Callable[[bytes], Qubo]] = {
    ".coo": _coo,
    ".json": _json,
    ".bqm": _bqm,
    ".qubo": _qbsolv,
    ".qs": _qoblib,
    ".mqlib": _mqlib,
    ".lp": _lp,
}
"""Readers by the ending of the file."""
