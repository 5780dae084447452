"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

from bnnbench import __version__
from bnnbench.charts import Figure, PlotData
from bnnbench.charts.figure import Page
from bnnbench.charts.interactive import panel_figures
from bnnbench.errors import InputError
from bnnbench.figures import figures
from bnnbench.metrics.decision import decision_table
from bnnbench.metrics.labels import natural
from bnnbench.metrics.settings import has_sweep
from bnnbench.metrics.summary import with_works_on
from bnnbench.optimum.truth import Truth
from bnnbench.problem.problem import Problem
from bnnbench.report.answer import answer
from bnnbench.report.findings import findings
from bnnbench.report.templates import environment
from bnnbench.report.title import suite_title
from bnnbench.store.columns import RUN_COLUMNS, budget_texts
from bnnbench.tables.best import best_table
from bnnbench.tables.build import summary_table
from bnnbench.tables.table import Table
from bnnbench.tables.terminal import flag_lines

FIRST = "time_to_optimum"
"""Name of the figure of the first screen."""
DECISIVE = ("ert_s", "solved_share", "mean_loss_gap", "loss_gap")
"""Columns of a summary that a narrow screen shows first."""
MAX_ROWS = 200
"""Samples of a problem that its page lists."""
SHOWN = {column.shown_name: column.title for column in RUN_COLUMNS if column.header}
"""Columns of the table of runs, and their headings."""


def render(data: PlotData, *, version: str | None = None) -> str:
    """Return the page of a store.

    Parameters
    ----------
    version
        If given, the page asks the server that it came from for ``version``, and loads itself again when that changes.
    """
    from plotly.offline import get_plotlyjs

    charts: dict[str, dict[str, Any]] = {}
    asked, *found = findings(data)
    context = {
        "name": data.name,
        "version": __version__,
        "title": suite_title(data.suites) or data.name,
        "asked": asked,
        "answer": answer(data),
        "findings": found,
        "picture": _picture(data, charts),
        "summary": _summary(data),
        "figures": _figures("overview", data, charts),
        "problems": list(_problems(data, charts)),
        "solvers": list(_solvers(data, charts)),
        "machines": list(data.machines.items()),
        "versions": _versions(data),
        "suites": data.suites,
        "flags": flag_lines(data.runs, most=1000) if len(data.runs) else [],
        "num_runs": len(data.runs),
        "budgets": _budgets(data),
        "decision": _decision(data),
        "best": _best(data),
        "plotly": get_plotlyjs(),
        "data": {"runs": _runs(data), "charts": charts, "version": version},
    }
    return _environment().get_template("report.html").render(context)


