"""Data for other people's programs: what `bnnbench export --table` writes beyond tables of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from bnnbench.errors import InputError
from bnnbench.store.parquet import RunSource
from bnnbench.store.store import Store
from bnnbench.tables.iohanalyzer import iohanalyzer_table
from bnnbench.tables.qoblib import qoblib_submission
from bnnbench.tables.stochastic_benchmark import stochastic_benchmark_table

TRACES: Mapping[str, Callable[[Store], pd.DataFrame]] = {
    "iohanalyzer": iohanalyzer_table,
    "stochastic-benchmark": stochastic_benchmark_table,
}
"""Frames, by the name of the program that reads them."""
FOLDERS: Mapping[str, Callable[[Store], dict[str, bytes]]] = {"qoblib": qoblib_submission}
"""Files by their path in a folder, by the name of the library that takes it."""


def with_traces(results: RunSource) -> Store:
    """Return results as the store that they are.

    Raises
    ------
    InputError
        If they were published without traces and samples.
    """
    if not isinstance(results, Store):
        raise InputError(f"{results.folder} has rows, but no traces and samples; export from the folder of the store.")
    return results
