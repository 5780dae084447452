"""Best settings: the values of swept parameters with the least ERT and the least TTS99, and the virtual best."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.metrics.averages import LEAST_VALUES, median_interval
from bnnbench.metrics.labels import groups, natural
from bnnbench.metrics.over_problems import problem_key
from bnnbench.metrics.running_time import NUM_DRAWS, Spent, ert_draws, spent_times
from bnnbench.metrics.settings import at_end, is_swept, with_settings
from bnnbench.metrics.success import Interval, success_table

VIRTUAL_BEST = "virtual best"
CLOCKS = ("ert_s", "tts_s")
WAY = ["formulation", "solver", "setting"]
Way = tuple[Any, ...]
"""Formulation, solver, and setting."""
COLUMNS = (
    "group", "formulation", "solver", "problems", "settings",
    *(f"{clock}{end}" for clock in CLOCKS for end in ("_setting", "", "_low", "_high", "_end")),
    "virtual_s",
)  # fmt: skip
_UNTOLD = {name: "" if name.endswith(("_setting", "_end")) else math.nan for name in COLUMNS}


def best_settings(runs: pd.DataFrame, *parameters: str) -> pd.DataFrame:
    """Return, per group of problems, formulation and solver, the setting with the least ERT, and that of the least TTS.

    Groups and settings are those of `bnnbench.metrics.settings`. The cost of a setting is the median over the problems
    of the group that all settings of the solver met, ``ERT_opt = min_v median_j ERT_j(v)``.

    The 95 % interval is that of the minimum, and knows that the best was chosen among several, see `least_median`. Its
    draws are those of a bootstrap, which draws the problems with replacement, the ERT of each as in
    `bnnbench.metrics.running_time.ert_draws`, and the success per read from its Jeffreys posterior. With one problem it
    is over its runs; with two to five there is none. A bootstrap that chooses the best setting anew in each resample
    is no interval: with five equal settings it holds the truth in a third of simulations, see docs/metrics.md.

    The virtual best is chosen after the fact: ``virtual_s`` is the median over problems of the least ERT, with a
    setting for each problem. The last row of a group is that over all formulations and solvers. It is too low where
    few runs are behind each ERT, since the luckiest is chosen, and has no interval.

    Parameters
    ----------
    runs
        As `bnnbench.store.store.Store.runs` gives them.
    parameters
        Those to choose; solvers that differ in others stand apart. Without any, all that a solver was run with.

    Returns
    -------
    DataFrame
        ``group``, ``formulation``, ``solver``; ``problems`` and ``settings``, their numbers; for the ERT ``ert_s`` with
        its ends, ``ert_s_setting``, empty where no setting solves half of the problems, and ``ert_s_end``, which
        parameters are at the ``least`` or the ``greatest`` value that was run, where the best may lie beyond; the same
        for the TTS99; ``virtual_s``. Costs are missing where no optimum is known.

    Raises
    ------
    InputError
        If no solver was run with several values of one of the parameters.

    References
    ----------
    T. F. Rønnow et al., "Defining and detecting quantum speedup", Science 345, 2014: optimal annealing times. T. Albash
    and D. A. Lidar, "Demonstration of a Scaling Advantage for a Quantum Annealer over Simulated Annealing", Physical
    Review X 8, 2018: the optimum has to lie inside the range.
    """
    for parameter in parameters:
        if not is_swept(with_settings(runs, parameter)):
            raise InputError(
                f"no solver was run with several values of {parameter!r}; sweep it in the suite: "
                f"{parameter} = [1, 10, 100]."
            )
    named = with_settings(runs, *parameters)
    rows = [_UNTOLD | row for group, own in groups(named, "group") for row in _rows(group, own)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


@dataclass(frozen=True, eq=False)
class Costs:
    """Costs of a setting on several problems, and what they can be.

    Attributes
    ----------
    estimates
        Float64 of shape (problems,); infinite where there was no success.
    draws
        Float64 of shape (problems, `NUM_DRAWS`).
    """

    estimates: NDArray[np.float64]
    draws: NDArray[np.float64]

    @property
    def median(self) -> float:
        """Return the median over problems."""
        return _median(self.estimates)

    @property
    def median_draws(self) -> NDArray[np.float64]:
        """Draw medians over problems: the same problems, with replacement, for all settings."""
        num = len(self.estimates)
        if num == 1:
            return np.asarray(self.draws[0])
        problems = np.random.default_rng(num).integers(num, size=(num, NUM_DRAWS))
        ordered = np.sort(np.take_along_axis(self.draws, problems, axis=0), axis=0)
        low, high = ordered[(num - 1) // 2], ordered[num // 2]
        with np.errstate(invalid="ignore"):  # ∞ − ∞, where both are infinite
            return np.asarray(np.where(low == high, low, low + (high - low) / 2))


def least_median(costs: Sequence[Costs]) -> tuple[int, Interval]:
    """Return the place of the least median, and that with the 95 % interval of the minimum.

    With m settings, the interval is ``[min_v L_v, min_v U_v]`` of the 2.5 % quantile L_v and the ``1 − 2.5 %/m``
    quantile U_v of `Costs.median_draws`. The true minimum is below the first only if its own setting's end is, and
    above the second only if the end of one of the m settings is wrong (Bonferroni).
    """
    medians = [cost.median for cost in costs]
    place = int(np.argmin(medians))
    value = medians[place]
    if 1 < len(costs[0].estimates) < LEAST_VALUES:
        return place, (value, -math.inf, math.inf)
    levels = [0.025, 1 - 0.025 / len(costs)]
    low, high = np.min([np.quantile(cost.median_draws, levels, method="nearest") for cost in costs], axis=0)
    return place, (value, min(float(low), value), max(float(high), value))


ByProblem = Mapping[Any, tuple[float, NDArray[np.float64]]]
"""By problem, the cost of a setting and draws of it."""


def _rows(group: str, runs: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield a row per solver of a group, and the virtual best."""
    costs = {"ert_s": _ert_costs(runs), "tts_s": _tts_costs(runs)}
    values = {way: json.loads(own["values"].iloc[0]) for way, own in runs.groupby(WAY)}
    ways = sorted({way[:2] for way in values}, key=lambda way: [natural(str(name)) for name in way])
    for way in ways:
        num_settings = sum(tried[:2] == way for tried in values)
        row: dict[str, Any] = {"group": group, "formulation": way[0], "solver": way[1], "settings": num_settings}
        for clock, found in costs.items():
            row |= _best(clock, {tried: cost for tried, cost in found.items() if tried[:2] == way}, values)
        yield row
    if costs["ert_s"]:
        yield {"group": group, "settings": len(costs["ert_s"])} | _virtual(costs["ert_s"])


