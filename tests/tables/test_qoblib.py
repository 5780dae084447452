"""A submission keeps the rules that the library checks, and holds what was measured."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import pytest
from made_stores import FAILED, ended, fill

from bnnbench.errors import InputError
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem
from bnnbench.runs.judge import JudgedBatch, pack_bits
from bnnbench.runs.outcome import Outcome
from bnnbench.store.store import read_store
from bnnbench.tables.qoblib import qoblib_submission

COLUMNS = (
    "Problem,Submitter,Affiliation,Date,Reference,Best Objective Value,Optimality Bound,Modeling Approach,"
    "# Decision Variables,# Binary Variables,# Integer Variables,# Continuous Variables,# Non-Zero Coefficients,"
    "Coefficients Type,Coefficients Range,Workflow,Algorithm Type,Paradigm,# Runs,# Feasible Runs,# Successful Runs,"
    "Success Threshold,Hardware Specifications,Total Runtime,Time to Solution,CPU Runtime,GPU Runtime,QPU Runtime,"
    "Other HW Runtime,Remarks"
)
WHOLE = [name for name in next(csv.reader([COLUMNS])) if name.startswith("# ")]
REAL = [name for name in next(csv.reader([COLUMNS])) if name.endswith(("Runtime", "Value", "Bound", "Threshold"))]


def traced(*energies, formulation="compact", **changes):
    """A run whose batches came after 1, 2, … seconds with these least energies."""
    bits = compile_problem(load_problem("parity"), formulation).qubo.num_variables
    batch = ended().batches or JudgedBatch(
        0.0, 1, 0.0, 0.0, 0.0, 0.0, [(0.0, 1)], [(0.0, 1)], {}, 1.0, None, "", "", None, {}, {}
    )
    batches = [replace(batch, time_s=float(k), energy=energy) for k, energy in enumerate(energies, start=1)]
    least = min(energies)
    return replace(
        ended(least, least, energy=least, sample_s=float(len(energies)), time_to_best_s=1.0 + energies.index(least)),
        **{"batches": batches, "best_bits": pack_bits([1] * bits), "best_weights": pack_bits([1] * 12)} | changes,
    )


def submission(folder, outcomes, **options):
    with read_store(fill(folder, outcomes, **options)) as store:
        return qoblib_submission(store)


def summary(files):
    (name,) = (name for name in files if name.endswith("_summary.csv"))
    (row,) = csv.DictReader(io.StringIO(files[name].decode()))
    return row


def complaints(files):
    """What the library's check would say, as of August 2026, of files by their paths."""
    for place in {name.rpartition("/")[0] for name in files}:
        instance = place.rpartition("/")[2]
        beside = {name.rpartition("/")[2]: text for name, text in files.items() if name.startswith(f"{place}/")}
        rows = list(csv.reader(io.StringIO(beside.get(f"{instance}_summary.csv", b"").decode())))
        if not rows or rows[0] != next(csv.reader([COLUMNS])) or len(rows) < 2:
            yield f"{instance}: header"
            continue
        for cells in rows[1:]:
            row = dict(zip(rows[0], cells, strict=True))
            yield from (f"{name}: {row[name]}" for name in WHOLE if not re.fullmatch(r"\d+|N/A", row[name]))
            yield from (f"{name}: {row[name]}" for name in REAL if row[name] != "N/A" and not is_number(row[name]))
            if row["Problem"] != instance:
                yield "the problem is not the folder's name"
        if sum(re.fullmatch(rf"{re.escape(instance)}_solution\.[^./\\]+", name) is not None for name in beside) != 1:
            yield f"{instance}: solution"
        for run in json.loads(beside.get(f"{instance}_objective_time_series.json", b"[]")):
            values = [entry["Incumbent"] for entry in run if is_number(entry["Time"])]
            if not values or values != sorted(values, reverse=True):
                yield f"{instance}: series"


def is_number(text):
    try:
        float(text)
    except (TypeError, ValueError):
        return False
    return True


def test_a_submission_keeps_the_rules_of_the_library(tmp_path):
    outcomes = {
        ("compact", "random"): [traced(5, 3, 4), *FAILED],
        ("soft", "cpsat[num_workers=2]"): [traced(2, formulation="soft")],
    }

    files = submission(tmp_path, outcomes)

    assert list(complaints(files)) == []
    assert len(files) == 6


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        ("_summary.csv", b"Problem,Submitter\nx,y\n"),
        ("_solution.sol", None),
        ("_objective_time_series.json", b'[[{"Time": 1, "Incumbent": 1}, {"Time": 2, "Incumbent": 2}]]'),
        ("_objective_time_series.json", b"[[]]"),
    ],
)
def test_a_submission_that_breaks_a_rule_is_found_out(tmp_path, ending, text):
    files = submission(tmp_path, {("compact", "random"): [traced(5, 3)]})
    (name,) = (name for name in files if name.endswith(ending))

    broken = {key: value for key, value in (files | {name: text}).items() if value is not None}

    assert list(complaints(broken))


