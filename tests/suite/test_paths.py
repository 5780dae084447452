"""Paths: the same suite from another folder is the same suite, and no folder gets into results."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bnnbench.plugins.files import placed, without_folders
from bnnbench.spec import Spec, parse_spec
from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan
from bnnbench.suite.selection import Overrides, select

TEMPLATE = Path(__file__).parents[2] / "docs" / "template_solver.py"
SUITE = """
[budget]
reads = 5
[[problems]]
name = "parity"
size = 2
[[problems]]
name = "table"
path = "people.csv"
target = "ill"
features = ["age"]
numeric = "median"
[[problems]]
name = "family.py"
path = "people.csv"
[[formulations]]
name = "reduced"
[[solvers]]
name = "mine.py"
[[solvers]]
name = "control_errors"
inner = "mine.py[num_reads=3]"
[[solvers]]
name = "embedded"
inner = "control_errors[inner=mine.py]"
[[solvers]]
name = "dwave"
replay = "recordings"
"""
FAMILY = '''
from pathlib import Path
import bnnbench as bb

def family(path: Path) -> bb.Problem:
    """A family."""
    assert path.is_file()
    return bb.Problem(bb.Network((2, 1)), [[1, 1], [1, -1]], [1, -1])
'''
FOLDERS = ("plain", "run [1]", "with blank", "it's", 'say "x"', "half [open", "half] closed", "comma, equals=", "ü")


@pytest.fixture
def make(tmp_path):
    """Fill a folder of a given name with the suite and its files."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        (folder / "recordings").mkdir(parents=True)
        text = TEMPLATE.read_text(encoding="utf-8")
        (folder / "mine.py").write_text(text, encoding="utf-8")
        (folder / "family.py").write_text(FAMILY)
        (folder / "people.csv").write_text("age,ill\n61,yes\n35,no\n40,yes\n28,no\n")
        (folder / "s.toml").write_text(SUITE.replace("[num_reads=3]", ""))
        return folder

    return make


def cells(folder: Path, overrides: Overrides | None = None):
    return list(plan(select(read_suite(folder / "s.toml"), overrides or Overrides()), folder).cells())


@pytest.mark.parametrize("name", FOLDERS)
def test_a_suite_in_another_folder_asks_for_the_same_runs(make, name) -> None:
    here, there = cells(make("a")), cells(make(f"b/{name}"))

    assert [cell.key for cell in here] == [cell.key for cell in there]
    assert [str(cell) for cell in here] == [str(cell) for cell in there]


def test_a_suite_from_another_working_directory_asks_for_the_same_runs(make, monkeypatch) -> None:
    folder = make("a")
    here = cells(folder)
    monkeypatch.chdir(folder)

    assert [cell.key for cell in here] == [cell.key for cell in cells(Path())]


def test_another_file_of_the_same_name_asks_for_other_runs(make) -> None:
    here, folder = cells(make("a")), make("b")
    with (folder / "mine.py").open("a") as file:
        file.write("\n# changed\n")

    there = cells(folder)

    changed = {
        one.solver.label.partition("[")[0] for one, other in zip(here, there, strict=True) if one.key != other.key
    }
    assert changed == {"mine", "control_errors", "embedded"}


@pytest.mark.parametrize("name", FOLDERS)
def test_no_folder_stands_in_what_a_row_says(make, name) -> None:
    folder = make(f"secret/{name}")

    for cell in cells(folder):
        told = [
            str(cell),
            cell.solver.label,
            *map(str, cell.solver.parameters.values()),
            *cell.solver.versions,
            cell.problem.name,
        ]
        assert not any("secret" in text or name in text for text in told), told


@pytest.mark.parametrize("name", FOLDERS)
def test_files_in_any_folder_are_named_on_the_command_line(make, name, monkeypatch, bnnbench_) -> None:
    folder = make(name)
    monkeypatch.chdir(folder.parent)
    shutil.rmtree(folder / "recordings")

    code, _, err = bnnbench_(
        "run", f"{name}/s.toml", "--out", "out", "--solver", f"{name}/mine.py", "--problem", "parity"
    )

    assert code == 0, err
    code, out, _ = bnnbench_("export", "out", "--to", "csv")
    assert f"{name}/" not in out


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("parameters", [{}, {"inner": "x[y=1]", "number": 3}])
def test_a_specification_with_a_path_is_read_back(name, parameters) -> None:
    spec = Spec(f"/tmp/{name}/mine.py", parameters)

    assert parse_spec(str(spec)) == spec
    assert parse_spec(str(replace(spec, name=f"{name}/mine.py"))).name == f"{name}/mine.py"
    assert parse_spec(str(Spec("embedded", {"inner": str(spec)}))).parameters == {"inner": str(spec)}


def test_paths_are_placed_and_shown_within_each_other(make) -> None:
    folder = make("run [1]")
    spec = parse_spec("embedded[inner=control_errors[inner=mine.py]]")

    there = placed("solver", spec, folder)

    assert str(folder / "mine.py") in str(there)
    assert without_folders("solver", there) == spec
    assert placed("solver", parse_spec("tabu[num_restarts=1]"), folder) == parse_spec("tabu[num_restarts=1]")
