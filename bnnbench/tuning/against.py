"""Tuned against default: both settings of each pair, on the problems that a suite tests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bnnbench.errors import InputError
from bnnbench.metrics import compare_pair, expected_running_time
from bnnbench.metrics.paired import effect_size
from bnnbench.suite.planning import Pair, Plan
from bnnbench.tuning.effort import Clock

COLUMNS = ("solver", "formulation", "tuned", "problems", "default_solved", "tuned_solved", "default_ert",
           "tuned_ert", "factor", "low", "high", "p", "left_out")  # fmt: skip


def tuned_against_default(planned: Plan, runs: pd.DataFrame, clock: Clock) -> pd.DataFrame:
    """Return a row per pair: the ERT of its defaults and of its tuned parameters, and how they differ.

    Columns `COLUMNS`: ``tuned`` names the tuned solver and formulation; ``problems`` that both were asked on;
    ``default_solved`` and ``tuned_solved``, how many of these a run solved;
    ``default_ert`` and ``tuned_ert``, medians over them; ``factor``, tuned over default, with its 95 % interval over
    problems, see `bnnbench.metrics.paired.effect_size`; ``p`` of Wilcoxon's signed-rank test; ``left_out``, names of
    problems on which either was not asked.

    Parameters
    ----------
    planned
        Of a suite that names tuned parameters.
    runs
        As `bnnbench.store.store.Store.runs` gives them.

    Raises
    ------
    InputError
        If no pair has both in the runs.
    """
    measure = "ert_s" if clock == "seconds" else "ert_evaluations"
    erts = expected_running_time(runs, ["formulation", "solver", "problem_hash"], measure)[measure]
    names = {problem.hash: problem.name for problem in planned.problems}
    rows = [row for default, tuned in planned.tuned if (row := _row(erts, default, tuned, names)) is not None]
    if not rows:
        raise InputError(
            "no pair has runs with its defaults and with tuned parameters; name the file in the suite, with "
            "parameters = …, and run it."
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(erts: pd.Series, default: Pair, tuned: Pair, problems: Mapping[str, str]) -> dict[str, Any] | None:
    names = [(str(setting), solver.label) for setting, solver in (default, tuned)]
    known = set(zip(erts.index.get_level_values(0), erts.index.get_level_values(1), strict=True))
    if not known.issuperset(names):
        return None
    both = pd.DataFrame({"default": erts.loc[names[0]], "tuned": erts.loc[names[1]]}).dropna()
    factor, low, high = effect_size(both, "tuned", "default", is_ratio=True)
    return {
        "solver": names[0][1],
        "formulation": names[0][0],
        "tuned": " on ".join(reversed(names[1])),
        "problems": len(both),
        "default_solved": int(np.isfinite(both["default"]).sum()),
        "tuned_solved": int(np.isfinite(both["tuned"]).sum()),
        "default_ert": both["default"].median(),
        "tuned_ert": both["tuned"].median(),
        "factor": factor,
        "low": low,
        "high": high,
        "p": compare_pair(both, "default", "tuned")["p"],
        "left_out": [name for key, name in problems.items() if key not in both.index],
    }
