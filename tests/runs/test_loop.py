"""Running a solver: budgets, gaps, and lies that are flagged."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from strategies import random_problem
from typing_extensions import override

from bnnbench.errors import CheckError, InputError
from bnnbench.optimum.find import ground_truth
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem, load_solver
from bnnbench.qubo.instance import Instance
from bnnbench.runs.judge import judge
from bnnbench.runs.loop import run
from bnnbench.runs.outcome import Outcome, fold
from bnnbench.runs.target import Target
from bnnbench.solver.contract import Batch, Budget, Solver
from bnnbench.suite.repetition import verdict


@dataclass(frozen=True, kw_only=True)
class Scripted(Solver):
    """Completes given weights, with a claimed bound, as often as asked."""

    weights: tuple[tuple[int, ...], ...]
    lower_bound: float | None = None
    batches: int = 1

    def sample(self, prepared: Instance, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """See `Solver.sample`."""
        del seed, budget
        for _ in range(self.batches):
            yield Batch(prepared.complete(np.array(self.weights)), lower_bound=self.lower_bound)


@dataclass(frozen=True, kw_only=True)
class Refusing(Scripted):
    """Applies to nothing."""

    def refuses(self, instance: Any) -> str | None:
        """See `Solver.refuses`."""
        return f"scripted: no taste for {type(instance).__name__}."


@dataclass(frozen=True, kw_only=True)
class Spins(Solver):
    """Answers spins for bits."""

    def sample(self, prepared: Instance, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """See `Solver.sample`."""
        yield Batch(np.full((1, prepared.qubo.num_variables), -1, dtype=np.int8))


@dataclass(frozen=True, kw_only=True)
class Missing(Scripted):
    """Needs what nobody has."""

    needs: ClassVar[tuple[str, ...]] = ("no-such-distribution",)


@dataclass(frozen=True, kw_only=True)
class OneByOne(Scripted):
    """Completes given weights, one setting per batch."""

    @override
    def sample(self, prepared: Instance, *, seed: int, budget: Budget) -> Iterator[Batch]:
        for weights in self.weights:
            yield Batch(prepared.complete(np.array([weights])))


ONE = Budget(reads=1)


@pytest.fixture
def instance() -> Instance:
    """3-3-1 with eight samples whose optimum is above 0 (so that a bound can lie below it, too)."""
    for seed in range(100):
        problem = random_problem((3, 3, 1), 8, seed=seed)
        if ground_truth(problem).loss > 0:
            return compile_problem(problem)
    raise AssertionError


@pytest.fixture
def optimal(instance: Instance) -> tuple[tuple[int, ...], ...]:
    """One optimal setting."""
    return (tuple(ground_truth(instance.problem).optima[0].tolist()),)


@pytest.fixture
def poor(instance: Instance) -> tuple[tuple[int, ...], ...]:
    """One setting above the optimum."""
    problem = instance.problem
    weights = 2 * np.random.default_rng(0).integers(0, 2, (200, 12)) - 1
    return (tuple(weights[int(np.argmax(problem.training_loss(weights)))].tolist()),)


def test_the_five_lines_of_the_readme_work() -> None:
    import bnnbench as bb

    problem = bb.load_problem("parity", size=3, hidden=3)
    instance = bb.compile(problem, "reduced")
    truth = bb.ground_truth(problem)
    outcome = bb.run(instance, bb.load_solver("simulated_annealing"), budget=bb.Budget(seconds=1), seed=0)

    assert outcome.status == "ok"
    assert outcome.energy is not None
    assert outcome.energy_gap == outcome.energy - truth.energy
    assert outcome.energy_gap >= 0
    assert outcome.loss_gap is not None
    assert outcome.loss_gap >= 0
    assert outcome.flags == []


def test_every_public_name_is_exported_and_no_other() -> None:
    import bnnbench

    for name in bnnbench.__all__:
        assert not inspect.ismodule(getattr(bnnbench, name)), name
        assert getattr(bnnbench, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Netwrok'"):
        _ = bnnbench.Netwrok


@pytest.mark.parametrize(
    "first",
    [
        "bb.ground_truth", "bb.load_problem; bb.ground_truth", "bb.compile; bb.formulation('reduced')",
        "bb.run; bb.ground_truth.__code__", "bb.Truth; bb.ground_truth.__code__",
        "from bnnbench.optimum import Truth; bb.ground_truth.__code__",
    ],
)  # fmt: skip
def test_public_names_do_not_depend_on_what_was_used_before(first: str) -> None:
    """A submodule's import binds it under its own name, which must not hide the function of the same name."""
    answer = subprocess.run(
        [sys.executable, "-c", f"import bnnbench as bb; {first}"], check=False, capture_output=True, text=True
    )

    assert answer.returncode == 0, answer.stderr


