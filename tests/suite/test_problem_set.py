"""Sets of problems: what they select, what they pin, and how suites refer to them."""

from __future__ import annotations

import pytest

from bnnbench.errors import CheckError, InputError
from bnnbench.optimum.find import ground_truth
from bnnbench.optimum.shipped import read_shipped, write_shipped
from bnnbench.plugins.registry import load_problem
from bnnbench.problem.merging import merged_samples
from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan
from bnnbench.suite.problem_set import Selection, find_set, read_set, set_paths
from bnnbench.suite.set_truths import check_truths, make_truths

SET = """
title = "two cells"
[splits]
tune = [0, 1]
test = [2, 4]
[[cells]]
name = "small"
family = "distinct_rows"
widths = [3, 1]
load = 1.0
labels = "random"
[[cells]]
name = "large"
family = "distinct_rows"
widths = [5, 3, 1]
load = 0.5
"""
SUITE = """
[budget]
reads = 1
[[problems]]
{}
[[formulations]]
name = "reduced"
[[solvers]]
name = "random"
"""


@pytest.fixture
def path(tmp_path):
    """The file of a set without truths."""
    path = tmp_path / "mine.toml"
    path.write_text(SET)
    return path


@pytest.fixture
def certified(path):
    """The file of a set with its truths beside it."""
    list(make_truths(read_set(path), path.with_suffix(".parquet"), seconds=10, check_s=5))
    return path


def planned(folder, table):
    """The problems of a suite in a folder that takes a table of a set."""
    (folder / "suite.toml").write_text(SUITE.format(table))
    return plan(read_suite(folder / "suite.toml"), folder).problems


@pytest.mark.parametrize("name", list(set_paths()))
def test_splits_of_an_installed_set_share_no_instance(name):
    splits: dict[str, set[str]] = {}
    for row in find_set(name).truths.values():
        splits.setdefault(row.place.split, set()).add(row.problem_hash)

    assert sum(map(len, splits.values())) == len(set().union(*splits.values()))


@pytest.mark.parametrize("name", list(set_paths()))
def test_every_instance_of_an_installed_set_is_the_one_that_is_pinned_and_has_its_truth(name):
    found = find_set(name)
    for member in found.members():
        problem = member.load()
        row = found.truths[member.place]
        assert row.problem_hash == problem.hash
        assert float(problem.training_loss(row.truth(problem).optima[0])) == row.loss
        assert row.lower_bound == row.loss or row.kind == "best_known"


@pytest.mark.parametrize("name", list(set_paths()))
def test_what_an_installed_set_ships_is_small(name):
    path = set_paths()[name]

    assert sum(file.stat().st_size for file in path.parent.glob(f"{name}*")) < 500_000


def test_a_suite_takes_the_test_split_unless_it_asks_for_another(path):
    names = [problem.name for problem in planned(path.parent, 'set = "mine.toml"')]

    assert names == [f"random 3-1 α1 s{s}" for s in (2, 3, 4)] + [f"planted 5-3-1 α0.5 s{s}" for s in (2, 3, 4)]
    assert len(planned(path.parent, 'set = "mine.toml"\nsplit = ["tune", "test"]\ncell = "small"')) == 5
    assert len(planned(path.parent, 'set = "mine.toml"\ninstances = 1')) == 2


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ('set = "mine.toml"\nsplit = "tost"', "did you mean test"),
        ('set = "mine.toml"\ncell = "smoll"', "did you mean small"),
        ('set = "mine.toml"\nrung = "easy"', "no cell has the rung easy"),
        ('set = "mine.toml"\nrung = "steep"', "'rung.1' cannot be 'steep'"),
        ('set = "mine.toml"\nseed = 1', "no key named 'seed'; did you mean set"),
        ('set = "laddre"', "did you mean ladder"),
        ('set = "other.toml"', "cannot be read"),
    ],
)
def test_a_wrong_table_gets_a_sentence(path, table, sentence):
    with pytest.raises(InputError, match=sentence):
        planned(path.parent, table)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("test = [2, 4]", "test = [1, 4]", "share none"),
        ("test = [2, 4]", "test = [4, 2]", "share none"),
        ('name = "large"', 'name = "small"', "two cells are named 'small'"),
        ('family = "distinct_rows"\nwidths = [5', "seed = 1\nwidths = [5", "a name and a family"),
        ("[splits]", "[split]", "line 3: there is no key named 'split'; did you mean splits"),
        ("title = ", "title ", "is not TOML"),
    ],
)
def test_a_wrong_file_gets_a_sentence(path, old, new, sentence):
    path.write_text(SET.replace(old, new))

    with pytest.raises(InputError, match=sentence):
        read_set(path)


