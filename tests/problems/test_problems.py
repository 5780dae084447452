"""The problem families, reached as users reach them: through the registry."""

from __future__ import annotations

import gzip
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bnnbench.errors import InputError, UnknownNameError
from bnnbench.plugins.entries import entries
from bnnbench.plugins.registry import load_problem
from bnnbench.problem.merging import merged_samples
from bnnbench.problem.problem import Problem

GENERATED = ["parity", "majority", "random_function", "teacher", "random_data", "a1a"]
SEEDED = ["random_function", "teacher", "random_data"]

WriteTable = Callable[[str], str]


@pytest.fixture
def write_table(tmp_path: Path) -> WriteTable:
    """Write a CSV file and return its path."""

    def write(text: str) -> str:
        path = tmp_path / "people.csv"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def rows_of(problem: Problem) -> list[tuple[int, ...]]:
    """Training samples as tuples of inputs followed by targets."""
    return [tuple(row) for row in np.hstack([problem.inputs, problem.targets]).tolist()]


# All families


def test_every_family_is_listed_with_a_summary() -> None:
    families = entries("problem")

    assert set(families) >= {*GENERATED, "table"}
    assert all(entry.summary.endswith(".") for entry in families.values())


@pytest.mark.parametrize("family", GENERATED)
def test_every_generated_family_has_defaults_and_is_the_same_twice(family: str) -> None:
    first, second = load_problem(family), load_problem(family)

    assert first.hash == second.hash
    assert first.name == second.name


@pytest.mark.parametrize("family", GENERATED)
def test_a_loss_other_than_the_default_is_kept_and_named(family: str) -> None:
    problem = load_problem(family, loss="margin")

    assert problem.loss == "margin"
    assert problem.name.endswith(" margin")


@pytest.mark.parametrize("family", [family for family in GENERATED if family != "a1a"])
def test_a_bias_is_part_of_the_network_and_of_the_name(family: str) -> None:
    problem = load_problem(family, bias=True)

    assert problem.network.bias
    assert "+bias" in problem.name


@pytest.mark.parametrize("family", SEEDED)
def test_another_seed_is_another_problem_of_another_name(family: str) -> None:
    problems = [load_problem(family, seed=seed) for seed in range(5)]

    assert len({problem.hash for problem in problems}) == 5
    assert len({problem.name for problem in problems}) == 5


@pytest.mark.parametrize(
    ("spec", "widths"),
    [
        ("parity", (3, 3, 1)),
        ("parity[size=2,hidden=[4,2]]", (2, 4, 2, 1)),
        ("parity[hidden=[]]", (3, 1)),
        ("majority", (3, 1)),
        ("majority[size=5,hidden=3]", (5, 3, 1)),
        ("random_function[size=4,hidden=2,outputs=2]", (4, 2, 2)),
        ("teacher[widths=[5,2]]", (5, 2)),
        ("random_data", (7, 3, 1)),
        ("a1a[hidden=7]", (3, 7, 1)),
    ],
)
def test_hidden_layers_are_one_number_or_a_list(spec: str, widths: tuple[int, ...]) -> None:
    assert load_problem(spec).network.widths == widths


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("parity", "parity-3 3-3-1"),
        ("majority[size=5]", "majority-5 5-1"),
        ("random_function[samples=5,seed=2]", "random_function 3-3-1 N5 s2"),
        ("teacher[seed=5]", "teacher 7-3-1 N20 s5"),
        ("teacher[noise=0.1,test_samples=9,bias=true,loss=margin]", "teacher 7-3-1+bias N20 noise0.1 test9 s0 margin"),
        ("random_data[samples=40]", "random_data 7-3-1 N40 s0"),
        ("a1a[batch=7]", "a1a-e0-b07"),
        ("a1a[experiment=1,batch=19,hidden=7,held_out=false]", "a1a-e1-b19 3-7-1 train-only"),
        ("a1a[batch=all]", "a1a-all"),
    ],
)
def test_names_are_short_and_tell_parameters_apart(spec: str, name: str) -> None:
    assert load_problem(spec).name == name