def test_an_honest_run_has_no_flags_and_its_proof_counts(instance: Instance, optimal: Any) -> None:
    optimum = ground_truth(instance.problem).loss

    outcome = run(instance, Scripted(weights=optimal, lower_bound=optimum), budget=ONE)

    assert (outcome.status, outcome.flags) == ("ok", [])
    assert (outcome.energy_gap, outcome.loss_gap, outcome.violations) == (0, 0, 0)
    assert (outcome.energy_successes, outcome.loss_successes) == (1, 1)
    assert outcome.proved
    assert outcome.lower_bound == optimum


def test_a_weak_bound_is_no_proof(instance: Instance, optimal: Any) -> None:
    outcome = run(instance, Scripted(weights=optimal, lower_bound=0), budget=ONE)

    assert (outcome.flags, outcome.proved, outcome.lower_bound) == ([], False, 0)


def test_a_bound_above_the_truth_is_flagged_and_proves_nothing(instance: Instance, poor: Any) -> None:
    lie = float(instance.problem.training_loss(poor)[0])
    assert lie > ground_truth(instance.problem).loss

    outcome = run(instance, Scripted(weights=poor, lower_bound=lie), budget=ONE)

    assert len(outcome.flags) == 1
    assert "above the true optimum" in outcome.flags[0]
    assert not outcome.proved
    assert outcome.lower_bound is None
    assert outcome.energy_gap is not None
    assert outcome.energy_gap > 0


def test_a_bound_above_the_own_sample_is_flagged(instance: Instance, optimal: Any) -> None:
    outcome = run(instance, Scripted(weights=optimal, lower_bound=100.0), budget=ONE)

    assert len(outcome.flags) == 1
    assert "above the energy" in outcome.flags[0]
    assert not outcome.proved


@pytest.mark.parametrize("bound", [float("nan"), float("inf")])
def test_a_bound_that_is_no_number_proves_nothing(instance: Instance, optimal: Any, bound: float) -> None:
    outcome = run(instance, Scripted(weights=optimal, lower_bound=bound), budget=ONE)

    assert not outcome.proved
    assert outcome.lower_bound is None
    assert outcome.flags


def test_a_lie_does_not_hide_behind_a_bound_that_is_no_number(instance: Instance, optimal: Any) -> None:
    class Mixed(Scripted):
        def sample(self, prepared: Instance, *, seed: int, budget: Budget) -> Iterator[Batch]:
            for bound in (float("nan"), 100.0):
                yield Batch(prepared.complete(np.array(self.weights)), lower_bound=bound)

    outcome = run(instance, Mixed(weights=optimal), budget=Budget(reads=2))

    assert not outcome.proved
    assert any("above the energy" in flag for flag in outcome.flags)


def test_a_wrong_truth_is_flagged(instance: Instance, optimal: Any) -> None:
    truth = ground_truth(instance.problem)
    wrong = replace(truth, loss=truth.loss + 1)

    outcome = run(instance, Scripted(weights=optimal), budget=ONE, truth=wrong)

    assert any("the truth is wrong" in flag for flag in outcome.flags)
    assert run(instance, Scripted(weights=optimal), budget=ONE, truth=truth).flags == []


def test_more_reads_than_asked_are_flagged(instance: Instance, optimal: Any) -> None:
    greedy = Scripted(weights=optimal * 3)

    assert run(instance, greedy, budget=Budget(reads=3)).flags == []
    assert run(instance, greedy, budget=Budget(reads=2)).flags == ["answered 3 reads where 2 were asked"]


def test_the_harness_stops_asking_when_the_reads_are_spent(instance: Instance, optimal: Any) -> None:
    outcome = run(instance, Scripted(weights=optimal, batches=1000), budget=Budget(reads=5))

    assert (outcome.num_reads, len(outcome.batches)) == (5, 5)


def test_the_harness_stops_asking_when_the_time_is_spent(instance: Instance) -> None:
    outcome = run(instance, load_solver("random"), budget=Budget(seconds=0.05))

    assert outcome.sample_s is not None
    assert 0.05 <= outcome.sample_s < 1.2
    assert outcome.flags == []


