"""Stores with runs whose numbers are chosen, not measured."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from stored_cells import NOTE, make_cell

from bnnbench.optimum.find import ground_truth
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.runs.features import features_of
from bnnbench.runs.outcome import Outcome
from bnnbench.store.store import open_store

MACHINE = {"cpu": "A <fast> CPU & more", "cores": 8, "memory_gib": 16.0, "python": "3.11.9", "bnnbench": "0.1.0",
           "commit": "0123456789abcdef", "dirty": True}  # fmt: skip


def ended(loss_gap=0.0, energy_gap=0.0, **changes):
    return Outcome("ok", **{
        "num_reads": 20, "energy": energy_gap, "loss": loss_gap, "energy_gap": energy_gap, "loss_gap": loss_gap,
        "mean_loss": 1.0 + loss_gap, "energy_successes": int(energy_gap == 0), "loss_successes": 4 * (loss_gap == 0),
        "violations": 0, "train_accuracy": 1.0, "sample_s": 0.5, "compile_s": 0.01,
        "time_to_target_s": 0.1 if loss_gap == 0 else None,
    } | changes)  # fmt: skip


def fill(folder, outcomes, *, has_truth=True, label=lambda solver: solver, problems=("parity",)):
    """A store with the outcomes of each solver, in a formulation or in several, on each problem."""
    with open_store(folder) as store:
        machine = store.add_machine(MACHINE)
        for (setting, solver), results in outcomes.items():
            for (number, outcome), problem in product(enumerate(results), problems):
                cell = make_cell(number, label(solver), setting, repetition=number, problem=problem)
                instance = compile_problem(cell.problem, cell.formulation)
                store.add_problem(cell.problem)
                if has_truth:
                    store.add_truth(ground_truth(cell.problem))
                store.add_instance(features_of(instance), cell.problem.hash, str(cell.formulation))
                store.add_run(cell, outcome, replace(NOTE, machine=machine))
    return folder


FAILED = [Outcome("timeout", "took too long"), Outcome("crash", "fell over")]
MIXED = {
    ("compact", "random"): [ended(gap, gap, sample_s=0.1 + 0.013 * gap) for gap in (3, 2, 5, 3, 4, 2, 3, 6)],
    ("compact", "good"): [ended(0, 0, sample_s=0.3 + 0.02 * n) for n in range(8)],
    ("compact", "fair"): [ended(1, 2), ended(1, 1), *FAILED],
    ("compact", "absent"): [Outcome("unavailable", "not installed")],
    ("soft", "good"): [ended(1, 1), ended(0, 0)],
    ("soft", "random"): [ended(2, 2)],
}
