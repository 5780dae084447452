"""The report of a store: one self-contained HTML file, or a page that follows a store being written."""

from __future__ import annotations

from pathlib import Path

from bnnbench.charts.plot_data import read_plot_data
from bnnbench.report.page import render
from bnnbench.store.output import write_output
from bnnbench.store.store import read_store

FILE = "report.html"


def make_page(folder: Path, version: str | None = None) -> str:
    """Return the page of a results folder; see `bnnbench.report.page.render`.

    Raises
    ------
    StoreError
        If there is no store, or it cannot be read.
    """
    with read_store(folder) as store:
        data = read_plot_data(store)
    return render(data, version=version)


def write_report(folder: Path, output: Path | None = None) -> Path:
    """Write the page of a results folder, into the folder itself unless told; returns its path.

    Raises
    ------
    StoreError
        If there is no store, or it cannot be read.
    InputError
        If the file cannot be written.
    """
    path = output or folder / FILE
    write_output(path, make_page(folder).encode(errors="replace"))
    return path
