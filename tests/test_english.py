"""First lines of docstrings say what a thing is or does; a relative clause has to be read twice.

Ruff's D401 looks at the verbs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CLAUSES = {"what", "which", "who", "whose", "where", "when", "why", "how", "whether", "those", "that", "as"}
"""First words of clauses without a main verb."""
ELSEWHERE = {"see"}
"""First words that only send the reader elsewhere; ``@override`` says the same in silence."""
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def first_lines(source: str) -> Iterator[tuple[int, str]]:
    """Yield line number and first line of each docstring, those of local functions included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Documented) and (text := ast.get_docstring(node)):
            yield node.body[0].lineno, text.splitlines()[0]


def faults(source: str) -> list[str]:
    """Return the first lines that do not begin with a noun or a verb."""
    return [
        f"{at}: {line}"
        for at, line in first_lines(source)
        if line.split()[0].lower().strip(",:") in CLAUSES | ELSEWHERE
    ]


@pytest.mark.parametrize("package", ["bnnbench", "problems", "solvers"])
def test_docstrings_begin_with_a_noun_or_a_verb(package: str) -> None:
    found = {path: faults(path.read_text(encoding="utf-8")) for path in sorted((ROOT / package).rglob("*.py"))}

    assert {str(path.relative_to(ROOT)): lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "docstring",
    [
        "What which solver was flagged for in how many runs.",
        "Whether there is a file.",
        "Why, with the solver's name in front.",
        "Those of the quantiles.",
        "See `Solver.prepare`.",
        "Where it says\n    that it is sound.",
    ],
)
def test_a_relative_clause_is_found(docstring: str) -> None:
    assert len(faults(f'def f():\n    """{docstring}"""')) == 1


@pytest.mark.parametrize("docstring", ["Return what a run cost.", "The runs.", "Whole numbers of a column."])
def test_other_sentences_pass(docstring: str) -> None:
    assert faults(f'class F:\n    """{docstring}"""') == []
