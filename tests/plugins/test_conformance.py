"""The contract kills what is broken, and passes what is not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from broken_solvers import BROKEN, Sound

import bnnbench as bb
from bnnbench.plugins import small_qubos
from bnnbench.plugins.conformance import CHECKS, run_check
from bnnbench.plugins.isolated_checks import check_apart

ADAPTER = '''
"""One of my own."""

{top}
from dataclasses import dataclass

from bnnbench import DimodSolver


@dataclass(frozen=True, kw_only=True)
class Mine(DimodSolver):
    """Mine."""

    needs = ({needs})

    def sampler(self):
        {body}
        from dwave.samplers import SteepestDescentSampler

        return SteepestDescentSampler()
'''


@pytest.fixture(autouse=True)
def fresh_instances():
    """A solver that writes to instances spoils them for others."""
    yield
    for cached in (small_qubos.bare_qubos, small_qubos.networks, small_qubos.separable):
        cached.cache_clear()


def write(folder, *, needs='"dwave-samplers",', top="", body="pass"):
    path = folder / "mine.py"
    path.write_text(ADAPTER.format(needs=needs, top=top, body=body).lstrip())
    return str(path)


def test_there_are_more_than_twelve_broken_solvers_and_every_check_kills_one():
    assert len(BROKEN) >= 12
    assert {name for broken in BROKEN for name in broken.fails} | {"needs declared"} == set(CHECKS)


@pytest.mark.parametrize("check", CHECKS)
def test_a_solver_that_keeps_the_contract_passes(check):
    assert run_check(check, Sound()).verdict in ("passed", "does not apply")


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_broken_solver_is_found(broken):
    for check in broken.fails:
        result = run_check(check, broken())
        assert result.verdict == "failed", check
        assert result.sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"needs": ""}, "imports dwave.samplers, of dwave-.*; add it to needs"),
        ({"body": "import pandas"}, "line 16 imports pandas, of pandas; add it to needs"),
        ({"body": "import importlib; importlib.import_module('ortools')"}, "imports ortools"),
        ({"body": "import not_there_at_all"}, "not_there_at_all, of a distribution that is not installed"),
        ({"top": "import dwave.samplers"}, "at the top; import it inside the method"),
    ],
)
def test_undeclared_imports_are_found(tmp_path, changes, sentence):
    result = run_check("needs declared", bb.load_solver(write(tmp_path, **changes)))
    assert result.verdict == "failed"
    assert re.search(sentence, result.sentence), result.sentence


def test_declared_imports_and_those_for_types_pass(tmp_path):
    top = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import dwave.samplers\n"
    assert run_check("needs declared", bb.load_solver(write(tmp_path, top=top))).verdict == "passed"


def example(name):
    """The adapter of the guide, or its template, as a file's text."""
    docs = Path(__file__).parents[2] / "docs"
    if name == "template":
        return (docs / "template_solver.py").read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", (docs / "adapters.md").read_text(encoding="utf-8"), re.DOTALL)[0]


def test_the_guide_needs_fifteen_lines_around_a_sampler():
    assert len([line for line in example("guide").splitlines() if line]) <= 15


@pytest.mark.parametrize("name", ["guide", "template"])
def test_what_the_guide_shows_keeps_the_contract(tmp_path, name):
    path = tmp_path / f"my_{name}.py"
    path.write_text(example(name), encoding="utf-8")
    solver = bb.load_solver(str(path))
    results = [run_check(check, solver) for check in CHECKS]
    assert [result for result in results if result.verdict == "failed"] == []


def test_the_guide_explains_every_check():
    guide = (Path(__file__).parents[2] / "docs" / "adapters.md").read_text(encoding="utf-8")
    table = guide.partition("| check | a solver fails if |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) == list(CHECKS)


def test_the_verb_prints_a_report_card(tmp_path, bnnbench_):
    code, out, err = bnnbench_("check", write(tmp_path))
    assert (code, err) == (0, "")
    for name in CHECKS:
        assert name in out


def test_the_verb_fails_with_the_names_of_what_failed(tmp_path, bnnbench_):
    code, _, err = bnnbench_("check", write(tmp_path, needs=""))
    assert code == 1
    assert "fails 1 of" in err
    assert "needs declared" in err


@pytest.mark.parametrize(
    ("argument", "sentence"), [("nope", "no solver named 'nope'"), ("/nowhere.py", "does not exist")]
)
def test_what_is_no_solver_is_refused(argument, sentence, bnnbench_):
    code, _, err = bnnbench_("check", argument)
    assert code == 2
    assert sentence in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("body", "sentence"),
    [("import time; time.sleep(100)", "did not end within 3 s"), ("import os; os._exit(3)", "exit code 3")],
)
def test_a_solver_that_hangs_or_dies_fails_and_the_next_check_goes_on(tmp_path, monkeypatch, body, sentence):
    from bnnbench.plugins import isolated_checks

    monkeypatch.setattr(isolated_checks, "CHECKS", {name: CHECKS[name] for name in ("bits", "pickles")})
    results = [result for _, result in check_apart(write(tmp_path, body=body), limit_s=3)]
    assert [result.verdict for result in results] == ["failed", "passed"]
    assert sentence in results[0].sentence


def test_the_contract_is_a_pytest_class_whose_assertions_are_rewritten(tmp_path):
    write(tmp_path, needs="")
    (tmp_path / "test_mine.py").write_text(
        "import bnnbench, pytest\nfrom pathlib import Path\nfrom bnnbench.testing import SolverContract\n"
        "class TestMine(SolverContract):\n"
        "    @pytest.fixture\n    def solver(self):\n"
        "        return bnnbench.load_solver(str(Path(__file__).with_name('mine.py')))\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert "1 failed" in done.stdout
    assert "add it to needs" in done.stdout
    assert "- passed" in done.stdout  # what rewriting shows