@pytest.mark.parametrize(
    "spec",
    [
        "parity[size=0]",
        "parity[size=17]",
        "majority[size=17]",
        "random_function[size=17]",
        "parity[hidden=0]",
        "parity[hidden=many]",
        "parity[loss=hinge]",
        "random_function[outputs=0]",
        "random_function[samples=0]",
        "teacher[noise=1.5]",
        "teacher[test_samples=-1]",
        "teacher[samples=0]",
        "teacher[widths=7]",
        "random_data[seed=-1]",
        "a1a[experiment=2]",
        "a1a[batch=-1]",
        "a1a[batch=20]",
        "a1a[batch=some]",
    ],
)
def test_parameters_out_of_range_are_refused(spec: str) -> None:
    with pytest.raises(InputError):
        load_problem(spec)


# Truth tables


def test_parity_is_minus_one_for_an_odd_number_of_minus_ones() -> None:
    problem = load_problem("parity", size=4)

    assert len(set(rows_of(problem))) == 16
    for *inputs, target in rows_of(problem):
        assert target == (-1 if inputs.count(-1) % 2 else 1)


def test_the_largest_truth_table_has_every_input_once() -> None:
    problem = load_problem("parity", size=16)

    assert len(np.unique(problem.inputs, axis=0)) == 2**16


def test_parity_of_two_inputs_is_beyond_every_perceptron() -> None:
    problem = load_problem("parity", size=2, hidden=[], bias=True)

    weights = load_problem("parity", size=3).inputs
    assert problem.training_loss(weights).min() == 1


def test_majority_counts_a_balance_as_plus_one() -> None:
    problem = load_problem("majority", size=4)

    for *inputs, target in rows_of(problem):
        assert target == (1 if inputs.count(1) >= 2 else -1)


@pytest.mark.parametrize("size", [1, 2, 5, 8])
def test_majority_is_learned_by_the_perceptron_of_ones(size: int) -> None:
    problem = load_problem("majority", size=size)

    assert problem.training_loss(np.ones(size, dtype=np.int8)) == 0


def test_a_random_function_has_the_whole_truth_table_unless_told() -> None:
    problem = load_problem("random_function", size=5, outputs=2)

    assert np.array_equal(problem.inputs, load_problem("parity", size=5).inputs)
    assert problem.targets.shape == (32, 2)


def test_samples_of_a_random_function_are_distinct_rows_of_its_truth_table() -> None:
    whole = load_problem("random_function", size=6, seed=3)

    part = load_problem("random_function", size=6, seed=3, samples=20)

    assert len(set(rows_of(part))) == 20
    assert set(rows_of(part)) < set(rows_of(whole))


def test_more_distinct_samples_than_inputs_have_settings_are_refused() -> None:
    assert load_problem("random_function", size=3, samples=8).num_samples == 8
    with pytest.raises(InputError, match=re.escape("3 inputs have 8 distinct settings, but samples=9 came; ask for")):
        load_problem("random_function", size=3, samples=9)


# Planted and random data


@pytest.mark.parametrize("widths", [(7, 3, 1), (4, 4, 2), (5, 1)])
@pytest.mark.parametrize("bias", [False, True])
def test_a_teacher_without_noise_has_loss_zero(widths: tuple[int, ...], bias: bool) -> None:
    problem = load_problem("teacher", widths=widths, bias=bias, samples=50, test_samples=30, seed=1)

    assert problem.training_loss(problem.planted) == 0
    assert problem.test_accuracy(problem.planted) == 1


@pytest.mark.parametrize(
    ("noise", "samples", "outputs", "flipped"), [(0.1, 20, 1, 2), (0.25, 10, 2, 5), (0.07, 10, 1, 1), (1.0, 9, 1, 9)]
)
def test_noise_flips_exactly_its_share_of_the_labels(noise: float, samples: int, outputs: int, flipped: int) -> None:
    problem = load_problem("teacher", widths=(7, 3, outputs), samples=samples, noise=noise, test_samples=40)

    assert problem.training_loss(problem.planted) == flipped
    assert problem.test_accuracy(problem.planted) == 1


