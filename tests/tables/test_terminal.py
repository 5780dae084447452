"""Tables say what was measured, in which unit, and lose nothing on the way."""

from __future__ import annotations

import io
import math
import re

import pandas as pd
import pytest
from made_stores import ended
from made_stores import fill as fill_made
from rich.cells import cell_len
from rich.console import Console
from run_rows import FAILED, row
from stored_cells import NOTE, add_everything, make_cell

from bnnbench.errors import InputError
from bnnbench.metrics import SUMMARY, summarize
from bnnbench.metrics.labels import natural
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import formulation, load_problem, load_solver
from bnnbench.runs.loop import run
from bnnbench.runs.outcome import Outcome
from bnnbench.solver.contract import Budget
from bnnbench.store.columns import RUN_COLUMNS
from bnnbench.store.store import open_store, read_store
from bnnbench.tables.sheet import wrap
from bnnbench.tables.terminal import DASH, flag_lines, print_optimal, print_table, to_csv


def printed(frame, title="t", *, styled=False, width=240):
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=styled, color_system="standard" if styled else None)
    print_table(frame, console, title)
    return stream.getvalue()


def line_of(text, word):
    return next(line for line in text.splitlines() if word in line)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two real runs of each of two formulations, one of them not sound."""
    folder = tmp_path_factory.mktemp("store")
    with open_store(folder) as store:
        for setting in ("compact", "soft"):
            instance = compile_problem(load_problem("parity"), formulation(setting))
            for seed in (0, 1):
                outcome = run(instance, load_solver("random"), budget=Budget(reads=50), seed=seed)
                add_everything(store, make_cell(seed, setting=setting, repetition=seed), outcome)
    with read_store(folder) as store:
        return store.runs()


def test_real_runs_become_a_table_with_units(runs):
    text = printed(summarize(runs), width=300)  # guessing counts evaluations, too
    for unit in (
        "solved [runs]",
        "energy gap [loss]",
        "loss gap [loss]",
        "mean read [loss]",
        "train acc. [%]",
        "sample time [s]",
    ):
        assert unit in text
    assert "∞" not in text
    assert "test acc." not in text, "there are no held-out data"
    assert DASH not in line_of(text, "compact")
    assert line_of(text, "soft").count(DASH) == 1, "no energy gap"


def best(solver, setting, end="", group="3-3-1 N8"):
    row = {"group": group, "formulation": "compact", "solver": solver, "ert_s_setting": setting, "ert_s_end": end}
    return row | {"ert_s": 0.012, "ert_s_low": math.nan, "ert_s_high": math.nan}


def test_best_settings_take_a_line_each_in_80_columns():
    frame = pd.DataFrame(
        [
            best("simulated_annealing", "num_sweeps=1000", "greatest"),
            best("path_integral", "num_sweeps=10, tenure=5", "num_sweeps: least"),
            best("virtual best", "tabu (3), path_integral, num_reads=1 (2), random (1)"),
            best("tabu", "tenure=10", group="7-7-1 N40"),
        ]
    )
    stream = io.StringIO()

    print_optimal(frame, ["num_sweeps", "tenure"], Console(file=stream, width=80))

    head, body = stream.getvalue().split("─\n")
    rows = [line.split() for line in body.splitlines()[:5]]
    assert "problems" in head
    assert rows == [
        ["3-3-1", "N8", "compact", "simulated_annealing", "num_sweeps=1000", "↑", "0.012"],
        ["compact", "path_integral", "num_sweeps=10", "↓,", "tenure=5", "0.012"],
        ["compact", "virtual", "best", "tabu", "(3)", "and", "2", "more", "0.012"],
        [],
        ["7-7-1", "N40", "compact", "tabu", "tenure=10", "0.012"],
    ]


WIDE = [
    row(solver="simulated_annealing", sample_s=123.4567, loss_gap=203.0, flag_texts="lied", num_variables=1234),
    row(solver="tabu", mean_loss=1.524, test_accuracy=0.5),
    row(solver="dwave", status="unavailable", **FAILED),
    row(solver="cpsat", status="crash", **FAILED),
    row(solver="cpsat", status="timeout", **FAILED),
]


@pytest.mark.parametrize("width", [80, 100, 120, 160, 240])
def test_no_value_is_broken_and_no_line_is_longer_than_the_terminal(width):
    text = printed(summarize(pd.DataFrame(WIDE)), width=width)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert "203" in line_of(text, "simulated_annealing")
    assert "loss gap" in text or re.search(r" loss .*\n.* gap ", text)
    assert "1.524" in line_of(text, "tabu")
    left_out = " ".join(lines).partition("Columns left out: ")[2].partition(";")[0].split(", ")
    assert ("123.457" in line_of(text, "simulated_annealing")) != ("sample time" in left_out)
    assert ("1234" in line_of(text, "simulated_annealing")) != ("variables" in left_out)
    assert "…" not in text


def test_a_narrow_terminal_says_which_columns_it_leaves_out():
    frame = summarize(pd.DataFrame(WIDE))
    assert "left out" not in printed(frame, width=240)
    narrow = " ".join(printed(frame, width=80).split())
    assert "Columns left out: proved (0 in all rows), variables, train acc., " in narrow
    assert "; widen the terminal, or use bnnbench export." in narrow


def test_all_numbers_of_a_column_have_the_same_decimals_and_small_ones_are_not_zero():
    gaps = [0.0, 203.0, 1.5, 0.25, 1e-5, math.inf]
    frame = pd.DataFrame({"solver": list("abcdef"), "loss_gap": gaps, "violations": [0, 1, 2.5, 0, 0, 0]})
    cells = [line.split() for line in printed(frame).splitlines() if line[:1] in tuple("abcdef") and line[1:2] == " "]
    assert [c[1] for c in cells] == ["0.000", "203.000", "1.500", "0.250", "<0.001", "∞"]
    assert [c[2] for c in cells] == ["0.0", "1.0", "2.5", "0.0", "0.0", "0.0"]


def test_flags_are_listed_with_the_solver_and_the_number_of_runs():
    rows = [row(flag_texts="lied; was late"), row(flag_texts="lied"), row(solver="honest")]
    assert flag_lines(pd.DataFrame(rows)) == ["flagged: s lied (2 runs)", "flagged: s was late (1 run)"]
    assert flag_lines(pd.DataFrame(rows[2:])) == []
    many = [row(flag_texts=f"answered {number} reads") for number in range(5)]
    assert flag_lines(pd.DataFrame(many), most=3)[3:] == ["flagged: 2 more; see flag_texts in bnnbench export."]


def test_brackets_in_names_are_not_taken_for_markup():
    text = printed(summarize(pd.DataFrame([row(solver="tabu[num_restarts=4]", problem="[red]p")])), "run [bold]")
    assert "tabu[num_restarts=4]" in text
    assert "run [bold]" in text
    by_problem = summarize(pd.DataFrame([row(problem="[red]p")]), by=("problem", "solver"))
    assert "[red]p" in printed(by_problem)


def test_the_least_finite_loss_gap_of_each_formulation_is_bold():
    frame = summarize(
        pd.DataFrame(
            [
                row(solver="good", loss_gap=1.25),
                row(solver="poor", loss_gap=2.5),
                row(solver="crashed", formulation="soft", status="crash", **FAILED),
                row(solver="lonely", formulation="hard", loss_gap=7.5),
            ]
        )
    )
    text = printed(frame, styled=True)
    bold = [word for word in ("1.25", "2.5", "7.5", "∞") if re.search(rf"\x1b\[1m\s*{word}", text)]
    assert bold == ["1.25", "7.5"]


def test_all_columns_of_all_rows_are_in_the_csv(runs):
    stream = io.StringIO()
    to_csv(runs, stream)
    stream.seek(0)
    back = pd.read_csv(stream)
    assert list(back) == list(runs)
    assert len(back) == len(runs) == 4
    assert (back["sample_s"] == runs["sample_s"]).all(), "with all their digits"
    assert summarize(back).equals(summarize(runs)), "what was read back gives the same summary"


def test_an_empty_store_is_a_sentence():
    empty = summarize(pd.DataFrame())
    assert "there are no runs yet; run: bnnbench run" in printed(empty)
    with pytest.raises(InputError, match="there are no runs yet"):
        to_csv(pd.DataFrame(), io.StringIO())


def test_every_column_is_explained(runs):
    own = [column for column in SUMMARY if column.name not in {c.name for c in RUN_COLUMNS}]
    known = [column.shown_name for column in (*RUN_COLUMNS, *own)]
    shown = {re.sub(r"^(fact|clock|violations)\..*", r"\1.…", column) for column in [*runs, *summarize(runs)]}
    assert shown <= set(known)
    assert set(known) - shown <= {"fact.…", "clock.…"}, "nothing is explained that is not there"
    assert len(known) == len(set(known))


def test_what_is_said_to_be_never_empty_is_not(runs, tmp_path):
    with open_store(tmp_path) as store:
        store.add_problem(load_problem("parity"))
        store.add_run(make_cell(), Outcome("timeout"), NOTE)
        failed = store.runs()
    full = [column.shown_name for column in RUN_COLUMNS if column.empty == "never"]
    assert not runs[full].isna().any().any()
    assert not failed[full].isna().any().any()
    assert all(column.unit == "s" for column in RUN_COLUMNS if column.name.endswith("_s"))


def test_no_column_hides_an_attribute_of_a_frame(runs):
    assert not {name for name in [*runs, *summarize(runs)] if hasattr(pd.DataFrame, name)}


SWEEP = [row(solver=f"simulated_annealing[num_sweeps={number},seed_of_all=7]") for number in (1000, 100, 10, 9)]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_names_break_between_their_parts_and_sweeps_are_sorted_as_numbers(width):
    text = printed(summarize(pd.DataFrame(SWEEP)), width=width)

    assert max(map(len, text.splitlines())) <= width
    assert re.findall(r"\b(9|10|100|1000),", text) == ["9", "10", "100", "1000"]


def test_numbers_below_zero_and_in_quotes_are_sorted_as_numbers():
    values = ["-10", "-1.0", "1e-07", "0.5", "9", '"10"', "1000000.0", "abc", "true"]
    names = [f"sweep[beta={value}]" for value in values]

    assert sorted(sorted(names), key=natural) == names
    assert sorted(["7-15-1", "7-7-1"], key=natural) == ["7-7-1", "7-15-1"], "no minus"


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_name_without_a_place_to_break_breaks_no_heading(width):
    frame = summarize(pd.DataFrame([row(solver=name) for name in ("x" * 60, "模拟退火算法" * 10, "tabu")]))

    text = printed(frame, width=width)

    assert max(map(cell_len, text.splitlines())) <= width
    assert len("".join(re.findall("x{2,}", text))) == 60
    assert text.count("模") == 10
    for heading in ("formulation", "solver", "solved", "[loss]"):
        assert heading in text.partition("─")[0]


@pytest.mark.parametrize("most", [4, 9, 14, 40])
def test_a_wrapped_text_is_whole_and_broken_between_parts_only(most):
    text = "loss gap (my_results), simulated_annealing[num_sweeps=100]"

    lines = wrap(text, most).split("\n")

    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(len(line) <= most or re.fullmatch(r"[^ _\[\],=/-]*[ _\[\],=/-]?", line) for line in lines)


@pytest.mark.parametrize("width", [80, 100])
def test_a_comparison_breaks_no_word(width, tmp_path, monkeypatch, bnnbench_):
    solvers = {"compact": "simulated_annealing[num_sweeps=1000]", "reduced[penalty=3.0]": "tabu"}
    outcomes = {pair: [ended(number)] for number, pair in enumerate(solvers.items())}
    problems = [f"random_function[size=3,samples=3,seed={seed}]" for seed in range(8)]  # enough for an effect and p
    names = ("a_long_name_of_results", "published")
    folders = [fill_made(tmp_path / name, outcomes, problems=problems) for name in names]
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)

    code, out, _ = bnnbench_("compare", *folders)

    table = re.sub(r"\x1b\[\d*m", "", out.partition("Columns left out")[0])
    assert code == 0
    assert max(map(len, table.splitlines())) <= width
    for word in ("formulation", "published", "median", "simulated_", "annealing[", "reduced", "tabu", "(Holm)"):
        assert word in table


ESCAPE = "\x1b]0;owned\x07\x1b[2J\u202eevil"


def test_control_characters_of_an_exception_are_shown_and_move_nothing(tmp_path):
    runs = pd.DataFrame([row(solver=f"s{ESCAPE}", status="crash", message=ESCAPE, flag_texts=ESCAPE, **FAILED)])
    stream = io.StringIO()
    to_csv(runs, stream)

    shown = printed(summarize(runs)) + "".join(flag_lines(runs)) + stream.getvalue()

    assert not re.search("[\x1b\x07\u202e]", shown)
    assert r"\x1b]0;owned\x07" in shown
