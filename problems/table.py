"""Your own table: a CSV file whose columns of two levels become −1 and +1."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping
from itertools import chain, islice, repeat, zip_longest
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from bnnbench.errors import InputError, UnknownNameError
from bnnbench.problem.network import Network
from bnnbench.problem.problem import LossName, Problem

from ._family import Seed, Widths, as_tuple, thresholds, title

Column = NDArray[np.object_]
"""The cells of a column as text, shape (rows,)."""
ColumnName = Annotated[str, Field(coerce_numbers_to_str=True)]
ColumnNames = Annotated[tuple[ColumnName, ...], BeforeValidator(as_tuple), Field(min_length=1)]

MISSING = ("", "?", ".", "-", "--", "–", "—", "#n/a", "#na", "<na>", "n/a", "na", "nan", "nat", "none", "null")
"""Marks of missing cells, as Excel, pandas, R, SAS, Python, databases and people write them, in lower case."""
DECIMAL_COMMA = re.compile(r"[-+]?\d+(,\d+)?")
MAX_FAULTS = 5
"""Faults of a file that are named at once."""


def table(
    *,
    path: Path,
    target: ColumnNames,
    hidden: Widths = (3,),
    features: ColumnNames | None = None,
    numeric: Literal["refuse", "median", "thermometer"] = "refuse",
    thermometer_levels: Annotated[int, Field(ge=1, le=1000)] = 3,
    test_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    seed: Seed = 0,
    bias: bool = False,
    loss: LossName = "zero_one",
    name: str | None = None,
) -> Problem:
    """Learn columns of a CSV file from its other columns.

    A column of two levels becomes −1 and +1, the higher level +1: numbers are ordered by value, text by alphabet. Cells
    that are empty or one of ``? . - -- #N/A <NA> N/A NA NaN NaT None NULL``, in capitals or not, are missing, which is
    refused in the columns that are used; ``-`` is a level beside ``+``.

    Parameters
    ----------
    path
        A comma-separated file in UTF-8 with a header, relative to the working directory or absolute.
    target
        Column of two levels to learn, or several of them.
    hidden
        Widths of the hidden layers, each at least 1; a single number is one layer.
    features
        Columns to learn from, in this order; None for all but the targets, in the order of the file.
    numeric
        What becomes of a feature that holds numbers of more than two levels: ``"refuse"`` refuses it, ``"median"``
        makes +1 of what is above the median, ``"thermometer"`` compares it with several quantiles, one input each.
        Quantiles are computed on the training part alone; of those that split it alike one is kept, and those that do
        not split it are dropped.
    thermometer_levels
        Number k of quantiles, from 1 to 1000: 1/(k+1), …, k/(k+1).
    test_fraction
        Fraction of the rows, drawn at random and rounded to whole rows, that is held out; at least 0, below 1.
    seed
        Decides which rows are held out; at least 0.
    bias
        Whether every neuron has a bias weight.
    loss
        See `bnnbench.Problem`.
    name
        How tables call the problem; None for one made from the file's name and the parameters.

    Raises
    ------
    UnknownNameError
        If the file has no such column.
    InputError
        If the file cannot be used, or a column in it cannot be encoded.
    """
    cells = _read(path)
    features = _features(cells, path, target, features)
    training = ~_held_out(len(cells[target[0]]), test_fraction, seed, path)
    num_thresholds = {"refuse": 0, "median": 1, "thermometer": thermometer_levels}[numeric]
    thresholds_of = dict.fromkeys(features, (training, num_thresholds)) | dict.fromkeys(target, (None, 0))
    spins = _encode_all(cells, path, thresholds_of)
    inputs, targets = (np.hstack([spins[column] for column in columns]) for columns in (features, target))
    network = Network((inputs.shape[1], *hidden, targets.shape[1]), bias)
    encoding = {"refuse": "", "median": "median", "thermometer": f"thermometer{thermometer_levels}"}[numeric]
    split = f"test{test_fraction} s{seed}" if test_fraction else ""
    return Problem(
        network,
        inputs[training],
        targets[training],
        loss,
        name=title(path.stem, network, encoding, split, loss=loss) if name is None else name,
        test_inputs=inputs[~training] if test_fraction else None,
        test_targets=targets[~training] if test_fraction else None,
    )


def _encode_all(
    cells: Mapping[str, Column], path: Path, thresholds_of: Mapping[str, tuple[NDArray[np.bool_] | None, int]]
) -> dict[str, NDArray[np.int8]]:
    """Return the columns as −1 and +1, or name the faults of all of them."""
    spins: dict[str, NDArray[np.int8]] = {}
    faults: list[str] = []
    for column, given in thresholds_of.items():
        where = f"column {column!r}"
        try:
            _refuse_missing(cells[column], where)
            spins[column] = _encode(cells[column], where, *given)
        except InputError as error:
            faults.append(str(error))
    _refuse(path, faults)
    return spins


def _refuse(path: Path, faults: list[str]) -> None:
    """Raise `InputError` that names the first faults of a file, if there are any."""
    if faults:
        more = [f"And {len(faults) - MAX_FAULTS} faults more."] if len(faults) > MAX_FAULTS else []
        raise InputError(f"table {path}: {' '.join([*faults[:MAX_FAULTS], *more])}")


def _read(path: Path) -> dict[str, Column]:
    """Return the cells of each column as text, by the names in the header."""
    try:
        if not path.is_file():
            raise InputError(f"table {path}: there is no such file; give the path of a CSV file.")
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for line in csv.reader(file, skipinitialspace=True, strict=True) if line]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"table {path}: the file is not readable as CSV in UTF-8 ({reason}); repair it.") from error
    if not lines:
        raise InputError(f"table {path}: the file is empty; give a header and one line per sample.")
    header, *rows = ([cell.strip() for cell in line] for line in lines)
    _check_separator(path, ",".join(header))
    faults, first = [], dict[str, int]()
    for place, name in enumerate(header, start=1):
        if name == "":
            faults.append(f"column {place} has no name in the header; name it.")
        elif first.setdefault(name, place) != place:
            faults.append(f"columns {first[name]} and {place} are both named {name!r}; rename one.")
    for number, row in enumerate(rows, start=1):
        if len(row) > len(header):
            faults.append(
                f"row {number} below the header has {len(row)} cells, but the header has {len(header)}; quote cells "
                "with commas, and write decimal points."
            )
    _refuse(path, faults)
    if not rows:
        raise InputError(f"table {path}: there is a header, but no row below it; add one line per sample.")
    columns = islice(zip_longest(*rows, fillvalue=""), len(header))  # lines may end early
    filled = chain(columns, repeat(("",) * len(rows)))
    return {name: np.array(cells, dtype=object) for name, cells in zip(header, filled, strict=False)}


def _check_separator(path: Path, header: str) -> None:
    """Raise `InputError` if the first line shows another separator than commas, or is no header."""
    if header.lower().startswith("sep="):
        raise InputError(
            f"table {path}: the first line, {header!r}, is a note of Excel and no header; delete that line, and use "
            "commas as separators."
        )
    found = [(header.count(mark), name) for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"))]
    number, name = max(found)
    if number and "," not in header:
        raise InputError(
            f"table {path}: the header, {header[:60]!r}, has no comma but {name} as separators; write the file with "
            "commas and with decimal points, for example by pandas.read_csv(…, sep=…, decimal=…).to_csv(…, "
            "index=False)."
        )


def _features(
    cells: dict[str, Column], path: Path, target: tuple[str, ...], features: tuple[str, ...] | None
) -> tuple[str, ...]:
    """Return the names of the features, checked together with those of the targets."""
    if features is None:
        targets = set(target)
        features = tuple(name for name in cells if name not in targets)
    both = set(features) & set(target)
    for name, number in Counter([*features, *target]).items():
        if name not in cells:
            raise UnknownNameError(f"column of {path}", name, cells)
        if name in both:
            raise InputError(f"table {path}: column {name!r} is both target and feature; take it out of features.")
        if number > 1:
            raise InputError(f"table {path}: column {name!r} is asked for {number} times; name it once.")
    if not features:
        raise InputError(f"table {path}: all columns are targets, so no feature is left; name fewer targets.")
    return features


def _refuse_missing(column: Column, where: str) -> None:
    """Raise `InputError` that names the first missing cell of a column."""
    cells = set(column)
    marks = {cell for cell in cells if cell.lower() in MISSING and not (cell == "-" and "+" in cells)}
    if not marks:
        return
    missing = np.isin(column, list(marks))
    row = int(np.argmax(missing))
    others = f" and {missing.sum() - 1} more" if missing.sum() > 1 else ""
    raise InputError(
        f"{where} has a missing cell, {column[row]!r}, in row {row + 1} below the header{others}; fill such cells, "
        "delete their rows, or leave the column out of features. A level of that name needs another one."
    )


def _held_out(num_rows: int, test_fraction: float, seed: int, path: Path) -> NDArray[np.bool_]:
    """Draw the rows that are held out, shape (num_rows,)."""
    num_test = round(test_fraction * num_rows)
    if test_fraction and not 0 < num_test < num_rows:
        raise InputError(
            f"table {path}: test_fraction={test_fraction} of {num_rows} rows leaves {num_test} to test on and "
            f"{num_rows - num_test} to train on; choose it so that both have rows."
        )
    held_out = np.zeros(num_rows, dtype=np.bool_)
    held_out[np.random.default_rng(seed).permutation(num_rows)[:num_test]] = True
    return held_out


def _encode(
    column: Column, where: str, training: NDArray[np.bool_] | None = None, num_thresholds: int = 0
) -> NDArray[np.int8]:
    """Return a column as −1 and +1, shape (rows, inputs); only a feature comes with its training rows."""
    import pandas as pd

    numbers = np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64)
    is_number = bool(np.isfinite(numbers).all())
    large = np.abs(numbers) >= 2**53
    if is_number and len(set(column[large])) > len(np.unique(numbers[large])):
        raise InputError(
            f"{where} has numbers beyond 2^53, such as {column[large][0]}, which cannot be told apart; write "
            "shorter numbers, or text."
        )
    levels, codes = np.unique(numbers if is_number else column.astype(np.str_), return_inverse=True)
    if len(levels) == 1:
        role = "target" if training is None else "features"
        raise InputError(f"{where} has {column[0]!r} in every row, which tells nothing; leave it out of {role}.")
    if len(levels) == 2:
        return np.where(codes[:, None] == 1, 1, -1).astype(np.int8)
    found = f"{len(levels)} levels, such as {', '.join(islice(dict.fromkeys(column), 3))}"
    if training is None:
        raise InputError(f"{where} is a target of {found}; make a column of two levels of it first.")
    if not is_number and all(DECIMAL_COMMA.fullmatch(cell) for cell in column):
        raise InputError(f"{where} has numbers with decimal commas, such as {column[0]}; write decimal points.")
    if not is_number:
        raise InputError(f"{where} has text of {found}; make columns of two levels of it, or leave it out of features.")
    if not num_thresholds:
        raise InputError(
            f"{where} has numbers of {found}; give numeric=median or numeric=thermometer, or leave it out of features."
        )
    cuts = thresholds(numbers[training], num_thresholds)
    if not len(cuts):
        raise InputError(
            f"{where} has no number above its {'median' if num_thresholds == 1 else 'quantiles'} in the training part, "
            "so that its inputs would be constant; leave it out of features, or choose more thermometer_levels."
        )
    return np.where(numbers[:, None] > cuts, 1, -1).astype(np.int8)