def test_noise_and_held_out_data_leave_the_rest_of_a_teacher_alone() -> None:
    plain = load_problem("teacher", samples=30, seed=4)

    noisy = load_problem("teacher", samples=30, seed=4, noise=0.2, test_samples=10)

    assert plain.planted is not None
    assert noisy.planted is not None
    assert np.array_equal(noisy.planted, plain.planted)
    assert np.array_equal(noisy.inputs, plain.inputs)
    assert noisy.test_inputs is not None
    assert noisy.test_inputs.shape == (10, 7)
    assert plain.test_inputs is None


def test_random_data_has_the_shapes_of_its_network_and_no_planted_weights() -> None:
    problem = load_problem("random_data", widths=(6, 3, 2), samples=2000, seed=1)

    assert problem.inputs.shape == (2000, 6)
    assert problem.targets.shape == (2000, 2)
    assert problem.planted is None
    assert np.abs(problem.inputs.mean(axis=0)).max() < 0.1
    assert np.abs(problem.targets.mean(axis=0)).max() < 0.1


# The published experiment

A1A_COUNTS = {
    (-1, -1, -1, -1): 251,
    (-1, -1, -1, 1): 129,
    (-1, 1, 1, -1): 109,
    (-1, 1, 1, 1): 38,
    (1, -1, -1, -1): 514,
    (1, -1, -1, 1): 165,
    (1, 1, 1, -1): 336,
    (1, 1, 1, 1): 63,
}


def test_all_of_a1a_has_the_published_counts_and_nothing_held_out() -> None:
    problem = load_problem("a1a", batch="all")

    assert Counter(rows_of(problem)) == A1A_COUNTS
    assert problem.num_samples == 1605
    assert problem.test_inputs is None


@pytest.mark.parametrize(("experiment", "size"), [(0, 4), (1, 8)])
def test_an_a1a_experiment_has_twenty_batches_drawn_from_the_table(experiment: int, size: int) -> None:
    batches = [load_problem("a1a", experiment=experiment, batch=batch) for batch in range(20)]

    drawn = Counter(row for batch in batches for row in rows_of(batch))
    assert {batch.num_samples for batch in batches} == {size}
    assert drawn <= Counter(A1A_COUNTS)
    assert len({batch.name for batch in batches}) == 20


def test_the_first_a1a_batch_is_the_published_one() -> None:
    problem = load_problem("a1a")

    assert rows_of(problem) == [(1, 1, 1, -1), (1, -1, -1, -1), (-1, -1, -1, -1), (1, -1, -1, -1)]
    assert str(problem.network) == "3-3-1"


def test_an_a1a_batch_is_tested_on_all_rows_unless_told() -> None:
    everything = load_problem("a1a", batch="all")

    tested, untested = load_problem("a1a", batch=3), load_problem("a1a", batch=3, held_out=False)

    assert tested.test_inputs is not None
    assert np.array_equal(tested.test_inputs, everything.inputs)
    assert untested.test_inputs is None


@pytest.mark.parametrize("features", [7, 9, 15])
def test_other_selections_of_a1a_are_of_the_same_rows_in_the_same_order(features: int) -> None:
    for experiment, batch in ((0, 0), (0, 19), (1, 7)):
        published = load_problem("a1a", experiment=experiment, batch=batch)
        selected = load_problem("a1a", experiment=experiment, batch=batch, features=features)

        assert (selected.targets == published.targets).all()
        assert selected.network.widths == (features, 3, 1)
        columns = {tuple(column) for column in selected.inputs.T.tolist()}
        shared = (1, 2) if features == 7 else (0, 1, 2)  # column 6 is active in more than 65 % of all rows
        assert {tuple(column) for column in published.inputs.T[list(shared)].tolist()} <= columns


def test_a_missing_a1a_batch_gets_a_sentence() -> None:
    with pytest.raises(InputError, match=re.escape("a1a: batches are numbered 0 to 19, but batch=20 came; give one")):
        load_problem("a1a", batch=20)


