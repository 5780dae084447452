"""To add a figure is one file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_stores import fill

import bnnbench.figures
from bnnbench.errors import InputError
from bnnbench.figures import figures, figures_guide, load_figure
from bnnbench.plugins.entries import entries
from bnnbench.report import make_page

DOCS = Path(__file__).parents[2] / "docs"
MINE = '''"""Reads of each solver."""

from bnnbench.charts import Panel, Series, figure


@figure(title="Reads by solver", caption="Reads of all runs, a bar per solver.", place=50)
def my_reads(data):
    reads = data.asked.groupby("solver")["num_reads"].sum()
    yield Panel("reads", "", "reads", (Series("", list(reads.index), list(reads), 0, "bars"),))
'''


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("one") / "mine"
    return fill(folder, problems=["majority"], settings=["compact"], repetitions=1)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The folder of figures with one file more, as the package is found."""
    copy = tmp_path / "figures"
    shutil.copytree(Path(bnnbench.figures.__file__).parent, copy)
    (copy / "my_reads.py").write_text(MINE)
    monkeypatch.setattr(bnnbench.figures, "__path__", [str(copy)])
    monkeypatch.setattr(bnnbench.figures.__spec__, "submodule_search_locations", [str(copy)])
    for cached in (entries, figures):
        cached.cache_clear()
    yield copy
    for cached in (entries, figures):
        cached.cache_clear()
    sys.modules.pop("bnnbench.figures.my_reads", None)


def test_a_file_is_drawn_by_its_path(results, tmp_path, bnnbench_):
    file = tmp_path / "my_reads.py"
    file.write_text(MINE)

    code, out, err = bnnbench_("figure", results, file, "-o", tmp_path / "a.svg")

    assert (code, err) == (0, "")
    assert "Reads by solver. Reads of all runs, a bar per solver." in out
    assert "reads" in (tmp_path / "a.svg").read_text()


def test_a_file_in_the_folder_is_in_the_list_the_report_and_the_guide(package, results):
    page = make_page(results)

    assert entries("figure")["my_reads"].summary == "Reads of each solver."
    assert list(figures())[-1] == "my_reads"
    assert "Reads by solver" in page
    assert "Reads of all runs, a bar per solver." in page
    assert "my_reads" in json.loads(page.partition('id="data">')[2].partition("</script>")[0])["charts"]
    assert "## `my_reads`\n\nReads of all runs, a bar per solver." in figures_guide()


def test_a_package_of_others_offers_figures_by_an_entry_point(results, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "__init__.py").touch()
    (tmp_path / "theirs" / "my_reads.py").write_text(MINE)
    metadata = tmp_path / "theirs-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[bnnbench.figures]\ntheirs = theirs\n")

    done = subprocess.run(
        [sys.executable, "-m", "bnnbench", "figure", results, "my_reads", "-o", tmp_path / "a.pdf"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("content", ["", "def my_reads(data):\n    yield\n"])
def test_a_file_without_a_figure_gets_a_sentence(tmp_path, content):
    file = tmp_path / "my_reads.py"
    file.write_text(content)

    with pytest.raises(InputError, match=r"must define a function named 'my_reads' below @bnnbench\.charts\.figure"):
        load_figure(str(file))


def test_the_guide_is_made_of_the_figures():
    text = (DOCS / "figures.md").read_text(encoding="utf-8")

    assert figures_guide() in text, (
        "docs/figures.md does not say what the figures say; make its sections again: "
        "python -c 'from bnnbench.figures import figures_guide; print(figures_guide())'"
    )
    assert all((DOCS / "gallery" / f"{name}.svg").exists() for name in figures())
