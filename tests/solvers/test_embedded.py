"""The adapter `embedded`: what goes in and comes out of the inner solver, and what is true of it."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

from bnnbench.errors import InputError
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem, load_solver
from bnnbench.qubo.qubo import Qubo, make_qubo
from bnnbench.solver.contract import Batch, Budget, Solver

SMALL = {"topology": "pegasus", "topology_size": 2}

INNER = '''"""Tries all bits of a bare QUBO, and reports what it was told."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bnnbench.qubo.qubo import Qubo
from bnnbench.solver.contract import Batch, Budget, Solver

closed = []


@dataclass(frozen=True, kw_only=True)
class AllBits(Solver):
    bound: float | None = None
    largest: int = 20
    installed: bool = True
    needs = ("numpy",)

    def unavailable(self) -> str | None:
        return None if self.installed else "all bits are sold out."

    def refuses(self, instance) -> str | None:
        n = instance.qubo.num_variables
        return f"{n} variables are too many for all bits." if n > self.largest else None

    def sample(self, prepared, *, seed: int, budget: Budget) -> Iterator[Batch]:
        assert isinstance(prepared, Qubo)
        n = prepared.num_variables
        bits = (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(np.int8)
        energies = prepared.energies(bits)
        facts = {"seed": seed, "budget": str(budget), "physical_energy": float(energies.min())}
        bound = float(energies.min()) if self.bound is None else self.bound
        try:
            while True:
                yield Batch(bits[[energies.argmin()]], lower_bound=bound, clocks={"think_s": 0.5}, facts=facts)
        finally:
            closed.append(True)
'''


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BNNBENCH_CACHE", str(tmp_path))


@pytest.fixture
def all_bits(tmp_path: Path) -> str:
    """Path of an exact inner solver."""
    path = tmp_path / "all_bits.py"
    path.write_text(INNER, encoding="utf-8")
    return str(path)


def planted(target: list[int]) -> Qubo:
    """(Σ_i [x_i ≠ t_i])², whose only minimum is 0 at t, over a complete graph, so that chains are needed."""
    t = np.array(target)
    sign = 1.0 - 2 * t  # [x ≠ t] = t + sign·x
    rows, cols = np.array(list(itertools.combinations(range(len(t)), 2))).T
    total = float(t.sum())
    # ([x ≠ t] summed)² = (Σ t + Σ sign·x)², and x² = x.
    return make_qubo(sign**2 + 2 * total * sign, rows, cols, 2 * sign[rows] * sign[cols], total**2)


def random_complete(n: int, seed: int) -> Qubo:
    random = np.random.default_rng(seed)
    rows, cols = np.array(list(itertools.combinations(range(n), 2))).T
    couplings = random.choice([-3, -2, -1, 1, 2, 3], len(rows)).astype(float)
    return make_qubo(random.integers(-4, 5, n).astype(float), rows, cols, couplings, float(random.integers(-9, 10)))


def minimum(qubo: Qubo) -> float:
    n = qubo.num_variables
    return float(qubo.energies(np.array(list(itertools.product((0, 1), repeat=n)))).min())


def run(solver: Solver, qubo: Qubo, reads: int = 20, seed: int = 0) -> list[Batch]:
    return list(solver.sample(solver.prepare(qubo), seed=seed, budget=Budget(reads=reads)))


def first(solver: Solver, qubo: Qubo) -> Batch:
    stream = solver.sample(solver.prepare(qubo), seed=0, budget=Budget(reads=1))
    batch = next(stream)
    stream.close()  # type: ignore[attr-defined]
    return batch


@pytest.mark.parametrize("graph", [SMALL, {"topology": "zephyr", "topology_size": 2}], ids=["pegasus", "zephyr"])
@pytest.mark.parametrize("target", [[0, 1, 1, 0, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0, 1, 1]])
def test_answers_each_variable_in_its_place_behind_chains(target: list[int], graph: dict[str, object]) -> None:
    qubo = planted(target)
    assert qubo.energies([target]).tolist() == [0.0]

    batches = run(load_solver("embedded", **graph), qubo)

    assert batches[0].facts["longest_chain"] > 1
    bits = np.concatenate([batch.bits for batch in batches])
    assert bits.dtype == np.int8
    assert bits[qubo.energies(bits).argmin()].tolist() == target


def test_answers_each_variable_in_its_place_without_any_coupling() -> None:
    target = [1, 0, 0, 1, 1]
    separable = make_qubo(1.0 - 2 * np.array(target), np.array([], int), np.array([], int), np.array([]), 0.0)

    batch = run(load_solver("embedded", **SMALL), separable)[-1]

    assert batch.bits.tolist() == [target] * len(batch.bits)
    assert batch.facts["num_physical"] == 5
    assert batch.facts["chain_break_fraction"] == 0


def test_the_same_seed_gives_the_same_bits_and_another_seed_others() -> None:
    solver = load_solver("embedded", inner="random", **SMALL)
    one, two, other = (
        np.concatenate([batch.bits for batch in run(solver, random_complete(8, 0), seed=seed)]) for seed in (3, 3, 4)
    )

    assert (one == two).all()
    assert (one != other).any()


def test_a_training_problem_is_solved_through_chains() -> None:
    instance = compile_problem(load_problem("parity", size=2, hidden=2), "reduced")
    solver = load_solver("embedded", topology_size=4)

    batches = list(solver.sample(solver.prepare(instance), seed=0, budget=Budget(reads=30)))

    bits = np.concatenate([batch.bits for batch in batches])
    assert bits.shape == (30, instance.qubo.num_variables)
    assert (
        instance.qubo.energies(bits).min()
        < instance.qubo.energies(np.random.default_rng(0).integers(0, 2, bits.shape)).min()
    )


# Chains


def test_weak_chains_break_and_strong_ones_do_not(all_bits: str) -> None:
    qubo = random_complete(6, 7)
    broken = [
        first(load_solver("embedded", inner=all_bits, chain_strength=strength, **SMALL), qubo).facts
        for strength in (0.01, 50.0)
    ]

    assert broken[0]["chain_break_fraction"] > 0
    assert broken[1]["chain_break_fraction"] == 0


def test_means_of_broken_chains_are_a_network_of_fractional_weights() -> None:
    instance = compile_problem(load_problem("random_data", widths=[7, 1], samples=12, seed=0), "wells")
    runs = [
        load_solver("embedded", topology_size=4, chain_strength=0.02, chain_breaks=how)
        for how in ("majority_vote", "mean")
    ]

    voted, mean = (
        list(solver.sample(solver.prepare(instance), seed=0, budget=Budget(reads=30)))[-1] for solver in runs
    )

    assert voted.bits.tolist() == mean.bits.tolist()
    assert 0 < mean.facts["fractional_weights"] < 1
    assert 0 <= mean.facts["fractional_loss"] <= mean.facts["fractional_mean_loss"] <= 12
    assert not any(name.startswith("fractional") for name in voted.facts)


def test_a_bare_qubo_has_no_network_of_means() -> None:
    batches = run(load_solver("embedded", chain_breaks="mean", **SMALL), planted([1, 0, 1, 1]))

    assert not any(name.startswith("fractional") for batch in batches for name in batch.facts)


def test_facts_and_clocks_of_the_inner_solver_stay(all_bits: str) -> None:
    batch = first(load_solver("embedded", inner=all_bits, **SMALL), planted([1, 0, 1, 1, 0, 0]))

    assert set(batch.clocks) == {"think_s", "embed_s"}
    assert batch.clocks["embed_s"] > 0
    assert {"num_physical", "longest_chain", "chain_break_fraction", "budget"} <= set(batch.facts)


def test_the_embedding_seed_is_the_only_seed_of_the_embedding() -> None:
    qubo = random_complete(10, 0)
    chains = [
        load_solver("embedded", topology_size=3, embedding_seed=seed).prepare(qubo).embedding.chains
        for seed in (0, 0, 1)
    ]

    assert chains[0] == chains[1] != chains[2]


# Bounds


@pytest.mark.parametrize("seed", range(6))
def test_the_bound_of_an_exact_inner_solver_is_the_minimum_where_chains_hold(all_bits: str, seed: int) -> None:
    qubo = random_complete(6, seed)

    batch = first(load_solver("embedded", inner=all_bits, chain_strength=20.0, **SMALL), qubo)

    assert batch.lower_bound == minimum(qubo) == qubo.energies(batch.bits)[0]


@pytest.mark.parametrize("strength", [0.01, 0.37, 1.0])
@pytest.mark.parametrize("seed", [4, 7])
def test_a_bound_through_weak_chains_is_never_above_the_minimum(all_bits: str, seed: int, strength: float) -> None:
    qubo = random_complete(6, seed)

    batch = first(load_solver("embedded", inner=all_bits, chain_strength=strength, **SMALL), qubo)

    assert batch.lower_bound is not None
    assert batch.lower_bound <= minimum(qubo)


@pytest.mark.parametrize("seed", range(6))
def test_rounding_never_lifts_a_bound_above_the_minimum_of_fractions(all_bits: str, seed: int) -> None:
    whole = random_complete(6, seed)
    qubo = make_qubo(whole.linear / 3, whole.rows, whole.cols, whole.couplings / 7, whole.offset / 11)

    batch = first(load_solver("embedded", inner=all_bits, chain_strength=20.0, **SMALL), qubo)

    assert batch.lower_bound is not None
    assert batch.lower_bound <= minimum(qubo)
    assert batch.lower_bound == pytest.approx(minimum(qubo), abs=1e-9)


def test_a_bound_between_whole_energies_is_lifted_to_the_next(all_bits: str) -> None:
    solver = load_solver("embedded", inner=f"{all_bits}[bound=-3.5]", **SMALL)

    assert first(solver, planted([1, 0, 1, 1])).lower_bound == -3.0


def test_an_infinite_bound_stays(all_bits: str) -> None:
    solver = load_solver("embedded", inner=f"{all_bits}[bound=-inf]", **SMALL)

    assert first(solver, planted([1, 0, 1, 1])).lower_bound == float("-inf")


def test_without_a_bound_inside_there_is_none_outside() -> None:
    assert run(load_solver("embedded", **SMALL), planted([1, 0, 1, 1]))[0].lower_bound is None


# What passes through


def test_seed_and_budget_reach_the_inner_solver(all_bits: str) -> None:
    solver = load_solver("embedded", inner=all_bits, **SMALL)
    stream = solver.sample(solver.prepare(planted([1, 0, 1])), seed=17, budget=Budget(seconds=2, reads=5))

    facts = next(stream).facts

    assert (facts["seed"], facts["budget"]) == (17, "2 s or 5 reads")


def test_closing_the_stream_closes_the_inner_one(all_bits: str) -> None:
    solver = load_solver("embedded", inner=all_bits, **SMALL)
    stream = solver.sample(solver.prepare(planted([1, 0, 1])), seed=0, budget=Budget(reads=5))
    closed = sys.modules["bnnbench_file_all_bits"].closed
    next(stream)
    assert not closed

    stream.close()  # type: ignore[attr-defined]

    assert closed


def test_the_inner_solver_may_have_parameters() -> None:
    solver = load_solver("embedded[inner=simulated_annealing[num_sweeps=7],topology_size=2]")

    assert solver.parameters["inner"] == "simulated_annealing[num_sweeps=7]"
    assert str(solver.spec) == "embedded[inner=simulated_annealing[num_sweeps=7],topology_size=2]"
    answered = np.concatenate([batch.bits for batch in run(solver, planted([1, 0, 1]), reads=3)])
    assert answered.shape == (3, 3)


def test_what_the_inner_solver_needs_counts_as_a_version(all_bits: str) -> None:
    versions = load_solver("embedded").versions
    assert set(versions) >= {"dwave-system", "minorminer", "dwave-neal"}

    before = load_solver("embedded", inner=all_bits).versions
    Path(all_bits).write_text(INNER + "\n", encoding="utf-8")

    assert before != load_solver("embedded", inner=all_bits).versions


# Refusals


def test_a_solver_of_networks_refuses_before_anything_is_embedded() -> None:
    instance = compile_problem(load_problem("parity", size=2), "reduced")

    reason = load_solver("embedded", inner="exhaustive").refuses(instance)

    assert reason == load_solver("exhaustive").refuses(instance.qubo) is not None
    assert load_solver("exhaustive").refuses(instance) is None


def test_what_the_inner_solver_refuses_of_the_physical_problem_is_an_error(all_bits: str) -> None:
    solver = load_solver("embedded", inner=f"{all_bits}[largest=8]", **SMALL)
    qubo = random_complete(8, 0)
    assert solver.refuses(qubo) is None

    with pytest.raises(
        InputError, match=r"embedded: the physical problem has \d+ qubits, and \d+ variables are too many"
    ):
        solver.prepare(qubo)


def test_an_inner_solver_that_is_unavailable_makes_this_one_so(all_bits: str) -> None:
    assert load_solver("embedded", inner=all_bits).unavailable() is None
    assert load_solver("embedded", inner=f"{all_bits}[installed=false]").unavailable() == "all bits are sold out."


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"inner": "nobody"}, "'inner' cannot be 'nobody': .*no solver named 'nobody'"),
        ({"inner": "simulated_annealing[num_sweeps=0]"}, "'inner' cannot be .*num_sweeps"),
        ({"topology": "chimera"}, "'topology' cannot be 'chimera'"),
        ({"topology_size": 0}, "'topology_size"),
        ({"chain_strength": 0}, "'chain_strength"),
        ({"chain_strength": float("inf")}, "'chain_strength"),
        ({"embedding_seed": -1}, "'embedding_seed"),
    ],
)
def test_a_wrong_parameter_is_named(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_solver("embedded", **parameters)


def test_a_problem_that_does_not_fit_is_a_sentence() -> None:
    with pytest.raises(InputError, match="no minor embedding was found of 14 variables and 91 couplings in pegasus-2"):
        load_solver("embedded", **SMALL).prepare(random_complete(14, 0))


def test_copies_share_the_bound_of_their_qubits(tmp_path: Path, all_bits: str) -> None:
    qubo = planted([0, 1, 1])
    solver = load_solver("embedded", inner=all_bits, topology="zephyr", topology_size=2, copies=3)

    batch = next(iter(solver.sample(solver.prepare(qubo), seed=0, budget=Budget(reads=2))))

    assert batch.bits.tolist() == [[0, 1, 1]] * 2
    assert batch.facts["num_copies"] == 3
    assert batch.facts["physical_energy"] - 3e-9 <= 3 * (batch.lower_bound or 0) <= 0