# Tables of users: encoding


def test_columns_of_two_levels_become_spins_with_the_higher_level_up(write_table: WriteTable) -> None:
    path = write_table("smoker,dose,bit,ill\nno,10,0,yes\nyes,9,1,no\nno,9,1,no\n")

    problem = load_problem("table", path=path, target="ill")

    assert rows_of(problem) == [(-1, 1, -1, 1), (1, -1, 1, -1), (-1, -1, 1, -1)]
    assert problem.network.widths == (3, 3, 1)
    assert problem.name == "people 3-3-1"


def test_features_and_targets_are_taken_in_the_order_asked_for(write_table: WriteTable) -> None:
    path = write_table("a,b,c,d\n0,0,1,1\n1,0,0,1\n0,1,0,0\n")

    problem = load_problem("table", path=path, features=["c", "a"], target=["d", "b"], hidden=[], name="mine")

    assert rows_of(problem) == [(1, -1, 1, -1), (-1, 1, 1, -1), (-1, -1, -1, 1)]
    assert problem.network.widths == (2, 2)
    assert problem.name == "mine"


def test_columns_left_out_may_hold_anything(write_table: WriteTable) -> None:
    path = write_table("name,a,y\nAda,0,0\n,1,1\nBob,1,0\n")

    problem = load_problem("table", path=path, features="a", target="y")

    assert problem.num_samples == 3


def test_numbers_as_column_names_can_be_written_as_numbers(write_table: WriteTable) -> None:
    path = write_table("6,22,36\n1,0,0\n0,0,1\n1,1,1\n")

    problem = load_problem(f"table[path={path},features=[6,22],target=36]")

    assert rows_of(problem) == [(1, -1, -1), (-1, -1, 1), (1, 1, 1)]


def test_spaces_quotes_and_a_byte_order_mark_are_read_over(write_table: WriteTable) -> None:
    path = write_table('\ufeff"a, b", y \n"0", no\n 1 ,"yes"\n\n')

    problem = load_problem("table", path=path, features="a, b", target="y")

    assert rows_of(problem) == [(-1, -1), (1, 1)]


def test_above_the_median_is_plus_one(write_table: WriteTable) -> None:
    path = write_table("age,y\n30,0\n10,0\n20,1\n20,1\n50,1\n")

    problem = load_problem("table", path=path, target="y", numeric="median")

    assert problem.inputs[:, 0].tolist() == [1, -1, -1, -1, 1]
    assert problem.name == "people 1-3-1 median"


def test_a_thermometer_has_one_input_per_quantile(write_table: WriteTable) -> None:
    path = write_table("age,y\n" + "".join(f"{age},{age % 2}\n" for age in range(1, 9)))

    problem = load_problem("table", path=path, target="y", numeric="thermometer", thermometer_levels=3)

    assert (problem.inputs > 0).sum(axis=1).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert np.all(np.diff(problem.inputs, axis=1) <= 0)
    assert problem.name == "people 3-3-1 thermometer3"


def test_two_levels_stay_as_they_are_whatever_becomes_of_other_numbers(write_table: WriteTable) -> None:
    path = write_table("dose,y\n5,0\n7,1\n7,1\n7,0\n")

    problem = load_problem("table", path=path, target="y", numeric="median")

    assert problem.inputs[:, 0].tolist() == [-1, 1, 1, 1]


def test_thresholds_that_split_alike_are_kept_once(write_table: WriteTable) -> None:
    path = write_table("age,y\n1,0\n1,0\n1,1\n1,1\n2,0\n9,1\n")

    problem = load_problem("table", path=path, target="y", numeric="thermometer", thermometer_levels=9)

    assert problem.inputs.tolist() == [[-1, -1]] * 4 + [[1, -1], [1, 1]]


