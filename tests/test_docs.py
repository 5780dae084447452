"""README and guides run as they are written, from the first line to the last."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bnnbench
from bnnbench import metrics
from bnnbench.cli._verbs import verbs

ROOT = Path(__file__).parents[1]
INSTALLS = ("git clone", "python3 -m venv", "mkdir -p scratch")
"""Blocks that begin so make the environment in which the others run."""
FOLLOWED = ("README.md", "docs/data.md", "docs/suites.md", "docs/commands.md", "docs/papers.md")
"""In this order: a page uses what an earlier one wrote."""

pytestmark = pytest.mark.skipif(not (ROOT / "README.md").is_file(), reason="guides are in the repository")


def blocks(page: str) -> Iterator[tuple[str, str, str]]:
    """Yield the language and the lines of each block of a page, and the name of the file that it is, or ""."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for found in re.finditer(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        before = text[: found.start()].rstrip().rpartition("\n\n")[2]
        name = re.search(r"Save this as\s+`([\w.]+)`", before)
        yield found[1], found[2], name[1] if name else ""


@pytest.mark.parametrize("language", ["sh", "python", "toml"])
def test_the_blocks_of_the_readme_are_seen(language):
    assert any(found == language for page in FOLLOWED for found, _, _ in blocks(page))


def test_every_command_of_readme_and_guides_runs_as_written(tmp_path, monkeypatch, bnnbench_):
    """A line that calls bnnbench runs in this process: another takes a second to start."""
    monkeypatch.chdir(tmp_path)
    for page in FOLLOWED:
        for language, lines, name in blocks(page):
            if name:
                (tmp_path / name).write_text(lines)
                continue
            # Of a block that prepares, what follows.
            script = lines.partition("cd scratch\n")[2] if lines.startswith(INSTALLS) else lines
            for command in [script] if language == "python" else script.splitlines():
                if command.startswith("bnnbench "):
                    code, *said = bnnbench_(*shlex.split(command, comments=True)[1:])
                else:
                    start = [sys.executable, "-c"] if language == "python" else ["bash", "-euc"]
                    done = subprocess.run([*start, command], capture_output=True, text=True, check=False)
                    code, said = done.returncode, [done.stdout, done.stderr]
                assert code == 0, "\n".join([page, command, *said])


def test_the_readme_is_read_in_five_minutes():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


def test_every_link_of_readme_and_guides_leads_to_a_file():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
        links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
        assert missing == [], page.name


def test_every_guide_has_its_place_in_the_site():
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert [page.name for page in (ROOT / "docs").glob("*.md") if page.name not in menu] == []


def test_the_reference_has_every_public_name():
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    public = [f"### bb.{name}" for name in bnnbench.__all__]
    statistics = [f"### {name}" for name in vars(metrics) if name[0].islower() and callable(getattr(metrics, name))]
    assert [heading for heading in public + statistics if heading not in text] == []


def test_the_commands_page_names_every_verb():
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert [verb for verb in verbs() if f"| `{verb}" not in text] == []


def test_the_commands_page_names_every_suite():
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    suites = [file.stem for file in (ROOT / "problems").glob("*.toml")]
    assert "smoke" in suites
    assert [suite for suite in suites if f"| `{suite}` |" not in text] == []
