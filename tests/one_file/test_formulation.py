"""To add a formulation is one file."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import bnnbench as bb
from bnnbench.plugins.entries import entries
from bnnbench.plugins.formulation_checks import FORMULATION_CHECKS
from bnnbench.report import make_page

GUIDE = (Path(__file__).parents[2] / "docs" / "adding_formulations.md").read_text(encoding="utf-8")
MINE = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)[0]
SUITE = """
title = "mine"
repetitions = 2
[budget]
reads = 5
[[problems]]
name = "majority"
size = 3
[[formulations]]
name = "basins.py"
scale = [1.0, 2.0]
[[solvers]]
name = "simulated_annealing"
[[solvers]]
name = "random"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the file, and a suite that names it."""
    folder = tmp_path_factory.mktemp("one")
    (folder / "basins.py").write_text(MINE, encoding="utf-8")
    (folder / "mine.toml").write_text(SUITE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def results(folder):
    """Results of the suite, run in processes of their own."""
    command = [sys.executable, "-m", "bnnbench", "run", "mine.toml", "--out", "out"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "out"


def test_the_file_has_a_line_on_itself_and_parameters_in_the_list(folder, bnnbench_):
    code, out, err = bnnbench_("list", "formulations", folder / "basins.py")

    assert (code, err) == (0, "")
    assert "which is 0 where y z is 1, 3, 5 or 7" in out
    assert re.search(r"scale +1\.0 +Factor of the energy\.", out)


def test_python_compiles_a_problem_with_it(folder):
    problem = bb.load_problem("majority", size=3)
    instance = bb.compile(problem, str(folder / "basins.py"), scale=2)

    weights = instance.decode(instance.complete([[1, 1, 1]]))

    assert str(instance.formulation) == "basins[scale=2.0]"
    assert weights.tolist() == [[1, 1, 1]]
    assert instance.qubo.energies(instance.complete([[1, 1, 1]])).tolist() == [0.0]


def test_it_is_in_the_terminal_table_latex_html_and_the_report(results, tmp_path, bnnbench_):
    code, out, _ = bnnbench_("show", results)
    for kind in ("latex", "html", "markdown"):
        bnnbench_("export", results, "--to", kind, "-o", tmp_path / f"table.{kind}")

    assert code == 0
    assert "basins[scale=1.0]" in out
    assert "basins[scale=2.0]" in out
    assert all("basins" in path.read_text(encoding="utf-8") for path in tmp_path.iterdir())
    assert len(list(tmp_path.iterdir())) == 3
    assert "basins[scale=2.0]" in make_page(results)


def test_the_command_line_takes_the_file_in_place_of_a_name(folder, tmp_path, bnnbench_):
    problem = "majority[size=3]"
    command = ["run", "smoke", "--formulation", folder / "basins.py", "--problem", problem, "--solver", "tabu"]

    code, out, err = bnnbench_(*command, "--out", tmp_path / "out")

    assert code == 0, err
    assert "basins" in out


def test_what_the_guide_shows_passes_the_checks(folder, bnnbench_):
    code, out, err = bnnbench_("check", folder / "basins.py")

    assert code == 0, out + err
    assert all(name in out for name in FORMULATION_CHECKS)


def test_the_verb_refutes_a_false_claim(tmp_path, bnnbench_):
    claim = "\n    def soundness(self, problem):\n        return bb.Soundness.SOUND\n"
    (tmp_path / "mine.py").write_text(MINE + claim, encoding="utf-8")

    code, _, err = bnnbench_("check", tmp_path / "mine.py")

    assert code == 1
    assert "mine.py fails 1 of 8 checks: sound." in err


def test_the_guide_explains_every_check():
    rows = re.findall(r"^\| ([^|]+) \|", GUIDE.partition("## What `bnnbench check` asks")[2], re.MULTILINE)

    assert rows[1:] == list(FORMULATION_CHECKS)


def test_the_contract_is_a_pytest_class(folder):
    (folder / "test_mine.py").write_text(re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)[1], encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"],
        cwd=folder,
        capture_output=True,
        text=True,
    )

    assert re.search(r"5 passed, 3 skipped", done.stdout), done.stdout


def test_a_package_of_others_offers_formulations_by_an_entry_point(tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "__init__.py").touch()
    (tmp_path / "theirs" / "basins.py").write_text(MINE, encoding="utf-8")
    info = tmp_path / "theirs-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[bnnbench.formulations]\ntheirs = theirs\n")
    code = (
        "import bnnbench as bb; print(bb.compile(bb.load_problem('majority', size=3), 'basins[scale=3]').formulation)"
    )

    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        capture_output=True,
        text=True,
    )

    assert done.stdout == "basins[scale=3.0]\n", done.stderr


def test_a_file_that_defines_no_energy_is_refused_with_a_sentence(tmp_path):
    file = tmp_path / "empty.py"
    file.write_text(MINE.replace("def sample_energy", "def energy"), encoding="utf-8")

    with pytest.raises(bb.InputError, match="must define the method sample_energy, or compile"):
        bb.formulation(str(file))
    with pytest.raises(bb.UnknownNameError, match="formulation named 'basins'"):
        bb.formulation("basins")
    assert "basins" not in entries("formulation")
