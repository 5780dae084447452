"""Cards: a value in a notebook, as a table of a few facts."""

from __future__ import annotations

import html
from collections.abc import Mapping


def card(title: str, facts: Mapping[str, object]) -> str:
    """Return HTML with a title and a row per fact, of which those that are None are left out."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(name)}</th><td style='text-align:left'>{html.escape(str(value))}"
        "</td></tr>"
        for name, value in facts.items()
        if value is not None
    )
    return f"<table><caption style='text-align:left'><b>{html.escape(title)}</b></caption>{rows}</table>"
