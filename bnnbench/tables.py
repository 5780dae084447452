"""Tables: what a summary looks like in a terminal, in a file and in a paper."""

from __future__ import annotations

import math
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

_HEADERS = {
    "problem": "problem",
    "formulation": "formulation",
    "solver": "solver",
    "runs": "runs",
    "solved": "solved [runs]",
    "proved": "proved [runs]",
    "energy_gap": "energy gap [loss]",
    "loss_gap": "loss gap [loss]",
    "violations": "violated",
    "train_accuracy": "train acc. [%]",
    "test_accuracy": "test acc. [%]",
    "sample_s": "sample time [s]",
    "num_variables": "variables",
    "remarks": "remarks",
}
DASH = "–"


def print_table(summary: pd.DataFrame, console: Console, title: str) -> None:
    """Print a summary; the least loss gap of each formulation is bold."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
    table.caption = (
        "Medians over runs; failed runs count as infinitely bad. Gaps are above the optimum, in units of training loss; "
        f"{DASH}: not defined or not known (energy gap: λ below its bound)."
    )
    for column in summary.columns:
        is_text = column in ("problem", "formulation", "solver", "remarks")
        table.add_column(_HEADERS.get(column, column), justify="left" if is_text else "right", overflow="fold")
    groups = [column for column in ("problem", "formulation") if column in summary]
    best = summary.groupby(groups)["loss_gap"].transform("min") if groups else summary["loss_gap"]
    before = None
    for place, row in enumerate(summary.to_dict("records")):
        group = tuple(row[column] for column in groups)
        if before not in (None, group):
            table.add_section()
        before = group
        cells = [_cell(str(column), value) for column, value in row.items()]
        if row["loss_gap"] is not None and row["loss_gap"] == best.iloc[place]:
            at = list(row).index("loss_gap")
            cells[at] = f"[bold]{cells[at]}[/bold]"
        table.add_row(*cells)
    console.print(table)


def to_csv(runs: pd.DataFrame, stream: IO[str]) -> None:
    """Write every column of every run."""
    runs.to_csv(stream, index=False)


def to_latex(summary: pd.DataFrame, caption: str) -> str:
    """A summary as a LaTeX table that needs the package booktabs."""
    from bnnbench import __version__

    columns = [column for column in summary.columns if column != "remarks"]
    left = [column for column in columns if column in ("problem", "formulation", "solver")]
    lines = [
        f"% bnnbench {__version__}; {int(summary['runs'].sum())} runs; needs \\usepackage{{booktabs}}",
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{_escape(caption)} Medians over runs; failed runs count as infinitely bad.}}",
        f"\\begin{{tabular}}{{{'l' * len(left)}{'r' * (len(columns) - len(left))}}}",
        "\\toprule",
        " & ".join(_escape(_HEADERS.get(column, column)) for column in columns) + " \\\\",
        "\\midrule",
    ]
    for row in summary.to_dict("records"):
        lines.append(" & ".join(_escape(_cell(column, row[column])) for column in columns) + " \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", "\\end{table}", ""])


def _cell(column: str, value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return DASH
    if isinstance(value, str):
        return value.replace("[", "\\[") if column in ("formulation", "solver") else value
    if math.isinf(value):
        return "∞"
    if column.endswith("accuracy"):
        return f"{100 * value:.1f}"
    if column == "sample_s":
        return f"{value:.3f}" if value < 10 else f"{value:.1f}"
    return f"{value:.4g}" if column in ("energy_gap", "loss_gap") else f"{value:.0f}"


_LATEX = {"\\[": "[", "&": "\\&", "%": "\\%", "$": "\\$", "#": "\\#", "_": "\\_", DASH: "--", "∞": "$\\infty$", "λ": "$\\lambda$"}


def _escape(text: str) -> str:
    for character, replacement in _LATEX.items():
        text = text.replace(character, replacement)
    return text
