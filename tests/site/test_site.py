"""The site says what the rows say, leads nowhere that is not there, and needs no network."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pandas as pd
import pytest
from run_rows import row

from bnnbench.errors import InputError
from bnnbench.site import make_site
from bnnbench.store.parquet import PUBLISHED, to_parquet

CLAIM = """
[[claim]]
name = "fast-is-faster"
sentence = "`fast` takes {effect} times the time of `tabu`."
refuted = "it took longer than <b>half</b>"
results = "mine"
first = { solver = "random" }
second = { solver = "tabu" }
effect = "ratio"
at_most = 0.5
"""


@pytest.fixture
def results(tmp_path):
    rows = [
        row(
            key=f"{solver}{number}", machine="m", problem=f"p{number}", problem_hash=f"{number:064}", solver=solver,
            network="3-3-1" if number < 6 else "7-7-1", num_samples=4, time_to_target_s=seconds, budget_seconds=None,
            loss_gap=0.0 if solver == "random" and number < 6 else 1.0 * (solver == "random"),
        )
        for number in range(8)
        for solver, seconds in (("random", 0.25), ("tabu", 1.0), ("<i>mine</i>", None))
    ]  # fmt: skip
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / PUBLISHED).write_bytes(to_parquet(pd.DataFrame(rows), {}))
    (tmp_path / "mine" / "gap.svg").write_text("<svg/>")
    (tmp_path / "claims.toml").write_text(CLAIM)
    return tmp_path


def test_every_link_and_picture_is_there(results):
    pages = make_site(results)
    for path, content in pages.items():
        if not path.endswith(".html"):
            continue
        for link in re.findall(r'(?:href|src)="([^"#]+)"', content.decode()):
            if link.startswith("data:"):
                continue
            target = PurePosixPath(path).parent / link
            parts: list[str] = []
            for part in target.parts:
                parts = parts[:-1] if part == ".." else [*parts, part]
            assert "/".join(parts) in pages, (path, link)


def test_the_first_of_a_leaderboard_has_the_least_expected_time(results):
    page = make_site(results)["studies/mine.html"].decode()
    board = page[page.index("3-3-1 (6 problems)") : page.index("7-7-1 (2 problems)")]
    assert board.index(">random</a>") < board.index(">tabu</a>") < board.index("mine&lt;/i&gt;")


def test_simulated_quantum_algorithms_rank_after_all_that_ran_for_real(results):
    (results / "claims.toml").unlink()
    path = results / "mine" / PUBLISHED
    rows = pd.read_parquet(path)
    path.write_bytes(to_parquet(rows.replace({"solver": {"random": "grover", "tabu": "random"}}), {}))
    page = make_site(results)["studies/mine.html"].decode()
    assert page.index(">random</a>") < page.index("mine&lt;/i&gt;") < page.index(">grover</a>")


def test_trivial_classes_have_no_leader_on_the_first_page(results):
    page = make_site(results)["index.html"].decode()
    assert "<td>7-7-1</td>" in page
    assert "<td>3-3-1</td>" not in page


def test_trivial_and_small_classes_are_called_so(results):
    page = make_site(results)["studies/mine.html"].decode()
    first, second = page.split("7-7-1 (2 problems)")
    assert "Trivial" in first
    assert "Trivial" not in second
    assert "the order is no finding" in second
    assert "the order is no finding" not in first


def test_a_claim_stands_with_what_would_refute_it_and_whether_it_holds(results):
    page = make_site(results)["index.html"].decode()
    assert "<code>fast</code> takes 0.25" in page
    assert "Holds; refuted if it took longer than &lt;b&gt;half&lt;/b&gt;" in page
    (results / "claims.toml").write_text(CLAIM.replace("at_most = 0.5", "at_most = 0.1"))
    assert "Does NOT hold" in make_site(results)["index.html"].decode()


def test_the_first_page_opens_with_the_headlines_that_hold(results):
    assert "In short" not in make_site(results)["index.html"].decode()
    (results / "claims.toml").write_text(CLAIM + "headline = true\n")
    page = make_site(results)["index.html"].decode()
    assert page.index("In short") < page.index("<code>fast</code> takes 0.25") < page.index("Studies")
    (results / "claims.toml").write_text(CLAIM.replace("at_most = 0.5", "at_most = 0.1") + "headline = true\n")
    assert "In short" not in make_site(results)["index.html"].decode()


def test_a_leader_without_a_finite_time_stands_with_what_its_best_read_leaves(results):
    path = results / "mine" / PUBLISHED
    rows = pd.read_parquet(path)
    unsolved = rows.assign(loss_gap=rows["solver"].map({"random": 4.0, "tabu": 1.0}).fillna(3.0), time_to_target_s=None)
    path.write_bytes(to_parquet(unsolved, {}))
    page = " ".join(make_site(results)["index.html"].decode().split())
    assert "<td>tabu" in page
    assert "<small>leaves 1</small>" in page


def test_studies_with_a_cover_come_first(results):
    (results / "zoo").mkdir()
    (results / "zoo" / PUBLISHED).write_bytes((results / "mine" / PUBLISHED).read_bytes())
    (results / "zoo" / "solved_by_cell.svg").write_text("<svg/>")
    page = make_site(results)["index.html"].decode()
    assert page.index("studies/zoo.html") < page.index("studies/mine.html")


def test_classes_are_the_cells_of_a_set_with_their_rungs(results):
    path = results / "mine" / PUBLISHED
    rows = pd.read_parquet(path).assign(cell="7-7-1 at 1.0", rung="hard")
    path.write_bytes(to_parquet(rows, {}))
    assert "hard: 7-7-1 at 1.0 (8 problems)" in make_site(results)["studies/mine.html"].decode()


def test_every_solver_has_a_page_with_its_places(results):
    pages = make_site(results)
    assert "1 of 3" in pages["solvers/random.html"].decode()
    assert "was not run" in pages["solvers/cpsat.html"].decode()


def test_nothing_is_asked_of_a_network(results):
    for path, content in make_site(results).items():
        assert not re.search(rb"(src|href)=\"https?:", content), path


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(InputError, match="no folder with results"):
        make_site(tmp_path)
