"""Exchange files: a QUBO written for other people's programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from bnnbench.errors import InputError, system_errors
from bnnbench.qubo.linear_program import LinearModel, linearized
from bnnbench.qubo.qubo import Qubo


def check_ending(path: Path) -> None:
    """Raise `InputError` if `write_qubo` does not know the ending of a file."""
    if path.suffix not in WRITERS:
        raise InputError(f"{path}: the ending {path.suffix!r} is unknown; write to one of {', '.join(WRITERS)}.")


def write_qubo(qubo: Qubo, path: Path) -> None:
    """Write a QUBO; the ending of the file says how. Variables keep their order, and all numbers all their digits.

    - ``.coo``: dimod's COO text, a line ``i j coefficient`` each, diagonal for linear terms, of which each variable
      has one; the offset is a comment, since COO has no place for it.
    - ``.json``, ``.bqm``: dimod's serializable model, and its binary file; offset included.
    - ``.qubo``: qbsolv, minimized, variables from 0; the offset is a comment.
    - ``.qs``: the quantum optimization benchmarking library QOBLIB, minimized, variables from 1, the upper triangle of
      a symmetric matrix, so that couplings are halved; the offset is the comment ObjectiveOffset.
    - ``.mqlib``: MQLib, as ``.qs`` but maximized, so that signs are turned.
    - ``.lp``, ``.mps``: a mixed-integer linear model for any MIP solver, with bits ``x0``, ``x1``, … and a variable
      between 0 and 1 for each product of bits (R. Fortet, 1960). The offset is the cost of a variable ``Constant``
      that is fixed at 1: solvers disagree about the sign and the meaning of a bare constant.

    Raises
    ------
    InputError
        If the ending is another, or the file cannot be written.

    References
    ----------
    M. Booth, S. P. Reinhardt and A. Roy, "Partitioning Optimization Problems for Hybrid Classical/Quantum Execution",
    D-Wave Systems technical report, 2017 (qbsolv). T. Koch et al., "Quantum Optimization Benchmarking Library",
    arXiv 2504.03832, 2025. I. Dunning, S. Gupta and J. Silberholz, "What Works Best When? A Systematic Evaluation of
    Heuristics for Max-Cut and QUBO", INFORMS Journal on Computing 30, 2018 (MQLib).
    """
    check_ending(path)
    with system_errors(InputError, f"{path} cannot be written", "give another path with -o"):
        path.write_bytes(WRITERS[path.suffix](qubo))


def _coo(qubo: Qubo) -> bytes:
    # dimod's own writer keeps six decimals, and no variable without a term; its reader skips lines with an exponent.
    linear = ((i, i, value) for i, value in enumerate(qubo.linear.tolist()))
    head = [f"# offset={qubo.offset!r}", "# vartype=BINARY"]
    terms = (*linear, *_couplings(qubo))
    return _lines(head, (f"{i} {j} {np.format_float_positional(value, trim='0')}" for i, j, value in terms))


def _json(qubo: Qubo) -> bytes:
    return json.dumps(qubo.to_bqm().to_serializable()).encode()


def _bqm(qubo: Qubo) -> bytes:
    with qubo.to_bqm().to_file() as file:
        return bytes(file.read())


def _qbsolv(qubo: Qubo) -> bytes:
    linear, couplings = list(_linear(qubo)), list(_couplings(qubo))
    # qbsolv takes variables without a diagonal as well; it needs to know how many there could be.
    head = [f"c offset {qubo.offset!r}", f"p qubo 0 {qubo.num_variables} {len(linear)} {len(couplings)}"]
    return _lines(head, (f"{i} {j} {value!r}" for i, j, value in (*linear, *couplings)))


def _qoblib(qubo: Qubo, sign: float = 1.0) -> bytes:
    terms = [*_linear(qubo), *((i, j, value / 2) for i, j, value in _couplings(qubo))]
    head = [f"# ObjectiveOffset {sign * qubo.offset + 0.0!r}", "# Vars Non-zeros", f"{qubo.num_variables} {len(terms)}"]
    return _lines(head, (f"{i + 1} {j + 1} {sign * value!r}" for i, j, value in sorted(terms)))


def _mqlib(qubo: Qubo) -> bytes:
    return _qoblib(qubo, sign=-1.0)


def _linear(qubo: Qubo) -> Iterator[tuple[int, int, float]]:
    return ((i, i, value) for i, value in enumerate(qubo.linear.tolist()) if value)


def _couplings(qubo: Qubo) -> Iterator[tuple[int, int, float]]:
    return zip(qubo.rows.tolist(), qubo.cols.tolist(), qubo.couplings.tolist(), strict=True)


def _lines(head: list[str], body: Iterator[str]) -> bytes:
    return "\n".join([*head, *body, ""]).encode()


_CONSTANT = "Constant"
"""The variable that carries the offset, named as Gurobi names it."""
# OR-Tools writes both formats with six digits, and leaves variables out of LP; so these are written here.


def _lp(qubo: Qubo) -> bytes:
    """Write the LP format of CPLEX, a term per line, as lines are limited."""
    model = linearized(qubo)
    names = _names(model)
    cost = [f" {_signed(value)} {name}" for name, value in zip(names, model.cost.tolist(), strict=True)]
    cost.append(f" {_signed(model.offset)} {_CONSTANT}")
    rows: list[str] = []
    for number, (columns, values, bound) in enumerate(_rows(model)):
        terms = " ".join(f"{_signed(value)} {names[column]}" for column, value in zip(columns, values, strict=True))
        rows.append(f" r{number}: {terms} <= {bound!r}")
    rows = rows or [f" r0: {_CONSTANT} >= 0"]  # GLPK wants one
    is_bit = model.is_whole.tolist()
    bounds = [f" 0 <= {name} <= 1" for name, is_whole in zip(names, is_bit, strict=True) if not is_whole]
    bounds.append(f" {_CONSTANT} = 1")
    binaries = [f" {name}" for name, is_whole in zip(names, is_bit, strict=True) if is_whole]
    sections = ["Minimize", " energy:", *cost, "Subject To", *rows, "Bounds", *bounds, "Binaries", *binaries]
    return "\n".join([*sections, "End", ""]).encode()


def _mps(qubo: Qubo) -> bytes:
    """Write the free MPS format; CBC takes it for the fixed one unless the first line says FREE."""
    model = linearized(qubo)
    names, by_column = _names(model), model.matrix.tocsc()
    starts, rows, values = by_column.indptr.tolist(), by_column.indices.tolist(), by_column.data.tolist()
    columns = [" MARKER 'MARKER' 'INTORG'"]
    for column in sorted(range(len(names)), key=lambda column: not model.is_whole[column]):
        if column == model.num_answers:
            columns.append(" MARKER 'MARKER' 'INTEND'")
        columns.append(f" {names[column]} energy {model.cost[column].item()!r}")
        entries = slice(starts[column], starts[column + 1])
        columns += [f" {names[column]} r{row} {v!r}" for row, v in zip(rows[entries], values[entries], strict=True)]
    columns += [" MARKER 'MARKER' 'INTEND'"] if len(names) == model.num_answers else []
    columns.append(f" {_CONSTANT} energy {model.offset!r}")
    kinds = [f" L r{row}" for row in range(len(model.upper))]
    sides = [f" RHS r{row} {bound!r}" for row, bound in enumerate(model.upper.tolist()) if bound]
    bounds = [*(f" UP BOUND {name} 1" for name in names), f" FX BOUND {_CONSTANT} 1"]
    head = ["NAME qubo FREE", "ROWS", " N energy", *kinds, "COLUMNS", *columns]
    return "\n".join([*head, "RHS", *sides, "BOUNDS", *bounds, "ENDATA", ""]).encode()


def _signed(value: float) -> str:
    return f"{'-' if value < 0 else '+'} {abs(value)!r}"


def _names(model: LinearModel) -> list[str]:
    """Return the names of the variables: bits first, products of bits behind."""
    return [f"x{k}" if k < model.num_answers else f"product{k}" for k in range(len(model.cost))]


def _rows(model: LinearModel) -> Iterator[tuple[list[int], list[float], float]]:
    starts, columns, values = (
        array.tolist() for array in (model.matrix.indptr, model.matrix.indices, model.matrix.data)
    )
    for row, bound in enumerate(model.upper.tolist()):
        entries = slice(starts[row], starts[row + 1])
        yield columns[entries], values[entries], bound


WRITERS: Mapping[str, Callable[[Qubo], bytes]] = {
    ".coo": _coo,
    ".json": _json,
    ".bqm": _bqm,
    ".qubo": _qbsolv,
    ".qs": _qoblib,
    ".mqlib": _mqlib,
    ".lp": _lp,
    ".mps": _mps,
}
"""Writers by the ending of the file."""