def test_answers_that_are_no_bits_are_an_error(instance: Instance) -> None:
    with pytest.raises(CheckError, match="spins are not bits"):
        run(instance, Spins(), budget=ONE)


def test_completion_shows_the_public_names() -> None:
    import bnnbench as bb

    assert {"run", "compile", "load_problem", "Problem", "__version__"} <= set(dir(bb))


def test_a_solver_is_taken_by_its_name(instance: Instance) -> None:
    named = run(instance, "random", budget=ONE)
    loaded = run(instance, load_solver("random"), budget=ONE)

    assert (named.energy, named.status) == (loaded.energy, "ok")
    with pytest.raises(InputError, match="did you mean tabu"):
        run(instance, "tabuu", budget=ONE)


def test_what_cannot_be_run_is_refused_with_a_sentence(instance: Instance) -> None:
    with pytest.raises(InputError, match=r"a solver must be a bnnbench.Solver or its name, but <class 'int'> came"):
        run(instance, 3, budget=ONE)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"compile it first, with bnnbench\.compile"):
        run(instance.problem, "random", budget=ONE)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"3 is no bnnbench\.Budget; write budget="):
        run(instance, "random", budget=3)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="the truth that came is not one of"):
        run(instance, "random", budget=ONE, truth=ground_truth(random_problem((1, 1), 1)))


@pytest.mark.parametrize("seed", [-1, 1.5, "a", None, True, 2**63])
def test_a_seed_that_is_none_is_refused(instance: Instance, seed: Any) -> None:
    with pytest.raises(InputError, match="the seed must be a whole number of at least 0 and below"):
        run(instance, "random", budget=ONE, seed=seed)


def test_a_refusal_is_an_outcome_with_a_sentence(instance: Instance, optimal: Any) -> None:
    outcome = run(instance, Refusing(weights=optimal), budget=ONE)

    assert (outcome.status, outcome.message) == ("refused", "scripted: no taste for Instance.")
    assert outcome.energy is None


def test_a_missing_distribution_is_an_outcome_with_a_sentence(instance: Instance, optimal: Any) -> None:
    outcome = run(instance, Missing(weights=optimal), budget=ONE)

    assert outcome.status == "unavailable"
    assert "no-such-distribution not installed" in outcome.message


def test_a_formulation_that_is_not_sound_has_no_energy_gap(instance: Instance, optimal: Any) -> None:
    soft = compile_problem(instance.problem, "soft")

    outcome = run(soft, Scripted(weights=optimal), budget=ONE)

    assert outcome.energy_gap is None
    assert outcome.loss_gap == 0
    assert run(instance, Scripted(weights=optimal), budget=ONE).energy_gap == 0


def test_what_is_too_large_to_search_has_a_gap_above_the_best_known_loss() -> None:
    large = compile_problem(random_problem((25, 15, 1), 4))

    outcome = run(large, load_solver("weight_search"), budget=ONE)

    assert (outcome.loss, outcome.loss_gap) == (0, 0)


def test_without_a_truth_there_is_a_run_but_no_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(problem: Any) -> None:
        raise InputError(f"{problem.name}: its losses are not exact.")

    monkeypatch.setattr("bnnbench.runs.loop.ground_truth", refuse)
    large = compile_problem(random_problem((25, 15, 1), 4))

    outcome = run(large, load_solver("random"), budget=ONE)

    assert outcome.status == "ok"
    assert outcome.energy is not None
    assert (outcome.energy_gap, outcome.loss_gap, outcome.loss_successes) == (None, None, None)


def test_exhaustive_proves_its_answer(instance: Instance) -> None:
    outcome = run(instance, load_solver("exhaustive"), budget=ONE)

    assert (outcome.energy_gap, outcome.loss_gap, outcome.proved, outcome.flags) == (0, 0, True, [])
    assert outcome.facts["num_optima"] == ground_truth(instance.problem).num_optima


