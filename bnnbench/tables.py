"""Tables: what a summary looks like in a terminal, in a file and in a paper."""

from __future__ import annotations

import math
from typing import IO, TYPE_CHECKING, Any

from bnnbench.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

_HEADERS = {
    "solved": "solved [runs]",
    "proved": "proved [runs]",
    "energy_gap": "energy gap [loss]",
    "loss_gap": "loss gap [loss]",
    "mean_loss_gap": "mean read [loss]",
    "violations": "violated",
    "train_accuracy": "train acc. [%]",
    "test_accuracy": "test acc. [%]",
    "sample_s": "sample time [s]",
    "num_variables": "variables",
}
_TEXTS = ("problem", "network", "loss_name", "formulation", "solver", "truth_kind", "remarks")
_CENSORING = (
    "Medians over runs: in gaps and violations a failed run counts as infinitely bad; "
    "accuracies and times are of runs that ended."
)
_EMPTY = "there are no runs yet; run: bnnbench run SUITE."
DASH = "–"


def print_table(frame: pd.DataFrame, console: Console, title: str) -> None:
    """Print a summary; the least finite loss gap of each formulation is bold. Without rows, print a sentence."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if frame.empty:
        console.print(Text(f"{title}: {_EMPTY}"))
        return
    # Text, not str: rich takes "[loss]" and "tabu[num_restarts=4]" for markup and drops what is in brackets.
    table = Table(title=Text(title), box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
    table.caption = Text(
        f"{_CENSORING} Gaps are above the optimum, in units of training loss; {DASH}: not defined or not known "
        "(energy gap: λ below its bound)."
    )
    frame = frame.drop(columns=_silent(frame))
    for column in frame.columns:
        header = Text(_HEADERS.get(str(column), str(column)))
        is_name = column in ("problem", "formulation", "solver")
        table.add_column(header, justify="left" if column in _TEXTS else "right", overflow="fold", no_wrap=is_name)
    groups = [column for column in ("problem", "formulation") if column in frame]
    best = _least_gaps(frame, groups)
    before = None
    for row, is_best in zip(frame.to_dict("records"), best, strict=True):
        group = tuple(row[column] for column in groups)
        if before not in (None, group):
            table.add_section()
        before = group
        styles = {"loss_gap": "bold"} if is_best else {}
        table.add_row(*[Text(_cell(str(name), value), style=styles.get(str(name), "")) for name, value in row.items()])
    console.print(table)


def _silent(frame: pd.DataFrame) -> list[str]:
    """Columns that say nothing here: all runs ended, nothing is flagged, no remarks."""
    silent = [name for name in ("flags", "remarks") if name in frame and not frame[name].any()]
    return [*silent, "ok"] if {"ok", "runs"} <= set(frame) and (frame["ok"] == frame["runs"]).all() else silent


def _least_gaps(frame: pd.DataFrame, groups: list[str]) -> list[bool]:
    """For each row, whether its loss gap is finite and the least of its group."""
    import pandas as pd

    if "loss_gap" not in frame:
        return [False] * len(frame)
    gaps = pd.to_numeric(frame["loss_gap"])
    least = gaps.groupby([frame[name] for name in groups]).transform("min") if groups else gaps.min()
    return list((gaps == least) & (gaps < math.inf))


def to_csv(runs: pd.DataFrame, stream: IO[str]) -> None:
    """Write every column of every run, numbers with all their digits; see `column_help`.

    Raises
    ------
    InputError
        If there are no runs.
    """
    if runs.empty:
        raise InputError(f"CSV: {_EMPTY}")
    runs.to_csv(stream, index=False, lineterminator="\n")


def to_latex(summary: pd.DataFrame, caption: str) -> str:
    """A summary as a LaTeX table that needs the package booktabs; remarks are left out.

    Raises
    ------
    InputError
        If there are no rows.
    """
    from bnnbench import __version__

    if summary.empty:
        raise InputError(f"LaTeX: {_EMPTY}")
    columns = [column for column in summary.columns if column != "remarks"]
    layout = "".join("l" if column in _TEXTS else "r" for column in columns)
    header = [_HEADERS.get(str(column), str(column)) for column in columns]
    rows = [[_cell(column, row[column]) for column in columns] for row in summary.to_dict("records")]
    lines = [
        f"% bnnbench {__version__}; {int(summary['runs'].sum())} runs; needs \\usepackage{{booktabs}}",
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{_escape(caption)} {_escape(_CENSORING)}}}",
        f"\\begin{{tabular}}{{{layout}}}",
        "\\toprule",
        _latex_row(header),
        "\\midrule",
        *map(_latex_row, rows),
        "\\bottomrule",
        "\\end{tabular}",
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _latex_row(cells: list[str]) -> str:
    return " & ".join(map(_escape, cells)) + " \\\\"


def _cell(column: str, value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return DASH
    if isinstance(value, str):
        return value
    if math.isinf(value):
        return "∞"
    if column.endswith("accuracy"):
        return f"{100 * value:.1f}"
    if column == "sample_s":
        return f"{value:.3f}" if value < 10 else f"{value:.1f}"
    return f"{value:.4g}" if column.endswith("gap") else f"{value:.10g}"


_LATEX = str.maketrans({
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    DASH: "--",
    "−": "$-$",
    "∞": "$\\infty$",
    "λ": "$\\lambda$",
    "ε": "$\\varepsilon$",
})  # fmt: skip


def _escape(text: str) -> str:
    return " ".join(text.split()).translate(_LATEX)


def column_help() -> dict[str, str]:
    """What each column of `bnnbench.store.Store.runs` and of a summary means, with its unit in brackets."""
    return dict(_HELP)


_HELP = {
    "key": "hash of all that decides the answer",
    "problem": "name of the problem",
    "problem_hash": "content hash of network, loss and data",
    "network": "widths, from inputs to outputs",
    "loss_name": "what training minimizes",
    "num_samples": "training samples",
    "formulation": "how the problem became a QUBO",
    "instance_hash": "content hash of problem, formulation and version of the encoding",
    "num_variables": "binary variables of the QUBO; median in a summary",
    "num_couplings": "nonzero quadratic coefficients of the QUBO",
    "is_sound": "1 if the minimum energy is the minimum training loss for certain, else 0",
    "optimum": "optimal training loss; an upper bound of it if truth_kind is best_known [loss]",
    "truth_kind": "how the optimum is known: exhaustive, attained, proved or best_known",
    "num_optima": "number of optimal weight settings, if counted",
    "solver": "name of the solver, with the parameters that were given",
    "parameters": "all hyperparameters with their defaults, as JSON",
    "versions": "versions of the distributions that the solver needs, as JSON",
    "seed": "seed of the run",
    "repetition": "number of the repetition, from 0",
    "budget_seconds": "sampling time after which no more batches are asked for [s]",
    "budget_reads": "reads after which no more batches are asked for",
    "machine": "hash of machine, system and versions, see the table machines",
    "started_at": "when the run started, UTC",
    "load": "load average of the last minute when the run started",
    "log_tail": "end of what a failed run printed",
    "status": "ok; timeout, memory, crash or error if it failed; refused or unavailable if it was not asked",
    "message": "why the status is not ok",
    "num_reads": "samples that the solver answered",
    "energy": "least energy, recomputed [loss]",
    "loss": "least training loss of decoded weights [loss]",
    "energy_gap": "least energy − ground energy; none if the formulation is not sound; median in a summary [loss]",
    "loss_gap": "least training loss of decoded weights − optimum; median in a summary [loss]",
    "mean_loss_gap": "mean training loss over all reads − optimum; median in a summary [loss]",
    "mean_loss": "mean training loss over all reads [loss]",
    "energy_successes": "reads that reached the ground energy",
    "loss_successes": "reads whose decoded weights reached the optimum",
    "violations": "violated penalties of the sample of least energy; median in a summary",
    "violations.…": "of these, those of one kind: sign, product, loss",
    "train_accuracy": "of the weights of least loss on the training data, from 0 to 1; tables show [%]",
    "test_accuracy": "of the weights of least loss on held-out data, from 0 to 1; tables show [%]",
    "lower_bound": "largest lower bound on the energy that the solver claimed and no sample disproved [loss]",
    "proved": "1 if the lower bound meets the least energy; number of such runs in a summary",
    "compile_s": "time to build the QUBO [s]",
    "prepare_s": "time of the solver's preparation, such as an embedding, not charged to the budget [s]",
    "sample_s": "sampling time, judging excluded; median in a summary [s]",
    "judge_s": "time to recompute energies and losses [s]",
    "time_to_best_s": "sampling time until the least energy was first seen [s]",
    "time_to_target_s": "sampling time until decoded weights first reached the optimum; none if never [s]",
    "flags": "claims that were found false and budgets that were overrun; number of such runs in a summary",
    "clock.…": "seconds that only the solver can know, such as QPU access [s]",
    "fact.…": "what else the solver told",
    "runs": "runs that were asked: neither refused nor unavailable",
    "ok": "of these, runs that came to their end",
    "solved": "of these, runs with loss gap 0; failed runs are unsolved",
    "remarks": "runs that failed or were not asked, by status; runs without a known optimum",
}