def _best(clock: str, costs: Mapping[Way, ByProblem], values: Mapping[Way, dict[str, Any]]) -> dict[str, Any]:
    """Return the best setting of a solver by a clock; nothing without a problem that all its settings met."""
    problems = sorted(set.intersection(*(set(met) for met in costs.values()))) if costs else []
    if not problems:
        return {}
    own = {way: _costs(met, problems) for way, met in costs.items()}
    place, interval = least_median(list(own.values()))
    best = list(own)[place]
    row: dict[str, Any] = {"problems": len(problems)} | _interval(clock, interval)
    if math.isfinite(interval[0]):
        row |= {f"{clock}_setting": best[2], f"{clock}_end": at_end(values[best], [values[way] for way in own])}
    if clock == "ert_s":
        row["virtual_s"] = _median(np.min([cost.estimates for cost in own.values()], axis=0))
    return row


def _virtual(costs: Mapping[Way, ByProblem]) -> dict[str, Any]:
    """Return the row of the best way for each problem, and which solvers these are."""
    problems = sorted(set().union(*costs.values()))
    all_ = np.array([_costs(met, problems).estimates for met in costs.values()])
    least = all_.min(axis=0)
    places = all_.argmin(axis=0)[np.isfinite(least)]
    names = Counter(list(costs)[place][1] for place in places)
    shown = ", ".join(name if len(names) == 1 else f"{name} ({number})" for name, number in names.most_common())
    told = {"formulation": "all", "solver": VIRTUAL_BEST, "problems": len(problems), "ert_s_setting": shown}
    return told | {"ert_s": _median(least), "virtual_s": _median(least)}


def virtual_best(runs: pd.DataFrame) -> float:
    """Return the ERT of the virtual best, in seconds: the median over problems of the least ERT of any way.

    A way is a solver with its parameters on a formulation. The choice is made after the fact, see `best_settings`.

    Parameters
    ----------
    runs
        As `bnnbench.store.store.Store.runs` gives them, with known optima.
    """
    spent = spent_times(runs)
    keys = [runs.loc[spent.index, name] for name in (problem_key(runs), "formulation", "solver")]
    erts = pd.Series({key: Spent.of(part).ert_s for key, part in spent.groupby(keys)}, dtype=float)
    least = np.array(erts.groupby(level=0).min().tolist(), dtype=np.float64)
    return _median(least) if len(least) else math.inf


def _median(values: NDArray[np.float64]) -> float:
    return median_interval(pd.Series(values))[0]


def _costs(met: ByProblem, problems: Sequence[Any]) -> Costs:
    """Return the costs on the given problems, infinite on those that were not met."""
    unknown = (math.inf, np.full(NUM_DRAWS, math.inf))
    values, draws = zip(*(met.get(problem, unknown) for problem in problems), strict=True)
    return Costs(np.array(values), np.array(draws))


def _interval(name: str, interval: Interval) -> dict[str, float]:
    return dict(zip((name, f"{name}_low", f"{name}_high"), interval, strict=True))


def _ert_costs(runs: pd.DataFrame) -> dict[Way, ByProblem]:
    """Return the ERTs of each way, by problem."""
    spent = spent_times(runs)
    found: dict[Way, ByProblem] = {}
    for way, own in spent.groupby([runs.loc[spent.index, name] for name in WAY]):
        parts = {problem: Spent.of(part) for problem, part in own.groupby(runs.loc[own.index, "of_problem"])}
        seed = _seed(way)
        found[way] = {key: (part.ert_s, ert_draws(part, seed + n)) for n, (key, part) in enumerate(parts.items())}
    return found


def _tts_costs(runs: pd.DataFrame) -> dict[Way, ByProblem]:
    """Return the TTS99 of each way, by problem, with draws of the success per read from its Jeffreys posterior."""
    table = success_table(runs, [*WAY, "of_problem"])
    found: dict[Way, ByProblem] = {}
    for way, own in table.groupby(WAY):
        generator = np.random.default_rng(_seed(way))
        found[way] = {row["of_problem"]: (row["tts_s"], _tts_draws(row, generator)) for _, row in own.iterrows()}
    return found


def _tts_draws(row: pd.Series, generator: np.random.Generator) -> NDArray[np.float64]:
    successes, reads = row["successes"], row["reads"]
    chances = generator.beta(successes + 0.5, reads - successes + 0.5, NUM_DRAWS)
    with np.errstate(divide="ignore"):
        drawn = row["read_s"] * np.maximum(1.0, math.log(0.01) / np.log1p(-chances))
    return np.asarray(np.maximum(row["first_read_s"], drawn))


def _seed(way: Way) -> int:
    """Return a seed that differs between ways, so that their draws are independent, and not between calls."""
    return int.from_bytes("".join(map(str, way)).encode(), "little") % 2**32
