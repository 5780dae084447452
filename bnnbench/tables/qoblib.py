"""Write a submission to the quantum optimization benchmarking library QOBLIB: a folder per solver and instance."""

from __future__ import annotations

import contextlib
import io
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from bnnbench.errors import BnnbenchError, InputError
from bnnbench.hashing import content_hash
from bnnbench.metrics import disambiguated
from bnnbench.metrics.censoring import NOT_ASKED, numbers
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import formulation, solver_class
from bnnbench.qubo.qubo import Qubo
from bnnbench.runs.judge import unpack_bits
from bnnbench.spec import parse_spec
from bnnbench.store.store import Store
from bnnbench.store.stored_spec import stored_spec

UNKNOWN = "N/A"
COLUMNS = (
    *("Problem", "Submitter", "Affiliation", "Date", "Reference", "Best Objective Value", "Optimality Bound"),
    *("Modeling Approach", "# Decision Variables", "# Binary Variables", "# Integer Variables"),
    *("# Continuous Variables", "# Non-Zero Coefficients", "Coefficients Type", "Coefficients Range", "Workflow"),
    *("Algorithm Type", "Paradigm", "# Runs", "# Feasible Runs", "# Successful Runs", "Success Threshold"),
    *("Hardware Specifications", "Total Runtime", "Time to Solution", "CPU Runtime", "GPU Runtime", "QPU Runtime"),
    *("Other HW Runtime", "Remarks"),
)
"""Columns of a summary file, in the order that the library's check asks for."""
_REMARKS = (
    "The objective is the energy of the QUBO, offset and penalties included. Runtimes are averages per run of "
    "preparation and sampling, failed runs included, queueing excluded. CPU Runtime is processor time while sampling. "
    "A run is successful if its energy is the best of all runs."
)
_LONGEST = 100
"""Characters of a folder's name; file systems allow 255 bytes, and files repeat it."""


def qoblib_submission(store: Store) -> dict[str, bytes]:
    """Return the files of a submission by path: ``SOLVER/INSTANCE/INSTANCE_summary.csv`` and what lies beside it.

    An instance is a problem in a formulation. Beside its summary lie the bits of the best run, one a line in the order
    of the variables (``_solution.sol``), and a list of runs, each a list of Time in seconds and Incumbent, which is
    monotone and ends when the run does (``_objective_time_series.json``). A run is feasible if its sample of least
    energy breaks no penalty; only feasible runs count for the objective, the solution and the series, unless there are
    none: then the submission says so, and shows the least energy. Solvers without any sample are left out. Submitter,
    affiliation and reference are the user's to fill in.

    Raises
    ------
    InputError
        If no run has a sample.

    References
    ----------
    T. Koch et al., "Quantum Optimization Benchmarking Library: The Intractable Decathlon", arXiv 2504.03832, 2025; its
    guide for contributors and its check of submissions, as of 2026.
    """
    runs = store.runs()
    runs["spec"] = runs["solver"]
    asked = disambiguated(runs[~runs["status"].isin(NOT_ASKED)])
    groups = list(asked.groupby(["solver", "problem", "formulation"], sort=True))
    traces = {str(key): batches for key, batches in store.trace().groupby("run")}
    files: dict[str, bytes] = {}
    for (solver, problem, setting), group in groups:
        ended = _best_kind(group)
        if ended.empty:
            continue
        instance = _slug(f"{problem}_{setting}")
        place = f"{_slug(str(solver))}/{instance}/{instance}"
        row = {"Problem": instance, **_claims(ended, group), **_model(store, group), **_method(str(setting), group)}
        row |= {**_costs(ended, group), "Hardware Specifications": _hardware(group, store.machines())}
        files[f"{place}_summary.csv"] = _csv(row)
        files[f"{place}_solution.sol"] = _solution(store, ended)
        files[f"{place}_objective_time_series.json"] = json.dumps(list(_series(ended, traces))).encode()
    if not files:
        raise InputError(f"{store.folder} holds no run with a sample; a submission needs solutions.")
    return files


def _best_kind(group: pd.DataFrame) -> pd.DataFrame:
    """Return the feasible runs; if there are none, all runs with a sample."""
    sampled = group[numbers(group["energy"]).notna()]
    feasible = sampled[numbers(sampled["violations"]) == 0]
    return sampled if feasible.empty else feasible


def _claims(ended: pd.DataFrame, group: pd.DataFrame) -> dict[str, Any]:
    energies = numbers(ended["energy"])
    num_feasible = int((numbers(group["violations"]) == 0).sum())
    return {
        "Submitter": UNKNOWN,
        "Affiliation": UNKNOWN,
        "Date": str(group["started_at"].max())[:10],
        "Reference": UNKNOWN,
        "Best Objective Value": _known(energies.min()),
        "Optimality Bound": _known(numbers(group["lower_bound"]).max()),
        "# Runs": len(group),
        "# Feasible Runs": num_feasible,
        "# Successful Runs": int((energies == energies.min()).sum()) if num_feasible else 0,
        "Success Threshold": 0,
        "Remarks": _REMARKS,
    }


