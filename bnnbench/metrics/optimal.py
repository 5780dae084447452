"""Optimal run length: the value of a swept parameter at which the ERT is least, and the virtual best of all solvers."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.metrics.labels import disambiguated, groups, in_natural_order
from bnnbench.metrics.running_time import Spent, ert_draws, ert_interval, spent_times
from bnnbench.spec import Spec, parse_spec

VIRTUAL_BEST = "virtual best"
COLUMNS = ("problem", "formulation", "solver", "best", "ert_s", "ert_s_low", "ert_s_high", "at_end")


def optimal_parameter(runs: pd.DataFrame, parameter: str) -> pd.DataFrame:
    """Return, per problem, formulation and solver, the value of a parameter with the least ERT (``ert_opt``).

    ``ERT_opt = min_v ERT(v)`` over the values that were run. Its 95 % interval is that of the minimum: the ERT of each
    value is drawn as in `bnnbench.metrics.running_time.ert_draws`, and the least one taken, so that the interval knows
    that the best was chosen among several.

    Columns: ``problem``, ``formulation``, ``solver`` (without the parameter); ``best``, the value; ``ert_s``,
    ``ert_s_low``, ``ert_s_high``; ``at_end``: ``least`` or ``greatest`` if the best value is the least or the greatest
    that was tried, where the optimum may lie beyond, else empty. Solvers without the parameter stand beside the others,
    without a value. The last row of each problem and formulation is the virtual best: the least ERT of all solvers and
    values, ``best`` names the solver.

    Parameters
    ----------
    runs
        As `bnnbench.store.store.Store.runs` gives them.

    Raises
    ------
    InputError
        If no solver was run with several values of the parameter.

    References
    ----------
    T. F. Rønnow et al., "Defining and detecting quantum speedup", Science 345, 2014: optimal annealing times. T. Albash
    and D. A. Lidar, "Demonstration of a Scaling Advantage for a Quantum Annealer over Simulated Annealing", Physical
    Review X 8, 2018: the optimum has to lie inside the range.
    """
    swept = _without(runs.reset_index(drop=True), parameter)
    if swept.groupby("solver")["value"].nunique().max() < 2:
        raise InputError(
            f"no solver was run with several values of {parameter!r}; sweep it in the suite: "
            f"{parameter} = [1, 10, 100]."
        )
    spent = spent_times(swept)
    rows: list[dict[str, Any]] = []
    for (problem, formulation), part in swept.loc[spent.index].groupby(["problem", "formulation"]):
        choices = [_chosen(solver, own, spent) for solver, own in groups(part, "solver")]
        best = min(choices, key=lambda choice: choice.ert_s)
        virtual = _Choice(VIRTUAL_BEST, best.solver, best.ert_s, np.min([c.draws for c in choices], axis=0))
        names = {"problem": problem, "formulation": formulation}
        rows += [names | choice.row for choice in (*choices, virtual)]
    return in_natural_order(pd.DataFrame(rows, columns=list(COLUMNS)), ["problem", "formulation"])


@dataclass(frozen=True, eq=False)
class _Choice:
    """The best value of a solver on a problem, with draws of the least ERT."""

    solver: str
    best: Any
    ert_s: float
    draws: NDArray[np.float64]
    at_end: str = ""

    @property
    def row(self) -> dict[str, Any]:
        low, high = np.quantile(self.draws, [0.025, 0.975])
        ends = {"ert_s_low": low, "ert_s_high": high if math.isfinite(self.ert_s) else math.inf}
        return {"solver": self.solver, "best": self.best, "ert_s": self.ert_s, **ends, "at_end": self.at_end}


def _chosen(solver: str, runs: pd.DataFrame, spent: pd.DataFrame) -> _Choice:
    """Return the choice among the values with which a solver was run on a problem."""
    values = sorted(runs["value"].unique(), key=_as_number)
    parts = [Spent.of(spent.loc[runs.index[runs["value"] == value]]) for value in values]
    erts = [ert_interval(part)[0] for part in parts]
    draws = np.min([ert_draws(part, seed) for seed, part in enumerate(parts)], axis=0)
    place = int(np.argmin(erts))
    is_inside = len(values) < 2 or 0 < place < len(values) - 1 or math.isinf(erts[place])
    at_end = "" if is_inside or not _is_ordered(values) else "least" if place == 0 else "greatest"
    best = values[place] if math.isfinite(erts[place]) else ""
    return _Choice(solver, best, erts[place], draws, at_end)


def _without(runs: pd.DataFrame, parameter: str) -> pd.DataFrame:
    """Return the runs with the value of a parameter as text in ``value``, and solvers named without it."""
    settings = [json.loads(text) for text in runs["parameters"]]
    values = [json.dumps(found[parameter]) if parameter in found else "" for found in settings]
    kept = [json.dumps({k: v for k, v in found.items() if k != parameter}) for found in settings]
    return disambiguated(runs.assign(parameters=kept, solver=list(_names(runs["solver"], parameter)))).assign(
        value=values
    )


def _names(labels: Sequence[str] | pd.Series, parameter: str) -> Iterator[str]:
    for label in labels:
        spec = parse_spec(label)
        yield str(Spec(spec.name, {key: value for key, value in spec.parameters.items() if key != parameter}))


def _as_number(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return math.inf, text


def _is_ordered(values: Sequence[str]) -> bool:
    return all(math.isfinite(_as_number(value)[0]) for value in values)
