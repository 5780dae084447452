"""Your own table: a CSV file whose columns of two levels become −1 and +1."""

from __future__ import annotations

import csv
import io
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, islice, repeat, zip_longest
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from bnnbench.errors import InputError, UnknownNameError
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

from ._columns import Column, Encoding, encoded, filled
from ._family import Bias, Hidden, Loss, Seed, as_tuple, num_bits, title

ColumnName = Annotated[str, Field(coerce_numbers_to_str=True)]
ColumnNames = Annotated[tuple[ColumnName, ...], BeforeValidator(as_tuple), Field(min_length=1)]

MANY_BITS = 5_000
"""Bits of a QUBO above which a warning comes: annealing rarely finds good weights there."""
MAX_FAULTS = 5
"""Faults of a file that are named at once."""


def table(
    *,
    path: Path,
    target: ColumnNames,
    hidden: Hidden = (3,),
    features: ColumnNames | None = None,
    numeric: Literal["refuse", "median", "thermometer"] = "refuse",
    thermometer_levels: Annotated[int, Field(ge=1, le=1000)] = 3,
    categorical: Literal["refuse", "one_hot"] = "refuse",
    missing: Literal["refuse", "impute"] = "refuse",
    samples: Annotated[int, Field(ge=1)] | None = None,
    batch: Annotated[int, Field(ge=0)] = 0,
    test_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    seed: Seed = 0,
    bias: Bias = False,
    loss: Loss = "zero_one",
    name: str | None = None,
) -> Problem:
    """Learn columns of a CSV file from its other columns.

    A column of two levels becomes −1 and +1, the higher level +1: numbers are ordered by value, text by alphabet. Cells
    that are empty or one of ``? . - -- #N/A <NA> N/A NA NaN NaT None NULL``, in any case, are missing; ``-`` is a level
    beside ``+``. A warning comes with more than 5,000 bits in a QUBO.

    Parameters
    ----------
    path
        A comma-separated file in UTF-8 with a header, relative to the working directory or absolute.
    target
        Column of two levels to learn, or several of them.
    features
        Columns to learn from, in this order; None for all but the targets, in the order of the file.
    numeric
        What becomes of a feature that holds numbers of more than two levels: ``"refuse"`` refuses it, ``"median"``
        makes +1 of what is above the median, ``"thermometer"`` compares it with several quantiles, one input each.
        Quantiles are computed on the training part alone; of those that split it alike one is kept, and those that do
        not split it are dropped.
    thermometer_levels
        Number k of quantiles, from 1 to 1000: 1/(k+1), …, k/(k+1).
    categorical
        What becomes of a feature that holds text of more than two levels: ``"refuse"`` refuses it, ``"one_hot"`` makes
        an input of each level of the training part, in the order of the alphabet: +1 for the level that a row has.
    missing
        What becomes of missing cells of features: ``"refuse"`` refuses them; ``"impute"`` puts in the median of the
        training part, or its most frequent level where there is text or two levels. Missing targets are refused.
    samples, batch
        Rows that train: batch number b of so many, of the training part in a random order; None is the whole part.
    test_fraction, seed
        Fraction of the rows that is held out, at least 0, below 1, rounded to whole rows, and the seed that draws them.
    name
        How tables call the problem; None for one made from the file's name and the parameters.

    Raises
    ------
    InputError
        If the file or a column cannot be used; an `UnknownNameError` if the file has no such column.
    """
    cells = _read(path)
    features = _features(cells, path, target, features)
    held_out = _held_out(len(cells[target[0]]), test_fraction, seed, path)
    training = ~held_out if samples is None else _batch(held_out, samples, batch, seed, path)
    num_thresholds = {"refuse": 0, "median": 1, "thermometer": thermometer_levels}[numeric]
    encoding = Encoding(training, num_thresholds, one_hot=categorical == "one_hot", imputes=missing == "impute")
    spins = _encode_all(cells, path, dict.fromkeys(features, encoding) | dict.fromkeys(target, None))
    inputs, targets = (np.hstack([spins[column] for column in columns]) for columns in (features, target))
    network = Network((inputs.shape[1], *hidden, targets.shape[1]), bias)
    _warn_if_large(network, int(training.sum()), path)
    encodings = f"thermometer{thermometer_levels}" if numeric == "thermometer" else numeric, categorical, missing
    drawn = "" if samples is None else f"N{samples} b{batch}", f"test{test_fraction}" if test_fraction else ""
    shown = *_chosen(encodings), *drawn, f"s{seed}" if any(drawn) else ""
    return Problem(
        network,
        inputs[training],
        targets[training],
        loss,
        name=title(path.stem, network, *shown, loss=loss) if name is None else name,
        test_inputs=inputs[held_out] if test_fraction else None,
        test_targets=targets[held_out] if test_fraction else None,
    )


def _chosen(encodings: Sequence[str]) -> list[str]:
    """Return what the name of a problem says of encodings: nothing of those that are refused."""
    return [{"impute": "imputed"}.get(encoding, encoding) for encoding in encodings if encoding != "refuse"]


def _warn_if_large(network: Network, num_rows: int, path: Path) -> None:
    """Warn of a QUBO that is larger than solvers of QUBOs are good for."""
    about = num_bits(network, num_rows)
    if about > MANY_BITS:
        warnings.warn(
            f"table {path}: a QUBO of {network} on {num_rows:,} rows takes about {about:,} bits; give samples=… for a "
            "batch of the rows, fewer features, or a narrower network.",
            stacklevel=2,
        )


def _encode_all(
    cells: Mapping[str, Column], path: Path, encodings: Mapping[str, Encoding | None]
) -> dict[str, NDArray[np.int8]]:
    """Return the columns as −1 and +1, or name the faults of all of them; targets have no encoding."""
    spins: dict[str, NDArray[np.int8]] = {}
    faults: list[str] = []
    for column, encoding in encodings.items():
        where = f"column {column!r}"
        try:
            spins[column] = encoded(filled(cells[column], where, encoding), where, encoding)
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
            text = file.read()
        if "\0" in text:
            raise InputError(f"table {path}: it has bytes of zero, as UTF-16 and pictures have; save it as UTF-8.")
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True) if line]
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


def _batch(held_out: NDArray[np.bool_], samples: int, batch: int, seed: int, path: Path) -> NDArray[np.bool_]:
    """Draw the rows of a batch from those that are not held out, shape (num_rows,)."""
    rows = np.random.default_rng([seed, 1]).permutation(np.flatnonzero(~held_out))
    chosen = rows[batch * samples : (batch + 1) * samples]
    if len(chosen) < samples:
        raise InputError(
            f"table {path}: {len(rows)} rows give {len(rows) // samples} batches of {samples}, numbered from 0, but "
            f"batch={batch} came; ask for another, or for fewer samples."
        )
    training = np.zeros(len(held_out), dtype=np.bool_)
    training[chosen] = True
    return training
