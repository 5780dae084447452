"""Styles: a color, a line and a marker each, which the color-blind and a gray print keep apart.

References
----------
M. Okabe and K. Ito, "Color Universal Design", 2008: their palette, without black and yellow, which vanish on a dark and
on a light page. Seven more, between them in hue or in lightness, follow, so that a dozen solvers have a color each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

COLORS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F",
    "#882255", "#999933", "#44AA99", "#8C564B", "#6A51A3", "#B22222", "#2F4F4F",
)  # fmt: skip
DASHES = ("solid", "dash", "dot", "dashdot")
MARKERS = ("circle", "square", "diamond", "triangle-left", "cross", "x", "star", "pentagon", "hexagon")


@dataclass(frozen=True)
class Style:
    """Color, line and marker of one thing in all panels."""

    color: str
    dash: str
    marker: str


def style(number: int) -> Style:
    """Return the style of a number; 252 of them are different.

    Colors, lines and markers each go around at their own pace, so that neighbors differ in all three.
    """
    return Style(COLORS[number % len(COLORS)], DASHES[number % len(DASHES)], MARKERS[number % len(MARKERS)])


def numbered(names: Iterable[str]) -> dict[str, int]:
    """Return numbers of styles by name, in alphabetical order: they do not depend on which rows come first."""
    return {name: number for number, name in enumerate(sorted(set(names)))}
