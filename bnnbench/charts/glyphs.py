"""Names as a figure shows them: cut to a length, with the characters that its font has."""

from __future__ import annotations

import unicodedata
from functools import cache

from bnnbench.charts.names import cut

MAX_LABEL = 48
"""Characters of a name; a longer one loses its middle."""
FONT = "DejaVu Sans"
"""Comes with matplotlib, so that a figure is the same everywhere."""


def short(text: str, most: int = MAX_LABEL) -> str:
    """Return a name of at most so many characters that the font has."""
    return drawn(cut(text, most))


def drawn(text: str) -> str:
    """Return a name that the font has: a character without a glyph becomes its number, such as U+4E2D."""
    glyphs = _glyphs()
    known = "".join(c if ord(c) in glyphs and unicodedata.category(c) != "Cc" else f"U+{ord(c):04X}" for c in text)
    return known.replace("$", "\\$")  # a name is no formula


@cache
def _glyphs() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont(FONT)).get_charmap())