@pytest.mark.parametrize(("level", "batches"), [(None, 5), (0, 3), (1, 2), (2, 1)])
def test_a_run_ends_at_the_first_sample_at_or_below_its_target(level: int | None, batches: int) -> None:
    instance = compile_problem(random_problem((5, 1), 12))
    drawn = np.random.default_rng(0).choice([-1, 1], (4000, instance.problem.network.num_weights)).astype(np.int8)
    above = instance.problem.training_loss(drawn) - ground_truth(instance.problem).loss
    of_gap = {gap: tuple(weights.tolist()) for gap, weights in zip(above, drawn, strict=True)}
    gaps = sorted(of_gap)[:3]
    script = tuple(of_gap[gaps[place]] for place in (2, 1, 0, 0, 0))
    target = None if level is None else gaps[level]

    outcome = run(instance, OneByOne(weights=script), budget=Budget(seconds=60, target=target))

    assert len(outcome.batches) == batches


def test_the_effort_to_a_target_is_that_of_the_first_batch_that_reaches_it() -> None:
    instance = compile_problem(load_problem("parity"))
    one = judge(instance, Batch(exact_bits(instance), evaluations=7), 1.0)
    losses = [9.0, 2.0, 0.3, 0.0, 0.0]
    batches = [replace(one, loss=loss, time_s=float(place)) for place, loss in enumerate(losses)]
    target = Target(0.0, "exhaustive", is_sound=True, num_samples=40)

    outcome = fold(batches, target, Budget(reads=9), status="ok")

    assert (outcome.time_to_5_percent_s, outcome.time_to_1_percent_s, outcome.time_to_target_s) == (1, 2, 3)
    told = outcome.evaluations_to_5_percent, outcome.evaluations_to_1_percent, outcome.evaluations_to_target
    assert told == (14, 21, 28)


ON_TIME, LATE = 1.1 * 10 + 1, 1.1 * 10 + 1.001
"""Of a budget of 10 s."""


def of_times(*times: float) -> Outcome:
    """Return a run of 10 s with the loss 9, and at last the optimum, at these times."""
    one = judge(instance := compile_problem(load_problem("parity")), Batch(exact_bits(instance), lower_bound=0), 1.0)
    far = replace(one, energy=9.0, loss=9.0, energy_levels=[(9.0, 1)], loss_levels=[(9.0, 1)], lower_bound=None)
    batches = [replace(far, time_s=time_s) for time_s in times[:-1]] + [replace(one, time_s=times[-1])]
    return fold(batches, Target(0.0, "exhaustive", is_sound=True, num_samples=40), Budget(seconds=10), status="ok")


def test_an_optimum_at_the_end_of_the_grace_counts() -> None:
    outcome = of_times(1.0, ON_TIME)

    assert (outcome.loss, outcome.loss_gap, outcome.loss_successes, outcome.proved) == (0, 0, 1, True)
    assert (outcome.time_to_target_s, outcome.flags, outcome.status) == (ON_TIME, [], "ok")


def test_an_optimum_that_comes_late_is_no_success() -> None:
    outcome = of_times(1.0, LATE)

    assert (outcome.loss, outcome.loss_gap, outcome.loss_successes, outcome.num_reads) == (9, 9, 0, 1)
    assert (outcome.energy_gap, outcome.proved, outcome.time_to_target_s, outcome.status) == (9, False, None, "ok")
    assert outcome.flags == ["took 12.0 s of a budget of 10 s, and what came after 12 s does not count"]
    assert [batch.loss for batch in outcome.batches] == [9, 0]


def test_a_run_whose_first_sample_comes_late_is_a_timeout() -> None:
    outcome = of_times(LATE)

    assert (outcome.status, outcome.loss, outcome.num_reads, len(outcome.batches)) == ("timeout", None, 0, 1)
    assert outcome.message == "the first sample came after 12 s, of a budget of 10 s; give it a larger one."


def test_what_was_never_reached_took_no_effort() -> None:
    instance = compile_problem(load_problem("parity"))
    far = replace(judge(instance, Batch(exact_bits(instance)), 1.0), loss=9.0)

    outcome = fold([far], Target(0.0, "exhaustive", is_sound=True, num_samples=40), Budget(reads=9), status="ok")

    assert (outcome.time_to_target_s, outcome.time_to_5_percent_s, outcome.evaluations_to_target) == (None, None, None)


@dataclass(frozen=True, kw_only=True)
class Improving(OneByOne):
    """Calls itself exact, and betters its answer."""

    exact: ClassVar[bool] = True


