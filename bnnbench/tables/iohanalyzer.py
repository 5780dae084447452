"""Write traces for IOHanalyzer: a row whenever a run became better, with three counters to choose from."""

from __future__ import annotations

import pandas as pd

from bnnbench.errors import InputError
from bnnbench.metrics import disambiguated
from bnnbench.store.store import Store

_COUNTERS = ("sampling time [us]", "reads", "evaluations")


def iohanalyzer_table(store: Store) -> pd.DataFrame:
    """Return a row per improvement, for IOHanalyzer's custom CSV files, whose columns a user assigns on loading.

    - Function values: ``loss`` or ``energy``, the least so far; minimize.
    - Function ID, Problem dimension, Algorithm ID, Run ID: ``problem``, ``variables``, ``solver`` (formulation
      included) and ``run``, a number within problem and solver.
    - Evaluation counter: ``sampling time [us]`` (sampling time in microseconds), ``reads``, or ``evaluations``, empty
      where a solver does not count them.

    The last row of a run is its last batch. Runs without a sample have no row.

    Raises
    ------
    InputError
        If no run has a sample.

    References
    ----------
    H. Wang, D. Vermetten, F. Ye, C. Doerr and T. Bäck, "IOHanalyzer: Detailed Performance Analyses for Iterative
    Optimization Heuristics", ACM Transactions on Evolutionary Learning and Optimization 2, 2022; the columns are those
    of its documentation of custom CSV files.
    """
    runs = disambiguated(store.runs()).set_index("key")
    trace = store.trace()
    trace = trace[trace["run"].isin(runs.index)]
    if trace.empty:
        raise InputError(f"{store.folder} holds no run with a sample; there is no trace to export.")
    by_run = trace.groupby("run", sort=False)
    trace = trace.assign(
        loss=by_run["loss"].cummin(),
        energy=by_run["energy"].cummin(),
        reads=by_run["num_reads"].cumsum(),
        evaluations=by_run["evaluations"].cumsum(),
    )
    values = trace[["loss", "energy"]]
    is_better = (values != values.groupby(trace["run"]).shift()).any(axis=1)
    is_last = ~trace["run"].duplicated(keep="last")
    trace = trace[is_better | is_last]
    told = runs.loc[trace["run"]].reset_index()
    table = trace.reset_index(drop=True).assign(
        problem=told["problem"],
        variables=told["num_variables"].astype(int),
        solver=told["solver"] + " on " + told["formulation"],
    )
    table["sampling time [us]"] = (1e6 * table["time_s"]).round().astype(int).clip(lower=1)
    table["run"] = table.groupby(["problem", "solver"])["run"].transform(lambda keys: keys.factorize()[0] + 1)
    return table[["problem", "variables", "solver", "run", *_COUNTERS, "loss", "energy"]]
