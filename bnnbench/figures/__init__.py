"""Figures: a file each, found in this folder, in packages of others, or by a path that ends in ``.py``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from textwrap import fill

from bnnbench.charts import Chart, Figure, PlotData
from bnnbench.errors import InputError
from bnnbench.plugins.entries import entries, load_module


def load_figure(name: str) -> Figure:
    """Return a figure by its name, or by the path of its file.

    Raises
    ------
    UnknownNameError
        If there is no figure of this name.
    InputError
        If the file does not exist, or defines no figure of its own name.
    """
    module = load_module("figure", name)
    found = getattr(module, Path(name).stem, None)
    if not isinstance(found, Figure):
        raise InputError(
            f"{module.__file__} must define a function named {Path(name).stem!r} below @bnnbench.charts.figure(…)."
        )
    return found


@cache
def figures() -> Mapping[str, Figure]:
    """Return all figures that are found by name, in the order of a report."""
    found = map(load_figure, entries("figure"))
    return {figure.name: figure for figure in sorted(found, key=lambda figure: (figure.place, figure.name))}


def make_chart(name: str, data: PlotData) -> Chart:
    """Return the chart of a figure, by its name or the path of its file.

    Raises
    ------
    UnknownNameError
        If there is no figure of this name.
    InputError
        If the data do not have what it shows; the sentence says what is missing.
    """
    return load_figure(name)(data)


def figures_guide() -> str:
    """Return the sections of docs/figures.md, one for each figure that comes with bnnbench."""
    names = [name for name, entry in entries("figure").items() if entry.module.startswith("bnnbench.figures.")]
    return "\n".join(
        f"## `{name}`\n\n{fill(figure.caption, 120)}\n\n![{name}](gallery/{name}.svg)\n"
        for name, figure in figures().items()
        if name in names
    )
