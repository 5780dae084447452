"""Results of a suite: a folder, read as pandas frames and as figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bnnbench.errors import InputError
from bnnbench.metrics import disambiguated, summarize
from bnnbench.store.parquet import open_results
from bnnbench.store.store import Store

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bnnbench.charts.draw import Width


@dataclass(frozen=True)
class Results:
    """The results in a folder, or in a Parquet file of published runs; read anew at each call.

    In a notebook they show as their summary.
    """

    folder: Path

    def runs(self) -> pd.DataFrame:
        """Return a row per run; docs/columns.md lists the columns."""
        with open_results(self.folder) as found:
            return found.runs()

    def summary(self, by: Sequence[str] = ("formulation", "solver"), *, with_intervals: bool = True) -> pd.DataFrame:
        """Return a row per group of runs, see `bnnbench.metrics.summarize`.

        Parameters
        ----------
        by
            Columns that make the groups, such as ``("problem", "formulation", "solver")``.
        with_intervals
            Whether to add ``NAME_low`` and ``NAME_high``, the ends of 95 % intervals.
        """
        return summarize(self.runs(), by, with_intervals=with_intervals)

    def traces(self) -> pd.DataFrame:
        """Return a row per batch of every run, in the order of time.

        Columns: ``run`` (its key), ``problem``, ``formulation``, ``solver``, ``repetition``, then ``number`` of the
        batch, ``time_s`` of sampling until its end, ``num_reads`` of it, and its least ``energy`` and ``loss``.

        Raises
        ------
        InputError
            If the runs were published without their traces.
        """
        with open_results(self.folder) as found:
            if not isinstance(found, Store):
                raise InputError(f"{self.folder} has rows, but no traces; read the folder that the suite wrote.")
            trace, runs = found.trace(), found.runs()
        names = ["problem", "formulation", "solver", "repetition"]
        if runs.empty:
            return trace.reindex(columns=["run", *names, *trace.columns[1:]])
        whole = trace.merge(disambiguated(runs)[["key", *names]], left_on="run", right_on="key")
        return whole[["run", *names, *trace.columns[1:]]]

    def figure(
        self,
        name: str,
        *,
        width: Width = "page",
        problems: Sequence[str] = (),
        formulations: Sequence[str] = (),
        solvers: Sequence[str] = (),
    ) -> Figure:
        """Return a figure, which a notebook shows and `matplotlib.figure.Figure.savefig` writes.

        Parameters
        ----------
        name
            Such as ``gap_over_time``: ``bnnbench list figures`` has all of them.
        width
            Of an article, a column or a page.
        problems, formulations, solvers
            Only these; empty: all. A label without brackets stands for all that begin with it.

        Raises
        ------
        InputError
            If the results do not have what the figure shows.
        """
        from bnnbench.charts.draw import draw_chart, print_style
        from bnnbench.charts.plot_data import read_plot_data, selected
        from bnnbench.figures import load_figure
        from bnnbench.store.store import read_store

        make_chart = load_figure(name)
        with read_store(self.folder) as store:
            data = read_plot_data(store)
        chosen = selected(data, problems=problems, formulations=formulations, solvers=solvers)
        with print_style():
            return draw_chart(make_chart(chosen), width=width)

    def _repr_html_(self) -> str:
        return str(self.summary(with_intervals=False).to_html(index=False))


def read_results(path: str | Path) -> Results:
    """Return the results in a folder, such as ``results/smoke``, or in a ``runs.parquet``.

    Raises
    ------
    StoreError
        If there are none, or they cannot be read.
    InputError
        If a Parquet file holds no published runs.
    """
    with open_results(Path(path)):
        return Results(Path(path))
