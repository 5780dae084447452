"""What keeps `problems/` and `solvers/` installable, and what they hold reachable through the registry only."""

from __future__ import annotations

import ast
import inspect
import re
import runpy
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

import bnnbench
from bnnbench.plugins.entries import entries, load_module
from bnnbench.plugins.registry import load_solver
from bnnbench.solver.contract import Solver

ROOT = Path(__file__).resolve().parents[1]
FLAT = ("problems", "solvers")
BANNED = {"problems", "solvers", "bnnbench_problems", "bnnbench_solvers"}


def subfolders_with_code(folder: Path) -> list[Path]:
    """Python files below a subfolder, which the wheel would silently leave out."""
    return [path for path in folder.rglob("*.py") if path.parent != folder and "__pycache__" not in path.parts]


def banned_imports(text: str) -> Iterator[str]:
    """Modules that code imports by a name that is for the registry alone; relative imports are free."""
    for node in ast.walk(ast.parse(text)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        yield from (name for name in names if name.partition(".")[0] in BANNED)


@pytest.mark.parametrize("name", FLAT)
def test_the_folder_is_flat(name: str, tmp_path: Path) -> None:
    assert subfolders_with_code(ROOT / name) == []

    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "lost.py").touch()
    assert subfolders_with_code(tmp_path) == [tmp_path / "inner" / "lost.py"]


@pytest.mark.parametrize("name", FLAT)
def test_every_public_file_of_the_folder_is_registered(name: str) -> None:
    stems = {path.stem for path in (ROOT / name).glob("*.py") if not path.stem.startswith("_")}

    assert stems
    assert stems <= set(entries("solver" if name == "solvers" else "problem"))


@pytest.mark.parametrize("name", list(entries("solver")))
def test_every_module_of_solvers_defines_exactly_one_solver(name: str) -> None:
    module = load_module("solver", name)
    defined = [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Solver) and value.__module__ == module.__name__
    ]

    assert len(defined) == 1
    solver = load_solver(name)
    assert type(solver) is defined[0]
    assert solver.name == name
    assert entries("solver")[name].needs == solver.needs


@pytest.mark.parametrize("folder", ["bnnbench", *FLAT])
def test_adapters_and_problems_are_imported_by_the_registry_alone(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files

    found = {str(path): list(banned_imports(path.read_text(encoding="utf-8"))) for path in files}

    assert not any(found.values()), found


def test_a_banned_import_is_seen() -> None:
    lines = ["import solvers.tabu", "from bnnbench_problems import parity", "from problems.a1a import a1a"]

    found = banned_imports("\n".join([*lines, "from . import solvers", "import bnnbench"]))

    assert list(found) == ["solvers.tabu", "bnnbench_problems", "problems.a1a"]


def test_the_build_configuration_maps_both_folders() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    setuptools = project["tool"]["setuptools"]

    for name in FLAT:
        assert setuptools["package-dir"][f"bnnbench_{name}"] == name
        assert f"bnnbench_{name}" in setuptools["packages"]
        assert "py.typed" in setuptools["package-data"][f"bnnbench_{name}"]
        assert (ROOT / name / "py.typed").is_file()
        assert project["project"]["entry-points"][f"bnnbench.{name}"] == {"bnnbench": f"bnnbench_{name}"}


def test_every_package_of_the_library_is_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "bnnbench").rglob("__init__.py")}

    assert {".".join(folder.parts) for folder in folders} <= set(project["tool"]["setuptools"]["packages"])


@pytest.mark.parametrize(
    ("package", "folder"), [("bnnbench_problems", "problems"), ("bnnbench.report", "bnnbench/report")]
)
def test_data_files_are_packaged(package: str, folder: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"][package]

    for path in (ROOT / folder).iterdir():
        if path.is_file() and path.suffix != ".py":
            assert any(path.match(pattern) for pattern in patterns), path


def test_no_python_is_promised_that_a_dependency_has_no_wheel_for() -> None:
    """PyQUBO 1.5.0 has wheels up to CPython 3.13; all other dependencies have them for 3.14 as well."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needs_pyqubo = any(need.startswith("pyqubo") for need in project["dependencies"])
    allowed = SpecifierSet(project["requires-python"])

    assert [allowed.contains(f"3.{minor}") for minor in (10, 11, 12, 13)] == [False, True, True, True]
    assert needs_pyqubo != allowed.contains("3.14")
    assert [text for text in project["classifiers"] if "Python :: 3." in text] == [
        "Programming Language :: Python :: 3.11"  # the one that the tests were run with
    ]


def test_one_version_stands_in_every_place() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    citation = dict(re.findall(r"^([\w-]+): (\S+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE))
    newest = re.search(r"^## (\S+) \((\S+)\)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert newest
    assert bnnbench.__version__ == version
    assert (citation["version"], citation["date-released"]) == newest.groups() == (version, newest[2])


def test_every_link_of_the_package_page_names_its_host() -> None:
    """PyPI shows the README without the repository: a relative link leads nowhere there."""
    before = (ROOT / "README.md").read_text(encoding="utf-8")
    after = runpy.run_path(str(ROOT / "setup.py"))["readme"]()

    assert any("://" not in link for link in links(before))
    assert [link for link in links(after) if "://" not in link and not link.startswith("#")] == []
    assert len(links(after)) == len(links(before))


def links(text: str) -> list[str]:
    """Targets of the links and pictures of a page."""
    return re.findall(r"\]\(([^)\s]+)\)", text)
