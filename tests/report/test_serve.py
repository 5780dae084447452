"""The served page follows the store."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request

import pytest
from small_stores import add, fill, make_cell

from bnnbench.errors import InputError
from bnnbench.plugins.registry import load_problem
from bnnbench.report import make_page
from bnnbench.report.serve import LiveReport, make_server
from bnnbench.runs.outcome import Outcome
from bnnbench.store.store import open_store

ONE = {"problems": ["majority"], "solvers": ["random"], "settings": ["compact"], "repetitions": 1}


class Clock:
    """A clock that stands until it is moved."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def served(tmp_path):
    """A function that asks a server of a folder without a store yet."""
    server = make_server(LiveReport(tmp_path / "live", make_page), port=0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def ask(path, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{server.server_address[1]}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    yield ask
    server.shutdown()
    thread.join()
    server.server_close()


def test_before_there_is_a_store_the_page_waits_with_a_sentence(served, tmp_path):
    assert "holds no results" in served("/")
    assert 'http-equiv="refresh"' in served("/")
    fill(tmp_path / "live", **ONE)
    page = served("/")
    assert "1 run" in page
    assert f'"version":"{served("/version")}"' in page


def test_nothing_else_is_served_and_to_nobody_elses_name(served):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        served("/../etc/passwd")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        served("/", Host="evil.example")


def test_a_new_run_is_a_new_version(tmp_path):
    folder = fill(tmp_path / "live", **ONE)
    clock = Clock()
    report = LiveReport(folder, make_page, clock)
    first = report.page()
    before = report.version()
    assert report.page() is first, "what has not changed is not made again"
    with open_store(folder) as store:
        add(store, make_cell(load_problem("majority"), "compact", "another", 1), Outcome("crash", "it broke"))
    assert report.version() != before
    assert "it broke" in report.page()


def test_a_page_that_took_long_rests_before_the_next(tmp_path):
    folder = fill(tmp_path / "live", **ONE)
    clock = Clock()

    def slow(folder, version):
        clock.now += 10
        return f"page of {version}"

    report = LiveReport(folder, slow, clock)
    first = report.page()
    with open_store(folder) as store:
        add(store, make_cell(load_problem("majority"), "compact", "another", 1), Outcome("crash"))
    assert report.page() == first
    clock.now += 51
    assert report.page() != first


def test_a_port_that_is_taken_gets_a_sentence(tmp_path):
    report = LiveReport(tmp_path, make_page)
    with make_server(report, port=0) as server:
        port = server.server_address[1]
        with pytest.raises(InputError, match=f"port {port} cannot be used: .*; give another one with --port, or 0"):
            make_server(report, port)
