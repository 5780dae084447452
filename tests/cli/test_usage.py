"""A wrong command line gets one sentence: the verb, what is wrong with it, and where to look; the exit code is 2."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from commands import call
from suite_texts import suite_text
from typer.main import get_command

from bnnbench.cli._verbs import app, verbs

SOLVER = """
from dataclasses import dataclass
import bnnbench as bb

@dataclass(frozen=True, kw_only=True)
class Own(bb.Solver):
    "Fails alike whatever is asked."
    def sample(self, prepared, *, seed, budget):
        raise ValueError("nothing works here")
        yield
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with results, and a solver of one's own."""
    folder = tmp_path_factory.mktemp("usage")
    (folder / "own.py").write_text(SOLVER)
    (folder / "s.toml").write_text(suite_text({"name": "parity", "size": 2}, ["random"], budget={"reads": 5}))
    assert call("run", folder / "s.toml", "--out", folder / "out") == 0
    return folder


def sentence(capsys, *words: object) -> str:
    """Return what a wrong command line says, all on one line."""
    capsys.readouterr()
    assert call(*words) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    return told.err.removeprefix("bnnbench: ").rstrip()


@pytest.mark.parametrize("verb", verbs())
def test_a_wrong_option_is_one_sentence(capsys, verb) -> None:
    assert re.fullmatch(
        rf"{verb}: no such option: --nope.*; see: bnnbench {verb} --help\.", sentence(capsys, verb, "--nope")
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["shwo"], "there is no verb named 'shwo'; did you mean show?"),
        (["verify"], "verify: missing argument 'results'; see: bnnbench verify --help."),
        (["list"], "list: missing argument 'what'. Choose from: suites, sets, problems, solvers, "),
        (["show", "a", "b"], "show: got unexpected extra argument(s) (b); see: bnnbench show --help."),
        (["show", "--solver"], "show: option '--solver' requires an argument; see: bnnbench show --help."),
        (["run", "s", "--jobs", "many"], "run: invalid value for '--jobs': "),
        (["export", "s", "--to", "nope"], "export: invalid value for '--to': 'nope' is not one of 'csv', "),
        (["truth", "cell"], "there is no problem named 'cell'; known are: "),
        (["run", "ladder", "--problem", "31-7-1 planted α8"], "did you mean 31-7-1 planted α0.9"),
    ],
)
def test_what_is_wrong_is_named(capsys, words, told) -> None:
    assert told in sentence(capsys, *words)


def test_a_missing_file_names_one_that_is_there(capsys, folder, monkeypatch) -> None:
    monkeypatch.chdir(folder)

    told = sentence(capsys, "run", "s.toml", "--solver", "./onw.py", "--dry-run")

    assert "does not exist, and there is" in told
    assert "own.py; give the path of a Python file, or a registered name." in told


def test_a_problem_can_be_named_by_its_cell(capsys) -> None:
    assert call("run", "ladder", "--problem", "11-1 random α1.5", "--solver", "random", "--dry-run") == 0

    runs = [line for line in capsys.readouterr().out.splitlines() if line.startswith("to run")]
    assert runs
    assert all("11-1 " in line for line in runs)


@pytest.mark.parametrize("words", [["--to", "csv"], ["--to", "latex", "--macros"], ["--table", "qoblib"]])
def test_export_says_what_it_wrote(capsys, folder, tmp_path, words) -> None:
    output = tmp_path / "written"

    assert call("export", folder / "out", *words, "-o", output) == 0

    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert told.err.startswith(f"written to {output}: ")
    assert output.exists()


def test_check_says_a_sentence_once(capsys, folder) -> None:
    assert call("check", folder / "own.py") == 1

    told = capsys.readouterr().out
    assert told.count("nothing works here") == 1
    assert told.count("the same as: bits") > 5


WRITING = {
    "compile": ["parity[size=2]"],
    "export": [],
    "figure": ["gap_by_problem"],
    "gap": ["parity[size=2]"],
    "merge": ["out"],
    "pilot": [],
    "records": [],
    "report": [],
    "run": ["s.toml"],
    "site": [],
    "submit": [],
    "truth": ["parity[size=2]"],
    "tune": ["s.toml"],
}
"""Verbs that write to a name that is given, and what stands before it; those without a problem take results first."""


def test_no_verb_that_writes_is_forgotten_here() -> None:
    options = {verb: get_command(app).get_command(None, verb).params for verb in verbs()}  # type: ignore[arg-type]
    assert {v for v, given in options.items() if {"-o", "--out"} & {o for p in given for o in p.opts}} == set(WRITING)


@pytest.mark.parametrize("verb", WRITING)
def test_nothing_is_ever_named_as_standard_output(verb, folder, monkeypatch, capsys) -> None:
    monkeypatch.chdir(folder)
    words = WRITING[verb] if verb in ("compile", "gap", "run", "truth", "tune") else ["out", *WRITING[verb]]

    code = call(verb, *words, "--out" if verb == "run" else "-o", "-")

    told = capsys.readouterr()
    assert (code, "- is no name to write to" in told.err) == ((0, False) if verb == "export" else (2, True))
    assert not (folder / "-").exists()


def test_a_drawing_is_refused_before_it_is_computed(folder, capsys) -> None:
    assert "is no .pdf, .svg, .png file" in sentence(capsys, "gap", "parity[size=2]", "-o", folder / "gap.jpeg")


def test_a_drawing_with_an_ending_in_capitals_is_made_again(folder, capsys) -> None:
    for _ in range(2):
        assert call("figure", folder / "out", "gap_by_problem", "-o", folder / "gap.SVG") == 0


@pytest.mark.parametrize("name", ["plain", "two words", "it's", "-x", "$HOME", "a[b]"])
def test_a_folder_in_a_hint_is_one_word_of_a_shell(name, folder, monkeypatch, capsys) -> None:
    monkeypatch.chdir(folder)

    assert call("compare", "out", "--", name) == 2  # there is no such folder

    hint = capsys.readouterr().err.rstrip().removesuffix(".").partition("run: ")[2]
    assert Path(shlex.split(hint)[-1]) == Path(name)
    assert not shlex.split(hint)[-1].startswith("-")


def test_an_error_that_quotes_a_megabyte_keeps_its_beginning_and_its_end(bnnbench_):
    code, _, err = bnnbench_("truth", "p" * 10**6)

    assert code == 2
    assert err.startswith("bnnbench: there is no problem named 'ppp")
    assert len(err) < 5000
    assert "known are" in err
