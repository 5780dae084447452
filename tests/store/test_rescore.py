"""The best weights of all runs are the reference where no optimum is certified."""

from __future__ import annotations

import numpy as np
import pytest
from stored_cells import NOTE, add_everything, make_cell
from suite_texts import suite_text

from bnnbench.harness.campaign import Campaign
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.runs.judge import judge
from bnnbench.runs.outcome import fold
from bnnbench.runs.target import Target
from bnnbench.solver.contract import Batch, Budget
from bnnbench.store.rescore import note_found
from bnnbench.store.store import open_store, read_store
from bnnbench.store.verify import verify
from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan

WIDE = suite_text(
    {"name": "random_data", "widths": [[30, 3, 1]], "samples": 10},
    ["weight_search", "random"],
    budget={"reads": 20},
    repetitions=2,
)


def outcomes_of(ranks, problem):
    """Outcomes of runs that found weights of the loss of a rank, from 0 up, where nothing was known before."""
    instance = compile_problem(problem)
    shape = (20_000, problem.network.num_weights)
    weights = np.random.default_rng(0).choice(np.array([-1, 1], dtype=np.int8), shape)
    losses = problem.training_loss(weights)
    for rank in ranks:
        first = weights[losses == np.unique(losses)[rank]][0]
        batch = judge(instance, Batch(instance.complete(first[None])), 0.1)
        yield fold([batch], Target(None, None, is_sound=True), Budget(reads=20), status="ok")


def test_runs_are_measured_against_the_best_weights_of_all(tmp_path):
    with open_store(tmp_path) as store:
        truth, cell = None, make_cell()
        for seed, outcome in enumerate(outcomes_of([2, 1, 2], cell.problem)):
            cell = make_cell(seed, repetition=seed)
            add_everything(store, cell, outcome, with_truth=False)
            truth = note_found(store, cell.problem, outcome, truth)

        runs = store.runs()
        assert (truth.kind, truth.loss) == ("best_known", runs["loss"].min())
        assert runs["loss_gap"].tolist()[:2] == [runs["loss"][0] - runs["loss"][1], 0.0]


def test_a_certified_optimum_stays_whatever_runs_find(tmp_path):
    with open_store(tmp_path) as store:
        cell = make_cell()
        (outcome,) = outcomes_of([1], cell.problem)
        add_everything(store, cell, outcome)
        truth = store.truths()[cell.problem.hash]

        assert note_found(store, cell.problem, outcome, truth) is truth
        store.add_run(cell, outcome, NOTE)
        assert store.truths()[cell.problem.hash].kind == truth.kind


@pytest.mark.parametrize("order", [1, -1])
def test_a_loss_of_0_is_the_optimum_of_a_wide_network_in_a_campaign(tmp_path, order):
    (tmp_path / "s.toml").write_text(WIDE)
    planned = plan(read_suite(tmp_path / "s.toml"), tmp_path)

    with open_store(tmp_path / "out") as store:
        store.add_problem(*planned.problems)
        for _ in Campaign(store, planned.suite.limits).run(list(planned.cells())[::order]):
            pass

    with read_store(tmp_path / "out") as store:
        runs = store.runs()
        assert set(runs["optimum"]) == {0.0}
        assert set(runs["truth_kind"]) == {"attained"}
        assert (runs["loss_gap"] == runs["loss"]).all()
        assert [finding.sentence for finding in verify(store) if finding.kind in ("run", "truth")] == []