def script_json(value: Any) -> str:
    r"""Return JSON that cannot end its script element: ``<``, ``>`` and ``&`` are written as ``\u00..``."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


@cache
def _environment() -> jinja2.Environment:
    return environment("bnnbench.report", script_json=script_json, number=_number)


def _number(value: Any) -> str:
    return (
        "–"
        if value is None or (isinstance(value, float) and math.isnan(value))
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def _figures(page: Page, data: PlotData, charts: dict[str, Any], prefix: str = "") -> list[dict[str, str]]:
    """Put the figures of a page among the charts; without the data for one, a sentence stands in its place."""
    return [
        _add(charts, f"{prefix}{figure.name}", data, figure) for figure in figures().values() if page in figure.pages
    ]


def _add(charts: dict[str, Any], key: str, data: PlotData, figure: Figure) -> dict[str, str]:
    if figure.is_slow(data):
        reason = f"This takes long to compute; bnnbench figure RESULTS {figure.name} draws it."
        return {"key": key, "title": figure.title, "missing": reason}
    try:
        chart = figure(data)
    except InputError as error:
        return {"key": key, "title": figure.title, "missing": str(error)}
    charts[key] = {"panels": panel_figures(chart)}
    return {"key": key, "title": chart.title, "caption": chart.caption, "missing": ""}


def _picture(data: PlotData, charts: dict[str, Any]) -> dict[str, str] | None:
    """Return the figure of the first screen, without its title; None if the data do not have it."""
    figure = _add(charts, "first", data, figures()[FIRST])
    return None if figure["missing"] else figure


def _summary(data: PlotData) -> dict[str, Any]:
    """Return the summary; nothing without runs."""
    if data.runs.empty:
        return {"columns": [], "rows": [], "caption": ""}
    return _sheet(summary_table(data.runs, data.name))


def _best(data: PlotData) -> dict[str, Any]:
    """Return the best settings, where a parameter was swept."""
    return _sheet(best_table(data.runs, {}, data.name)) if has_sweep(data.runs) else {"rows": []}


def _sheet(table: Table) -> dict[str, Any]:
    """Return the columns of a table that tell rows apart, what decides first, and the caption."""
    of_name = {column.name: column for column in table.shown}
    first = [name for name in DECISIVE if name in of_name]
    names = [column for column in table.shown if column.kind == "text" and column.rank is None]
    rest = [column for column in table.shown if column not in names and column.name not in first]
    columns = [*names, *(of_name[name] for name in first), *rest]
    cells = [table.cells(column) for column in columns]
    return {"columns": columns, "rows": list(zip(*cells, strict=True)), "caption": table.full_caption(columns)}


def _decision(data: PlotData) -> dict[str, Any]:
    """Return which solver is best for which problems; nothing where sizes are not known."""
    try:
        table = with_works_on(decision_table(data.runs), data.runs)
    except (InputError, KeyError):  # results of an older version have no sizes
        return {"headers": [], "rows": []}
    headers = {"rung": "rung", "hidden_layers": "hidden layers", "weights_class": "weights", "alpha_class": "α"}
    headers |= {"problems": "problems", "formulation": "formulation", "solver": "least time", "works_on": "works on"}
    headers |= {"ert_s": "ERT [s]"}
    headers |= {"next_solver": "next best", "ratio": "slower by"}
    rows = [[_told(row[name]) for name in headers] for row in table.to_dict("records")]
    return {"headers": list(headers.values()), "rows": rows}


def _told(value: Any) -> str:
    """Return a cell as text: numbers with two digits, a dash for what there is not."""
    if isinstance(value, float):
        return f"{value:.2g}" if math.isfinite(value) else "–"
    return str(value) or "–"


def _runs(data: PlotData) -> dict[str, Any]:
    """Return the table of runs, column by column; what is missing is null."""
    runs = data.runs
    columns = [name for name in SHOWN if name in runs and (name in ("problem", "solver") or runs[name].notna().any())]
    return {
        "names": columns,
        "headers": [SHOWN[name] for name in columns],
        "columns": [[_cell(value) for value in runs[name].tolist()] for name in columns],
    }


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _problems(data: PlotData, charts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    parts = data.parts("problem_hash")
    for number, (key, problem) in enumerate(data.problems.items()):
        truth, part = data.truths.get(key), parts[key]
        yield {
            "id": f"problem-{number}",
            "name": str(part.runs["problem"].iloc[0]),
            "hash": key,
            "network": str(problem.network),
            "num_weights": problem.network.num_weights,
            "loss": problem.loss,
            "num_samples": problem.num_samples,
            "num_held_out": 0 if problem.test_inputs is None else len(problem.test_inputs),
            "data": _data(problem),
            "truth": truth,
            "certainty": _certainty(truth),
            "weights": ""
            if truth is None or not len(truth.optima)
            else " ".join(f"{w:+d}" for w in truth.optima[0].tolist()),
            "figures": _figures("problem", part, charts, f"problem-{number}-"),
        }


def _certainty(truth: Truth | None) -> str:
    if truth is None:
        return "No optimum is known."
    how = {
        "exhaustive": "all settings were searched",
        "attained": "no loss is lower",
        "proved": "proved",
        "given": "named in the suite",
        "best_known": "only the least loss seen, not proved",
    }[truth.kind]
    optima = "" if truth.num_optima is None else f"; {truth.num_optima:,} weight settings have it"
    return f"Optimal training loss {truth.loss:g} ({truth.kind}: {how}; {truth.method}){optima}."


def _data(problem: Problem) -> dict[str, Any]:
    """Return distinct samples with their number, the most frequent first."""
    table = np.hstack([problem.inputs, problem.targets])
    distinct, numbers = np.unique(table, axis=0, return_counts=True)
    width = problem.network.num_inputs
    rows = [
        (_spins(distinct[k, :width]), _spins(distinct[k, width:]), int(numbers[k]))
        for k in np.argsort(-numbers, kind="stable")[:MAX_ROWS]
    ]
    return {"rows": rows, "more": max(0, len(distinct) - MAX_ROWS)}


def _spins(values: NDArray[np.int8]) -> str:
    return "".join("+" if value > 0 else "−" for value in values)


def _solvers(data: PlotData, charts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    parts = data.parts("solver")
    for number, name in enumerate(sorted(parts, key=natural)):
        part = parts[name]
        runs = part.runs
        failed = runs[runs["status"] != "ok"]
        failures = Counter(zip(failed["status"], failed["message"].fillna(""), strict=True))
        yield {
            "id": f"solver-{number}",
            "name": name,
            "num_runs": len(runs),
            "settings": [
                {"parameters": json.loads(parameters), "versions": json.loads(versions)}
                for parameters, versions in runs[["parameters", "versions"]].drop_duplicates().itertuples(index=False)
            ],
            "summary": _summary(part),
            "failures": [(status, message, size) for (status, message), size in sorted(failures.items())],
            "logs": [str(log) for log in runs.loc[runs["log_tail"].fillna("") != "", "log_tail"].unique()[:3]],
            "flags": flag_lines(runs, most=100),
            "figures": _figures("solver", part, charts, f"solver-{number}-"),
        }


def _versions(data: PlotData) -> list[tuple[str, str]]:
    """Return every distribution in every version that a run used."""
    texts: Iterable[str] = data.runs["versions"].unique() if len(data.runs) else ()
    return sorted({(name, version) for text in texts for name, version in json.loads(text).items()})


def _budgets(data: PlotData) -> list[tuple[str, int]]:
    """Return budgets of runs in words, and how many runs had each."""
    if data.runs.empty:
        return []
    return Counter(budget_texts(data.runs)).most_common()