def test_truths_of_a_set_are_used_without_a_search(certified, monkeypatch):
    (problem, *_) = planned(certified.parent, 'set = "mine.toml"\nsplit = "tune"')
    monkeypatch.setattr("bnnbench.optimum.prove.search", None)

    found = ground_truth(problem)

    assert found.loss == float(problem.training_loss(found.optima[0]))


def test_truths_of_a_set_pass_their_checks(certified):
    checked = [certificate for _, certificate in check_truths(read_set(certified), check_s=5)]

    assert len(checked) == 10
    assert all(certificate is not None and certificate.is_confirmed for certificate in checked)


def test_a_truth_that_was_changed_does_not_count(certified):
    path = certified.with_suffix(".parquet")
    rows = read_shipped(path)
    content = path.read_bytes()
    place = content.find(bytes.fromhex(rows[0].problem_hash))
    path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])

    assert len(read_shipped(path)) == len(rows) - 1


def test_a_false_truth_is_found_by_the_check(certified):
    from dataclasses import replace

    path = certified.with_suffix(".parquet")
    first, *rest = read_shipped(path)
    write_shipped(path, [replace(first, loss=first.loss + 1, lower_bound=first.loss + 1), *rest])

    certificates = [certificate for _, certificate in check_truths(read_set(certified), check_s=5)]

    assert [bool(certificate and certificate.failed) for certificate in certificates] == [True] + [False] * 9


def test_an_instance_that_became_another_one_is_refused(certified):
    certified.write_text(SET.replace("load = 0.5", "load = 0.6"))

    with pytest.raises(CheckError, match="but the set pins"):
        list(check_truths(read_set(certified), check_s=5))
    with pytest.raises(InputError, match="but the set pins"):
        planned(certified.parent, 'set = "mine.toml"')


def test_what_the_file_has_is_not_sought_again(certified):
    steps = list(make_truths(read_set(certified), certified.with_suffix(".parquet"), seconds=10, check_s=5))

    assert [is_new for _, is_new in steps] == [False] * 10


def test_no_two_rows_are_equal_or_opposite():
    for labels in ("planted", "random"):
        problem = load_problem("distinct_rows", widths=[7, 7, 1], load=1.1, labels=labels)
        assert len(merged_samples(problem)) == problem.num_samples == 62


def test_rows_of_a_smaller_load_are_the_first_of_a_larger():
    small, large = (load_problem("distinct_rows", widths=[9, 1], load=load, seed=3) for load in (1, 3))

    assert small.inputs.tolist() == large.inputs[:9].tolist()
    assert small.targets.tolist() == large.targets[:9].tolist()


def test_more_rows_than_there_are_get_a_sentence():
    with pytest.raises(InputError, match=r"5 inputs have 16 rows .* asks for 20; ask for at most 3.2"):
        load_problem("distinct_rows", widths=[5, 1], load=4)


def test_a_set_selects_by_rung(path):
    (path.parent / "mine_pilot.csv").write_text(
        "cell,solver,is_floor,instances,runs,solved,seconds,num_reads\n"
        "small,random,1,2,2,2,0.1,2000\nlarge,random,1,2,2,0,0.1,2000\nlarge,better,0,2,2,2,1.0,10\n"
    )
    cells = {member.place.cell for member in read_set(path).members(Selection(set="mine", rung="trivial"))}

    assert cells == {"small"}