def test_an_exact_solver_has_one_read_and_each_improvement_is_a_point_of_the_trace(instance, optimal, poor):
    outcome = run(instance, Improving(weights=poor + optimal), budget=Budget(reads=5), keep_samples=True)
    sampler = run(instance, OneByOne(weights=poor + optimal), budget=Budget(reads=5))

    assert (outcome.num_reads, outcome.loss_successes, outcome.mean_loss) == (1, 1, outcome.loss)
    assert [batch.num_reads for batch in outcome.batches] == [1, 0]
    assert [batch.loss for batch in outcome.batches] == [batch.loss for batch in sampler.batches]
    assert outcome.time_to_target_s == outcome.batches[1].time_s > outcome.batches[0].time_s
    assert len(outcome.sampleset) == 1
    assert outcome.sampleset.first.energy == outcome.energy
    assert (sampler.num_reads, sampler.loss_successes) == (2, 1)


def test_the_read_of_an_exact_solver_that_is_cut_short_is_its_best_so_far(instance, optimal, poor):
    stopped = run(instance, Improving(weights=poor + optimal), budget=Budget(reads=5, target=100))

    assert (stopped.status, stopped.num_reads, stopped.loss_successes) == ("ok", 1, 0)
    assert stopped.mean_loss == stopped.loss == stopped.batches[0].loss


def test_a_wrapper_of_an_exact_solver_has_one_read(instance):
    outcome = run(instance, load_solver("control_errors", inner="cpsat"), budget=Budget(reads=5))

    assert outcome.num_reads == 1


SAMPLERS = ["random", "simulated_annealing[num_sweeps=10]"]


@pytest.mark.parametrize("spec", SAMPLERS)
@pytest.mark.parametrize("reads", [1, 25, 130])
def test_the_budget_of_reads_is_obeyed(instance: Instance, spec: str, reads: int) -> None:
    outcome = run(instance, load_solver(spec), budget=Budget(reads=reads))

    assert (outcome.num_reads, outcome.flags) == (reads, [])


@pytest.mark.parametrize("spec", ["cpsat", "cpsat_network"])
@pytest.mark.parametrize("reads", [1, 2, 3])
def test_cpsat_answers_its_best_whatever_the_budget_of_reads(instance: Instance, spec: str, reads: int) -> None:
    outcome = run(instance, load_solver(spec), budget=Budget(reads=reads))

    assert outcome.num_reads == 1
    assert (outcome.energy_gap, outcome.proved, outcome.flags) == (0, True, [])


@pytest.mark.parametrize("spec", SAMPLERS)
def test_the_same_seed_gives_the_same_bits(spec: str) -> None:
    instance = compile_problem(random_problem((7, 3, 1), 10))
    solver, budget = load_solver(spec), Budget(reads=15)

    def bits(seed: int) -> np.ndarray:
        stream = solver.sample(solver.prepare(instance), seed=seed, budget=budget)
        return np.vstack([batch.bits for batch in stream])

    assert np.array_equal(bits(4), bits(4))
    assert not np.array_equal(bits(4), bits(5))


@pytest.mark.parametrize(
    "values",
    [
        {},
        *({"seconds": value} for value in (0, -1, float("nan"), float("inf"), "1", True, 10**400)),
        *({"reads": value} for value in (0, 1.5, True, float("nan"), 2**63, 10**400, "1")),
        *({"reads": 1, "target": value} for value in (-1, float("nan"), float("inf"), "0", False)),
    ],
)
def test_a_budget_that_is_none_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="budget"):
        Budget(**values)


def test_numbers_of_numpy_make_a_budget() -> None:
    assert Budget(seconds=np.float32(2), reads=np.int64(3)) == Budget(seconds=2, reads=3)  # type: ignore[arg-type]


def test_a_budget_is_written_in_the_singular_and_the_plural() -> None:
    assert [str(Budget(reads=1)), str(Budget(reads=2, seconds=0.5))] == ["1 read", "0.5 s or 2 reads"]
    assert str(Budget(reads=1, target=0)) == "1 read or the optimum"
    assert str(Budget(seconds=2, target=1.5)) == "2 s or a loss of 1.5 above the optimum"


def test_a_budget_is_split_into_batches() -> None:
    assert list(Budget(reads=25).reads_in_batches(10, first=10)) == [10, 10, 5]
    assert list(Budget(reads=20).reads_in_batches(10, first=10)) == [10, 10]
    endless = Budget(seconds=1).reads_in_batches(10, first=10)
    assert [next(endless) for _ in range(3)] == [10, 10, 10]


def test_the_first_batches_double_from_a_single_read() -> None:
    assert list(Budget(reads=60).reads_in_batches(10)) == [1, 1, 2, 4, 8, 10, 10, 10, 10, 4]
    assert list(Budget(reads=3).reads_in_batches(10)) == [1, 1, 1]


