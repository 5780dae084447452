"""The answer that a report begins with: who wins, at what cost, and what guessing costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bnnbench.charts.plot_data import PlotData
from bnnbench.metrics import expected_running_time, is_floor, median_interval
from bnnbench.metrics.labels import entrants
from bnnbench.metrics.over_problems import problem_key
from bnnbench.report.findings import certified_runs, count, on_the_same_problems


def answer(data: PlotData) -> list[str]:
    """Return who wins at what cost, and what guessing costs, in at most three sentences; empty without an optimum."""
    certified = certified_runs(data)
    if certified.empty:
        return []
    problem = problem_key(certified)
    certified = certified.assign(entrant=entrants(certified))
    compared = on_the_same_problems(certified["entrant"], certified[problem])
    runs = certified[certified["entrant"].isin(compared)]
    erts = expected_running_time(runs, ["entrant", problem])["ert_s"]
    times = erts.groupby("entrant").median().sort_values()
    if not np.isfinite(times.min()):
        return ["No solver is expected to reach the certified optimum: none did on half of the problems or more."]
    guesses = [name for name in times.index if name in set(runs.loc[is_floor(runs), "entrant"])]
    ranked = times.drop(guesses)
    sentences = []
    if len(ranked) and np.isfinite(ranked.iloc[0]):
        solver_of = runs.drop_duplicates("entrant").set_index("entrant")["solver"]
        others = ranked[solver_of[ranked.index] != solver_of[ranked.index[0]]]
        following = others[np.isfinite(others)]
        then = ""
        if len(following):
            doubt = _doubt(erts, first=str(ranked.index[0]), second=str(following.index[0]))
            then = f"; next is {following.index[0]} with {duration(following.iloc[0])}{doubt}"
        own = runs[runs["entrant"] == ranked.index[0]]
        reached = f"{(own['loss_gap'] <= 0).sum()} of {count(len(own), 'run')}"
        sentences.append(
            f"{ranked.index[0]} is fastest to the certified optimum, which it reached in {reached}: "
            f"{duration(ranked.iloc[0])} of sampling are expected with restarts (ERT, the median over "
            f"{count(runs[problem].nunique(), 'problem')}){then}."
        )
    if guesses and np.isfinite(times[guesses].min()):
        slower = [str(name) for name in ranked.index[ranked > times[guesses].min()]]
        behind = f", less than {_number_of(slower, ranked)}" if slower else ""
        sentences.append(
            f"Guessing is the floor: random weights need {duration(times[guesses].min())}{behind}. Where they are as "
            "fast as a method, the problem is too easy to need one."
        )
    elif guesses:
        sentences.append("Guessing is the floor: random weights do not reach the optimum on half of the problems.")
    return sentences


def _doubt(erts: pd.Series, *, first: str, second: str) -> str:
    """Return why the lead of the first entrant over the second may be chance; empty where it is more than that."""
    problems = (erts[second] / erts[first]).dropna()
    _, low, high = median_interval(problems)
    if not np.isfinite(low) and not np.isfinite(high):
        return f"; {count(len(problems), 'problem')} cannot tell whether that is chance"
    return "" if low > 1 else f"; on {len(problems)} problems that may be chance"


def _number_of(slower: Sequence[str], ranked: pd.Series) -> str:
    return slower[0] if len(slower) == 1 else f"{len(slower)} of {len(ranked)} solvers"


def duration(seconds: float) -> str:
    """Return seconds in a unit that needs no zeros: 0.00064 is 640 µs."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.2g} {unit}" if seconds < 100 * size else f"{seconds / size:.0f} {unit}"
    return "less than 1 µs"
