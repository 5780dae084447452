"""Small stores for tests of what is read from them, filled without a worker process."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
from stored_cells import NOTE

from bnnbench.harness.machine import machine_info
from bnnbench.optimum.find import ground_truth
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import formulation, load_problem, load_solver
from bnnbench.runs.cell import Cell
from bnnbench.runs.configuration import Configuration
from bnnbench.runs.features import features_of
from bnnbench.runs.loop import run
from bnnbench.runs.outcome import Outcome
from bnnbench.solver.contract import Budget
from bnnbench.spec import Spec
from bnnbench.store.store import Store, open_store

PROBLEMS = ("parity[size=2,hidden=2]", "majority", "random_function[size=3,samples=4]")
SOLVERS = ("random", "simulated_annealing", "steepest_descent")
SETTINGS = ("compact", "reduced[penalty=1]", "reduced[penalty=3]")
NASTY = '</script><img src=x onerror="alert(1)"> & $\\frac{1}{0}$ {{ 7*7 }} \u2028 é'
"""What a solver, or whoever names things, may print: HTML, TeX, templates, and ends of lines of JavaScript."""


def make_cell(problem, setting, label, repetition=0, parameters=None):
    given, versions = parameters or {"num_reads": 20}, {"numpy": "2.0"}
    solver = Configuration(Spec("random"), label, label, given, versions, Budget(reads=40), is_floor=label == "random")
    return Cell(problem, formulation(setting), solver, repetition, repetition)


def add(store: Store, cell: Cell, outcome: Outcome, *, with_truth: bool = True, log_tail: str = "") -> None:
    instance = compile_problem(cell.problem, cell.formulation)
    machine = store.add_machine(machine_info())
    store.add_problem(cell.problem)
    if with_truth:
        store.add_truth(ground_truth(cell.problem))
    store.add_instance(features_of(instance), cell.problem.hash, str(cell.formulation))
    store.add_run(cell, outcome, replace(NOTE, machine=machine, log_tail=log_tail))


def fill(
    folder: Path, *, problems=PROBLEMS, solvers=SOLVERS, settings=SETTINGS, repetitions=2, with_truth=True
) -> Path:
    """Real runs of a few milliseconds each."""
    with open_store(folder) as store:
        for spec in problems:
            problem = load_problem(spec)
            truth = ground_truth(problem) if with_truth else None
            for setting in settings:
                instance = compile_problem(problem, setting)
                for name in solvers:
                    for repetition in range(repetitions):
                        solver = load_solver(name)
                        outcome = run(instance, solver, budget=Budget(reads=40), seed=repetition, truth=truth)
                        if name == "simulated_annealing":
                            facts = {"num_physical": 3 * instance.qubo.num_variables, "longest_chain": 4}
                            outcome = replace(outcome, facts=facts | {"chain_break_fraction": 0.1})
                        add(store, make_cell(problem, setting, name, repetition), outcome, with_truth=with_truth)
    return folder


def fill_failed(folder: Path) -> Path:
    """Every run failed, or was not asked."""
    with open_store(folder) as store:
        problem = load_problem("majority")
        for number, status in enumerate(("crash", "timeout", "memory", "error", "refused", "unavailable")):
            outcome = Outcome(status, f"it was {status}")
            add(store, make_cell(problem, "compact", f"{status}_solver", number), outcome, log_tail="the end")
    return folder


def fill_nasty(folder: Path) -> Path:
    """Names, messages, facts, flags and logs that would break a page or a figure that took them for its own."""
    with open_store(folder) as store:
        problem = replace(load_problem("majority"), name=NASTY)
        outcome = run(compile_problem(problem), load_solver("random"), budget=Budget(reads=40), seed=0)
        cell = make_cell(problem, "compact", NASTY, parameters={NASTY: NASTY})
        add(store, cell, replace(outcome, flags=[NASTY], facts={"note": NASTY}))
        add(store, make_cell(problem, "compact", NASTY, 1), Outcome("crash", NASTY), log_tail=NASTY)
    return folder


def with_sweep(runs, factors=(4, 1, 2)):
    """Return runs, and beside those of one solver the same ones at several sweeps, which take so many times as long."""
    alone = runs[runs["solver"] == "steepest_descent"]
    swept = [
        alone.assign(
            solver=f"steepest_descent[num_sweeps={10**k}]",
            label=None,
            parameters=json.dumps({"num_sweeps": 10**k}),
            sample_s=factor * alone["sample_s"],
            time_to_target_s=factor * alone["time_to_target_s"],
        )
        for k, factor in enumerate(factors)
    ]
    return pd.concat([runs, *swept], ignore_index=True)


def with_chains(runs):
    """Return runs, and beside those of one solver the same ones behind an embedding at two chain strengths."""
    alone = runs[runs["solver"] == "steepest_descent"]
    chained = [
        alone.assign(
            solver=f"embedded[inner=steepest_descent,chain_prefactor={factor}]", mean_loss=alone["mean_loss"] + k
        )
        for k, factor in enumerate((1, 2))
    ]
    return pd.concat([runs, *chained], ignore_index=True)
