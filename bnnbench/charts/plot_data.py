"""Plot data: what figures and reports show of a store, read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bnnbench.charts.style import numbered
from bnnbench.metrics import disambiguated, success_table
from bnnbench.metrics.censoring import was_asked
from bnnbench.metrics.labels import chosen
from bnnbench.optimum.truth import Truth
from bnnbench.problem.problem import Problem
from bnnbench.runs.judge import unpack_bits
from bnnbench.store.store import Store

Learned = tuple[str, NDArray[np.int8]]
"""Who learned weights, and the weights, int8 ±1 of shape (num_weights,)."""


@dataclass(frozen=True, eq=False)
class PlotData:
    """The content of a store, or a part of it.

    Attributes
    ----------
    name
        Of the folder.
    runs
        As `bnnbench.store.store.Store.runs` gives them, with disambiguated names.
    trace
        As `Store.trace` gives it.
    problems, truths
        By hash of the problem, those that have runs.
    learned
        By hash of the problem, the run of least loss and its weights.
    machines
        By hash.
    style_of
        Numbers of styles by solver, which a part shares with the whole.
    suites
        Names and texts of the suite files behind the runs.
    """

    name: str
    runs: pd.DataFrame
    trace: pd.DataFrame
    problems: Mapping[str, Problem]
    truths: Mapping[str, Truth]
    learned: Mapping[str, Learned]
    machines: Mapping[str, Mapping[str, Any]]
    style_of: Mapping[str, int]
    suites: Sequence[Mapping[str, str]] = ()

    @cached_property
    def asked(self) -> pd.DataFrame:
        """Runs that were neither refused nor unavailable."""
        return self.runs[was_asked(self.runs)] if len(self.runs) else self.runs

    @cached_property
    def known(self) -> pd.DataFrame:
        """Runs that were asked and have a known optimum."""
        return self.asked[self.asked["optimum"].notna()] if len(self.asked) else self.asked

    @cached_property
    def successes(self) -> pd.DataFrame:
        """Success per read and TTS_99 per problem, formulation and solver; several figures show it."""
        return success_table(self.asked)

    @property
    def formulations(self) -> list[str]:
        """Labels of those that were asked for, in alphabetical order."""
        return sorted(self.asked["formulation"].unique()) if len(self.asked) else []

    def where(self, keep: Callable[[pd.DataFrame], pd.Series[bool]]) -> PlotData:
        """Return the part with the runs that `keep` chooses."""
        runs = self.runs[keep(self.runs)] if len(self.runs) else self.runs
        return self.part(runs, self.trace[self.trace["run"].isin(runs["key"] if len(runs) else [])])

    def part(self, runs: pd.DataFrame, trace: pd.DataFrame) -> PlotData:
        """Return the part with these runs and batches."""
        hashes = set(runs["problem_hash"]) if len(runs) else set()
        return replace(
            self,
            runs=runs,
            trace=trace,
            problems={key: problem for key, problem in self.problems.items() if key in hashes},
            truths={key: truth for key, truth in self.truths.items() if key in hashes},
        )

    def parts(self, column: str) -> dict[str, PlotData]:
        """Return a part per value of a column of the runs, in one pass over runs and batches."""
        if self.runs.empty:
            return {}
        value_of = self.trace["run"].map(self.runs.set_index("key")[column])
        traces = dict(iter(self.trace.groupby(value_of)))
        return {
            str(value): self.part(runs, traces.get(value, self.trace[:0]))
            for value, runs in self.runs.groupby(column, sort=False)
        }


def read_plot_data(store: Store) -> PlotData:
    """Read what figures need from an open store."""
    with store.transaction():  # one moment of a store that is being written
        runs = store.runs()
        if len(runs):
            runs = disambiguated(runs)
        noted = {row["hash"] for row in store.problems()}
        hashes = dict.fromkeys(runs["problem_hash"]) if len(runs) else {}
        problems = {key: store.problem(key) for key in hashes if key in noted}
        return PlotData(
            name=store.folder.resolve().name,
            runs=runs,
            trace=store.trace(),
            problems=problems,
            truths={key: truth for key, truth in store.truths().items() if key in problems},
            learned=_learned(store, runs, problems),
            machines=store.machines(),
            style_of=numbered(runs["solver"] if len(runs) else []),
            suites=store.suites(),
        )


def _learned(store: Store, runs: pd.DataFrame, problems: Mapping[str, Problem]) -> dict[str, Learned]:
    if runs.empty:
        return {}
    best = runs[runs["loss"].notna()].sort_values("loss", kind="stable").drop_duplicates("problem_hash")
    learned = {}
    for key, problem_hash, solver, formulation in best[["key", "problem_hash", "solver", "formulation"]].itertuples(
        index=False, name=None
    ):
        bits = store.samples(key).get("loss")
        if bits and problem_hash in problems:
            weights = 2 * unpack_bits(bits, problems[problem_hash].network.num_weights) - 1
            learned[problem_hash] = (f"{solver} on {formulation}", weights)
    return learned


def selected(
    data: PlotData, *, problems: Sequence[str] = (), formulations: Sequence[str] = (), solvers: Sequence[str] = ()
) -> PlotData:
    """Return the part with the given labels; a label without brackets stands for all that begin with it.

    A cell of a set stands for its problems.

    Raises
    ------
    InputError
        If a label selects nothing.
    """
    for column, labels in (("problem", problems), ("formulation", formulations), ("solver", solvers)):
        if not labels:
            continue
        known = list(data.runs[column].unique()) if len(data.runs) else []
        is_problem = column == "problem" and len(data.runs) > 0
        of_cells = data.runs[data.runs["cell"].isin(list(labels))] if is_problem else data.runs.iloc[:0]
        cells = set(of_cells["cell"]) if is_problem else set()
        named = [label for label in labels if label not in cells]
        kept = chosen(known, named, f"{data.name} has no {column}") | set(of_cells[column])
        data = data.where(partial(_is_in, column=column, kept=kept))
    return data


def _is_in(runs: pd.DataFrame, column: str, kept: set[str]) -> pd.Series[bool]:
    return runs[column].isin(kept)
