"""The tutorial works as it is written, and the page on metrics names every function."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bnnbench import metrics

DOCS = Path(__file__).parents[1] / "docs"


def blocks(page, language):
    return re.findall(
        rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """A folder in which every command of the tutorial was run, and what it printed; LaTeX where there is one.

    As in one shell: where a block changes the directory, the next begins there.
    """
    here = folder = tmp_path_factory.mktemp("tutorial")
    scripts = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "PYTHONWARNINGS": "error"}
    has_latex = shutil.which("pdflatex") is not None
    printed = {}
    for block in blocks("tutorial.md", "sh"):
        if "pdflatex" in block and not has_latex:
            continue
        done = subprocess.run(
            ["bash", "-euc", f"{block}\npwd >&2"],
            cwd=here,
            env=environment,
            capture_output=True,
            check=False,
            timeout=300,
        )
        output = done.stdout.decode(errors="replace")
        assert done.returncode == 0, f"{block}\n{output}\n{done.stderr.decode(errors='replace')}"
        printed[block], here = output, Path(done.stderr.decode().splitlines()[-1])
    return folder, printed


def test_every_command_of_the_tutorial_works(followed):
    folder, printed = followed
    assert len(printed) >= 6
    text = "\n".join(printed.values())
    assert "48 runs recomputed, and all holds" in text
    assert text.count("every number is what its store gives") == 3
    assert len((folder / "paper" / "runs.csv").read_text().splitlines()) == 49


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_the_paper_is_set_without_a_warning(followed):
    folder, _ = followed
    assert (folder / "paper" / "paper.pdf").read_bytes().startswith(b"%PDF")
    log = (folder / "paper" / "paper.log").read_text(errors="replace")
    assert not re.findall(r"^.*(?:LaTeX Warning|Overfull|undefined).*$", log, re.MULTILINE)


def test_the_table_of_the_tutorial_has_intervals_and_the_budget(followed):
    folder, _ = followed
    text = (folder / "paper" / "summary.tex").read_text()
    assert "48 runs; budget per run: 2 s or 50 reads" in text
    assert text.count("{[}\\num{") >= 8


def test_the_page_on_metrics_names_every_function():
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    functions = [name for name, value in vars(metrics).items() if callable(value) and name.islower()]
    functions.remove("differences")  # of labels, not a metric
    assert len(functions) > 15
    missing = [name for name in functions if not re.search(rf"\b{name}\b", page)]
    assert missing == []


def test_every_metric_says_its_censoring_or_where_it_is_said():
    for name, function in vars(metrics).items():
        if callable(function) and name.islower() and name not in ("holm", "differences", "disambiguated", "level_of"):
            text = str(function.__doc__).lower()
            assert re.search("censor|failed|missing|infinite|without a batch", text), name
