"""Your own table: a CSV file whose columns of two levels become −1 and +1."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from bnnbench.errors import InputError, UnknownNameError
from bnnbench.problem.network import Network
from bnnbench.problem.problem import LossName, Problem

from ._family import Seed, Widths, as_tuple, thresholds, title

if TYPE_CHECKING:
    import pandas as pd

ColumnName = Annotated[str, Field(coerce_numbers_to_str=True)]
ColumnNames = Annotated[tuple[ColumnName, ...], BeforeValidator(as_tuple), Field(min_length=1)]

MISSING = ("", "?", "NA", "N/A", "NaN", "nan", "NULL", "null")


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
    that are empty or one of ``? NA N/A NaN nan NULL null`` are missing, which is refused in the columns that are used.

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
    cells = cells[[*features, *target]]
    _refuse_missing(cells, path)
    training = ~_held_out(len(cells), test_fraction, seed, path)
    num_thresholds = {"refuse": 0, "median": 1, "thermometer": thermometer_levels}[numeric]
    inputs = np.hstack([_encode(cells[column], path, training, num_thresholds) for column in features])
    targets = np.hstack([_encode(cells[column], path) for column in target])
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


def _read(path: Path) -> pd.DataFrame:
    """All cells as text, rows numbered from 1, columns named by the header."""
    import pandas as pd

    try:
        if not path.is_file():
            raise InputError(f"table {path}: there is no such file; give the path of a CSV file.")
        # Without header=None, pandas would rename columns of equal names and take surplus cells for row names.
        cells: pd.DataFrame = pd.read_csv(
            path,
            header=None,
            dtype=str,
            keep_default_na=False,
            skipinitialspace=True,
            encoding="utf-8-sig",
            compression=None,
        ).apply(lambda column: column.str.strip())
    except pd.errors.EmptyDataError:
        raise InputError(f"table {path}: the file is empty; give a header and one line per sample.") from None
    except (OSError, UnicodeDecodeError, pd.errors.ParserError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"table {path}: the file is not readable as CSV in UTF-8 ({reason}); repair it.") from error
    header = list(cells.iloc[0])
    for place, name in enumerate(header):
        if name == "":
            raise InputError(f"table {path}: column {place + 1} has no name in the header; name it.")
        if name in header[:place]:
            raise InputError(
                f"table {path}: columns {header.index(name) + 1} and {place + 1} are both named {name!r}; rename one."
            )
    if len(cells) == 1:
        raise InputError(f"table {path}: there is a header, but no row below it; add one line per sample.")
    return cells.iloc[1:].set_axis(header, axis="columns")


def _features(
    cells: pd.DataFrame, path: Path, target: tuple[str, ...], features: tuple[str, ...] | None
) -> tuple[str, ...]:
    """Names of the features, checked together with those of the targets."""
    if features is None:
        features = tuple(name for name in cells.columns if name not in target)
    used = [*features, *target]
    for name in used:
        if name not in cells.columns:
            raise UnknownNameError(f"column of {path}", name, cells.columns)
        if name in features and name in target:
            raise InputError(f"table {path}: column {name!r} is both target and feature; take it out of features.")
        if used.count(name) > 1:
            raise InputError(f"table {path}: column {name!r} is asked for {used.count(name)} times; name it once.")
    if not features:
        raise InputError(f"table {path}: all columns are targets, so no feature is left; name fewer targets.")
    return features


def _refuse_missing(cells: pd.DataFrame, path: Path) -> None:
    cells = cells.fillna("")  # lines that end early
    missing = cells.isin(MISSING).to_numpy()
    if missing.any():
        row, column = np.argwhere(missing)[0]
        raise InputError(
            f"table {path}: column {cells.columns[column]!r} has a missing cell, {cells.iloc[row, column]!r}, in row "
            f"{row + 1} below the header (missing in all columns in use: {missing.sum()}); fill such cells, delete "
            "their rows, or leave their columns out of features."
        )


def _held_out(num_rows: int, test_fraction: float, seed: int, path: Path) -> NDArray[np.bool_]:
    """Which rows are held out, shape (num_rows,)."""
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
    column: pd.Series[str], path: Path, training: NDArray[np.bool_] | None = None, num_thresholds: int = 0
) -> NDArray[np.int8]:
    """Column as −1 and +1, shape (rows, inputs); only a feature comes with its training rows."""
    import pandas as pd

    where = f"table {path}: column {column.name!r}"
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    is_number = bool(np.isfinite(numbers).all())
    large = np.abs(numbers) >= 2**53
    if is_number and column[large].nunique() > len(np.unique(numbers[large])):
        raise InputError(
            f"{where} has numbers beyond 2^53, such as {column[large].iloc[0]}, which cannot be told apart; write "
            "shorter numbers, or text."
        )
    levels, codes = np.unique(numbers if is_number else column.to_numpy(np.str_), return_inverse=True)
    if len(levels) == 1:
        role = "target" if training is None else "features"
        raise InputError(f"{where} has {column.iloc[0]!r} in every row, which tells nothing; leave it out of {role}.")
    if len(levels) == 2:
        return np.where(codes[:, None] == 1, 1, -1).astype(np.int8)
    found = f"{len(levels)} levels, such as {', '.join(column.unique()[:3])}"
    if training is None:
        raise InputError(f"{where} is a target of {found}; make a column of two levels of it first.")
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
