"""A verb is one file: dropped into the folder of verbs, it is listed, documented and called."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bnnbench.cli

VERB = '''
"""The verb that greets."""

from typing import Annotated

import typer

{top}


def say_hello(name: Annotated[str, typer.Argument(help="Whom to greet.")]) -> None:
    """Greet somebody by name."""
    print(f"hello {{name}}")
'''


@pytest.fixture
def call(tmp_path: Path):
    """Call a command line whose folder of verbs is a copy with one more file."""
    folder = tmp_path / "verbs"
    shutil.copytree(Path(bnnbench.cli.__file__).parent, folder)

    def call(*arguments: str, top: str = "") -> subprocess.CompletedProcess[str]:
        (folder / "say_hello.py").write_text(VERB.format(top=top))
        code = f"import sys, bnnbench.cli as cli; cli.__path__ = [{str(folder)!r}]; cli.main()"
        return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)

    return call


def test_a_file_in_the_folder_is_a_verb_with_a_line_in_the_help(call) -> None:
    done = call("--help")

    assert done.returncode == 0, done.stderr
    assert "say-hello     Greet somebody by name." in done.stdout


def test_the_verb_has_a_help_of_its_own(call) -> None:
    done = call("say-hello", "--help")

    assert done.returncode == 0, done.stderr
    assert "Greet somebody by name." in done.stdout
    assert "Whom to greet." in done.stdout


def test_the_verb_runs(call) -> None:
    assert call("say-hello", "you").stdout == "hello you\n"


def test_a_verb_is_imported_when_it_is_called_and_not_before(call) -> None:
    top = "raise RuntimeError('imported')"

    assert call("--help", top=top).returncode == 0
    assert "imported" in call("say-hello", "you", top=top).stderr


def test_a_misspelled_verb_is_told_from_a_near_one(call) -> None:
    done = call("say-helo")

    assert done.returncode == 2
    assert "say-hello" in done.stderr
