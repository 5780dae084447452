"""What figures and reports are drawn from: a store, read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from bnnbench.errors import InputError
from bnnbench.figures.style import looks
from bnnbench.metrics import success_table, tell_apart
from bnnbench.metrics.censoring import was_asked

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from bnnbench.optimum.truth import Truth
    from bnnbench.problem.problem import Problem
    from bnnbench.store.store import Store


@dataclass(frozen=True, eq=False)
class Evidence:
    """The content of a store, or a part of it.

    Parameters
    ----------
    name
        Of the folder.
    runs
        As `bnnbench.store.store.Store.runs` gives them, told apart.
    trace
        As `Store.trace` gives it.
    problems, truths
        By hash of the problem, those that have runs.
    learned
        By hash of the problem, the run of least loss and its weights, int8 ±1 of shape (num_weights,).
    machines
        By hash.
    suites
        Names and texts of the suite files behind the runs.
    look_of
        Numbers of looks by solver, which a part shares with the whole.
    """

    name: str
    runs: pd.DataFrame
    trace: pd.DataFrame
    problems: Mapping[str, Problem]
    truths: Mapping[str, Truth]
    learned: Mapping[str, tuple[str, NDArray[np.int8]]]
    machines: Mapping[str, Mapping[str, Any]]
    look_of: Mapping[str, int]
    suites: Sequence[Mapping[str, str]] = ()

    @cached_property
    def asked(self) -> pd.DataFrame:
        """Runs that were neither refused nor unavailable."""
        return self.runs[was_asked(self.runs)] if len(self.runs) else self.runs

    @cached_property
    def successes(self) -> pd.DataFrame:
        """Success per read and TTS_99 per problem, formulation and solver; several figures show it."""
        return success_table(self.asked)

    @property
    def formulations(self) -> list[str]:
        """Labels of those that were asked for, in alphabetical order."""
        return sorted(self.asked["formulation"].unique()) if len(self.asked) else []

    def where(self, keep: Callable[[pd.DataFrame], pd.Series[bool]]) -> Evidence:
        """The part with the runs that `keep` says."""
        runs = self.runs[keep(self.runs)] if len(self.runs) else self.runs
        hashes = set(runs["problem_hash"]) if len(runs) else set()
        return replace(
            self,
            runs=runs,
            trace=self.trace[self.trace["run"].isin(runs["key"] if len(runs) else [])],
            problems={key: problem for key, problem in self.problems.items() if key in hashes},
            truths={key: truth for key, truth in self.truths.items() if key in hashes},
        )


def read_evidence(store: Store) -> Evidence:
    """Read what figures need from an open store."""
    with store.transaction():  # one moment of a store that is being written
        return _read(store)


def _read(store: Store) -> Evidence:
    runs = store.runs()
    if len(runs):
        runs = tell_apart(runs)
    noted = {row["hash"] for row in store.problems()}
    hashes = dict.fromkeys(runs["problem_hash"]) if len(runs) else {}
    problems = {key: store.problem(key) for key in hashes if key in noted}
    return Evidence(
        name=store.folder.resolve().name,
        runs=runs,
        trace=store.trace(),
        problems=problems,
        truths={key: truth for key, truth in store.truths().items() if key in problems},
        learned=_learned(store, runs, problems),
        machines=store.machines(),
        look_of=looks(runs["solver"] if len(runs) else []),
        suites=store.suites(),
    )


def _learned(
    store: Store, runs: pd.DataFrame, problems: Mapping[str, Problem]
) -> dict[str, tuple[str, NDArray[np.int8]]]:
    from bnnbench.runs.judge import unpack_bits

    learned = {}
    answered = runs[runs["loss"].notna()].sort_values("loss", kind="stable") if len(runs) else runs
    for key, problem in problems.items():
        best = answered[answered["problem_hash"] == key]
        if len(best):
            bits = store.samples(best["key"].iloc[0]).get("loss")
            if bits:
                weights = 2 * unpack_bits(bits, problem.network.num_weights) - 1
                learned[key] = (f"{best['solver'].iloc[0]} on {best['formulation'].iloc[0]}", weights)
    return learned


def selected(
    evidence: Evidence, *, problems: Sequence[str] = (), formulations: Sequence[str] = (), solvers: Sequence[str] = ()
) -> Evidence:
    """The part with the given labels; a label without brackets stands for all that begin with it.

    Raises
    ------
    InputError
        If a label selects nothing.
    """
    for column, labels in (("problem", problems), ("formulation", formulations), ("solver", solvers)):
        if labels:
            known = list(evidence.runs[column].unique()) if len(evidence.runs) else []
            for label in labels:
                if not any(_names(label, name) for name in known):
                    raise InputError(
                        f"{evidence.name} has no {column} {label!r}; it has {', '.join(map(repr, known[:10]))}"
                        f"{' and more' if len(known) > 10 else ''}."
                    )
            kept = {name for name in known if any(_names(label, name) for label in labels)}
            evidence = evidence.where(partial(_is_in, column=column, kept=kept))
    return evidence


def _is_in(runs: pd.DataFrame, column: str, kept: set[str]) -> pd.Series[bool]:
    return runs[column].isin(kept)


def _names(label: str, name: str) -> bool:
    return name == label or name.startswith((f"{label}[", f"{label},", f"{label} "))
