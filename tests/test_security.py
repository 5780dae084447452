"""What a results folder or a suite file from somebody else cannot do, and what is never written down."""

from __future__ import annotations

import ast
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import call as call_here
from suite_texts import suite_text

from bnnbench.errors import InputError
from bnnbench.harness.isolation.log import make_log
from bnnbench.harness.journal import EndLine, Journal, read_journal
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem
from bnnbench.redaction import redacted
from bnnbench.runs.judge import judge
from bnnbench.solver.contract import Batch
from bnnbench.store.file import FILE
from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan
from bnnbench.suite.selection import _selected

PACKAGES = ("bnnbench", "bnnbench_problems", "bnnbench_solvers")
UNSAFE = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml", "jsonpickle"}
"""Modules that run code which is in what they read."""
TOKEN = "DEV-0123456789abcdef0123456789abcdef"

SUITE = suite_text({"name": "majority"}, formulations=["compact"], budget={"reads": 5})

HOWS = ("raises", "exits", "refuses", "ends")
"""Ways in which a run of the solver ends."""
TELLTALE = '''
"""Tells its token to whoever listens."""

import os
import sys
from dataclasses import dataclass

import numpy as np

from bnnbench import Batch, Solver


@dataclass(frozen=True, kw_only=True)
class Telltale(Solver):
    how: str = "ends"

    def refuses(self, instance):
        return f"this token does not please me: {os.environ['DWAVE_API_TOKEN']}" if self.how == "refuses" else None

    def sample(self, prepared, *, seed, budget):
        token = os.environ["DWAVE_API_TOKEN"]
        print("out", token)
        os.write(2, f"err {token} ".encode() + b"." * 1985)  # its beginning would not be in the tail
        facts = {"token": token, token: 1.0}
        yield Batch(np.zeros((1, prepared.qubo.num_variables), dtype=np.int8), facts=facts, clocks={f"{token}_s": 1.0})
        if self.how == "raises":
            raise ValueError(token)
        if self.how == "exits":
            sys.exit(token)
'''


def sources():
    import importlib.util

    for package in PACKAGES:
        for folder in importlib.util.find_spec(package).submodule_search_locations:
            yield from Path(folder).rglob("*.py")


def imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def unsafe(path):
    """What in a source file can run code that it reads."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = UNSAFE.intersection(imports(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("read_pickle", "to_pickle"):
            found.add(node.attr)
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            found.add("allow_pickle")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec"):
            found.add(node.func.id)
    return found


def test_nothing_here_reads_what_could_run_code():
    found = {path.name: names for path in sources() if (names := unsafe(path))}
    # The kits of checks pack and unpack a plugin of this very process.
    assert found == {"conformance.py": {"pickle"}, "formulation_checks.py": {"pickle"}}


def test_the_look_for_what_could_run_code_finds_it(tmp_path):
    for text in ("import pickle", "from yaml import load", "import pandas as p\np.read_pickle('x')", "eval('1')"):
        (tmp_path / "x.py").write_text(text)
        assert unsafe(tmp_path / "x.py")


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def call(*arguments, cwd, **environment):
    command = [sys.executable, "-m", "bnnbench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=os.environ | environment)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("security")
    (folder / "suite.toml").write_text(SUITE)
    assert call_here("run", folder / "suite.toml", "--out", folder / "out") == 0
    return folder


def test_pickles_that_are_planted_in_results_and_suites_are_never_opened(finished, tmp_path, monkeypatch, bnnbench_):
    folder = Path(shutil.copytree(finished, tmp_path / "f"))
    bomb = pickle.dumps(Bomb(tmp_path / "exploded"))
    for name in ("runs.pkl", "runs.pickle", "report.pkl", "cache.joblib", "runs.npy", "spool.pkl"):
        (folder / "out" / name).write_bytes(bomb)
        (folder / name).write_bytes(bomb)
    (folder / "out" / "spool").mkdir()
    (folder / "out" / "spool" / "x.jsonl").write_bytes(bomb)
    monkeypatch.chdir(folder)
    for verb in (("show", "out"), ("export", "out"), ("verify", "out"), ("run", "suite.toml", "--out", "out")):
        assert bnnbench_(*verb)[0] == 0
    (folder / "bomb.toml").write_bytes(bomb)
    assert "is no text in UTF-8" in bnnbench_("run", "bomb.toml")[2]
    (folder / "out" / FILE).write_bytes(bomb)
    assert bnnbench_("show", "out")[0] == 2
    assert not (tmp_path / "exploded").exists()
    pickle.loads(bomb)
    assert (tmp_path / "exploded").exists(), "it would have"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('name = "../mine.py"', "name = '../mine.py'"),
        ('name = "/etc/mine.py"', "name = '/etc/mine.py'"),
        ('name = "a/../../mine.py"', "name = 'a/../../mine.py'"),
        ('name = "link/mine.py"', "name = 'link/mine.py'"),
        ('name = "embedded"\ninner = "../mine.py[x=1]"', "inner = '../mine.py"),
        ('name = "embedded"\ninner = ["tabu", "embedded[inner=/mine.py]"]', "inner = '/mine.py'"),
        ('name = "dwave"\nrecord = "/var/recordings"', "record = '/var/recordings'"),
        ('name = "dwave"\nreplay = "../recordings"', "replay = '../recordings'"),
    ],
)
def test_a_path_of_a_solver_that_leaves_the_folder_is_a_sentence(tmp_path, line, shown):
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    (tmp_path / "mine.py").write_text("raise RuntimeError('imported')")
    (folder / "suite.toml").write_text(SUITE.replace('name = "random"', line))
    with pytest.raises(InputError) as caught:
        read_suite(folder / "suite.toml")
    assert f"{shown}" in str(caught.value)
    assert "leaves the suite's folder" in str(caught.value)
    assert "put the file there, or give it on the command line" in str(caught.value)


@pytest.mark.parametrize("path", ["/etc/passwd", "../people.csv", "link/people.csv"])
def test_a_path_of_a_table_that_leaves_the_folder_is_a_sentence(tmp_path, path):
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    text = SUITE.replace('name = "majority"', f'name = "table"\npath = "{path}"\ntarget = "ill"')
    (folder / "suite.toml").write_text(text)
    with pytest.raises(InputError, match=r"problems: table: path = .* leaves the suite's folder"):
        read_suite(folder / "suite.toml")


MINE = """
from dataclasses import dataclass
import bnnbench as bb

@dataclass(frozen=True, kw_only=True)
class Mine(bb.Solver):
    x: int = 0
    def sample(self, prepared, *, seed, budget):
        yield
