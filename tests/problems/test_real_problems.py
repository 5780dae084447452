"""Problem families of real data, from the files that scikit-learn brings along."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest

from bnnbench.errors import InputError, UnavailableError
from bnnbench.plugins.entries import load_module
from bnnbench.plugins.registry import load_problem
from bnnbench.suite.file import read_suite, suite_path
from bnnbench.suite.planning import plan

FAMILIES = {"iris": 100, "breast_cancer": 569, "digits": 357, "wine": 130}


@pytest.fixture
def sklearn_data():
    return pytest.importorskip("sklearn.datasets")


@pytest.mark.parametrize("family", FAMILIES)
def test_without_scikit_learn_a_family_says_what_to_install(family, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)

    sentence = f"{family}: its data come with scikit-learn, which is not installed; run: pip install scikit-learn."
    with pytest.raises(UnavailableError, match=re.escape(sentence)):
        load_problem(family)


@pytest.mark.parametrize(("family", "rows"), FAMILIES.items())
def test_every_row_of_two_classes_either_trains_or_tests(family, rows, sklearn_data):
    problem = load_problem(family, samples=21, seed=3)

    assert problem.num_samples == 21
    assert problem.test_inputs is not None
    assert problem.num_samples + len(problem.test_inputs) == rows
    assert (problem.targets == -1).sum() == 11
    assert (problem.targets == 1).sum() == 10


@pytest.mark.parametrize("family", FAMILIES)
def test_the_split_follows_its_seed_and_nothing_else(family, sklearn_data):
    first, again, other = load_problem(family), load_problem(family), load_problem(family, seed=1)

    assert first.hash == again.hash
    assert first.hash != other.hash
    assert first.name != other.name


@pytest.mark.parametrize("family", FAMILIES)
def test_the_loss_changes_no_row(family, sklearn_data):
    plain, margin = load_problem(family), load_problem(family, loss="zero_one_margin")

    assert np.array_equal(plain.inputs, margin.inputs)
    assert np.array_equal(plain.test_inputs, margin.test_inputs)
    assert margin.name == f"{plain.name} zero_one_margin"


@pytest.mark.parametrize("family", FAMILIES)
def test_inputs_are_cut_by_the_training_rows_alone(family, sklearn_data, monkeypatch):
    before = load_problem(family, seed=2)
    true = getattr(sklearn_data, f"load_{family}")()
    labels, classes = _labels(family, true)
    held_out = ~load_module("problem", family).load_two_classes(family, classes, 20, 2).training
    rows = np.flatnonzero(np.isin(labels, classes))[held_out]
    true.data[rows] = true.data.max(axis=0) + 1
    monkeypatch.setattr(sklearn_data, f"load_{family}", lambda: true)

    after = load_problem(family, seed=2)

    assert np.array_equal(after.inputs, before.inputs)
    assert not np.array_equal(after.test_inputs, before.test_inputs)


def _labels(family, data):
    if family == "iris":
        return np.array(data.target_names)[data.target], ("versicolor", "virginica")
    return data.target, (3, 8) if family == "digits" else (0, 1)


def test_setosa_is_told_from_versicolor_by_one_measurement_of_petals(sklearn_data):
    problem = load_problem("iris", classes=("setosa", "versicolor"), hidden=[])

    assert np.array_equal(problem.test_inputs[:, 2:3], problem.test_targets)
    assert problem.name == "iris setosa-versicolor 4-1 N20 s0"


def test_levels_are_inputs_that_light_up_one_after_the_other(sklearn_data):
    problem = load_problem("iris", levels=3)

    assert problem.network.widths == (12, 3, 1)
    assert np.all(np.diff(problem.inputs.reshape(-1, 4, 3), axis=2) <= 0)


@pytest.mark.parametrize(("family", "features"), [("breast_cancer", 30), ("wine", 13)])
def test_features_are_those_that_tell_most(family, features, sklearn_data):
    every, few = load_problem(family, features=features), load_problem(family, features=3)

    agreement = np.abs((every.inputs * every.targets).sum(axis=0, dtype=int))
    assert sorted(np.abs((few.inputs * few.targets).sum(axis=0, dtype=int))) == sorted(agreement)[-3:]


@pytest.mark.parametrize("size", [3, 4])
def test_a_shrunk_row_of_pixels_keeps_its_gray(size):
    overlaps = load_module("problem", "digits").overlaps(size)

    assert np.allclose(overlaps.sum(axis=1), 1)
    assert np.allclose(overlaps.sum(axis=0), size / 8)
    assert np.allclose(overlaps, overlaps[::-1, ::-1])


def test_four_by_four_pixels_are_means_of_blocks_of_four(sklearn_data):
    problem = load_problem("digits", size=4, classes=(0, 1), samples=40)
    data = sklearn_data.load_digits()
    images = data.images[data.target < 2]
    blocks = images.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)
    training = load_module("problem", "digits").load_two_classes("digits", (0, 1), 40, 0).training

    assert np.array_equal(problem.inputs == 1, blocks[training] > np.median(blocks[training], axis=0))


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("iris[samples=100]", "iris: samples=100 takes 50 rows of one class for training, but there are 50, and some"),
        ("digits[classes=[3,3]]", "digits: classes=[3, 3] came; give two different ones of"),
        ("digits[classes=[3,10]]", "digits: the parameter 'classes.1' cannot be 10"),
        ("digits[size=5]", "digits: the parameter 'size' cannot be 5"),
        ('iris[classes=["setosa","tulip"]]', "iris: the parameter 'classes.1' cannot be 'tulip'"),
        ("iris[levels=0]", "iris: the parameter 'levels' cannot be 0"),
        ("wine[samples=118]", "wine: samples=118 takes 59 rows of one class for training, but there are"),
        ("wine[classes=[1,1]]", "wine: classes=[1, 1] came; give two different ones of 0, 1, 2."),
        ("breast_cancer[features=31]", "breast_cancer: the parameter 'features' cannot be 31"),
    ],
)
def test_what_cannot_be_had_gets_its_sentence(spec, sentence, sklearn_data):
    with pytest.raises(InputError, match=re.escape(sentence)):
        load_problem(spec)


def test_the_suite_has_every_problem_with_and_without_a_margin(sklearn_data):
    path = suite_path("real")
    planned = plan(read_suite(path), path.parent)

    assert {problem.loss for problem in planned.problems} == {"zero_one", "zero_one_margin"}
    assert all(problem.test_inputs is not None for problem in planned.problems)
    assert not planned.refused()
