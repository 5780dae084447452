"""The pages of the site."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from bnnbench import __version__
from bnnbench.claims import evaluate_all, read_claims
from bnnbench.plugins.entries import entries
from bnnbench.plugins.guide import HEADINGS, solver_row
from bnnbench.report.templates import environment
from bnnbench.site.study import Study, read_studies

CLAIMS = "claims.toml"


def make_site(results: Path) -> dict[str, bytes]:
    """Return the files of the site, by their paths: pages in UTF-8, and pictures.

    Parameters
    ----------
    results
        A folder with a folder of results per study, and perhaps ``claims.toml``.

    Raises
    ------
    InputError
        If there are no results, or claims that cannot be read.
    """
    studies = sorted(read_studies(results), key=lambda study: study.weight, reverse=True)
    verdicts = evaluate_all(read_claims(results / CLAIMS), results) if (results / CLAIMS).is_file() else []
    titles = {study.name: study.title for study in studies}
    pages = {
        "index.html": _page("index.html", 0, studies=studies, verdicts=verdicts, titles=titles),
        "take_part.html": _page("take_part.html", 0),
        "solvers/index.html": _page("solvers.html", 1, solvers=[_solver(name) for name in _solvers()]),
    }
    made: dict[str, bytes] = {}
    for study in studies:
        pages[f"studies/{study.name}.html"] = _page("study.html", 1, study=study, known=_solvers())
        made |= {f"studies/{study.name}/{path.name}": path.read_bytes() for path in study.pictures}
    for name in _solvers():
        places = list(_places(name, studies))
        pages[f"solvers/{name}.html"] = _page("solver.html", 1, solver=_solver(name), places=places)
    return made | {path: text.encode() for path, text in pages.items()}


def _solvers() -> list[str]:
    return [name for name, entry in entries("solver").items() if entry.distribution == "bnnbench"]


@cache
def _solver(name: str) -> Mapping[str, str]:
    return dict(zip(HEADINGS, (cell.replace("`", "") for cell in solver_row(name)), strict=True)) | {"name": name}


def _places(solver: str, studies: Sequence[Study]) -> Any:
    """Yield where a solver stands: study, class, rank, number of rows, and its cells."""
    for study in studies:
        for board in study.boards:
            for rank, (name, cells) in enumerate(board.rows, start=1):
                if name == solver:
                    yield study, board, rank, len(board.rows), cells


def _page(template: str, depth: int, **context: Any) -> str:
    shared = {"root": "../" * depth, "version": __version__}
    return _environment().get_template(template).render(shared | context)


@cache
def _environment() -> jinja2.Environment:
    return environment("bnnbench.site", "bnnbench.report", code=_with_code)


def _with_code(text: str) -> Markup:
    """Return a sentence in which what stands between backticks is code; all of it is escaped."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704  escaped
