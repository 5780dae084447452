"""Write reads for stochastic-benchmark, which recommends parameters from them: a row per distinct loss of a run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pandas as pd

from bnnbench.errors import InputError
from bnnbench.metrics import disambiguated
from bnnbench.metrics.censoring import numbers
from bnnbench.runs.judge import with_reads
from bnnbench.store.rescore import judged_batch
from bnnbench.store.store import Store
from bnnbench.store.stored_run import StoredRun


def stochastic_benchmark_table(store: Store) -> pd.DataFrame:
    """Return the reads of all runs as stochastic-benchmark takes them, a row per run and distinct training loss.

    - ``instance``: the problem, the column to group by.
    - ``solver``, ``formulation``, and a column ``parameter.…`` per hyperparameter.
    - ``response``: a loss, to be minimized; ``count``: the reads that had it. A run keeps the lowest distinct losses
      of each batch alone; the reads above them share one row, which holds their mean.
    - ``resource``: sampling seconds per read of the run.
    - ``best_value``: the optimum, empty where it is unknown; ``random_value``: the mean loss of random weights, empty
      unless a floor ran on the problem.

    The package reads a pickled frame per instance, so write ``part.to_pickle(f"exp_raw/raw_results_inst={name}.pkl")``
    for each group by instance.

    Raises
    ------
    InputError
        If no run has a read.

    References
    ----------
    D. E. Bernal Neira, R. Brown, P. Sathe et al., stochastic-benchmark,
    https://github.com/usra-riacs/stochastic-benchmark; its column names are its user's to choose.
    """
    runs = disambiguated(store.runs())
    runs = runs[numbers(runs["num_reads"]).fillna(0) > 0]
    if runs.empty:
        raise InputError(f"{store.folder} holds no run with a read; there is nothing to export.")
    floor = runs[numbers(runs["is_floor"]) == 1].groupby("problem")["mean_loss"].mean()
    rows = [
        {
            "instance": run["problem"],
            "solver": run["solver"],
            "formulation": run["formulation"],
            **{f"parameter.{name}": _scalar(value) for name, value in json.loads(run["parameters"]).items()},
            "response": loss,
            "count": count,
            "resource": run["sample_s"] / run["num_reads"],
            "best_value": run["optimum"],
            "random_value": floor.get(run["problem"]),
        }
        for run in runs.to_dict("records")
        for loss, count in _levels(store.stored_run(str(run["key"])))
    ]
    return pd.DataFrame(rows)


def _levels(run: StoredRun) -> Iterator[tuple[float, int]]:
    """Yield distinct losses with their reads; what lies above the lowest that a batch keeps is one, the mean."""
    counts: Counter[float] = Counter()
    for batch in with_reads([judged_batch(row) for row in run.batches]):
        kept = {float(loss): int(count) for loss, count in batch.loss_levels}
        counts.update(kept)
        if rest := batch.num_reads - sum(kept.values()):
            total = batch.mean_loss * batch.num_reads - sum(loss * count for loss, count in kept.items())
            counts[total / rest] += rest
    yield from sorted(counts.items())


def _scalar(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int, float, str)) else json.dumps(value)