def test_thresholds_come_from_the_training_part_alone(write_table: WriteTable) -> None:
    def split_table(ages: list[int], features: list[str]) -> Problem:
        lines = [f"{row >> 3 & 1},{row >> 2 & 1},{row >> 1 & 1},{row & 1},{age}" for row, age in enumerate(ages)]
        path = write_table("\n".join(["b3,b2,b1,b0,age", *lines]))
        options = {"numeric": "thermometer", "test_fraction": 0.25, "seed": 2}
        return load_problem("table", path=path, target="b0", features=features, **options)

    ages = list(range(1, 17))
    numbered = split_table(ages, ["b3", "b2", "b1"])
    training = {int("".join("1" if spin > 0 else "0" for spin in row), 2) for row in rows_of(numbered)}
    moved = [age if row in training else 1000 * age for row, age in enumerate(ages)]

    before, after = split_table(ages, ["age"]), split_table(moved, ["age"])

    assert len(training) == 12
    assert np.array_equal(after.inputs, before.inputs)
    assert np.array_equal(np.sort((after.inputs > 0).sum(axis=1)), np.repeat([0, 1, 2, 3], 3))
    assert after.test_inputs is not None
    assert after.test_inputs.min() == 1


# Tables of users: splitting

NUMBERED = "b3,b2,b1,b0,y\n" + "".join(
    f"{i >> 3 & 1},{i >> 2 & 1},{i >> 1 & 1},{i & 1},{i % 3 % 2}\n" for i in range(16)
)


def test_a_split_divides_the_rows_and_follows_its_seed(write_table: WriteTable) -> None:
    path = write_table(NUMBERED)

    def split(seed: int) -> Problem:
        return load_problem("table", path=path, target="y", test_fraction=0.25, seed=seed)

    whole, first, again, other = load_problem("table", path=path, target="y"), split(0), split(0), split(1)
    assert first.test_inputs is not None
    assert first.test_targets is not None
    held_out = [tuple(row) for row in np.hstack([first.test_inputs, first.test_targets]).tolist()]
    assert len(held_out) == 4
    assert sorted(rows_of(first) + held_out) == sorted(rows_of(whole))
    assert first.hash == again.hash
    assert first.hash != other.hash
    assert first.name == "people 4-3-1 test0.25 s0"


def test_without_a_test_fraction_nothing_is_held_out(write_table: WriteTable) -> None:
    problem = load_problem("table", path=write_table(NUMBERED), target="y")

    assert problem.num_samples == 16
    assert problem.test_inputs is None


@pytest.mark.parametrize(("fraction", "test", "training"), [(0.01, 0, 16), (0.99, 16, 0)])
def test_a_split_that_leaves_a_part_empty_is_refused(
    write_table: WriteTable, fraction: float, test: int, training: int
) -> None:
    sentence = f"test_fraction={fraction} of 16 rows leaves {test} to test on and {training} to train on; choose it"
    with pytest.raises(InputError, match=re.escape(sentence)):
        load_problem("table", path=write_table(NUMBERED), target="y", test_fraction=fraction)


def test_a_feature_that_is_constant_in_the_training_part_has_no_threshold_left(write_table: WriteTable) -> None:
    path = write_table("age,y\n1,0\n2,1\n9,0\n9,1\n9,0\n9,1\n9,1\n")

    with pytest.raises(InputError, match=re.escape("column 'age' has no number above its median in the training part")):
        load_problem("table", path=path, target="y", numeric="median")


# Tables of users: what cannot be used