def test_runs_are_counted_and_runtimes_averaged_without_queueing(tmp_path):
    outcomes = [
        traced(0, 0, prepare_s=0.5, cpu_s=1.0, lower_bound=0.0),
        traced(3, 1, violations=2),
        traced(2, 0, clocks={"qpu_access_s": 0.125, "qpu_queue_s": 1.0}),
        Outcome("timeout", "took too long", sample_s=4.5),
    ]

    row = summary(submission(tmp_path, {("compact", "random"): outcomes}))

    assert [row[name] for name in ("# Runs", "# Feasible Runs", "# Successful Runs")] == ["4", "2", "2"]
    assert float(row["Total Runtime"]) == (2.5 + 2 + 1 + 4.5) / 4
    assert float(row["Time to Solution"]) == (1.5 + 1) / 2
    assert (float(row["CPU Runtime"]), float(row["QPU Runtime"])) == (1.0, 0.125)
    assert float(row["Best Objective Value"]) == float(row["Optimality Bound"]) == 0
    assert row["Hardware Specifications"] == "A <fast> CPU & more, 8 cores, 16.0 GiB of memory"
    assert row["Date"] == "2026-01-01"


def test_a_series_ends_with_its_run_and_only_feasible_runs_have_one(tmp_path):
    files = submission(tmp_path, {("compact", "random"): [traced(5, 3, 4, prepare_s=0.5), traced(-1, violations=1)]})

    (series,) = (json.loads(text) for name, text in files.items() if name.endswith(".json"))
    points = [[(entry["Time"], entry["Incumbent"]) for entry in run] for run in series]
    assert points == [[(1.5, 5.0), (2.5, 3.0), (3.5, 3.0)]]


def test_without_a_feasible_run_the_submission_says_so(tmp_path):
    row = summary(submission(tmp_path, {("compact", "random"): [traced(-3, violations=2)]}))

    assert (row["# Feasible Runs"], row["# Successful Runs"], row["Best Objective Value"]) == ("0", "0", "-3")


def test_the_solution_has_a_bit_per_variable_in_their_order(tmp_path):
    qubo = compile_problem(load_problem("parity"), "compact").qubo

    files = submission(tmp_path, {("compact", "random"): [traced(0)]})

    (text,) = (text for name, text in files.items() if name.endswith(".sol"))
    assert text.decode().splitlines() == ["# Energy: 0", *["1"] * qubo.num_variables]


def test_the_coefficients_are_those_of_the_qubo(tmp_path):
    qubo = compile_problem(load_problem("parity"), "compact[penalty=2.0]").qubo
    values = [*qubo.linear[qubo.linear != 0], *qubo.couplings]

    row = summary(submission(tmp_path, {("compact[penalty=2.0]", "random"): [traced(0)]}))

    assert int(row["# Non-Zero Coefficients"]) == len(values)
    assert row["Coefficients Range"] == f"{min(values):g} to {max(values):g}"
    assert row["Coefficients Type"] == "integer"


@pytest.mark.parametrize(
    ("solver", "kind", "paradigm"),
    [
        ("random", "Stochastic", "Classical"),
        ("cpsat", "Deterministic", "Classical"),
        ("grover", "Stochastic", "Quantum Simulator"),
        ("dwave", "Stochastic", "Quantum Hardware"),
        ("somebodys", "N/A", "N/A"),
    ],
)
def test_the_kind_of_the_algorithm_is_that_of_the_solver(tmp_path, solver, kind, paradigm):
    row = summary(submission(tmp_path, {("compact", solver): [traced(0)]}))

    assert (row["Algorithm Type"], row["Paradigm"]) == (kind, paradigm)


def test_names_are_safe_as_folders_and_short(tmp_path):
    label = f"../../{'x' * 300}[a=1, b='/']"

    (first, *_) = submission(tmp_path, {("compact", label): [traced(0)]})

    assert re.fullmatch(r"[\w.=+-]+/[\w.=+-]+/[\w.=+-]+", first)
    assert not first.startswith(".")
    assert max(map(len, first.split("/"))) < 150


def test_a_store_without_samples_gives_no_submission(tmp_path):
    with pytest.raises(InputError, match="no run with a sample"):
        submission(tmp_path, {("compact", "random"): FAILED})
