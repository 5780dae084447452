"""The page: one file, which holds what the store holds and runs nothing of what solvers print."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from small_stores import NASTY, fill, fill_failed, fill_nasty

from bnnbench.errors import InputError, StoreError
from bnnbench.report import make_page, write_report
from bnnbench.report.page import SHOWN, script_json
from bnnbench.store.store import open_store, read_store

VOID = {"meta", "link", "input", "br", "hr", "img"}


class Page(HTMLParser):
    """Tags that are open and closed, ids, addresses, and the text of each element that has an id."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.addresses, self.tags, self.texts, self.scripts = [], [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.append((tag, values))
        self.ids += [values["id"]] if "id" in values else []
        self.addresses += [values[name] for name in ("src", "href") if name in values]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        (self.scripts if self.open and self.open[-1] in ("script", "style") else self.texts).append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    @property
    def data(self):
        return json.loads(next(script for script in self.scripts if script.startswith('{"runs"')))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("page") / "mine")


@pytest.fixture(scope="module")
def page(folder):
    return Page(make_page(folder))


def test_every_tag_is_closed_and_every_link_leads_somewhere(page):
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    for address in page.addresses:
        assert address == "data:," or address.removeprefix("#") in page.ids


def test_nothing_is_loaded_from_anywhere(page):
    assert not [values for tag, values in page.tags if tag in ("script", "img", "iframe") and "src" in values]
    styles = [script for script in page.scripts if "--page" in script and "{" in script]
    assert not any("url(" in text or "@import" in text for text in styles)


def test_the_library_of_figures_is_there_once(page):
    assert sum("plotly.js v" in script for script in page.scripts) == 1


def test_the_table_of_runs_holds_every_run(page, folder):
    with read_store(folder) as store:
        runs = store.runs()
    table = page.data["runs"]
    assert set(table["names"]) <= set(SHOWN)
    assert {len(column) for column in table["columns"]} == {len(runs)}
    gaps = dict(zip(table["names"], table["columns"], strict=True))["loss_gap"]
    assert gaps == runs["loss_gap"].tolist()


def test_every_problem_and_every_solver_has_a_page(page):
    assert {f"problem-{k}" for k in range(3)} <= set(page.ids)
    assert {f"solver-{k}" for k in range(3)} <= set(page.ids)
    for text in ("parity-2 2-2-1", "Optimal training loss", "Optimal weights", "simulated_annealing", "num_reads"):
        assert text in page.text


def test_equal_samples_are_listed_once_with_their_number(tmp_path):
    one = fill(tmp_path / "one", problems=["a1a"], solvers=["random"], settings=["compact"], repetitions=1)
    text = Page(make_page(one)).text
    assert "inputs targets times +−− − 2" in text
    assert "4 training samples, 1605 test samples" in text


def test_every_place_of_a_figure_has_a_figure(page):
    places = {values["data-chart"] for _, values in page.tags if "data-chart" in values}
    assert places == set(page.data["charts"])
    assert {"gap_over_time", "profile", "penalty_sweep", "problem-0-network_diagram", "problem-0-landscape"} <= places


def test_the_page_says_how_to_reproduce_it(page):
    for text in ("bnnbench verify mine", "numpy", "cpu", "with a budget of 40 reads."):
        assert text in page.text


def test_the_page_has_the_suites_that_made_it(folder, page, tmp_path):
    assert "bnnbench run SUITE --out again" in page.text
    one = fill(tmp_path / "one", problems=["parity"], solvers=["random"], settings=["compact"], repetitions=1)
    with open_store(one) as store:
        store.add_suite("mine.toml", 'title = "<b>Mine</b>"')
    text = make_page(one)
    assert "bnnbench run mine.toml --out again" in text
    assert "&lt;b&gt;Mine&lt;/b&gt;" in text
    assert "<b>Mine" not in text


def test_what_solvers_print_is_shown_and_never_run(tmp_path):
    text = make_page(fill_nasty(tmp_path / "nasty"))
    page = Page(text)
    assert not [values for tag, values in page.tags if tag == "img"]
    assert "onerror" not in {name for _, values in page.tags for name in values}
    assert NASTY in page.data["runs"]["columns"][0]
    shown = " ".join(NASTY.split())
    assert page.text.count(shown) > 5
    assert page.open == []
    assert "{{ 7*7 }}" in page.text
    assert re.findall(r"</script>", text)[-1:] == ["</script>"]
    assert len(re.findall(r"<script", text)) == len([tag for tag, _ in page.tags if tag == "script"])


def test_json_in_a_script_cannot_end_it():
    text = script_json({"a": "</script><!--&\u2028", "b": [1.5, None]})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": "</script><!--&\u2028", "b": [1.5, None]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        script_json(float("nan"))


def test_an_empty_store_has_a_page_that_says_what_to_do(tmp_path):
    with open_store(tmp_path / "empty"):
        pass
    page = Page(make_page(tmp_path / "empty"))
    assert "There are no runs yet; run: bnnbench run SUITE --out empty" in page.text
    assert "empty holds no runs yet." in page.text
    assert page.open == []


def test_where_all_failed_the_sentences_are_there(tmp_path):
    page = Page(make_page(fill_failed(tmp_path / "failed")))
    for text in ("it was crash", "it was refused", "the end", "No solver reached the certified optimum in any run."):
        assert text in page.text


def test_without_truths_there_is_a_page(tmp_path):
    page = Page(make_page(fill(tmp_path / "unknown", with_truth=False, problems=["majority"], repetitions=1)))
    assert "No optimum is known." in page.text
    assert "no run with a known optimum took place" in page.text


def test_one_run_has_a_page(tmp_path):
    one = fill(tmp_path / "one", problems=["majority"], solvers=["random"], settings=["compact"], repetitions=1)
    assert "1 solver on 1 problem in 1 formulation: 1 run" in Page(make_page(one)).text


def test_a_store_that_is_being_written_is_read_at_one_moment(tmp_path):
    folder = fill(tmp_path / "live", problems=["majority"], solvers=["random"], settings=["compact"], repetitions=1)
    with open_store(folder):
        assert "1 run" in Page(make_page(folder)).text


def test_the_file_lands_in_the_folder_or_where_told(folder, tmp_path):
    assert write_report(folder) == folder / "report.html"
    assert write_report(folder, tmp_path / "a.html").read_text() == (folder / "report.html").read_text()
    with pytest.raises(InputError, match="cannot be written: No such file or directory; give another path with -o"):
        write_report(folder, tmp_path / "nowhere" / "a.html")
    with pytest.raises(StoreError, match="holds no results"):
        write_report(tmp_path)
