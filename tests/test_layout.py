"""The tree shows the way of the data: every import runs down, from the command line to the problem."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = (
    {"errors", "hashing", "redaction"},
    {"processes"},
    {"cache", "search_range", "spec"},
    {"problem"},
    {"qubo", "problems"},
    {"solver", "optimum", "formulations"},
    {"plugins", "annealer"},
    {"runs", "solvers"},
    {"metrics"},
    {"suite", "store"},
    {"harness", "tables", "charts", "tuning"},
    {"figures", "claims"},
    {"report"},
    {"site"},
    {"cli"},
    {"api"},
    {"__init__", "__main__", "testing", "pytest_plugin"},
)
"""From the ground up; an import goes to a lower floor, or stays in its room."""
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS, start=1) for room in rooms}


def room_of(module: str) -> str:
    """Room that a dotted name lies in: a folder, or a file at the top."""
    package, _, rest = module.partition(".")
    if package != "bnnbench":
        return package.removeprefix("bnnbench_")
    return rest.partition(".")[0] or "__init__"


def arrows(root: Path) -> Iterator[tuple[str, str, str]]:
    """Every import between rooms, lazy and typed ones included: from, to, and where it stands."""
    for package in ("bnnbench", "problems", "solvers"):
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            here = room_of(".".join(parts))
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and not node.level:
                    names = [str(node.module)]
                    if node.module == "bnnbench":
                        names = [f"bnnbench.{alias.name}" for alias in node.names if alias.name != "__version__"]
                elif isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                else:
                    continue
                for name in names:
                    if name.partition(".")[0] in ("bnnbench", "bnnbench_problems", "bnnbench_solvers"):
                        there = room_of(name)
                        if there != here:
                            yield here, there, f"{path.relative_to(root)}:{node.lineno}"


def run_up(root: Path) -> list[str]:
    """Imports that do not go to a lower floor, a line each."""
    return [
        f"{place}: {here} imports {there}" for here, there, place in arrows(root) if FLOOR_OF[there] >= FLOOR_OF[here]
    ]


def test_every_import_goes_to_a_lower_floor() -> None:
    assert run_up(ROOT) == []


@pytest.mark.parametrize(
    "line",
    [
        "from bnnbench.store.store import Store",
        "def late():\n    import bnnbench.harness.campaign",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bnnbench.runs.outcome import Outcome",
    ],
)
def test_an_import_that_runs_up_is_found_wherever_it_hides(tmp_path: Path, line: str) -> None:
    folder = tmp_path / "bnnbench" / "qubo"
    folder.mkdir(parents=True)
    (folder / "new.py").write_text(line)

    assert len(run_up(tmp_path)) == 1


def test_every_folder_and_file_at_the_top_has_a_floor() -> None:
    names = {
        path.stem for path in (ROOT / "bnnbench").iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }

    assert names | {"problems", "solvers"} == set(FLOOR_OF)


def test_few_files_lie_at_the_top() -> None:
    assert len([path for path in (ROOT / "bnnbench").iterdir() if path.is_file()]) <= 12


def test_tests_mirror_the_folders() -> None:
    folders = {path.name for path in (ROOT / "bnnbench").iterdir() if (path / "__init__.py").is_file()}

    assert folders <= {path.name for path in (ROOT / "tests").iterdir()}
