"""Exit codes: 0 all is well, 1 a check or every run failed, 2 what came cannot be used, 130 interrupted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import call
from suite_texts import suite_text

from bnnbench.errors import CheckError, stack_of, told

SUITE = suite_text({"name": "parity", "size": 2}, ["{solver}"], budget={"reads": 5})
SOLVER = '''
"""A solver."""
from dataclasses import dataclass
import bnnbench as bb

@dataclass(frozen=True, kw_only=True)
class Mine(bb.Solver):
    """One."""
    def sample(self, prepared, *, seed, budget):
        {work}
        yield
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a suite that was run."""
    folder = tmp_path_factory.mktemp("codes")
    (folder / "s.toml").write_text(SUITE.format(solver="random"))
    assert call("run", folder / "s.toml", "--out", folder / "out") == 0
    return folder


def bash(folder: Path, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash, where BB is the command line."""
    line = f"BB='{sys.executable} -P -m bnnbench'; {line}"
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, capture_output=True, text=True, env={**os.environ, **environment}
    )


@pytest.mark.parametrize("verb", ["show out", "export out --to csv", "--help"])
def test_a_closed_pipe_changes_no_exit_code(folder, verb) -> None:
    done = bash(folder, f"$BB {verb} | true; exit ${{PIPESTATUS[0]}}")

    assert (done.returncode, done.stderr) == (0, "")


def test_a_closed_pipe_hides_no_failed_check(folder) -> None:
    (folder / "t.md").write_text(bash(folder, "$BB export out --to markdown").stdout.replace("random", "tabu"))

    done = bash(folder, "$BB verify-table t.md --results out | true; exit ${PIPESTATUS[0]}")

    assert done.returncode == 1


@pytest.mark.parametrize("work", ["raise ValueError('no')", "import os; os.abort()"])
def test_the_code_is_1_when_every_run_that_could_begin_failed(tmp_path, monkeypatch, work, bnnbench_) -> None:
    (tmp_path / "mine.py").write_text(SOLVER.format(work=work))
    unavailable = '[[solvers]]\nname = "command"\n'
    (tmp_path / "s.toml").write_text(SUITE.format(solver="mine.py") + unavailable)
    arguments = ["run", tmp_path / "s.toml", "--out", tmp_path / "out"]

    for _ in ("run", "resumed"):
        code, out, err = bnnbench_(*arguments)

        assert code == 1
        assert "mine" in out
        assert "every run of s.toml that could begin failed" in err

    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text(SUITE.format(solver="mine.py") + '[[solvers]]\nname = "random"\n')
    code, _, err = bnnbench_(*arguments)
    assert code == 0, "one of them is enough"
    assert "see: bnnbench report " in err


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (ValueError("of a library\nin two lines"), 2, "it ended with ValueError: of a library in two lines; bnnbench"),
        (GeneratorExit(), 2, "it ended with GeneratorExit; bnnbench --debug"),
        (KeyboardInterrupt(), 130, "bnnbench: interrupted.\n"),
        (OverflowError(34, "too large"), 2, "it ended with OverflowError"),
        (RuntimeWarning("no number:\nTraceback (most recent call last):\n"), 2, "RuntimeWarning: no number:; bnnbench"),
    ],
)
def test_whatever_a_verb_raises_is_one_sentence(monkeypatch, error, code, sentence, bnnbench_) -> None:
    def fail():
        raise error

    monkeypatch.setattr("bnnbench.cli.info.machine_info", fail)

    left, _, err = bnnbench_("info")

    assert left == code
    assert sentence in err
    assert err.count("\n") == 1


def test_debug_shows_the_traceback(monkeypatch, bnnbench_) -> None:
    def fail():
        raise ValueError("of a library")

    monkeypatch.setattr("bnnbench.cli.info.machine_info", fail)

    with pytest.raises(ValueError, match="of a library"):
        bnnbench_("--debug", "info")


ODD = {
    "TYPER_USE_RICH": "perhaps",
    "TERMINAL_WIDTH": "wide",
    "COLUMNS": "-3",
    "MPLBACKEND": "nonsense",
    "NUMBA_CACHE_DIR": "/dev/null/x",
    "LC_ALL": "xx_YY.nonsense",
    "HOME": "/dev/null",
    "XDG_CACHE_HOME": "/dev/null",
    "TMPDIR": "/dev/null",
    "PYTHONWARNINGS": "error",
}
"""Values that make no sense, and that no verb needs."""


@pytest.mark.parametrize("verb", ["run s.toml --out {place}", "figure out gap_by_problem -o {place}.png"])
def test_values_of_environment_variables_that_make_no_sense_cost_nothing(folder, tmp_path, verb) -> None:
    # A run would compile its kernels again, for 15 s, where none are kept; tests/test_cache.py says where they are.
    kept = ["NUMBA_CACHE_DIR"] if verb.startswith("run") else []

    done = bash(folder, f"$BB {verb.format(place=tmp_path / 'new')}", **{k: v for k, v in ODD.items() if k not in kept})

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NUMBA_NUM_THREADS", "-1"),
        ("NUMBA_OPT", "x"),
        ("OMP_NUM_THREADS", "x"),
    ],
)
def test_no_setting_of_a_library_gives_a_traceback(folder, tmp_path, name, value) -> None:
    done = bash(folder, f"$BB run s.toml --out {tmp_path / 'new'}", **{name: value})

    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode in (0, 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NUMBA_NUM_THREADS", "0"),
        ("NUMBA_NUM_THREADS", "-1"),
        ("OMP_NUM_THREADS", "many"),
        ("OPENBLAS_NUM_THREADS", "1.5"),
        ("MKL_NUM_THREADS", "-2"),
        ("NUMBA_DISABLE_JIT", "1"),
        ("NUMBA_CPU_FEATURES", "zzz"),
    ],
)
def test_a_setting_that_would_end_a_process_is_refused_by_its_name(monkeypatch, name, value, bnnbench_) -> None:
    monkeypatch.setenv(name, value)

    code, _, err = bnnbench_("truth", "parity[size=2]")

    assert code == 2
    assert f"the environment variable {name} must be " in err
    assert repr(value) in err


@pytest.mark.parametrize(
    ("name", "value"), [("OMP_NUM_THREADS", "2"), ("OMP_NUM_THREADS", "4,2"), ("NUMBA_NUM_THREADS", ""),
                        ("NUMBA_DISABLE_JIT", "0"), ("NUMBA_CPU_FEATURES", "+avx2,-fma")]
)  # fmt: skip
def test_a_setting_that_a_library_takes_is_no_fault(monkeypatch, name, value, bnnbench_) -> None:
    monkeypatch.setenv(name, value)

    assert bnnbench_("list", "suites")[0] == 0


STACK = '''
"""A solver that calls a function of its own."""
from dataclasses import dataclass
import numpy as np
import bnnbench as bb

def halve(values):
    return np.linalg.inv(values)  # line 8

@dataclass(frozen=True, kw_only=True)
class Mine(bb.Solver):
    """One."""
    def sample(self, prepared, *, seed, budget):
        halve(np.zeros((2, 2)))
        yield
'''


def test_an_exception_in_a_solver_has_its_file_and_line_wherever_it_is_told(tmp_path, bnnbench_) -> None:
    (tmp_path / "mine.py").write_text(STACK)
    (tmp_path / "s.toml").write_text(SUITE.format(solver="mine.py"))
    sentence = "LinAlgError: Singular matrix (mine.py, line 8)"

    _, _, err = bnnbench_("run", tmp_path / "s.toml", "--out", tmp_path / "out")
    _, table, _ = bnnbench_("export", tmp_path / "out", "--to", "csv")
    code, checks, _ = bnnbench_("check", tmp_path / "mine.py")

    assert sentence in err
    assert sentence in table
    assert (code, sentence in " ".join(checks.split())) == (1, True)
    assert str(tmp_path) not in table


def test_an_exception_keeps_no_folder_of_a_file_and_ends_somewhere() -> None:
    with pytest.raises(OSError, match="No such file") as missing:
        open("/home/me/private/data.bin")  # noqa: PTH123, SIM115

    assert told(missing.value).startswith("FileNotFoundError: [Errno 2] No such file or directory: 'data.bin'")
    assert len(told(ValueError("y" * 10**8))) < 10**5
    assert len(stack_of(ValueError("y" * 10**8))) < 10**5


CONTROLS = """
from dataclasses import dataclass
import bnnbench as bb

@dataclass(frozen=True, kw_only=True)
class Mine(bb.Solver):
    \"\"\"One.\"\"\"
    def sample(self, prepared, *, seed, budget):
        raise ValueError("\\x1b[2J\\x07\\u202e :warning: [red]")
"""


@pytest.mark.parametrize("verb", ["run", "check"])
def test_no_exception_writes_control_characters_to_a_terminal(tmp_path, verb, bnnbench_) -> None:
    (tmp_path / "mine.py").write_text(CONTROLS)
    (tmp_path / "s.toml").write_text(SUITE.format(solver="mine.py"))
    arguments = [tmp_path / "s.toml", "--out", tmp_path / "out"] if verb == "run" else [tmp_path / "mine.py"]

    _, out, err = bnnbench_(verb, *arguments)

    assert not set("\x1b\x07\u202e") & set(out + err)
    assert r"\x1b[2J\x07\u202e :warning: [red]" in " ".join((out + err).split())


def test_debug_shows_the_stack_of_a_solver(tmp_path, capfd, bnnbench_) -> None:
    (tmp_path / "mine.py").write_text(STACK)
    (tmp_path / "s.toml").write_text(SUITE.format(solver="mine.py"))

    with pytest.raises(CheckError):
        bnnbench_("--debug", "run", tmp_path / "s.toml", "--out", tmp_path / "out")
    err = capfd.readouterr().err
    with pytest.raises(CheckError):
        bnnbench_("--debug", "check", tmp_path / "mine.py")

    assert "in halve" in err
    assert "in halve" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("1 / 0", "cannot be imported: ZeroDivisionError: division by zero (mine.py, line 1)"),
        ("def f(:", "SyntaxError: invalid syntax (mine.py, line 1): def f(:"),
        ("class E(SyntaxError):\n    text = property(lambda self: 1 / 0)\nraise E('own')", "E: (no message)"),
        ("raise GeneratorExit", "GeneratorExit (mine.py, line 1)"),
        ("class E(BaseException):\n    pass\nraise E('own')", "E: own (mine.py, line 3)"),
        ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_thing' (mine.py, line 1)"),
    ],
)
def test_a_file_that_cannot_be_imported_has_its_line(tmp_path, code, sentence, bnnbench_) -> None:
    (tmp_path / "mine.py").write_text(code)

    for arguments in (["check"], ["truth"]):
        left, _, err = bnnbench_(*arguments, tmp_path / "mine.py")

        assert left == 2
        assert sentence in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["export", "out", "-o"],
        ["export", "out", "--to", "markdown", "-o"],
        ["report", "out", "-o"],
        ["truth", "parity", "-o"],
        ["compile", "parity", "-o"],
        ["figure", "out", "profile", "-o"],
    ],
)
@pytest.mark.parametrize("ending", [".sqlite", ".json", ".png"])
def test_no_verb_overwrites_a_database(folder, tmp_path, monkeypatch, arguments, ending, bnnbench_) -> None:
    monkeypatch.chdir(folder)
    store = tmp_path / f"runs{ending}"
    store.write_bytes((folder / "out" / "runs.sqlite").read_bytes())
    before = store.read_bytes()

    code, _, err = bnnbench_(*arguments, store)

    assert code == 2, err
    assert store.read_bytes() == before


@pytest.mark.parametrize("ending", [".coo", ".json", ".qubo", ".lp", ".mps"])
def test_a_verb_overwrites_what_it_wrote(tmp_path, ending, bnnbench_) -> None:
    for problem in ("parity", "majority"):
        assert bnnbench_("compile", problem, "-o", tmp_path / f"q{ending}")[0] == 0


@pytest.mark.parametrize("verb", ["check mine.py", "run s.toml --solver mine.py"])
def test_check_refuses_before_it_begins_what_a_run_refuses(tmp_path, verb) -> None:
    (tmp_path / "s.toml").write_text(SUITE.format(solver="random"))
    (tmp_path / "mine.py").write_text(SOLVER.format(work="pass") + "    threads = 'two'\n")

    done = bash(tmp_path, f"$BB {verb}")

    assert done.returncode == 2
    assert "threads must be a whole number of at least 1 and below 32768, but 'two' came" in done.stderr