def _model(store: Store, group: pd.DataFrame) -> dict[str, Any]:
    num_variables = _known(numbers(group["num_variables"]).max())
    row = {
        "Modeling Approach": "QUBO",
        "# Decision Variables": num_variables,
        "# Binary Variables": num_variables,
        "# Integer Variables": 0,
        "# Continuous Variables": 0,
    }
    with contextlib.suppress(BnnbenchError):  # of a file, or of a plugin that is gone
        spec = stored_spec(str(group["formulation"].iloc[0]))
        problem = store.problem(str(group["problem_hash"].iloc[0]))
        row |= _coefficients(compile_problem(problem, formulation(spec)).qubo)
    return row


def _coefficients(qubo: Qubo) -> dict[str, Any]:
    values = [float(value) for part in (qubo.linear, qubo.couplings) for value in part if value]
    if not values:
        return {"# Non-Zero Coefficients": 0}
    return {
        "# Non-Zero Coefficients": len(values),
        "Coefficients Type": "integer" if all(value.is_integer() for value in values) else "continuous",
        "Coefficients Range": f"{min(values):g} to {max(values):g}",
    }


def _method(setting: str, group: pd.DataFrame) -> dict[str, Any]:
    spec = str(group["spec"].iloc[0])
    row = {"Workflow": f"bnnbench {group['bnnbench_version'].iloc[0]}: formulation {setting}, solver {spec}"}
    with contextlib.suppress(BnnbenchError):
        solver = solver_class(stored_spec(str(parse_spec(spec))).name)
        row["Algorithm Type"] = "Deterministic" if solver.exact else "Stochastic"
        row["Paradigm"] = solver.paradigm
    return row


def _costs(ended: pd.DataFrame, group: pd.DataFrame) -> dict[str, Any]:
    """Return averages in seconds over the runs for which the clock is known."""
    prepare = numbers(group["prepare_s"]).fillna(0)
    queue = _clock(group, "qpu_queue_s").fillna(0)
    to_best = numbers(ended["time_to_best_s"]) + prepare[ended.index] - queue[ended.index]
    return {
        "Total Runtime": _known((prepare + numbers(group["sample_s"]) - queue).clip(lower=0).mean()),
        "Time to Solution": _known(to_best.clip(lower=0).mean()),
        "CPU Runtime": _known(numbers(group["cpu_s"]).mean()),
        "QPU Runtime": _known(_clock(group, "qpu_access_s").mean()),
    }


def _clock(group: pd.DataFrame, name: str) -> pd.Series:
    return numbers(group[f"clock.{name}"]) if f"clock.{name}" in group else pd.Series(float("nan"), group.index)


def _hardware(group: pd.DataFrame, machines: Mapping[str, Mapping[str, Any]]) -> str:
    machine = machines.get(str(group["machine"].iloc[0]), {})
    known = (machine.get("cpu"), *(f"{machine[name]} {unit}" for name, unit in _PARTS if machine.get(name)))
    return ", ".join(filter(None, known)) or UNKNOWN


_PARTS = (("cores", "cores"), ("memory_gib", "GiB of memory"))


def _csv(row: Mapping[str, Any]) -> bytes:
    stream = io.StringIO()
    cells = [{name: UNKNOWN if row.get(name) is None else row[name] for name in COLUMNS}]
    pd.DataFrame(cells, columns=list(COLUMNS)).to_csv(stream, index=False)
    return stream.getvalue().encode(errors="replace")


def _solution(store: Store, ended: pd.DataFrame) -> bytes:
    best = ended.to_dict("records")[int(numbers(ended["energy"]).argmin())]
    bits = unpack_bits(store.samples(str(best["key"]))["energy"], int(best["num_variables"]))
    return "\n".join([f"# Energy: {_known(best['energy'])}", *map(str, bits.tolist()), ""]).encode()


def _series(ended: pd.DataFrame, traces: Mapping[str, pd.DataFrame]) -> Iterator[list[dict[str, float]]]:
    """Yield the incumbents of each run, and once more the last when the run ends; times from the run's start."""
    for run in ended.to_dict("records"):
        start = 0.0 if pd.isna(run["prepare_s"]) else float(run["prepare_s"])
        points: list[dict[str, float]] = []
        for batch in traces[run["key"]].to_dict("records"):
            if not points or batch["energy"] < points[-1]["Incumbent"]:
                points.append({"Time": start + batch["time_s"], "Incumbent": batch["energy"]})
            end = {"Time": start + batch["time_s"], "Incumbent": points[-1]["Incumbent"]}
        yield points if points[-1] == end else [*points, end]


def _slug(name: str) -> str:
    """Return a name as a folder's: only letters, digits and ``_ . = + -``, with a hash where it is too long."""
    slug = re.sub(r"[^A-Za-z0-9.=+-]+", "_", name).strip("_.") or "unnamed"
    return slug if len(slug) <= _LONGEST else f"{slug[:_LONGEST]}_{content_hash('name', {'name': name})[:8]}"


def _known(value: float) -> float | int | str:
    """Return N/A for NaN, and a whole number without a point."""
    if math.isnan(value):
        return UNKNOWN
    return int(value) if float(value).is_integer() else float(value)
