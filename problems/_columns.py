"""Columns of a table as inputs of −1 and +1: two levels, quantiles, one-hot; missing cells refused or imputed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError

from ._family import thresholds

Column = NDArray[np.object_]
"""The cells of a column as text, shape (rows,)."""
MISSING = ("", "?", ".", "-", "--", "–", "—", "#n/a", "#na", "<na>", "n/a", "na", "nan", "nat", "none", "null")
"""Marks of missing cells, as Excel, pandas, R, SAS, Python, databases and people write them, in lower case."""
DECIMAL_COMMA = re.compile(r"[-+]?\d+(,\d+)?")


@dataclass(frozen=True, eq=False)
class Encoding:
    """The way in which features become inputs.

    Parameters
    ----------
    training
        Rows that train, bool of shape (rows,): quantiles, levels and imputed values come from them alone.
    num_thresholds
        Quantiles that a number is compared with; 0 refuses numbers of more than two levels.
    one_hot
        Whether text of more than two levels becomes an input per level, or is refused.
    imputes
        Whether missing cells are imputed, or refused.
    """

    training: NDArray[np.bool_]
    num_thresholds: int
    one_hot: bool
    imputes: bool


def filled(column: Column, where: str, encoding: Encoding | None) -> Column:
    """Return a column without missing cells: they are imputed from the training rows if the encoding says so.

    Raises
    ------
    InputError
        If cells are missing otherwise, or all of the training rows.
    """
    cells = set(column)
    marks = {cell for cell in cells if cell.lower() in MISSING and not (cell == "-" and "+" in cells)}
    if not marks:
        return column
    missing = np.isin(column, list(marks))
    if encoding is not None and encoding.imputes:
        return np.where(missing, _typical(column[encoding.training & ~missing], where), column).astype(object)
    row = int(np.argmax(missing))
    others = f" and {missing.sum() - 1} more" if missing.sum() > 1 else ""
    raise InputError(
        f"{where} has a missing cell, {column[row]!r}, in row {row + 1} below the header{others}; fill such cells, "
        "delete their rows, give missing=impute for features, or leave the column out of features. A level of that "
        "name needs another one."
    )


def _typical(present: Column, where: str) -> str:
    """Return the median of numbers of more than two levels, or else the most frequent cell, the first of several."""
    if not len(present):
        raise InputError(f"{where} has no cell in the rows that train; leave it out of features.")
    numbers = _numbers(present)
    if np.isfinite(numbers).all() and len(np.unique(numbers)) > 2:
        return repr(float(np.median(numbers)))
    levels, counts = np.unique(present.astype(np.str_), return_counts=True)
    return str(levels[counts.argmax()])


def _numbers(column: Column) -> NDArray[np.float64]:
    """Return cells as numbers; NaN where they are none."""
    import pandas as pd

    return np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64)


def encoded(column: Column, where: str, encoding: Encoding | None) -> NDArray[np.int8]:
    """Return a column as −1 and +1, shape (rows, inputs); only a feature has an encoding.

    Raises
    ------
    InputError
        If it cannot be encoded so.
    """
    numbers = _numbers(column)
    is_number = bool(np.isfinite(numbers).all())
    large = np.abs(numbers) >= 2**53
    if is_number and len(set(column[large])) > len(np.unique(numbers[large])):
        raise InputError(
            f"{where} has numbers beyond 2^53, such as {column[large][0]}, which cannot be told apart; write "
            "shorter numbers, or text."
        )
    levels, codes = np.unique(numbers if is_number else column.astype(np.str_), return_inverse=True)
    if len(levels) == 1:
        role = "target" if encoding is None else "features"
        raise InputError(f"{where} has {column[0]!r} in every row, which tells nothing; leave it out of {role}.")
    if len(levels) == 2:
        return np.where(codes[:, None] == 1, 1, -1).astype(np.int8)
    found = f"{len(levels)} levels, such as {', '.join(islice(dict.fromkeys(column), 3))}"
    if encoding is None:
        raise InputError(f"{where} is a target of {found}; make a column of two levels of it first.")
    if not is_number and all(DECIMAL_COMMA.fullmatch(cell) for cell in column):
        raise InputError(f"{where} has numbers with decimal commas, such as {column[0]}; write decimal points.")
    if not is_number and not encoding.one_hot:
        raise InputError(f"{where} has text of {found}; give categorical=one_hot, or leave it out of features.")
    if not is_number:
        seen = np.unique(column[encoding.training].astype(np.str_))
        return np.where(column.astype(np.str_)[:, None] == seen, 1, -1).astype(np.int8)
    if not encoding.num_thresholds:
        raise InputError(
            f"{where} has numbers of {found}; give numeric=median or numeric=thermometer, or leave it out of features."
        )
    cuts = thresholds(numbers[encoding.training], encoding.num_thresholds)
    if not len(cuts):
        raise InputError(
            f"{where} has no number above its {'median' if encoding.num_thresholds == 1 else 'quantiles'} in the "
            "training part, so that its inputs would be constant; leave it out of features, or choose more "
            "thermometer_levels."
        )
    return np.where(numbers[:, None] > cuts, 1, -1).astype(np.int8)
