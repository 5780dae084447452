"""The page in a real browser: tox run -e browser. Without playwright and a Chromium on the path these are skipped."""

from __future__ import annotations

import shutil
import time

import pytest
from small_stores import NASTY, fill, fill_failed, fill_nasty

from bnnbench.report import write_report

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the path")
PAGES = ("overview", "figures", "runs", "problems", "problem-0", "solvers", "solver-0", "flags", "environment")


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    return write_report(fill(tmp_path_factory.mktemp("browser") / "mine")).as_uri()


@pytest.fixture
def visit(browser):
    """Open an address; what the page complains of, or asks the network for, is an error in the end."""
    complaints = []

    def open_page(address, width=1280, scheme="light"):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
        page.goto(address)
        return page

    yield open_page
    assert complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_page_fits_the_screen_without_a_complaint(visit, address, width, scheme):
    page = visit(address, width, scheme)
    for name in PAGES:
        page.goto(f"{address}#{name}")
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(200)
        assert page.locator(".page.open").get_attribute("id") == name
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_figures_are_drawn(visit, address):
    page = visit(f"{address}#figures")
    page.wait_for_selector("#figures .main-svg")
    page.goto(f"{address}#problem-0")
    page.wait_for_selector("#problem-0 .main-svg")


def cells(page, column):
    return page.locator(f"#runs tbody tr td:nth-child({column})").all_inner_texts()


def test_runs_are_sorted_up_and_down_with_missing_values_last(visit, address):
    page = visit(f"{address}#runs")
    headers = page.locator("#runs thead th").all_inner_texts()
    column = headers.index("mean read [loss]") + 1
    button = page.locator(f"#runs thead th:nth-child({column}) button")
    for is_down in (False, True):
        button.click()
        values = [float(text) for text in cells(page, column)]
        assert values == sorted(values, reverse=is_down)
    assert page.locator(f"#runs thead th:nth-child({column})").get_attribute("aria-sort") == "descending"


def test_runs_are_filtered_by_column_and_by_text(visit, address):
    page = visit(f"{address}#runs")
    status = page.locator("#runs [role=status]")
    assert status.inner_text() == "1–54 of 54 runs"
    page.get_by_label("solver", exact=True).first.select_option("random")
    assert status.inner_text() == "1–18 of 18 runs"
    page.locator("#runs input").fill("MAJORITY")
    assert status.inner_text() == "1–6 of 6 runs"
    page.locator("#runs input").fill("no such run")
    assert status.inner_text() == "no run fits"


def test_the_summary_is_sorted_too(visit, address):
    page = visit(address)
    summary = page.locator("#overview table").first
    summary.locator("thead th:nth-child(2) button").click()
    names = summary.locator("tbody tr td:nth-child(2)").all_inner_texts()
    assert names == sorted(names)


def test_a_problem_has_its_own_runs_alone(visit, address):
    page = visit(f"{address}#problem-0")
    assert page.locator("#problem-0 [role=status]").inner_text() == "1–18 of 18 runs"


def test_what_solvers_print_is_not_run(visit, tmp_path):
    page = visit(write_report(fill_nasty(tmp_path / "nasty")).as_uri())
    for name in PAGES:
        page.goto(f"{page.url.partition('#')[0]}#{name}")
        page.wait_for_timeout(200)
    assert page.locator("img").count() == 0
    assert NASTY.partition("\u2028")[0] in page.locator("#runs tbody td").first.inner_text()


def test_a_store_of_failures_is_browsed_without_a_complaint(visit, tmp_path):
    address = write_report(fill_failed(tmp_path / "failed")).as_uri()
    page = visit(address)
    for name in PAGES:
        page.goto(f"{address}#{name}")
        page.wait_for_timeout(100)


def test_ten_thousand_runs_load_in_five_seconds(visit, tmp_path):
    import pandas as pd

    from bnnbench.charts.plot_data import read_plot_data
    from bnnbench.report.page import render
    from bnnbench.store.store import read_store

    folder = fill(tmp_path / "many")
    with read_store(folder) as store:
        data = read_plot_data(store)
    copies = [data.runs.assign(key=data.runs["key"] + str(k), repetition=k) for k in range(186)]
    object.__setattr__(data, "runs", pd.concat(copies, ignore_index=True))
    path = tmp_path / "many.html"
    path.write_text(render(data), encoding="utf-8")
    start = time.perf_counter()
    page = visit(f"{path.as_uri()}#runs")
    assert page.locator("#runs [role=status]").inner_text() == "1–100 of 10044 runs"
    assert time.perf_counter() - start < 5
