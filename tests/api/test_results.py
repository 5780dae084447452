"""Results read from Python are those of the store, and values say what they are in one line."""

from __future__ import annotations

import numpy as np
import pytest
from made_stores import MIXED, fill
from small_stores import fill as fill_with_traces

import bnnbench as bb
from bnnbench.store.store import read_store


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("made"), MIXED)


def test_a_path_may_be_a_text_and_frames_are_those_of_the_store(folder):
    results = bb.read_results(str(folder))
    with read_store(folder) as store:
        assert results.runs().equals(store.runs())
    summary = results.summary(by=("solver",))
    assert summary["solver"].tolist() == ["absent", "fair", "good", "random"]
    assert {"ert_s_low", "ert_s_high"} <= set(summary)
    assert "<table" in results._repr_html_()


def test_traces_name_the_run_of_each_batch(tmp_path):
    results = bb.read_results(fill_with_traces(tmp_path / "mine"))
    traces, runs = results.traces(), results.runs()
    assert list(traces)[:5] == ["run", "problem", "formulation", "solver", "repetition"]
    assert set(traces["run"]) <= set(runs["key"])
    assert len(traces)


def test_published_rows_have_no_traces(folder, tmp_path):
    from bnnbench.store.parquet import to_parquet

    results = bb.read_results(folder)
    path = tmp_path / "runs.parquet"
    with read_store(folder) as store:
        path.write_bytes(to_parquet(store.runs(), store.machines()))
    assert len(bb.read_results(path).runs()) == len(results.runs())
    with pytest.raises(bb.InputError, match="has rows, but no traces"):
        bb.read_results(path).traces()


def test_a_folder_without_results_is_a_sentence(tmp_path):
    with pytest.raises(bb.BnnbenchError, match="nowhere"):
        bb.read_results(tmp_path / "nowhere")


@pytest.fixture(scope="module")
def outcome():
    problem = bb.load_problem("parity", size=2, hidden=3)
    instance = bb.compile(problem, "compact")
    return problem, instance, bb.run(instance, "exhaustive", budget=bb.Budget(seconds=5))


def test_values_are_a_line_as_text_and_a_table_in_a_notebook(outcome):
    problem, instance, ended = outcome
    for value in (problem, instance, bb.ground_truth(problem), ended):
        assert "\n" not in repr(value)
        assert len(repr(value)) < 150
        assert value._repr_html_().startswith("<table")
    assert "exhaustive: ok, loss 0" in repr(ended)


def test_a_name_cannot_be_markup_in_a_notebook():
    problem = bb.Problem(bb.Network((1, 1)), np.array([[1]]), np.array([1]), name="<script>")
    assert "<script>" not in problem._repr_html_()


def test_an_outcome_predicts_with_the_weights_that_it_found(outcome):
    problem, _, ended = outcome
    assert problem.training_loss(ended.weights) == ended.loss == 0
    assert np.array_equal(ended.predict(problem.inputs), problem.targets)
    with pytest.raises(bb.InputError):
        ended.predict([[1]])


def test_an_outcome_without_a_read_has_no_weights():
    with pytest.raises(bb.InputError, match="status 'refused' without a read has no weights"):
        bb.Outcome("refused", "not for me").predict([[1]])
