"""Tables say what was measured, in which unit, and lose nothing on the way."""

from __future__ import annotations

import io
import math
import re

import pandas as pd
import pytest
from rich.console import Console
from test_metrics import FAILED, row
from test_store import add_everything, make_cell

from bnnbench import __version__
from bnnbench.errors import InputError
from bnnbench.formulation import formulation
from bnnbench.harness import run
from bnnbench.instance import compile as compile_problem
from bnnbench.metrics import summarize
from bnnbench.registry import load_problem, load_solver
from bnnbench.solver import Budget
from bnnbench.store import open_store, read_store
from bnnbench.tables import DASH, column_help, print_table, to_csv, to_latex


def printed(frame, title="t", *, styled=False):
    stream = io.StringIO()
    console = Console(file=stream, width=240, force_terminal=styled, color_system="standard" if styled else None)
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
    text = printed(summarize(runs))
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
    assert DASH not in line_of(text, "compact").replace(f"{DASH} ", "", 1), "one dash: no held-out data"
    assert line_of(text, "soft").count(DASH) == 2, "and no energy gap"


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


def test_latex_is_a_booktabs_table_with_its_origin(runs):
    text = to_latex(summarize(runs), "Runs of a_suite, 100 % done.")
    assert text.startswith(f"% bnnbench {__version__}; 4 runs;")
    assert [text.count(rule) for rule in ("\\toprule", "\\midrule", "\\bottomrule")] == [1, 1, 1]
    assert "a\\_suite, 100 \\% done." in text
    assert "loss gap [loss]" in text
    body = text[text.index("\\toprule") :].splitlines()
    assert {line.count("&") for line in body if line.endswith("\\\\")} == {len(SUMMARY_IN_LATEX) - 1}
    layout = re.search(r"\\begin{tabular}{([lr]+)}", text).group(1)
    assert layout == "ll" + "r" * (len(SUMMARY_IN_LATEX) - 2)
    assert not re.search(r"[^\x00-\x7f]", text), "no character that LaTeX may lack"


SUMMARY_IN_LATEX = [column for column in summarize(pd.DataFrame()) if column != "remarks"]


def test_latex_escapes_whatever_a_name_holds():
    text = to_latex(summarize(pd.DataFrame([row(solver="a_b%c&d#e$f{g}h\\i~j^k<l", loss_gap=math.inf)])), "two\nlines")
    assert r"a\_b\%c\&d\#e\$f\{g\}h\textbackslash{}i\textasciitilde{}j\textasciicircum{}k$<$l" in text
    assert r"$\infty$" in text
    assert "two lines" in text


def test_an_empty_store_is_a_sentence():
    empty = summarize(pd.DataFrame())
    assert "there are no runs yet; run: bnnbench run" in printed(empty)
    with pytest.raises(InputError, match="there are no runs yet"):
        to_latex(empty, "c")
    with pytest.raises(InputError, match="there are no runs yet"):
        to_csv(pd.DataFrame(), io.StringIO())


def test_every_column_is_explained(runs):
    known = column_help()
    shown = {re.sub(r"^(fact|clock|violations)\..*", r"\1.…", column) for column in [*runs, *summarize(runs)]}
    assert shown <= set(known)
    assert set(known) - shown <= {"fact.…", "clock.…"}, "nothing is explained that is not there"


def test_times_are_explained_with_their_unit():
    assert all("[s]" in meaning for name, meaning in column_help().items() if name.endswith("_s"))
