"""The text of a small suite, as a user writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def suite_text(
    problem: Mapping[str, Any],
    solvers: Sequence[str] = ("random",),
    *,
    formulations: Sequence[str] = ("reduced",),
    budget: Mapping[str, Any],
    **top: Any,
) -> str:
    """A suite of one problem; `top` are keys of the whole suite, such as repetitions."""
    tables = [("[[problems]]", problem), *(("[[formulations]]", {"name": name}) for name in formulations)]
    tables += [("[[solvers]]", {"name": solver}) for solver in solvers]
    parts = [_lines(top), "[budget]\n" + _lines(budget), *(f"{head}\n{_lines(table)}" for head, table in tables)]
    return "".join(parts)


def _lines(table: Mapping[str, Any]) -> str:
    """Numbers, texts and lists are written in TOML as in JSON."""
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
