"""What `results/` publishes follows from the runs beside it, and says no more than they do."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib as mpl
import pytest

from bnnbench.charts import read_plot_data, save_chart
from bnnbench.claims import evaluate_all, misquoted, read_claims
from bnnbench.figures import load_figure
from bnnbench.store.parquet import PUBLISHED, open_results
from bnnbench.store.store import read_store
from bnnbench.tables import check_table

RESULTS = Path(__file__).parents[1] / "results"
SUITES = ("smoke", "paper", "quantum", "detour", "tuned", "tunneling", "chains", "ladder", "hard", "frontier", "real")
TABLES = sorted(path for suite in SUITES for path in (RESULTS / suite).glob("*.*") if path.suffix in (".md", ".tex"))
FIGURES = sorted(RESULTS.glob("*/*.svg"))
GALLERY = RESULTS.parent / "docs" / "gallery"

pytestmark = pytest.mark.skipif(not TABLES, reason="published results are in the repository, not in a release")


def test_all_suites_are_published():
    assert all((RESULTS / suite / PUBLISHED).is_file() for suite in SUITES)


@pytest.mark.parametrize("path", TABLES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_table_follows_from_the_runs_beside_it(path):
    assert list(check_table(path)) == []


@pytest.mark.parametrize("path", FIGURES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_figure_is_what_the_runs_beside_it_draw(path, tmp_path):
    drawn_with = re.search(r"Matplotlib v([\d.]+)", published := path.read_text())[1]
    if drawn_with != mpl.__version__:
        pytest.skip(f"drawn with Matplotlib {drawn_with}, and other versions place text elsewhere")
    with read_store(path.parent) as store:
        chart = load_figure(path.stem)(read_plot_data(store))
    save_chart(chart, again := tmp_path / path.name)
    assert with_clips_by_number(again.read_text()) == with_clips_by_number(published)


def with_clips_by_number(svg):
    """Return an SVG with its clip paths named in the order in which they stand: Matplotlib names them by addresses."""
    numbers = {}
    return re.sub(r"\bp[0-9a-f]{10}\b", lambda name: f"clip{numbers.setdefault(name[0], len(numbers))}", svg)


def test_the_picture_that_readme_opens_with_is_a_published_one():
    assert (GALLERY / "solved_by_cell.svg").read_text() == (RESULTS / "ladder" / "solved_by_cell.svg").read_text()


@pytest.mark.parametrize("suite", SUITES)
def test_all_runs_are_of_one_commit_without_changes(suite):
    with open_results(RESULTS / suite / PUBLISHED) as results:
        machines = results.machines()
    assert len({machine["commit"] for machine in machines.values()}) == 1
    assert not any(machine["dirty"] for machine in machines.values())


def test_every_file_that_the_page_names_is_there():
    page = (RESULTS / "README.md").read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", page) if "://" not in link]
    assert len(links) > len(SUITES)
    assert [link for link in links if not (RESULTS / link).exists()] == []
    assert sum(path.stat().st_size for path in RESULTS.rglob("*") if path.suffix in (".parquet", ".svg", ".md")) < 20e6


@pytest.fixture(scope="module")
def verdicts():
    return evaluate_all(read_claims(RESULTS / "claims.toml"), RESULTS)


def test_every_published_sentence_about_solvers_is_a_claim_that_holds(verdicts):
    assert [verdict.claim.name for verdict in verdicts if not verdict.holds] == []
    assert misquoted(verdicts, (RESULTS / "README.md").read_text()) == []


def test_what_the_readme_says_about_solvers_are_the_headlines(verdicts):
    text = (RESULTS.parent / "README.md").read_text()
    found = text.partition("## What was found so far")[2].partition("\n## ")[0]
    sentences = [" ".join(item.partition("\n\n")[0].split()) for item in found.split("\n- ")[1:]]
    assert sentences == [verdict.sentence for verdict in verdicts if verdict.claim.headline]
    assert sentences


def test_the_page_counts_the_published_problems_that_a_constant_answers_best():
    with open_results(RESULTS / "paper") as results:
        problems = results.runs().drop_duplicates("merged_hash")
    num_learned = int((problems["best_accuracy"] > problems["majority_accuracy"]).sum())
    page = " ".join((RESULTS / "README.md").read_text().split())
    count = f"On {len(problems) - num_learned} of the {len(problems)} optimal weights"
    assert f"{count} have no more training labels right than the best constant" in page
