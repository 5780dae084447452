"""Tables of text, of gaps and of many rows: one-hot inputs, imputed cells, batches."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from bnnbench.errors import InputError
from bnnbench.plugins.registry import load_problem

TEXT = "job,age,ill\ncook,61,yes\nclerk,35,no\ncook,?,no\nfarmer,72,yes\n?,28,no\nclerk,40,yes\n"


@pytest.fixture
def path(tmp_path):
    """A table of text, numbers and missing cells."""
    path = tmp_path / "people.csv"
    path.write_text(TEXT)
    return path


def load(path, **parameters):
    """The problem of the table."""
    return load_problem("table", path=path, target="ill", **parameters)


def test_text_of_several_levels_becomes_an_input_per_level(path):
    path.write_text(TEXT.replace("?,28", "cook,28"))

    problem = load(path, features="job", categorical="one_hot")

    assert problem.inputs.tolist() == [  # clerk, cook, farmer
        [-1, 1, -1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1], [-1, 1, -1], [1, -1, -1],
    ]  # fmt: skip


def test_text_is_refused_unless_it_is_asked_for(path):
    path.write_text(TEXT.replace("?,28", "cook,28"))

    with pytest.raises(InputError, match="3 levels, such as cook, clerk, farmer; give categorical=one_hot"):
        load(path, features="job")


def test_missing_cells_are_refused_or_become_the_median_and_the_most_frequent_level(path):
    with pytest.raises(InputError, match="missing=impute"):
        load(path, features="age", numeric="median")

    imputed = load(path, numeric="thermometer", thermometer_levels=1, categorical="one_hot", missing="impute")
    path.write_text(TEXT.replace("cook,?", "cook,40").replace("?,28", "clerk,28"))

    assert imputed.inputs.tolist() == load(path, numeric="median", categorical="one_hot").inputs.tolist()


def test_a_missing_target_is_never_imputed(path):
    path.write_text(TEXT.replace("61,yes", "61,?"))

    with pytest.raises(InputError, match="column 'ill' has a missing cell"):
        load(path, features="age", numeric="median", missing="impute")


def test_two_levels_stay_two_when_a_cell_is_imputed(path):
    path.write_text("a,ill\n0,yes\n1,no\n1,yes\n?,no\n0,no\n")

    assert load(path, missing="impute").inputs.ravel().tolist() == [-1, 1, 1, -1, -1]


@pytest.fixture
def numbers(tmp_path):
    """A table of twelve rows whose first column counts them."""
    rows = [f"{row},{row % 2},{'yes' if row % 3 else 'no'}" for row in range(12)]
    path = tmp_path / "numbers.csv"
    path.write_text("row,odd,ill\n" + "\n".join(rows) + "\n")
    return path


def test_batches_share_no_row_and_cover_the_training_part(numbers):
    batches = [
        load(numbers, features="row", numeric="thermometer", thermometer_levels=11, samples=4, batch=batch)
        for batch in (0, 1, 2)
    ]
    names = {problem.name for problem in batches}

    assert [problem.num_samples for problem in batches] == [4, 4, 4]
    assert len(names) == 3
    with pytest.raises(InputError, match="12 rows give 3 batches of 4, numbered from 0, but batch=3 came"):
        load(numbers, features="odd", samples=4, batch=3)


def test_a_batch_holds_no_held_out_row(numbers):
    problem = load(numbers, features="odd", samples=5, test_fraction=0.5, seed=3)

    assert (problem.num_samples, len(problem.test_inputs)) == (5, 6)
    with pytest.raises(InputError, match="6 rows give 1 batches of 5"):
        load(numbers, features="odd", samples=5, batch=1, test_fraction=0.5, seed=3)


def test_a_large_table_comes_with_a_warning_and_a_batch_of_it_does_not(tmp_path):
    random = np.random.default_rng(0)
    path = tmp_path / "large.csv"
    np.savetxt(path, random.integers(0, 2, (2000, 8)), fmt="%d", delimiter=",", header="a,b,c,d,e,f,g,ill", comments="")

    with pytest.warns(UserWarning, match=r"2,000 rows takes about [\d,]+ bits; give samples="):
        load(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(path, samples=50)
