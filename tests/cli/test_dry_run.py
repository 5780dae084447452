"""A dry run says what would run, in words that are whole at any width."""

from __future__ import annotations

import re

import pytest

from bnnbench.cli import _screen

SUITE = """
repetitions = 20
[budget]
reads = 5
[[problems]]
name = "parity"
[[formulations]]
name = "reduced"
counter = ["paired", "unary"]
penalty = [1.0, 2.5]
[[solvers]]
name = "simulated_annealing"
num_sweeps = [1000, 100]
[[solvers]]
name = "random"
budget = { seconds = 2.5, reads = 100000 }
[[solvers]]
name = "no_such_library.py"
"""
SOLVER = '''
"""A solver."""
from dataclasses import dataclass
import bnnbench as bb

@dataclass(frozen=True, kw_only=True)
class Mine(bb.Solver):
    """One."""
    needs = ("no-such-library",)
    def sample(self, prepared, *, seed, budget):
        yield
'''


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_word_of_a_dry_run_is_broken(tmp_path, monkeypatch, width, bnnbench_) -> None:
    (tmp_path / "s.toml").write_text(SUITE)
    (tmp_path / "no_such_library.py").write_text(SOLVER)
    monkeypatch.setattr("bnnbench.cli._forecast.open_screen", lambda: _screen.Screen(width=width, markup=False))

    code, out, _ = bnnbench_("run", tmp_path / "s.toml", "--out", tmp_path / "out", "--dry-run")

    assert code == 0
    assert out.index("num_sweeps=100]") < out.index("num_sweeps=1000]"), "as numbers"
    words = set(re.split(r"[\s,]+", out))
    assert ("formulation" in words) == (width >= 100), "a table where it has room, else lines"
    for word in ("unavailable", "simulated_annealing[num_sweeps=1000]", "100000"):
        assert word in words, out
    for word in ("reduced[counter=paired", "reduced[counter=unary", "penalty=2.5]", "no_such_library"):
        assert word in words, out


def test_columns_without_numbers_are_left_out(tmp_path, bnnbench_) -> None:
    (tmp_path / "s.toml").write_text(SUITE.partition('[[solvers]]\nname = "no_such')[0])

    _, out, _ = bnnbench_("run", tmp_path / "s.toml", "--out", tmp_path / "out", "--dry-run")

    assert "refused" not in out.splitlines()[0]
    assert "to run" in out.splitlines()[0]


def test_a_large_suite_says_first_how_long_it_takes_to_look_through(tmp_path, monkeypatch, bnnbench_) -> None:
    text = SUITE.partition('name = "simulated')[0].replace("repetitions = 20", "repetitions = 500")
    (tmp_path / "s.toml").write_text(text + 'name = "random"\n')
    arguments = ["run", tmp_path / "s.toml", "--out", tmp_path / "out", "--dry-run"]
    monkeypatch.setattr(_screen, "MANY_CELLS", 2000)

    _, _, err = bnnbench_(*arguments)
    monkeypatch.setattr(_screen, "BYTES_PER_CELL", 10**12)
    code, _, refusal = bnnbench_(*arguments)

    assert err == "looking through 2,000 runs, which takes about 0 s …\n"
    assert code == 2
    assert "2,000 runs take about 2000000.0 GB of memory to plan" in refusal
