"""The ground truth: time per problem, after just-in-time compilation, and against CP-SAT in the same run."""

from __future__ import annotations

import statistics
from time import perf_counter, process_time

import numpy as np
import pytest

from bnnbench.optimum.cpsat_model import network_model
from bnnbench.optimum.find import ground_truth
from bnnbench.optimum.prove import compile_kernels, search
from bnnbench.optimum.qubo_levels import levels
from bnnbench.optimum.spectrum import spectrum
from bnnbench.plugins.registry import load_problem
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem
from bnnbench.qubo.qubo import Qubo, make_qubo

SEEDS = range(5)
CPSAT_LIMIT_S = 30.0


def random_problem(widths: tuple[int, ...], samples: int, seed: int, *, bias: bool = False) -> Problem:
    """Random data."""
    generator = np.random.default_rng(seed)
    inputs, targets = (generator.choice([-1, 1], (samples, width)) for width in (widths[0], widths[-1]))
    return Problem(Network(widths, bias), inputs, targets)


@pytest.mark.parametrize(
    ("widths", "bias", "samples", "goal_s"),
    [
        ((7, 3, 1), False, 20, 0.010),
        ((7, 7, 1), False, 40, 2.0),
        ((7, 7, 1), False, 100, 60.0),
        ((15, 3, 1), False, 40, 30.0),
        ((7, 3, 3, 1), True, 20, None),
        ((9, 7, 1), False, 40, None),
        ((7, 9, 1), False, 40, None),
    ],
)
def test_random_problems_are_certified_and_counted(
    capsys: pytest.CaptureFixture[str], widths: tuple[int, ...], bias: bool, samples: int, goal_s: float | None
) -> None:
    compile_kernels(len(widths) - 1)
    seconds = []
    truths = []
    for seed in SEEDS:
        problem = random_problem(widths, samples, seed, bias=bias)
        start = perf_counter()
        truths.append(search(problem))
        seconds.append(perf_counter() - start)
    network = problem.network
    counts = ["–" if truth.num_optima is None else f"{truth.num_optima:,}" for truth in truths]
    with capsys.disabled():
        print(
            f"\n{network} ({network.num_weights} weights), {samples} samples: "
            f"median {statistics.median(seconds):.4f} s, longest {max(seconds):.4f} s; "
            f"losses {[truth.loss for truth in truths]}, optimal settings {counts}"
        )
    assert all(truth.kind == "exhaustive" for truth in truths)
    if goal_s is not None:
        assert statistics.median(seconds) <= goal_s


@pytest.mark.parametrize(("widths", "samples"), [((15, 7, 1), 60), ((15, 5, 1), 60), ((9, 7, 1), 80)])
def test_wide_hidden_layers_are_certified_in_a_minute(
    capsys: pytest.CaptureFixture[str], widths: tuple[int, ...], samples: int
) -> None:
    """At most 60 s of a processor in the median; a search that is stopped counts as endless."""
    compile_kernels(2)
    seconds, found = [], []
    for seed in SEEDS:
        problem = load_problem("random_data", widths=list(widths), samples=samples, seed=seed)
        start = process_time()
        truth = ground_truth(problem, seconds=300, cache=None)
        spent = process_time() - start
        lowest = truth.loss if truth.is_certified else truth.lower_bound
        seconds.append(spent if truth.is_certified else float("inf"))
        found.append(f"{lowest:g} of {truth.loss:g} after {spent:.1f} s")
    with capsys.disabled():
        print(f"\n{problem.network}, {samples} samples: bounds and processor time {found}")
    assert statistics.median(seconds) <= 60


def test_56_weights_are_certified_20_times_faster_than_by_cpsat(capsys: pytest.CaptureFixture[str]) -> None:
    from ortools.sat.python import cp_model

    compile_kernels(2)
    ratios, lines = [], []
    for seed in SEEDS:
        problem = random_problem((7, 7, 1), 40, seed)
        start = perf_counter()
        truth = search(problem, count=False)  # as CP-SAT does
        ours = perf_counter() - start
        model, _, objective, unit = network_model(problem)
        model.minimize(objective)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 2
        solver.parameters.max_time_in_seconds = CPSAT_LIMIT_S
        start = perf_counter()
        status = solver.solve(model)
        theirs = min(perf_counter() - start, CPSAT_LIMIT_S)
        if status == cp_model.OPTIMAL:
            assert solver.objective_value * unit == truth.loss
        ratios.append(theirs / ours)
        lines.append(f"seed {seed}: {ours:.3f} s, CP-SAT {theirs:.1f} s ({solver.status_name(status)})")
    with capsys.disabled():
        print(f"\n7-7-1, 40 samples, 2 threads each, ratios {[round(r) for r in ratios]}\n" + "\n".join(lines))
    assert statistics.median(ratios) >= 20


def test_the_spectrum_of_24_weights_takes_at_most_50_ms(capsys: pytest.CaptureFixture[str]) -> None:
    spectrum(random_problem((3, 3, 1), 4, 0))
    seconds = []
    for seed in SEEDS:
        start = perf_counter()
        found = spectrum(random_problem((7, 3, 1), 20, seed))
        seconds.append(perf_counter() - start)
        assert sum(found.values()) == 2**24
    with capsys.disabled():
        print(
            f"\nspectrum of 7-3-1, 20 samples: median {statistics.median(seconds):.4f} s, longest {max(seconds):.4f} s"
        )
    assert statistics.median(seconds) <= 0.050


def test_a_table_of_1605_rows_costs_no_more_than_its_distinct_rows(capsys: pytest.CaptureFixture[str]) -> None:
    compile_kernels(2)
    problem = load_problem("a1a", batch="all")
    assert problem.num_samples == 1605
    seconds = []
    for _ in SEEDS:
        start = perf_counter()
        truth = search(problem)
        seconds.append(perf_counter() - start)
    with capsys.disabled():
        print(f"\n3-3-1, 1,605 rows of a1a: median {statistics.median(seconds):.4f} s; loss {truth.loss:g}")
    assert statistics.median(seconds) <= 0.005


def random_qubo(num_variables: int, seed: int) -> Qubo:
    """All couplings, whole numbers from −5 to 5."""
    generator = np.random.default_rng(seed)
    rows, cols = np.triu_indices(num_variables, 1)
    linear = generator.integers(-5, 6, num_variables)
    return make_qubo(linear, rows, cols, generator.integers(-5, 6, len(rows)), 0.0)


def test_200_million_states_of_a_qubo_are_visited_per_second(capsys: pytest.CaptureFixture[str]) -> None:
    import dimod

    levels(random_qubo(14, 0))
    rates = []
    for seed in SEEDS:
        qubo = random_qubo(28, seed)
        start = perf_counter()
        levels(qubo)
        rates.append(2**28 / (perf_counter() - start) / 1e6)
    small = random_qubo(18, 0)
    start = perf_counter()
    best = dimod.ExactSolver().sample(small.to_bqm()).first.energy
    dimod_rate = 2**18 / (perf_counter() - start) / 1e6
    assert levels(small).energy == best
    with capsys.disabled():
        print(f"\n28 variables: median {statistics.median(rates):.0f} million states/s; dimod, 18: {dimod_rate:.2f}")
    assert statistics.median(rates) >= 200