"""


def test_paths_of_solvers_are_those_of_the_suite_s_folder_wherever_it_is_run_from(tmp_path, monkeypatch):
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "mine.py").write_text(MINE)
    solver = 'name = "dwave"\nrecord = "kept"\n[[solvers]]\nname = "embedded"\ninner = ["tabu", "mine.py[x=1]"]'
    (folder / "suite.toml").write_text(SUITE.replace('name = "random"', solver))
    monkeypatch.chdir("/")
    dwave, tabu, mine = plan(read_suite(folder / "suite.toml"), folder).solvers
    assert dwave.spec.parameters["record"] == str(folder / "kept")
    assert dwave.parameters["record"] == "kept", "results hold no folders"
    assert tabu.spec.parameters["inner"] == "tabu"
    assert mine.spec.parameters["inner"] == f"{folder}/mine.py[x=1]"
    assert mine.parameters["inner"] == "mine.py[x=1]"


def test_a_table_beside_its_suite_is_found_from_everywhere(tmp_path, monkeypatch):
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "people.csv").write_text("smoker,ill\nyes,no\nno,yes\n")
    text = SUITE.replace('name = "majority"', 'name = "table"\npath = "people.csv"\ntarget = "ill"')
    (tmp_path / "suite" / "suite.toml").write_text(text)
    monkeypatch.chdir("/")
    path = tmp_path / "suite" / "suite.toml"
    assert [problem.num_samples for problem in plan(read_suite(path), path.parent).problems] == [2]


def test_the_command_line_may_name_any_file(tmp_path, monkeypatch):
    (tmp_path / "suite").mkdir()
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path / "suite")
    assert _selected("../mine.py[x=1]", [], "solvers") == [{"name": str(tmp_path / "mine.py"), "x": 1}]
    (table,) = _selected("table[path=../people.csv,target=ill]", [], "problems")
    assert table["path"] == str(tmp_path / "people.csv")


def test_a_token_of_the_environment_is_written_nowhere(tmp_path, monkeypatch, bnnbench_):
    suite, _, solver = SUITE.rpartition("[[solvers]]")
    told = [solver.replace('name = "random"', f'name = "telltale.py"\nhow = "{how}"') for how in HOWS]
    (tmp_path / "suite.toml").write_text("[[solvers]]".join([suite, *told]))
    (tmp_path / "telltale.py").write_text(TELLTALE)
    secret = {"DWAVE_API_TOKEN": TOKEN, "HOME": str(tmp_path)}
    done = call("run", "suite.toml", "--out", "out", "--follow", cwd=tmp_path, **secret)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if "<DWAVE_API_TOKEN>" in line]
    assert [how for how in HOWS if any(f"how={how}" in line for line in lines)] == ["raises", "exits", "refuses"], lines
    assert len(lines) == 3
    said = [done.stdout, done.stderr]
    monkeypatch.chdir(tmp_path)
    for name, value in secret.items():
        monkeypatch.setenv(name, value)
    for verb in (
        ("show", "out"),
        ("export", "out"),
        ("export", "out", "--to", "latex"),
        ("verify", "out"),
        ("info",),
        ("report", "out", "-o", "report.html"),
        ("figure", "out", "gap_by_problem", "-o", "x.svg"),
    ):
        code, *texts = bnnbench_(*verb)
        assert code == 0, texts
        said += texts
    assert not [text for text in said if TOKEN[8:] in text]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert tmp_path / "out" / FILE in files
    for path in files:
        assert TOKEN[8:].encode() not in path.read_bytes(), path


def test_secrets_of_a_machine_of_a_cluster_stay_there(monkeypatch):
    monkeypatch.setenv("DWAVE_API_TOKEN", TOKEN)
    log = make_log()
    os.write(log.fd, b"\xff " + TOKEN.encode())
    assert log.tail() == "\ufffd <DWAVE_API_TOKEN>"
    log.close()


@pytest.mark.parametrize("secret", ['pa"ss\\word-123', "-----BEGIN KEY-----\nabc\n-----END KEY-----", "33333333"])
def test_a_secret_is_taken_out_as_it_was_meant_and_no_number_is(tmp_path, monkeypatch, secret):
    """Written as JSON a secret looks otherwise, and a number can look like one."""
    monkeypatch.setenv("EARLY_TOKEN", secret)
    spool = Journal(tmp_path / "spool")
    spool.write(EndLine("error", f"the solver raised {secret}", {"sample_s": 1 / 3}))
    spool.close()
    found = read_journal(tmp_path / "spool").end
    assert found.message == "the solver raised <EARLY_TOKEN>"
    assert found.timings == {"sample_s": 1 / 3}


def test_a_secret_that_would_be_cut_is_taken_out_before():
    text = "x" * 995 + TOKEN
    instance = compile_problem(load_problem("parity"))
    bits = np.zeros((1, instance.qubo.num_variables), dtype=np.int8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATE_TOKEN", TOKEN)
        judged = judge(instance, Batch(bits, facts={"said": text}), 0.1)
    assert TOKEN[:5] not in judged.facts["said"]


@pytest.mark.parametrize("name", ["PRIVATE_KEY", "AWS_ACCESS_KEY", "DB_PASSWD", "GRB_LICENSEID"])
def test_secrets_are_known_by_their_names(name, monkeypatch):
    monkeypatch.setenv(name, "a-long-secret")
    assert redacted("it is a-long-secret") == f"it is <{name}>"


def test_only_secrets_are_taken_out(monkeypatch):
    monkeypatch.setenv("MY_SECRET", "password")
    monkeypatch.setenv("OTHER_TOKEN", "password-and-more")
    monkeypatch.setenv("SHORT_TOKEN", "abc")
    monkeypatch.setenv("PLAIN", "harmless value")
    text = "password-and-more password abc harmless value"
    assert redacted(text) == "<OTHER_TOKEN> <MY_SECRET> abc harmless value"
