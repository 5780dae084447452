"""Finding adapters and families: by package, by path, without importing them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bnnbench.errors import InputError, UnknownNameError
from bnnbench.plugins.entries import entries, file_hash
from bnnbench.plugins.registry import formulation, load_problem, load_solver
from bnnbench.solver.contract import Solver

ADAPTER = '''"""Answers zeros.

And more."""
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bnnbench.solver.contract import Batch, Solver


@dataclass(frozen=True, kw_only=True)
class Zeros(Solver):
    needs: ClassVar[tuple[str, ...]] = ("numpy",)
    reads: int = 1

    def sample(self, prepared, *, seed, budget) -> Iterator[Batch]:
        yield Batch(np.zeros((self.reads, prepared.qubo.num_variables), dtype=np.int8))
'''

FAMILY = '''"""One sample."""
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem


def {name}(*, label: int = 1) -> Problem:
    """One sample."""
    return Problem(Network((1, 1)), [[1]], [[label]], name="one")
'''

MakePackage = Callable[..., Path]


@pytest.fixture
def make_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakePackage]:
    """Register a package of adapters beside the installed ones, as another distribution would."""
    added: list[SimpleNamespace] = []

    def points(group: str) -> list[object]:
        installed = list(entry_points(group=group))
        return [*installed, *added] if group == "bnnbench.solvers" else installed

    def make(name: str, distribution: str, **files: str) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for stem, text in {"__init__": "", **files}.items():
            (folder / f"{stem}.py").write_text(text, encoding="utf-8")
        added.append(SimpleNamespace(value=name, dist=SimpleNamespace(name=distribution)))
        entries.cache_clear()
        return folder

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("bnnbench.plugins.entries.entry_points", points)
    entries.cache_clear()
    yield make
    entries.cache_clear()
    for module in [m for m in sys.modules if m.partition(".")[0] in {point.value for point in added}]:
        del sys.modules[module]


def test_a_file_dropped_into_a_package_appears(make_package: MakePackage) -> None:
    folder = make_package("extra_solvers_a", "extra-dist")
    assert "zeros" not in entries("solver")

    (folder / "zeros.py").write_text(ADAPTER, encoding="utf-8")
    entries.cache_clear()

    entry = entries("solver")["zeros"]
    assert (entry.module, entry.distribution) == ("extra_solvers_a.zeros", "extra-dist")
    assert (entry.summary, entry.needs) == ("Answers zeros.", ("numpy",))
    assert load_solver("zeros", reads=3).parameters == {"reads": 3}


def test_private_modules_and_subpackages_are_not_listed(make_package: MakePackage) -> None:
    folder = make_package("extra_solvers_b", "extra-dist", _shared="", zeros=ADAPTER)
    (folder / "inner").mkdir()
    (folder / "inner" / "__init__.py").touch()

    names = set(entries("solver"))

    assert "zeros" in names
    assert not {"_shared", "inner", "__init__"} & names


def test_names_are_listed_in_alphabetical_order() -> None:
    assert list(entries("solver")) == sorted(entries("solver"))
    assert list(entries("problem")) == sorted(entries("problem"))


def test_two_adapters_of_one_name_are_an_error_that_names_both(make_package: MakePackage) -> None:
    make_package("extra_solvers_c", "dist-one", zeros=ADAPTER)
    assert "zeros" in entries("solver")

    make_package("extra_solvers_d", "dist-two", zeros=ADAPTER)

    with pytest.raises(InputError) as caught:
        entries("solver")
    for part in ("'zeros'", "extra_solvers_c.zeros of dist-one", "extra_solvers_d.zeros of dist-two"):
        assert part in str(caught.value)


def test_a_package_that_is_registered_twice_is_no_conflict(make_package: MakePackage) -> None:
    make_package("extra_solvers_e", "extra-dist", zeros=ADAPTER)
    make_package("extra_solvers_e", "extra-dist", zeros=ADAPTER)

    assert "zeros" in entries("solver")


def test_listing_imports_no_adapter() -> None:
    script = (
        "import sys\n"
        "from bnnbench.plugins.entries import entries\n"
        "for kind in ('solver', 'problem'):\n"
        "    assert [(e.name, e.summary, e.needs) for e in entries(kind).values()]\n"
        "heavy = {'neal', 'dimod', 'ortools', 'numba', 'pyqubo', 'qiskit', 'pandas'}\n"
        "print([m for m in sys.modules if m.startswith(('bnnbench_solvers', 'bnnbench_problems')) or m in heavy])\n"
    )

    def run(text: str) -> str:
        return subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True).stdout.strip()

    assert run(script) == "[]"
    loading = script.replace(
        "heavy =", "import bnnbench.plugins.registry; bnnbench.plugins.registry.load_solver('random')\nheavy ="
    )
    assert "bnnbench_solvers.random" in run(loading)


def test_the_summary_is_the_first_line_of_every_docstring() -> None:
    for entry in [*entries("solver").values(), *entries("problem").values()]:
        assert entry.summary.endswith((".", ")")), entry.name


def test_a_solver_loads_from_a_path(tmp_path: Path) -> None:
    path = tmp_path / "zeros.py"
    path.write_text(ADAPTER, encoding="utf-8")

    solver = load_solver(str(path), reads=2)

    assert isinstance(solver, Solver)
    assert solver.name == "zeros"
    assert solver.parameters == {"reads": 2}
    assert type(load_solver(str(path))) is type(solver)
    digest = file_hash(str(path))
    path.write_text(ADAPTER + "\n", encoding="utf-8")
    assert digest is not None
    assert file_hash(str(path)) != digest
    assert file_hash("tabu") is None


def test_a_problem_loads_from_a_path(tmp_path: Path) -> None:
    path = tmp_path / "single.py"
    path.write_text(FAMILY.format(name="single"), encoding="utf-8")

    assert np.array_equal(load_problem(str(path), label=-1).targets, [[-1]])
    assert np.array_equal(load_problem(f"{path}[label=-1]").targets, [[-1]])


def test_files_that_hold_nothing_of_use_are_refused(tmp_path: Path) -> None:
    def write(name: str, text: str) -> str:
        path = tmp_path / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        return str(path)

    with pytest.raises(InputError, match="does not exist"):
        load_solver(str(tmp_path / "missing.py"))
    with pytest.raises(InputError, match=r"cannot be imported: ZeroDivisionError"):
        load_solver(write("broken", "1 / 0\n"))
    with pytest.raises(InputError, match=r"cannot be imported: SyntaxError"):
        load_solver(write("syntax", "def\n"))
    with pytest.raises(InputError, match=r"exactly one public subclass of bnnbench\.Solver, but defines 0"):
        load_solver(write("none", "from bnnbench.solver.contract import Solver\n"))
    with pytest.raises(InputError, match=r"exactly one .* defines 2"):
        load_solver(write("both", ADAPTER + "\n\nclass Again(Zeros):\n    pass\n"))
    with pytest.raises(
        InputError, match=r"^plain.py: the class Zeros must be decorated with @dataclass\(frozen=True, "
    ):
        load_solver(write("plain", ADAPTER.replace("@dataclass(frozen=True, kw_only=True)", "")))
    with pytest.raises(InputError, match=r"must be decorated with @dataclass\(frozen=True, kw_only=True\)"):
        load_solver(write("thawed", ADAPTER.replace("frozen=True, ", "")))
    with pytest.raises(InputError, match=r"must be decorated with @dataclass\(frozen=True, kw_only=True\)"):
        load_solver(write("positional", ADAPTER.replace(", kw_only=True", "")))
    with pytest.raises(InputError, match=r"the class Zeros must define the method sample; see bnnbench\.Solver"):
        load_solver(write("idle", ADAPTER.replace("def sample", "def sampled")))
    with pytest.raises(
        InputError, match=r"must take \(self, prepared, \*, seed, budget\), but takes \(self, prepared\) ->"
    ):
        load_solver(write("narrow", ADAPTER.replace(", *, seed, budget", "")))
    with pytest.raises(InputError, match=r"an annotation cannot be checked \(.*annotate parameters with types"):
        load_solver(write("vague", ADAPTER.replace("reads: int = 1", "reads: Batch = 1")))
    with pytest.raises(InputError, match=r"division.py raised ZeroDivisionError: .*; bnnbench --debug shows the stack"):
        load_problem(write("division", "def division():\n    return 1 / 0\n"))
    with pytest.raises(InputError, match="must define a function named 'other'"):
        load_problem(write("other", FAMILY.format(name="single")))
    with pytest.raises(InputError, match=r"must return a bnnbench\.Problem"):
        load_problem(write("number", "def number():\n    return 4\n"))


def test_unknown_names_and_parameters_are_refused_and_near_names_are_offered() -> None:
    with pytest.raises(UnknownNameError, match="no solver named 'randm'; did you mean random"):
        load_solver("randm")
    with pytest.raises(UnknownNameError, match="no problem named 'partiy'; did you mean parity"):
        load_problem("partiy")
    with pytest.raises(UnknownNameError, match="no parameter of the problem parity named 'sizes'; did you mean size"):
        load_problem("parity", sizes=3)
    with pytest.raises(UnknownNameError, match="named 'num_sweep'; did you mean num_sweeps"):
        load_solver("simulated_annealing", num_sweep=3)


def test_parameters_of_a_wrong_type_or_value_are_refused() -> None:
    with pytest.raises(InputError, match="problem parity: the parameter 'size' cannot be 'three'"):
        load_problem("parity[size=three]")
    with pytest.raises(InputError, match="solver simulated_annealing: the parameter 'num_sweeps' cannot be 0"):
        load_solver("simulated_annealing", num_sweeps=0)


def test_required_parameters_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^problem table needs path and target; write table\[path=…,target=…\]\.$"):
        load_problem("table")
    with pytest.raises(InputError, match=r"^problem table needs target; write table\[target=…\]\.$"):
        load_problem("table[path=x.csv]")
    path = tmp_path / "needy.py"
    path.write_text(ADAPTER.replace("reads: int = 1", "reads: int"), encoding="utf-8")
    with pytest.raises(InputError, match=r"needs reads; write .*needy\.py\[reads=…\]"):
        load_solver(str(path))


def test_a_problem_without_a_name_is_called_like_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(FAMILY.format(name="mine").replace(', name="one"', ""), encoding="utf-8")

    assert load_problem(str(path)).name == "mine"
    assert load_problem(str(path), label=-1).name == "mine[label=-1]"
    assert load_problem("parity").name.startswith("parity-")


def test_keywords_win_over_the_specification() -> None:
    assert load_problem("parity[size=2]", size=3).network.num_inputs == 3


@pytest.mark.parametrize(
    "spec",
    ["parity[size=true]", "teacher[widths=[3,true]]", "random_data[samples=true]", "teacher[noise=false]"],
)
def test_a_truth_value_is_no_number_of_a_problem(spec):
    with pytest.raises(InputError, match=r"cannot be .*: input should be no boolean"):
        load_problem(spec)


@pytest.mark.parametrize("spec", ["tabu[num_restarts=true]", "control_errors[bias_error=false]"])
def test_a_truth_value_is_no_number_of_a_solver(spec):
    with pytest.raises(InputError, match=r"cannot be .*: input should be no boolean"):
        load_solver(spec)


@pytest.mark.parametrize(("text", "where"), [("10000000000.0", "penalty"), ("[1.0,-2.0]", "penalty")])
def test_a_wrong_value_is_named_without_names_of_types(text, where):
    with pytest.raises(InputError, match=rf"the parameter '{where}' cannot be"):
        formulation(f"wells[penalty={text}]")