def test_batches_that_grow_are_a_tenth_of_what_came_before() -> None:
    sizes = list(Budget(reads=1_000_000).reads_in_batches(10, most=50_000))

    assert sum(sizes) == 1_000_000
    assert sizes[:6] == [1, 1, 2, 4, 8, 10]
    assert max(sizes) == 50_000
    assert all(size <= max(10, sum(sizes[:place]) / 10) for place, size in enumerate(sizes))
    assert len(sizes) < 140


@pytest.mark.parametrize(("known", "gap"), [(None, 0.0), ("best_known", 0.0), ("exhaustive", -2.0)])
def test_a_loss_of_0_is_an_optimum_unless_another_one_is_certified(known, gap):
    instance = compile_problem(load_problem("parity"))
    bits = exact_bits(instance)
    target = Target(None if known is None else 2.0, known, is_sound=True)

    outcome = fold([judge(instance, Batch(bits), 0.1)], target, Budget(reads=1), status="ok")

    assert (outcome.loss, outcome.loss_gap) == (0.0, gap)
    assert outcome.loss_successes == 1


STEP = 2.0**-21
"""ε of ``zero_one_margin`` where N·d_L·m_L is 2^20: less than a millionth."""


@pytest.mark.parametrize("gap", [0.0, STEP])
def test_a_loss_that_is_one_margin_above_the_optimum_is_no_success(gap):
    instance = compile_problem(load_problem("parity"))
    batch = judge(instance, Batch(exact_bits(instance), lower_bound=1.0), 0.1)
    above = 1 + gap
    batch = replace(batch, loss=above, energy=above, loss_levels=[(above, 1)], energy_levels=[(above, 1)])

    outcome = fold([batch], Target(1.0, "exhaustive", is_sound=True), Budget(reads=1), status="ok")

    is_optimal = gap == 0
    assert (outcome.loss_successes, outcome.energy_successes) == (is_optimal, is_optimal)
    assert outcome.proved is is_optimal
    assert verdict("ok", outcome.loss_gap) == ("solved" if is_optimal else "unsolved")


def test_a_loss_that_is_one_margin_below_a_certified_optimum_is_flagged():
    instance = compile_problem(load_problem("parity"))
    batch = replace(judge(instance, Batch(exact_bits(instance)), 0.1), loss=1 - STEP)

    outcome = fold([batch], Target(1.0, "exhaustive", is_sound=False), Budget(reads=1), status="ok")

    assert outcome.flags == ["reached the loss 0.9999995 below the certified optimum 1: the truth is wrong"]


@pytest.mark.parametrize(
    ("bound", "is_sound", "is_false"),
    [(1 + STEP, True, True), (1.0, True, False), (1 + STEP, False, False), (1.001, False, True)],
)
def test_a_claimed_bound_is_compared_exactly_where_energies_are_exact(bound, is_sound, is_false):
    instance = compile_problem(load_problem("parity"))
    batch = replace(judge(instance, Batch(exact_bits(instance)), 0.1), energy=1.0, loss=1.0, lower_bound=bound)

    outcome = fold([batch], Target(1.0, "exhaustive", is_sound=is_sound), Budget(reads=1), status="ok")

    assert bool(outcome.flags) is is_false
    assert outcome.proved is not is_false


def test_numbers_that_differ_little_are_shown_apart():
    instance = compile_problem(load_problem("parity"))
    batch = replace(judge(instance, Batch(exact_bits(instance)), 0.1), energy=1.0, lower_bound=1 + STEP)

    outcome = fold([batch], Target(None, None, is_sound=True), Budget(reads=1), status="ok")

    assert outcome.flags == ["claimed the lower bound 1.0000005 above the energy 1 of its own sample"]


def exact_bits(instance):
    """A sample of the ground state, completed from the optimal weights."""
    return instance.complete(ground_truth(instance.problem).optima[:1])


def test_reads_are_kept_on_request_with_their_energies():
    instance = compile_problem(load_problem("parity"), "compact")
    budget = Budget(reads=30)

    kept = run(instance, "random", budget=budget, keep_samples=True)
    dropped = run(instance, "random", budget=budget)

    assert len(kept.sampleset) == kept.num_reads == 30
    assert kept.sampleset.first.energy == kept.energy
    assert dropped.sampleset is None
