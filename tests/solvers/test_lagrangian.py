"""Multipliers: penalties are those of the instance, and the price of what is broken grows until it holds."""

from __future__ import annotations

import numpy as np
import pytest
from bnnbench_solvers.lagrangian import _penalties

import bnnbench as bb


def instance(formulation, widths=(3, 3, 1), samples=4, **options):
    return bb.compile(
        bb.load_problem("random_data", widths=list(widths), samples=samples, seed=2, **options), formulation
    )


@pytest.mark.parametrize("formulation", ["sasdelli", "compact", "soft", "reduced[counter=paired]"])
def test_a_penalty_is_broken_where_the_instance_says_so(formulation):
    compiled = instance(formulation)
    bits = np.random.default_rng(0).integers(0, 2, (30, compiled.qubo.num_variables), dtype=np.int8)
    penalties = _penalties(compiled.tiling)

    values = np.array([penalties.values(row) for row in bits])

    is_counted = "soft" not in formulation  # without a counter, a neuron within its range can cost something
    broken = sum(compiled.violations(bits).values())
    assert not is_counted or ((values > 1e-9).sum(axis=1) == broken).all()
    assert values.min() >= -1e-9 or not is_counted


def test_prices_add_their_penalties_to_the_energy():
    compiled = instance("compact", widths=(2, 2, 1), bias=True)
    penalties = _penalties(compiled.tiling)
    prices = np.arange(len(penalties.constants), dtype=float)
    bits = np.random.default_rng(1).integers(0, 2, (20, compiled.qubo.num_variables), dtype=np.int8)

    added = penalties.added(compiled.qubo, prices).energies(bits)

    expected = compiled.qubo.energies(bits) + [prices @ penalties.values(row) for row in bits]
    assert added == pytest.approx(expected)


def test_weak_penalties_are_raised_until_the_answer_breaks_none():
    compiled = instance("compact[penalty=0.05]", widths=(5, 1), samples=16)
    plain = bb.run(compiled, "simulated_annealing[num_sweeps=300]", budget=bb.Budget(reads=400), seed=1)

    raised = bb.as_sampler("lagrangian", inner="simulated_annealing[num_sweeps=300]").sample(
        compiled, num_reads=400, seed=1
    )

    last = raised.record.sample[-20:]
    assert plain.violations > 0
    assert min(sum(compiled.violations(last).values())) == 0
    assert raised.info["facts"]["rounds"] == 20


def test_a_bare_qubo_is_refused():
    assert "needs a formulation of penalties" in bb.load_solver("lagrangian").refuses(instance("hubo"))


def test_penalties_of_too_many_pairs_are_refused_before_they_are_expanded(monkeypatch):
    compiled = instance("soft", widths=(20, 2, 1))
    pairs = len(_penalties(compiled.tiling).pairs[0])

    monkeypatch.setattr("bnnbench_solvers.lagrangian.MOST_PAIRS", pairs)
    assert bb.load_solver("lagrangian").refuses(compiled) is None

    monkeypatch.setattr("bnnbench_solvers.lagrangian.MOST_PAIRS", pairs - 1)
    assert f"have {pairs:,} pairs of variables" in bb.load_solver("lagrangian").refuses(compiled)
