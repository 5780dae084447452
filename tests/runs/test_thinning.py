"""A thinned trace says what the whole one says."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from stored_cells import NOTE, make_cell

from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem
from bnnbench.runs.judge import JudgedBatch, judge
from bnnbench.runs.outcome import fold
from bnnbench.runs.target import Target
from bnnbench.runs.thinning import MAX_BATCHES, MAX_CLAIMS, STEP, thinned
from bnnbench.solver.contract import Batch, Budget
from bnnbench.store.rescore import FOLDED
from bnnbench.store.store import open_store, read_store

INSTANCE = compile_problem(load_problem("parity"))
TARGET = Target(1.0, "exhaustive", is_sound=True)


@cache
def judged(seed: int) -> list[JudgedBatch]:
    """Batches of which traces are made: to judge thousands takes seconds."""
    bits = np.random.default_rng(seed).integers(0, 2, (300, 3, INSTANCE.qubo.num_variables), dtype=np.int8)
    return [judge(INSTANCE, Batch(some), 0.0) for some in bits]


def trace(number: int, seed: int = 0, **changes: dict) -> list[JudgedBatch]:
    """A trace of batches in random order, some of them with claims, by their places."""
    random = np.random.default_rng(seed)
    times = np.cumsum(random.exponential(1e-3, number))
    drawn = random.integers(len(judged(seed)), size=number)
    return [
        replace(judged(seed)[which], time_s=float(time), **changes.get(str(place), {}))
        for place, (which, time) in enumerate(zip(drawn, times, strict=True))
    ]


def curves(batches: list[JudgedBatch], at: np.ndarray) -> tuple[np.ndarray, ...]:
    """Least energy, least loss and number of reads up to some times."""
    seen = np.searchsorted([b.time_s for b in batches], at, side="right")
    energy, loss = (
        np.minimum.accumulate([np.inf, *(getattr(b, name) for b in batches)])[seen] for name in ("energy", "loss")
    )
    return energy, loss, np.cumsum([0, *(b.num_reads for b in batches)])[seen]


def folded(batches: list[JudgedBatch]) -> dict[str, object]:
    outcome = fold(batches, TARGET, Budget(seconds=60), status="ok")
    names = (*FOLDED, "violations", "train_accuracy", "best_bits", "best_weights", "sample_s", "clocks", "facts")
    return {name: getattr(outcome, name) for name in names}


def test_a_short_trace_is_kept_as_it_is():
    batches = trace(MAX_BATCHES)
    assert thinned(batches) == batches


@pytest.mark.parametrize("seed", range(3))
def test_what_is_folded_from_a_thinned_trace_is_what_is_folded_from_the_whole(seed):
    bound = {"lower_bound": -3.0, "clocks": {"qpu_access_s": 0.5}, "facts": {"chains": 3}}
    batches = trace(6000, seed, **{"4000": bound, "4001": bound, "5000": {"facts": {"chains": 5, "mean": 0.5}}})
    fewer = thinned(batches)
    assert len(fewer) < MAX_BATCHES
    whole, part = folded(batches), folded(fewer)
    assert part.pop("mean_loss") == pytest.approx(whole.pop("mean_loss"), rel=1e-12)
    assert part == whole
    assert [b.time_s for b in fewer if b.lower_bound is not None] == [batches[4000].time_s, batches[4001].time_s]


def test_a_thinned_trace_has_the_same_curve_at_a_step_of_one_percent():
    batches = trace(6000)
    times = np.array([b.time_s for b in batches])

    energy, loss, reads = curves(thinned(batches), times)

    true_energy, true_loss, true_reads = curves(batches, times)
    _, _, late = curves(batches, times / STEP)
    assert np.array_equal(energy, true_energy)
    assert np.array_equal(loss, true_loss)
    assert (late <= reads).all()
    assert (reads <= true_reads).all()


def test_counts_of_the_lowest_levels_stay_exact():
    batches = trace(6000)
    every = {}
    for batch in batches:
        for value, count in batch.energy_levels:
            every[value] = every.get(value, 0) + count
    lowest = sorted(every)[:3]
    fewer = thinned(batches)
    for value in lowest:
        assert sum(count for b in fewer for level, count in b.energy_levels if level == value) == every[value]


def test_the_store_keeps_few_batches_of_a_solver_that_floods(tmp_path):
    outcome = fold(trace(6000), TARGET, Budget(seconds=60), status="ok")
    with open_store(tmp_path) as store:
        store.add_run(make_cell(), outcome, NOTE)
    with read_store(tmp_path) as store:
        kept = store.batches(make_cell().key)
    assert len(kept) < MAX_BATCHES
    assert kept["num_reads"].sum() == 18_000


def test_a_flood_of_bounds_and_clocks_is_thinned_and_its_best_bound_and_totals_stay():
    batches = [
        replace(batch, lower_bound=place - 20_000.0, clocks={"qpu_access_s": 0.25, "embed_s": 2.0})
        for place, batch in enumerate(trace(20) * (2 * MAX_CLAIMS // 20))
    ]
    batches = [replace(batch, time_s=1 + 1e-4 * place) for place, batch in enumerate(batches)]

    fewer = thinned(batches)

    assert len(fewer) < MAX_BATCHES
    whole, part = folded(batches), folded(fewer)
    assert part.pop("mean_loss") == pytest.approx(whole.pop("mean_loss"), rel=1e-12)
    assert part == whole
    assert part["clocks"] == {"qpu_access_s": 5000.0, "embed_s": 2.0}


def test_batches_that_train_are_united_without_a_read():
    batches = [replace(b, num_reads=0, energy_levels=[], loss_levels=[], evaluations=2) for b in trace(3 * MAX_BATCHES)]
    united = thinned(batches)
    assert len(united) < len(batches)
    assert {b.num_reads for b in united} == {0}
    assert sum(b.evaluations or 0 for b in united) == 2 * len(batches)
