"""What a table looks like in each format; that LaTeX takes it; that nothing in a name is markup."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from made_stores import MIXED, ended, fill

from bnnbench.errors import InputError
from bnnbench.store.parquet import uniform
from bnnbench.store.store import read_store
from bnnbench.tables import KINDS, View, make_table, stamped
from bnnbench.tables.latex import escape, to_latex

GOLDEN = Path(__file__).parent / "golden"
NASTY = r"""a_b%c&d#e$f{g}h\i~j^k<script>alert("1")</script>|l*m*[n](o)`p` --> 'q' é 中 ∞"""


def text_of(folder, form, kind="summary", **view):
    with read_store(folder) as store:
        content = stamped(make_table(store, kind, "made", View(**view)), form, "made")
    return content if form == "parquet" else content.decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("made"), MIXED)


@pytest.fixture(scope="module")
def nasty(tmp_path_factory):
    outcomes = {("compact", "a"): [ended(1)], ("compact", "b"): [ended(0)]}
    label = lambda solver: f"{solver}{NASTY}" if solver == "a" else "*"  # noqa: E731
    return fill(tmp_path_factory.mktemp("nasty"), outcomes, label=label)


@pytest.mark.parametrize(("form", "kind"), [("markdown", "summary"), ("latex", "summary"), ("macros", "summary"),
                                            ("html", "summary"), ("markdown", "problems")])  # fmt: skip
def test_the_text_is_what_it_was(folder, form, kind):
    """Delete the golden file and run again where a change is meant; look at the difference before it is committed."""
    path = GOLDEN / f"{kind}.{form}"
    text = "\n".join(line for line in text_of(folder, form, kind).splitlines() if "bnnbench-stamp" not in line)
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path} was missing and is made; look at it")
    assert text == path.read_text(encoding="utf-8")


def test_units_stand_in_the_headers(folder):
    head = text_of(folder, "markdown").splitlines()[0]
    for title in ("solved [%]", "loss gap [loss]", "energy gap [loss]", "sample time [s]", "norm. gap"):
        assert f"| {title} |" in head


def latex_of(tables, options="a4paper", preamble=""):
    body = "\n\\clearpage\n".join(tables)
    packages = f"\\usepackage{{booktabs,array,siunitx,longtable}}{preamble}"
    return f"\\documentclass[{options}]{{article}}\n{packages}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"


needs_latex = pytest.mark.skipif(
    shutil.which("pdflatex") is None or not shutil.which("kpsewhich") or subprocess.run(
        ["kpsewhich", "siunitx.sty"], stdout=subprocess.DEVNULL, check=False
    ).returncode != 0,
    reason="needs pdflatex with siunitx: install texlive-latex-extra and texlive-science",
)  # fmt: skip


