"""A truth that was found before is not searched again; what is wrong in the cache is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from strategies import random_problem

from bnnbench.hashing import content_hash
from bnnbench.optimum import prove
from bnnbench.optimum.cache import TruthCache
from bnnbench.optimum.find import ground_truth
from bnnbench.optimum.truth import Truth
from bnnbench.problem.problem import Problem

PROBLEM = random_problem((5, 3, 1), 12)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache on disk; the file of the problem."""
    monkeypatch.setenv("BNNBENCH_CACHE", str(tmp_path))
    return tmp_path / "truths" / f"{PROBLEM.hash}.json"


def new() -> TruthCache:
    """A cache as a new process would have it, which keeps whatever is found."""
    return TruthCache(worth_keeping_s=-1)


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the problems that are searched."""
    names: list[str] = []
    right = prove.search

    def search(problem: Problem, **options: Any) -> Truth:
        names.append(problem.name)
        return right(problem, **options)

    monkeypatch.setattr(prove, "search", search)
    return names


def same(one: Truth, other: Truth) -> bool:
    fields = ("problem_hash", "loss", "kind", "method", "num_optima", "seconds", "lower_bound", "nodes")
    return all(getattr(one, name) == getattr(other, name) for name in fields) and np.array_equal(
        one.optima, other.optima
    )


def test_what_was_found_is_not_searched_again(searches: list[str], folder: Path) -> None:
    cache = new()
    first = ground_truth(PROBLEM, cache=cache)
    assert ground_truth(PROBLEM, cache=cache) is first

    again = ground_truth(PROBLEM, cache=new())

    assert folder.is_file()
    assert len(searches) == 1
    assert same(first, again)
    assert again.optima.dtype == np.int8


def test_all_callers_share_optima_that_none_can_change() -> None:
    with pytest.raises(ValueError, match="read-only"):
        ground_truth(PROBLEM, cache=new()).optima[:] = 1


def test_without_the_cache_everything_is_searched(searches: list[str], folder: Path) -> None:
    ground_truth(PROBLEM, cache=None)
    ground_truth(PROBLEM, cache=None)

    assert len(searches) == 2
    assert not folder.exists()


def test_what_a_search_that_gave_up_knows_is_not_kept(folder: Path) -> None:
    cache = new()
    assert ground_truth(PROBLEM, seconds=0, cache=cache).kind != "exhaustive"
    assert not folder.exists()
    assert ground_truth(PROBLEM, cache=cache).kind == "exhaustive"


@pytest.mark.parametrize(("first", "second", "searched"), [(1, 2, 2), (2, 1, 2), (5000, 4000, 1), (4000, 5000, 1)])
def test_another_cap_asks_for_another_list_unless_all_are_listed(
    searches: list[str], first: int, second: int, searched: int
) -> None:
    ground_truth(PROBLEM, max_optima=first, cache=new())
    cache = new()

    truth = ground_truth(PROBLEM, max_optima=second, cache=cache)

    assert len(searches) == searched
    assert same(truth, ground_truth(PROBLEM, max_optima=second, cache=cache))
    assert len(truth.optima) == min(second, truth.num_optima)


def rewritten(path: Path, **changes: Any) -> None:
    """Change fields, and give the file the digest of what it now holds."""
    content = json.loads(path.read_text())
    del content["digest"]
    content |= changes
    path.write_text(json.dumps({**content, "digest": content_hash("truth", content)}))


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "empty": lambda path: path.write_text(""),
    "cut": lambda path: path.write_text(path.read_text()[:-20]),
    "no text": lambda path: path.write_bytes(b"\xff\x00\xfe"),
    "a list": lambda path: path.write_text("[]"),
    "null": lambda path: path.write_text("null"),
    "deep": lambda path: path.write_text("[" * 100_000),
    "edited": lambda path: path.write_text(path.read_text().replace('"loss": ', '"loss": 1')),
    "another version": lambda path: rewritten(path, version="0.0.0"),
    "another problem": lambda path: rewritten(path, problem_hash="0" * 64),
    "a wrong loss": lambda path: rewritten(path, loss=0.0),
    "too few weights": lambda path: rewritten(path, optima=["+-"]),
    "ragged weights": lambda path: rewritten(path, optima=["+-", "+"]),
    "weights of no form": lambda path: rewritten(path, optima=[3]),
    "no weights": lambda path: rewritten(path, optima=[]),
    "a count of no form": lambda path: rewritten(path, num_optima="many"),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_an_entry_that_does_not_hold_is_found_again(searches: list[str], folder: Path, damage: str) -> None:
    first = ground_truth(PROBLEM, cache=new())
    DAMAGE[damage](folder)

    again = ground_truth(PROBLEM, cache=new())

    assert len(searches) == 2
    assert (again.loss, again.num_optima) == (first.loss, first.num_optima)
    if damage != "a folder":
        assert same(ground_truth(PROBLEM, cache=new()), again)
        assert len(searches) == 2


def test_a_rewritten_entry_that_holds_is_taken(folder: Path, searches: list[str]) -> None:
    ground_truth(PROBLEM, cache=new())
    rewritten(folder, method="by hand")

    assert ground_truth(PROBLEM, cache=new()).method == "by hand"
    assert len(searches) == 1


def test_a_cache_that_cannot_be_written_costs_time_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BNNBENCH_CACHE", str(tmp_path / "file"))

    assert ground_truth(PROBLEM, cache=new()).kind == "exhaustive"


WRITER = """
import sys
sys.path.insert(0, {tests!r})
from strategies import random_problem
import numpy as np
from bnnbench.optimum.truth import Truth
from bnnbench.optimum.cache import TruthCache
problem = random_problem((5, 3, 1), 12)
weights = np.ones((300, 18), dtype=np.int8)
truth = Truth(problem.hash, float(problem.training_loss(weights[0])), "proved", "x" * 10_000, weights)
TruthCache(-1).put(truth, 1000)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(40):
    TruthCache(-1).put(truth, 1000)
    known = TruthCache().get(problem, 1000)
    assert known is not None and known.loss == truth.loss and np.array_equal(known.optima, weights)
"""


def test_processes_may_write_the_same_entry_at_a_time(folder: Path) -> None:
    code = WRITER.format(tests=str(Path(__file__).parents[1]))
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()

    for process in processes:
        process.communicate(timeout=120)
        assert process.returncode == 0
    assert TruthCache().get(PROBLEM, 1000) is not None
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
