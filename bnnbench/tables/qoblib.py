"""A submission to the quantum optimization benchmarking library QOBLIB, as a table of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bnnbench.metrics import disambiguated
from bnnbench.metrics.censoring import NOT_ASKED, numbers

UNKNOWN = "N/A"


def qoblib_submission(runs: pd.DataFrame, machines: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return a row per problem, formulation and solver, with the columns of QOBLIB's summary files; unknown is N/A.

    The objective is the energy, offset included, of the best feasible run. A run is feasible if its sample of least
    energy breaks no penalty, successful if it is feasible and reached the ground energy within the threshold, or the
    optimal loss where that is not known. The runtimes are sums over all runs, failed ones included: total is
    preparation and sampling, QPU is what the QPU told. The CPU time is not
    measured. Submitter and reference are the user's to fill in.

    References
    ----------
    T. Koch et al., "Quantum Optimization Benchmarking Library: The Intractable Decathlon", arXiv 2504.03832, 2025, and
    the summary files of its submissions.
    """
    asked = disambiguated(runs[~runs["status"].isin(NOT_ASKED)])
    groups = asked.groupby(["problem", "formulation", "solver"], dropna=False)
    return pd.DataFrame([_row(names, group, machines) for names, group in groups])


def _row(names: Any, group: pd.DataFrame, machines: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    problem, formulation, solver = names
    ended = group[group["status"] == "ok"]
    bounds = numbers(ended["lower_bound"])
    gap = numbers(ended["energy_gap"]).fillna(numbers(ended["loss_gap"]))
    is_feasible = numbers(ended["violations"]) == 0
    sizes = group[["num_variables", "num_couplings"]].apply(numbers).max()
    machine = machines.get(str(group["machine"].iloc[0]), {})
    known = [machine.get("cpu"), machine.get("cores") and f"{machine['cores']} cores"]
    qpu = group.get("clock.qpu_access_s")
    return {
        "Problem": f"{problem}, {formulation}",
        "Submitter": UNKNOWN,
        "Date": str(group["started_at"].max())[:10],
        "Reference": UNKNOWN,
        "Best Objective Value": _known(numbers(ended["energy"])[is_feasible].min()),
        "Optimality Bound": _known(bounds.max()),
        "Modeling Approach": "QUBO",
        "# Decision Variables": _known(sizes["num_variables"]),
        "# Binary Variables": _known(sizes["num_variables"]),
        "# Integer Variables": 0,
        "# Continuous Variables": 0,
        "# Non-Zero Coefficients": _known(sizes["num_couplings"]),
        "Coefficients Type": UNKNOWN,
        "Coefficients Range": UNKNOWN,
        "Workflow": f"bnnbench {group['bnnbench_version'].iloc[0]}: {formulation}, {solver}",
        "Algorithm Type": UNKNOWN,
        "# Runs": len(group),
        "# Feasible Runs": int(is_feasible.sum()),
        "# Successful Runs": int((is_feasible & (gap <= 0)).sum()),
        "Success Threshold": 0,
        "Hardware Specifications": ", ".join(filter(None, known)) or UNKNOWN,
        "Total Runtime": _known(numbers(group["prepare_s"]).sum() + numbers(group["sample_s"]).sum()),
        "CPU Runtime": UNKNOWN,
        "GPU Runtime": UNKNOWN,
        "QPU Runtime": UNKNOWN if qpu is None or qpu.isna().all() else float(qpu.sum()),
        "Other HW Runtime": UNKNOWN,
        "Remarks": "# Non-Zero Coefficients counts couplings; runtimes are sums over runs of preparation and sampling",
    }


def _known(value: float) -> float | int | str:
    """Return N/A for NaN, and a whole number without a point."""
    if value != value:  # noqa: PLR0124  NaN
        return UNKNOWN
    return int(value) if float(value).is_integer() else float(value)