def compile_latex(text, folder):
    (folder / "t.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    for _ in range(3):  # a longtable finds its widths in the second
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    output = done.stdout.decode(errors="replace")
    assert done.returncode == 0, output[-3000:]
    return output


@needs_latex
def test_every_table_compiles_without_a_warning(folder, nasty, tmp_path):
    many = {("compact", f"solver number {n}[with=parameters]"): [ended(n / 3)] * 2 for n in range(60)}
    long = fill(tmp_path / "long", many)
    tables = [text_of(store, "latex", kind) for store in (folder, nasty, long) for kind in sorted(KINDS)
              if kind != "embedding"]  # fmt: skip
    macros = text_of(folder, "macros")
    numbers = "\n\n".join(re.findall(r"\\newcommand{(\\[A-Za-z]+)}", macros))
    output = compile_latex(latex_of([*tables, f"{macros}\n{{\\scriptsize {numbers}\n\n}}"]), tmp_path)
    labels = [label for table in tables for label in re.findall(r"\\label{(.*?)}", table)]
    assert labels, "there are labels, of which some come three times here"
    complaints = [line for line in output.splitlines() if re.search("Warning|Overfull|Error", line)]
    assert [line for line in complaints if "multiply" not in line] == []


TWO_COLUMNS = "\\usepackage[textwidth=506pt,textheight=680pt]{geometry}\\setlength{\\columnsep}{14pt}"


@needs_latex
@pytest.mark.parametrize(("width", "environment"), [("column", "table"), ("page", "table*")])
def test_a_table_for_two_columns_compiles_at_either_width(folder, nasty, tmp_path, width, environment):
    many = {("compact", f"solver number {n}[with=parameters]"): [ended(n / 3)] * 7 for n in range(60)}
    long = fill(tmp_path / "long", many)
    tables = [text_of(store, "latex", kind, width=width) for store, kind in
              ((folder, "formulations"), (nasty, "summary"), (nasty, "problems"), (long, "summary"))]  # fmt: skip

    output = compile_latex(latex_of(tables, "a4paper,twocolumn", TWO_COLUMNS), tmp_path)

    assert all(f"\\begin{{{environment}}}" in table for table in tables)
    assert "(continued)" in "".join(tables), "one is longer than a page"
    complaints = [line for line in output.splitlines() if re.search("Warning|Overfull|Error", line)]
    assert [line for line in complaints if "multiply" not in line] == []


@pytest.mark.parametrize("width", ["article", "column", "page"])
def test_what_decides_is_printed_at_every_width(folder, width):
    text = text_of(folder, "latex", width=width)
    head = text.partition("\\toprule")[2].partition("\\midrule")[0]
    for word in ("solved", "ERT", "mean", "read"):
        assert f"{{{word}}}" in head


def test_intervals_without_room_are_named_in_the_caption(tmp_path):
    gaps = [[ended(n / 7 + solver, sample_s=0.1 + n / 90) for n in range(9)] for solver in range(2)]
    solved = [ended(0.0, time_to_target_s=0.01 * n) for n in range(1, 10)]
    made = {("compact", f"simulated_annealing_{n}"): [*gaps[n], *solved] for n in range(2)}
    store = fill(tmp_path, made)
    text = text_of(store, "latex", width="column", columns=("solved", "ERT", "loss gap", "mean read"))
    assert "Without intervals, for want of width: loss gap, mean read." in text
    assert "Without intervals" not in text_of(store, "latex", width="page")


def test_a_column_of_one_value_stands_in_the_caption_and_not_in_the_table(folder):
    text = text_of(folder, "markdown")
    assert "The same in all rows: proved 0 runs." in text
    assert "proved" not in text.splitlines()[0]


def test_columns_that_are_asked_for_are_printed_in_their_order_and_no_others(folder):
    head = text_of(folder, "markdown", columns=("mean read", "runs", "proved")).splitlines()[0]
    assert head == "| formulation | solver | mean read [loss] | runs | proved [runs] |"
    with pytest.raises(InputError, match=r"mean red.*did you mean"):
        text_of(folder, "markdown", columns=("mean red",))


def test_only_the_solvers_that_are_asked_for_stand_in_a_table(folder):
    text = text_of(folder, "markdown", solvers=("good",))
    assert "| good |" in text
    assert "| random |" not in text
    with pytest.raises(InputError, match="made has no solver 'god'; it has 'absent'"):
        text_of(folder, "markdown", solvers=("god",))


@needs_latex
def test_the_check_of_latex_sees_a_table_that_is_too_wide(folder, tmp_path):
    wide = text_of(folder, "latex").replace("& {--}", f"& {{{'too wide ' * 20}}}")
    assert "Overfull" in compile_latex(latex_of([wide]), tmp_path)


def test_each_row_of_latex_has_all_its_cells(folder, nasty):
    for store in (folder, nasty):
        text = text_of(store, "latex")
        lines = [line for line in text.splitlines() if line.endswith("\\\\") and "emph" not in line]
        spans = [sum(int(n) - 1 for n in re.findall(r"multicolumn{(\d)}", line)) for line in lines]
        assert len({len(re.findall(r"(?<!\\)&", line)) + span for line, span in zip(lines, spans, strict=True)}) == 1


def test_latex_names_what_it_leaves_out(folder):
    text = text_of(folder, "latex")
    assert "% left out for want of width: " in text
    assert "% needs the packages booktabs, array and siunitx" in text
    assert "\\label{tab:made-summary}" in text


def test_latex_has_no_character_that_a_plain_document_lacks(nasty):
    text = text_of(nasty, "latex")
    assert not re.search(r"[^\x00-\u017f]", text)
    assert "U+4E2D" in text
    assert escape("a\x00b\nc") == "aU+0000\\allowbreak{}b c"
    assert escape("β ≤ 1e3, ε λ Ω e\u0301") == "$\\beta$ $\\leq$ 1e3, $\\varepsilon$ $\\lambda$ $\\Omega$ é"
    assert escape("5 % of <x>") == "5~\\% of $<$x$>$"


class Page(HTMLParser):
    """What a browser sees: tags, and the text of cells."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.cells, self.comments = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data

    def handle_comment(self, data):
        self.comments.append(data)


def test_html_shows_what_solvers_print_and_runs_none_of_it(nasty):
    page = Page(text_of(nasty, "html"))
    assert "script" not in page.tags
    assert page.tags.count("table") == 1
    assert f"a{NASTY}" in page.cells
    assert [comment for comment in page.comments if "bnnbench-stamp" in comment]


def test_a_name_cannot_end_the_comment_of_the_stamp(folder):
    with read_store(folder) as store:
        text = stamped(make_table(store, "summary", "--><b>"), "html", "a--b-->c---d").decode()
    page = Page(text)
    assert "b" not in page.tags[: page.tags.index("table")]
    assert len(page.comments) == 1


def test_markdown_has_as_many_cells_in_each_row(folder, nasty):
    for store in (folder, nasty):
        lines = [line for line in text_of(store, "markdown").splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
        assert "<script" not in "".join(lines)


def test_data_keep_all_digits(folder):
    with read_store(folder) as store:
        data = make_table(store, "summary", "made").data
    rows = list(csv.DictReader(io.StringIO(text_of(folder, "csv"))))
    assert len(rows) == len(data)
    assert [float(row["solved_share"] or "nan") for row in rows] == pytest.approx(data["solved_share"], nan_ok=True)
    back = pd.read_parquet(io.BytesIO(text_of(folder, "parquet")))
    pd.testing.assert_frame_equal(back, uniform(data), check_dtype=False)


def test_mixed_columns_become_text():
    frame = uniform(pd.DataFrame({"a": [1, "x", None], "b": [1, None, 2.5], "c": ["1", "2", "3"]}))
    assert frame["a"].dropna().tolist() == ["1", "x"]
    assert frame["b"].dropna().tolist() == [1, 2.5]
    assert frame["c"].tolist() == ["1", "2", "3"]


def test_macros_have_one_name_each_of_letters_alone(folder, tmp_path):
    same = {("compact", "a1"): [ended(1)], ("compact", "a-1"): [ended(2)], ("compact", "b"): [ended(0)]}
    names = re.findall(r"\\newcommand{\\(.*?)}", text_of(fill(tmp_path, same), "macros"))
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[A-Za-z]+", name) for name in names)
    assert {"bnnMadeCompactAOneLossGap", "bnnMadeCompactAOneLossGapAgainTwo"} <= set(names)
    text = text_of(folder, "macros")
    assert "\\newcommand{\\bnnMadeCompactGoodSolved}{\\num{100}}" in text
    assert "\\newcommand{\\bnnMadeCompactGoodSolvedLow}{\\num{69}}" in text
    assert "\\newcommand{\\bnnMadeCompactFairLossGap}{\\ensuremath{\\infty}}" in text


def test_a_heading_wider_than_the_page_and_a_long_word_of_the_caption_may_break(folder):
    with read_store(folder) as store:
        table = make_table(store, "summary", "a_" * 40)
    table.data["formulation"] = "reduced[" + ",".join(f"parameter_{k}={k}" for k in range(9)) + "]"

    text = to_latex(table)

    assert "}{@{}p{\\linewidth}}{\\raggedright\\arraybackslash\\emph{reduced{[}\\allowbreak{}" in text
    assert not re.search(r"[a-z_\\\\]{60}", text.partition("\\caption")[2].partition("\\label")[0])