@pytest.mark.parametrize(
    ("text", "parameters", "sentence"),
    [
        ("", {}, "the file is empty; give a header and one line per sample."),
        ("a,y\n", {}, "there is a header, but no row below it; add one line per sample."),
        ("a,y\n0,1\n1,0,0\n", {}, "row 2 below the header has 3 cells, but the header has 2; quote"),
        ("a,a,y\n0,1,1\n1,0,0\n", {}, "columns 1 and 2 are both named 'a'; rename one."),
        ("a,,y\n0,1,1\n1,0,0\n", {}, "column 2 has no name in the header; name it."),
        ("a,y\n0,1\n,0\n?,0\n", {}, "column 'a' has a missing cell, '', in row 2 below the header and 1 more;"),
        ("a,y\n0,1\n1,NA\n", {}, "column 'y' has a missing cell, 'NA', in row 2 below the header"),
        ("a,y\n0,1\n1\n", {}, "column 'y' has a missing cell, '', in row 2 below the header"),
        ("a,y\n0,1\n1,0\n", {"features": ["a", "y"]}, "column 'y' is both target and feature; take it out of features."),  # noqa: E501
        ("a,y\n0,1\n1,0\n", {"features": ["a", "a"]}, "column 'a' is asked for 2 times; name it once."),
        ("y\n0\n1\n", {}, "all columns are targets, so no feature is left; name fewer targets."),
        ("a,y\nx,1\ny,0\nz,1\n", {}, "column 'a' has text of 3 levels, such as x, y, z; give categorical=one_hot"),
        ("a,y\n1,1\n2,0\n3x,1\n", {"numeric": "median"}, "column 'a' has text of 3 levels, such as 1, 2, 3x; give categorical"),  # noqa: E501
        ("a,y\n1,1\n2,0\n3,1\n", {}, "column 'a' has numbers of 3 levels, such as 1, 2, 3; give numeric=median or"),
        ("a,y\n1,1\n2,0\ninf,1\n", {"numeric": "median"}, "column 'a' has text of 3 levels"),
        ("a,y\n9007199254740992,1\n9007199254740993,0\n", {}, "column 'a' has numbers beyond 2^53, such as 9007199"),
        ("a,y\n1,1\n1,0\n", {}, "column 'a' has '1' in every row, which tells nothing; leave it out of features."),
        ("a,y\n1,no\n2,no\n", {}, "column 'y' has 'no' in every row, which tells nothing; leave it out of target."),
        ("a,y\n0,1\n1,2\n0,3\n", {"numeric": "median"}, "column 'y' is a target of 3 levels, such as 1, 2, 3; make"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_used_gets_its_sentence(
    write_table: WriteTable, text: str, parameters: dict[str, object], sentence: str
) -> None:
    path = write_table(text)

    with pytest.raises(InputError, match=re.escape(f"table {path}: {sentence}")):
        load_problem("table", path=path, target="y", **parameters)


@pytest.mark.parametrize(
    "mark", ["", "?", ".", "-", "--", "—", "#N/A", "<NA>", "N/A", "n/a", "NA", "NaN", "NaT", "None", "none", "NULL"]
)
def test_a_mark_of_a_missing_cell_is_no_level(mark: str, write_table: WriteTable) -> None:
    path = write_table(f"a,b,ill\n{mark},1,yes\nx,0,no\n{mark},1,no\nx,0,yes\n")
    with pytest.raises(InputError, match=re.escape(f"column 'a' has a missing cell, {mark!r}, in row 1")):
        load_problem("table", path=path, target="ill")


def test_a_minus_beside_a_plus_is_a_level(write_table: WriteTable) -> None:
    path = write_table("a,ill\n-,1\n+,0\n-,1\n")
    assert load_problem("table", path=path, target="ill").inputs.ravel().tolist() == [1, -1, 1]  # by alphabet


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("smoker;age;ill\nyes;61,5;yes\nno;35,0;no\n", "no comma but semicolons as separators; write the file with"),
        ("smoker;age\nyes;61\n", "no comma but semicolons"),
        ("smoker\tage\nyes\t61\n", "no comma but tabs"),
        ("smoker|age\nyes|61\n", "no comma but bars"),
        ("sep=,\na,ill\n1,0\n0,1\n", "the first line, 'sep=,', is a note of Excel and no header; delete that line"),
        ("\ufeffsep=;\na;ill\n1;0\n", "the first line, 'sep=;', is a note of Excel"),
        ("a,ill\n\0,0\n1,1\n", "it has bytes of zero, as UTF-16 and pictures have"),
        ('a,ill\n"61,5",1\n"3,0",0\n"4",0\n', "column 'a' has numbers with decimal commas, such as 61,5;"),
        ("a,ill\n61,5,1\n3,0,0\n", "commas, and write decimal points."),
    ],
)  # fmt: skip
def test_what_a_spreadsheet_writes_is_told_how_to_mend(text: str, sentence: str, write_table: WriteTable) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        load_problem("table", path=write_table(text), target="ill")


def test_many_faults_of_a_file_are_named_at_once(write_table: WriteTable) -> None:
    path = write_table("a,b,c,y\nx,NA,1,0\ny,1,1,1\nz,2,1,1\n")
    with pytest.raises(InputError) as caught:
        load_problem("table", path=path, target="y")
    for fault in (
        "column 'a' has text of 3 levels",
        "column 'b' has a missing cell",
        "column 'c' has '1' in every row",
    ):
        assert fault in str(caught.value)


def test_many_faults_of_a_header_are_named_at_once(write_table: WriteTable) -> None:
    with pytest.raises(
        InputError, match=r"column 2 has no name.* columns 1 and 3 are both named 'a'.* 1 and 4 are both"
    ):
        load_problem("table", path=write_table("a,,a,a\n1,0,1,0\n"), target="a")


def test_of_very_many_faults_the_first_are_named(write_table: WriteTable) -> None:
    names = ",".join(f"c{i}" for i in range(30))
    row = ",".join("1" * 30)
    with pytest.raises(InputError, match=r"'c4' has '1' in every row.* And 25 faults more"):
        load_problem("table", path=write_table(f"{names},y\n{row},0\n{row},1\n"), target="y")


@pytest.mark.filterwarnings("ignore:table .* takes about")
def test_the_time_of_a_table_grows_with_its_columns(write_table: WriteTable) -> None:
    """Ten times the columns took a hundred times as long when names were looked up in lists."""

    def seconds(num_columns: int) -> float:
        names = ",".join(f"c{i}" for i in range(num_columns))
        rows = "\n".join(",".join(str((i + row) % 2) for i in range(num_columns)) + f",{row % 2}" for row in range(4))
        path = write_table(f"{names},y\n{rows}\n")
        start = time.perf_counter()
        assert load_problem("table", path=path, target="y").network.num_inputs == num_columns
        return time.perf_counter() - start

    seconds(10)
    assert seconds(4000) < 30 * seconds(400)


def test_a_missing_file_gets_its_sentence() -> None:
    with pytest.raises(InputError, match=re.escape("table nowhere.csv: there is no such file; give the path of a CSV")):
        load_problem("table", path="nowhere.csv", target="y")


def test_a_compressed_file_or_a_long_name_gets_its_sentence(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b"a,y\n0,1\n1,0\n"))

    with pytest.raises(InputError, match=r"table\.csv\.gz: the file is not readable as CSV in UTF-8"):
        load_problem("table", path=path, target="y")
    with pytest.raises(InputError, match=r"the file is not readable as CSV in UTF-8 .*File name too long"):
        load_problem("table", path="x" * 300, target="y")


def test_a_binary_file_gets_its_sentence(tmp_path: Path) -> None:
    path = tmp_path / "picture.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe")

    with pytest.raises(InputError, match=r"picture\.csv: the file is not readable as CSV in UTF-8"):
        load_problem("table", path=path, target="y")


@pytest.mark.parametrize("parameters", [{"target": "incom"}, {"target": "income", "features": ["a", "incom"]}])
def test_an_unknown_column_is_answered_with_the_nearest(write_table: WriteTable, parameters: dict[str, object]) -> None:
    path = write_table("a,income\n0,1\n1,0\n")

    with pytest.raises(UnknownNameError, match=re.escape("people.csv named 'incom'; did you mean income?")):
        load_problem("table", path=path, **parameters)


def test_an_empty_list_of_columns_is_refused(write_table: WriteTable) -> None:
    with pytest.raises(InputError, match="'target' cannot be"):
        load_problem("table", path=write_table("a,y\n0,1\n1,0\n"), target=[])


def test_the_samples_of_a_batch_of_a1a_are_one_or_two_rows() -> None:
    batches = [load_problem("a1a", experiment=experiment, batch=batch) for experiment in (0, 1) for batch in range(20)]

    assert {len(merged_samples(batch)) for batch in batches} == {1, 2}
