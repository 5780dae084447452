"""The adapter `dwave`, with D-Wave's own mock in the place of the QPU: no network is touched."""

from __future__ import annotations

import itertools
import re
import shutil
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dimod
import numpy as np
import pytest
import requests
from dwave.cloud import exceptions
from mock_qpu import Mock, planted, timed

from bnnbench.errors import InputError, RefusedError, UnavailableError
from bnnbench.harness.campaign import Campaign
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem, load_solver
from bnnbench.qubo.qubo import Qubo, make_qubo
from bnnbench.solver.contract import Batch, Budget, Solver
from bnnbench.store.store import open_store
from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan

TOKEN = "SECRET-0123456789abcdef"

pytestmark = pytest.mark.usefixtures("machine")


TARGET = [0, 1, 1, 0, 1, 0, 0, 1]


def run(solver: Solver, qubo: Qubo, budget: Budget, seed: int = 0) -> list[Batch]:
    return list(solver.sample(solver.prepare(qubo), seed=seed, budget=budget))


def printed(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


# Sampling


@pytest.mark.parametrize(("topology", "shape"), [("pegasus", [3]), ("zephyr", [2, 4])])
def test_answers_each_variable_in_its_place_behind_chains(
    connect: Callable[..., Solver], topology: str, shape: list[int]
) -> None:
    mock = Mock(topology_type=topology, topology_shape=shape)
    qubo = planted(TARGET)

    (batch,) = run(connect(mock, topology=topology), qubo, Budget(reads=200))

    assert batch.bits.shape == (200, 8)
    assert batch.bits.dtype == np.int8
    assert batch.facts["longest_chain"] > 1
    assert batch.bits[qubo.energies(batch.bits).argmin()].tolist() == TARGET
    assert batch.lower_bound is None


def test_answers_each_variable_in_its_place_without_any_coupling(connect: Callable[..., Solver]) -> None:
    separable = make_qubo(1.0 - 2 * np.array(TARGET), np.array([], int), np.array([], int), np.array([]), 0.0)

    (batch,) = run(connect(Mock()), separable, Budget(reads=5))

    assert batch.bits.tolist() == [TARGET] * 5


def test_only_qubits_and_couplers_of_the_working_graph_are_used(connect: Callable[..., Solver]) -> None:
    whole = connect(Mock()).prepare(planted(TARGET)).embedding
    broken = Mock(broken_nodes=[whole.qubits[0]])

    prepared = connect(broken).prepare(planted(TARGET))

    assert set(prepared.model.variables) == set(prepared.embedding.qubits) <= set(broken.nodelist)
    assert {tuple(sorted(pair)) for pair in prepared.model.quadratic} <= set(broken.edgelist)
    assert whole.qubits[0] not in prepared.embedding.qubits


def test_the_reads_of_a_budget_are_spent_submission_by_submission(connect: Callable[..., Solver]) -> None:
    mock = Mock()

    batches = run(connect(mock, reads_per_call=40), planted(TARGET), Budget(reads=100))

    assert [asked["num_reads"] for asked in mock.asked] == [40, 40, 20]
    assert [len(batch.bits) for batch in batches] == [40, 40, 20]


def test_a_budget_in_seconds_is_sampled_until_the_stream_is_closed(connect: Callable[..., Solver]) -> None:
    mock = Mock()
    solver = connect(mock, reads_per_call=3)
    stream = solver.sample(solver.prepare(planted(TARGET)), seed=0, budget=Budget(seconds=1))

    sizes = [len(next(stream).bits) for _ in range(5)]
    stream.close()  # type: ignore[attr-defined]

    assert sizes == [3] * 5
    assert len(mock.asked) == 5


def test_copies_are_annealed_at_once_and_read_one_by_one(connect: Callable[..., Solver]) -> None:
    mock = Mock(topology_type="zephyr", topology_shape=[4, 4])
    qubo = planted(TARGET)

    batches = run(connect(mock, topology="zephyr", copies=6, reads_per_call=10), qubo, Budget(reads=100))

    assert [asked["num_reads"] for asked in mock.asked] == [10, 7]
    assert [len(batch.bits) for batch in batches] == [60, 40]
    assert batches[0].facts["num_copies"] == 6
    reads = np.concatenate([batch.bits for batch in batches])
    assert reads[qubo.energies(reads).argmin()].tolist() == TARGET


def test_copies_are_annealed_fast_each_with_its_spin_of_biases(connect: Callable[..., Solver]) -> None:
    mock = Mock(topology_type="zephyr", topology_shape=[4, 4])
    solver = connect(mock, topology="zephyr", copies=3, fast_anneal=True, annealing_time_us=0.01)

    (batch,) = run(solver, planted(TARGET), Budget(reads=30))

    assert batch.bits.shape == (30, 8)
    assert not any(mock.models[0].linear.values())
    assert planted(TARGET).energies(batch.bits).min() == 0


def test_copies_are_estimated_as_so_many_fewer_anneals_on_so_many_more_qubits(connect: Callable[..., Solver]) -> None:
    mock = timed()
    one, four = (connect(mock, copies=copies) for copies in (1, 4))

    alone, together = (s.prepare(planted(TARGET)) for s in (one, four))

    assert together.embedding.copies == 4
    assert together.embedding.num_physical > alone.embedding.num_physical
    anneals = mock.solver.estimate_qpu_access_time(together.embedding.num_physical, num_reads=250) / 1e6
    assert four.qpu_seconds(together, Budget(reads=1000)) == pytest.approx(anneals)
    assert four.qpu_seconds(together, Budget(reads=1000)) < one.qpu_seconds(alone, Budget(reads=1000)) / 2


def test_reads_come_one_by_one_not_as_a_histogram(connect: Callable[..., Solver]) -> None:
    mock = Mock()
    separable = make_qubo(np.ones(3), np.array([], int), np.array([], int), np.array([]), 0.0)

    (batch,) = run(connect(mock), separable, Budget(reads=7))

    assert mock.asked[0]["answer_mode"] == "raw"
    assert len(batch.bits) == 7


def test_the_annealing_time_is_asked_for_only_if_given(connect: Callable[..., Solver]) -> None:
    mock = Mock()
    run(connect(mock), planted(TARGET), Budget(reads=1))
    run(connect(mock, annealing_time_us=0.5), planted(TARGET), Budget(reads=1))

    assert "annealing_time" not in mock.asked[0]
    assert mock.asked[1]["annealing_time"] == 0.5


SCHEDULE = [[0, 0], [20, 0.5], [120.5, 0.5], [140, 1]]


def test_the_anneal_schedule_is_asked_for_and_estimated(connect: Callable[..., Solver]) -> None:
    mock = timed()
    solver = connect(mock, anneal_schedule=SCHEDULE)
    plain = connect(mock, annealing_time_us=140)

    run(solver, planted(TARGET), Budget(reads=1))

    assert mock.asked[0]["anneal_schedule"] == SCHEDULE
    assert "annealing_time" not in mock.asked[0]
    seconds = [s.qpu_seconds(s.prepare(planted(TARGET)), Budget(reads=9)) for s in (solver, plain)]  # type: ignore[attr-defined]
    assert seconds[0] == seconds[1]


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        ([[0, 0], [0.1, 1]], "maximum slope"),
        ([[0, 0], [3000, 1]], "longer than the maximum anneal time"),
        ([[0, 0], *([t, t / 100] for t in range(1, 20)), [100, 1]], "between 2 and 12 points"),
    ],
)
def test_a_schedule_that_the_qpu_does_not_take_is_refused(
    connect: Callable[..., Solver], schedule: list[list[float]], sentence: str
) -> None:
    mock = Mock()

    with pytest.raises(RefusedError, match=f"does not take the anneal_schedule .*{sentence}"):
        run(connect(mock, anneal_schedule=schedule), planted(TARGET), Budget(reads=1))

    assert mock.asked == []


REVERSE = [[0, 1], [5, 0.4], [15, 0.4], [20, 1]]


@pytest.mark.parametrize("spin_reversal", [False, True])
def test_a_reverse_anneal_starts_from_the_answer_of_another_solver(
    connect: Callable[..., Solver], spin_reversal: bool
) -> None:
    mock = timed()
    solver = connect(mock, anneal_schedule=REVERSE, initial="simulated_annealing", spin_reversal=spin_reversal)
    prepared = solver.prepare(planted(TARGET))

    batches = list(solver.sample(prepared, seed=0, budget=Budget(reads=2)))

    (asked,), (model,) = mock.asked, mock.models
    assert (asked["anneal_schedule"], asked["reinitialize_state"]) == (REVERSE, True)
    ground = dimod.SampleSet.from_samples_bqm(asked["initial_state"], model).first.energy
    assert ground == pytest.approx(0)  # the planted state on the chains, in the gauge of the submission
    assert batches[0].clocks["initial_s"] > 0


def test_only_the_first_submission_is_charged_for_the_initial_state(connect: Callable[..., Solver]) -> None:
    solver = connect(Mock(), anneal_schedule=REVERSE, initial="tabu", reads_per_call=2, reinitialize_state=False)

    batches = run(solver, planted(TARGET), Budget(reads=4))

    assert ["initial_s" in batch.clocks for batch in batches] == [True, False]
    assert "initial=tabu" in str(solver.spec)


def test_a_reverse_anneal_is_estimated_as_one(connect: Callable[..., Solver]) -> None:
    mock = timed()
    solver = connect(mock, anneal_schedule=REVERSE, initial="tabu")
    prepared = solver.prepare(planted(TARGET))

    estimate = solver.qpu_seconds(prepared, Budget(reads=9))

    asked = {"anneal_schedule": REVERSE, "initial_state": [1], "reinitialize_state": True}
    expected = mock.solver.estimate_qpu_access_time(prepared.embedding.num_physical, num_reads=9, **asked)
    assert estimate == pytest.approx(expected / 1e6)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"anneal_schedule": REVERSE}, "needs both an anneal_schedule from .* and initial"),
        ({"initial": "tabu"}, "needs both an anneal_schedule from .* and initial"),
        ({"anneal_schedule": REVERSE, "initial": "leap_hybrid"}, "would ask a QPU, which no limit counts"),
        ({"anneal_schedule": REVERSE, "initial": "weight_search"}, "network"),
    ],
)
def test_a_reverse_anneal_without_what_it_needs_is_refused(
    connect: Callable[..., Solver], parameters: dict[str, Any], sentence: str
) -> None:
    assert re.search(sentence, str(connect(Mock(), **parameters).refuses(planted(TARGET))))


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        ([[0, 1], [5, 1]], "must go below the fraction 1"),
        ([[0, 0.5], [5, 1]], "or from"),
        ([[0, 0], [5, 0.5], [6, 0.4], [9, 1]], "must not decrease, but in reverse"),
    ],
)
def test_a_schedule_that_is_neither_forward_nor_reverse_is_no_parameter(
    schedule: list[list[float]], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        load_solver("dwave", anneal_schedule=schedule)


def test_a_fast_anneal_is_submitted_without_biases_and_answers_each_variable(connect: Callable[..., Solver]) -> None:
    mock, qubo = Mock(topology_type="zephyr", topology_shape=[2, 4]), planted(TARGET)
    solver = connect(mock, topology="zephyr", fast_anneal=True, annealing_time_us=0.01)

    (batch,) = run(solver, qubo, Budget(reads=200))

    assert set(mock.models[0].spin.linear.values()) == {0.0}
    assert mock.asked[0] == {"num_reads": 200, "answer_mode": "raw", "annealing_time": 0.01, "fast_anneal": True}
    assert batch.bits.shape == (200, 8)
    assert batch.bits[qubo.energies(batch.bits) == 0].tolist()[:1] == [TARGET]


def test_a_fast_anneal_needs_a_time_that_the_qpu_takes(connect: Callable[..., Solver]) -> None:
    qubo = planted(TARGET)

    assert "give annealing_time_us" in str(connect(Mock(), fast_anneal=True).refuses(qubo))
    with pytest.raises(RefusedError, match=r"0\.005 to 2000 microseconds.*0\.001"):
        connect(Mock(), fast_anneal=True, annealing_time_us=0.001).prepare(qubo)


def test_a_fast_anneal_has_an_estimate(connect: Callable[..., Solver]) -> None:
    qubo, budget = planted(TARGET), Budget(reads=100)
    fast, slow = (
        connect(timed(), fast_anneal=fast, annealing_time_us=time) for fast, time in ((True, 0.01), (False, 20.0))
    )

    assert 0 < fast.qpu_seconds(fast.prepare(qubo), budget) < slow.qpu_seconds(slow.prepare(qubo), budget)


# The mock takes 10 s at once; 1 ms of it is programming, as in its properties.
@pytest.mark.parametrize(("annealing_us", "most"), [(2000.0, 4999), (1000.0, 9999), (500.0, 10_000)])
def test_no_submission_is_longer_than_the_qpu_takes(
    connect: Callable[..., Solver], annealing_us: float, most: int
) -> None:
    solver = connect(Mock(), reads_per_call=10_000, annealing_time_us=annealing_us)
    schedule = connect(Mock(), reads_per_call=10_000, anneal_schedule=[[0, 0], [annealing_us, 1]])

    assert solver.prepare(planted(TARGET)).reads_per_call == most
    assert schedule.prepare(planted(TARGET)).reads_per_call == most


def test_the_timing_model_of_the_qpu_limits_submissions_where_it_is_known(connect: Callable[..., Solver]) -> None:
    mock = timed()
    mock.properties["problem_run_duration_range"] = [0.0, 100_000.0]
    solver = connect(mock)
    prepared = solver.prepare(planted(TARGET))
    most = prepared.reads_per_call

    assert 1 < most < 1000
    assert access_s(mock, prepared.embedding.num_physical, most) <= 0.1
    assert access_s(mock, prepared.embedding.num_physical, most + 1) > 0.1
    run(solver, planted(TARGET), Budget(reads=2 * most + 1))
    assert [asked["num_reads"] for asked in mock.asked] == [most, most, 1]


def test_reads_are_no_more_than_the_qpu_takes_at_once(connect: Callable[..., Solver]) -> None:
    mock = Mock()
    mock.properties["num_reads_range"] = [1, 6]

    run(connect(mock), planted(TARGET), Budget(reads=10))

    assert [asked["num_reads"] for asked in mock.asked] == [6, 4]


def test_a_read_that_is_longer_than_the_qpu_takes_is_refused(connect: Callable[..., Solver]) -> None:
    mock = Mock()
    mock.properties["problem_run_duration_range"] = [0.0, 1010.0]

    with pytest.raises(RefusedError, match=r"one read takes about 0\.00102 s .* no submission of more than 0\.00101 s"):
        connect(mock).prepare(planted(TARGET))


def test_the_prefactor_scales_the_chains(connect: Callable[..., Solver]) -> None:
    models = [connect(Mock(), chain_prefactor=factor).prepare(planted(TARGET)).model for factor in (1.0, 3.0)]

    least = [min(model.quadratic.values()) for model in models]

    assert least[1] == pytest.approx(3 * least[0])


def test_broken_chains_are_read_as_asked(connect: Callable[..., Solver]) -> None:
    qubo, budget = planted(TARGET), Budget(reads=300)
    batches = {
        how: run(connect(Mock(), chain_strength=0.5, chain_breaks=how), qubo, budget)[0]
        for how in ("majority_vote", "minimize_energy", "discard")
    }

    assert len(batches["discard"].bits) == 300 - int(batches["discard"].facts["num_discarded"]) < 300
    assert len(batches["majority_vote"].bits) == len(batches["minimize_energy"].bits) == 300
    means = {how: qubo.energies(batch.bits).mean() for how, batch in batches.items()}
    assert means["minimize_energy"] < means["majority_vote"]


@pytest.mark.parametrize("fast", [{}, {"fast_anneal": True, "annealing_time_us": 0.01}], ids=["annealed", "fast"])
def test_means_of_whole_chains_are_the_network_of_the_bits(
    connect: Callable[..., Solver], fast: dict[str, object]
) -> None:
    class Whole(Mock):
        """Answers with the first qubit of each chain in all its qubits."""

        chains: tuple[tuple[int, ...], ...] = ()

        def sample(self, bqm: dimod.BinaryQuadraticModel, **keywords: Any) -> dimod.SampleSet:
            answer = super().sample(bqm, **keywords)
            place = {qubit: column for column, qubit in enumerate(answer.variables)}
            for chain in self.chains:
                columns = [place[qubit] for qubit in chain]
                answer.record.sample[:, columns] = answer.record.sample[:, columns[:1]]
            return answer

    instance, mock = compile_problem(load_problem("parity", size=2), "reduced"), Whole(topology_shape=[4])
    solver = connect(mock, chain_breaks="mean", **fast)
    prepared = solver.prepare(instance)
    mock.chains = prepared.embedding.chains
    (batch,) = solver.sample(prepared, seed=0, budget=Budget(reads=20))

    losses = instance.problem.training_loss(instance.decode(batch.bits))
    assert batch.facts["fractional_weights"] == batch.facts["chain_break_fraction"] == 0
    assert batch.facts["fractional_loss"] == losses.min()
    assert batch.facts["fractional_mean_loss"] == pytest.approx(losses.mean())


def test_chains_are_coupled_with_the_given_strength(connect: Callable[..., Solver]) -> None:
    prepared = connect(Mock(), chain_strength=12.5).prepare(planted(TARGET))
    chain = max(prepared.embedding.chains, key=len)

    within = [prepared.model.get_quadratic(p, q, default=0) for p, q in itertools.combinations(chain, 2)]

    assert prepared.model.vartype is dimod.SPIN
    assert set(within) <= {0, -12.5}
    assert -12.5 in within


def test_all_clocks_are_in_seconds(connect: Callable[..., Solver]) -> None:
    (batch,) = run(connect(Mock()), planted(TARGET), Budget(reads=1))

    # The mock's constants are 8550.28, 82.08 and 8468.2 microseconds.
    assert batch.clocks["qpu_access_s"] == pytest.approx(8550.28e-6)
    assert batch.clocks["qpu_sampling_s"] == pytest.approx(82.08e-6)
    assert batch.clocks["qpu_programming_s"] == pytest.approx(8468.2e-6)
    assert batch.clocks["embed_s"] > 0
    assert len(batch.clocks) == 4


def test_the_queue_is_clocked_where_the_server_tells_its_times(connect: Callable[..., Solver]) -> None:
    received = datetime(2026, 1, 1, tzinfo=UTC)

    class Queued(Mock):
        def sample(self, bqm: dimod.BinaryQuadraticModel, **keywords: Any) -> dimod.SampleSet:
            answer = super().sample(bqm, **keywords)
            times = SimpleNamespace(time_received=received, time_solved=received + timedelta(seconds=2))
            return dimod.SampleSet.from_future(times, lambda _: answer)

    (batch,) = run(connect(Queued()), planted(TARGET), Budget(reads=1))

    assert batch.clocks["qpu_queue_s"] == pytest.approx(2 - 8550.28e-6)


def test_facts_name_the_chip_and_describe_the_embedding(connect: Callable[..., Solver]) -> None:
    solver = connect(Mock())
    (batch,) = run(solver, planted(TARGET), Budget(reads=10))

    assert batch.facts["chip_id"] == "MockDWaveSampler"
    assert batch.facts["num_physical"] == solver.prepare(planted(TARGET)).embedding.num_physical > 8
    assert 0 <= float(batch.facts["chain_break_fraction"]) <= 1


def test_a_sampler_that_has_no_chip_id_has_no_such_fact(connect: Callable[..., Solver]) -> None:
    mock = Mock()
    del mock.properties["chip_id"]

    (batch,) = run(connect(mock), planted(TARGET), Budget(reads=1))

    assert "chip_id" not in batch.facts


def test_weak_chains_break_and_are_counted(connect: Callable[..., Solver]) -> None:
    fractions = [
        float(
            run(connect(Mock(), chain_strength=strength), planted(TARGET), Budget(reads=200))[0].facts[
                "chain_break_fraction"
            ]
        )
        for strength in (0.001, 1000.0)
    ]

    assert fractions[0] > fractions[1]


def test_the_embedding_seed_seeds_the_embedding(connect: Callable[..., Solver]) -> None:
    chains = [connect(Mock(), embedding_seed=seed).prepare(planted(TARGET)).embedding.chains for seed in (0, 0, 1)]

    assert chains[0] == chains[1] != chains[2]


def test_a_problem_that_does_not_fit_is_a_sentence(connect: Callable[..., Solver]) -> None:
    solver = connect(Mock(topology_shape=[2]))

    with pytest.raises(InputError, match="14 variables and 91 couplings in the pegasus graph of the QPU"):
        solver.prepare(planted([0, 1] * 7))


# Spin reversal


def test_reversed_spins_are_turned_back_and_the_gauge_follows_the_seed(connect: Callable[..., Solver]) -> None:
    mock, qubo = Mock(), planted(TARGET)
    solver = connect(mock, reads_per_call=100, spin_reversal=True)
    prepared = solver.prepare(qubo)

    batches = [batch for seed in (3, 3, 4) for batch in solver.sample(prepared, seed=seed, budget=Budget(reads=200))]

    first, second, again, _, other, _ = mock.models
    assert first == again
    assert first not in (second, other, prepared.model)
    assert {key: abs(bias) for key, bias in first.linear.items()} == {
        key: abs(bias) for key, bias in prepared.model.linear.items()
    }
    assert all(batch.bits[qubo.energies(batch.bits).argmin()].tolist() == TARGET for batch in batches)
    assert all(batch.bits.dtype == np.int8 for batch in batches)


def test_without_spin_reversal_the_model_is_submitted_as_it_is(connect: Callable[..., Solver]) -> None:
    mock = Mock()
    solver = connect(mock)
    prepared = solver.prepare(planted(TARGET))

    list(solver.sample(prepared, seed=0, budget=Budget(reads=1)))

    assert mock.models == [prepared.model]


# The guard of costs


def access_s(mock: Mock, num_qubits: int, num_reads: int, **given: float) -> float:
    return float(mock.solver.estimate_qpu_access_time(num_qubits, num_reads=num_reads, **given)) / 1e6


@pytest.mark.parametrize(
    ("budget", "submissions", "seconds"),
    [
        (Budget(reads=100), [40, 40, 20], None),
        (Budget(reads=80), [40, 40], None),
        (Budget(reads=7), [7], None),
        (Budget(seconds=3), [40], 3.0),
        (Budget(seconds=1e-6, reads=7), [7], 1e-6),
        (Budget(seconds=1000, reads=100), [40, 40, 20], None),
    ],
)
def test_the_estimate_sums_the_submissions_and_is_bounded_by_the_seconds(
    connect: Callable[..., Solver], budget: Budget, submissions: list[int], seconds: float | None
) -> None:
    mock = timed()
    solver = connect(mock, reads_per_call=40, annealing_time_us=50)
    prepared = solver.prepare(planted(TARGET))
    parts = [access_s(mock, prepared.embedding.num_physical, reads, annealing_time=50) for reads in submissions]

    estimate = solver.qpu_seconds(prepared, budget)  # type: ignore[attr-defined]

    bounded = min(sum(parts), seconds + parts[0]) if seconds and budget.reads else (seconds or 0.0) + sum(parts)
    assert estimate == pytest.approx(bounded)
    assert mock.asked == []


def test_a_run_above_the_limit_is_refused_with_its_estimate_before_anything_is_submitted(
    connect: Callable[..., Solver],
) -> None:
    mock = timed()
    solver = connect(mock, max_qpu_seconds=0.001)
    prepared = solver.prepare(planted(TARGET))
    estimate = solver.qpu_seconds(prepared, Budget(reads=50))  # type: ignore[attr-defined]

    with pytest.raises(RefusedError, match=rf"50 reads takes about {estimate:.3g} s .* max_qpu_seconds=0.001; nothing"):
        solver.sample(prepared, seed=0, budget=Budget(reads=50))

    assert mock.asked == []


def test_a_run_below_the_limit_is_submitted(connect: Callable[..., Solver]) -> None:
    mock = timed()

    (batch,) = run(connect(mock, max_qpu_seconds=60), planted(TARGET), Budget(reads=5))

    assert len(batch.bits) == 5
    assert len(mock.asked) == 1


@pytest.mark.parametrize("properties", [{}, {"problem_timing_data": {"version": "9.0.0"}}])
def test_a_limit_that_cannot_be_kept_is_refused(connect: Callable[..., Solver], properties: dict[str, Any]) -> None:
    mock = timed()
    mock.solver.properties = properties
    solver = connect(mock, max_qpu_seconds=60)

    with pytest.raises(InputError, match=r"cannot be estimated .* nothing was submitted"):
        run(solver, planted(TARGET), Budget(reads=5))

    assert mock.asked == []


# Availability


def test_without_a_token_it_is_unavailable_and_says_how_to_get_one() -> None:
    reason = load_solver("dwave").unavailable()

    assert reason is not None
    assert "https://cloud.dwavesys.com/leap" in reason
    assert "export DWAVE_API_TOKEN=" in reason
    assert "dwave config create" in reason


def test_a_token_in_the_environment_makes_it_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DWAVE_API_TOKEN", TOKEN)

    assert load_solver("dwave").unavailable() is None


def test_a_token_in_a_profile_makes_it_available(tmp_path: Path) -> None:
    (tmp_path / "dwave.conf").write_text(f"[mine]\ntoken = {TOKEN}\n", encoding="utf-8")

    assert load_solver("dwave").unavailable() is None


def test_a_profile_without_a_token_does_not(tmp_path: Path) -> None:
    (tmp_path / "dwave.conf").write_text("[mine]\nregion = eu-central-1\n", encoding="utf-8")

    assert "no token" in str(load_solver("dwave").unavailable())


def test_a_configuration_that_cannot_be_read_is_a_sentence_without_its_text(tmp_path: Path) -> None:
    (tmp_path / "dwave.conf").write_text(f"token {TOKEN}\n", encoding="utf-8")

    reason = str(load_solver("dwave").unavailable())

    assert "dwave.conf" in reason
    assert "dwave config create" in reason
    assert TOKEN not in reason


def test_a_profile_that_does_not_exist_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DWAVE_PROFILE", "nobody")

    assert "'nobody' not found" in str(load_solver("dwave").unavailable())


# Errors and the token

ERRORS = [
    exceptions.SolverAuthenticationError(f"token {TOKEN} is invalid"),
    exceptions.SolverOfflineError("solver is offline"),
    exceptions.SolverNotFoundError("Solver with the requested features not available"),
    exceptions.SolverFailureError("problem run duration exceeded"),
    exceptions.ProblemUploadError("upload failed"),
    exceptions.PollingTimeout("timed out"),
    exceptions.CanceledFutureError(),
    exceptions.InvalidProblemError("no such coupler"),
    exceptions.UseAfterCloseError("closed"),
    requests.exceptions.ConnectionError(f"https://cloud/?key={TOKEN}"),
    requests.exceptions.ReadTimeout("slow"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_cloud_that_fails_to_connect_is_a_sentence_without_the_token(
    connect: Callable[..., Solver], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setenv("DWAVE_API_TOKEN", TOKEN)
    solver = connect(None)

    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr(type(solver), "sampler", fail)
    with pytest.raises(
        UnavailableError, match=rf"^dwave: connecting failed \({type(error).__name__}: .*network\.$"
    ) as caught:
        solver.prepare(planted(TARGET))

    assert TOKEN not in printed(caught.value)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_submission_that_fails_is_a_sentence_without_the_token(
    connect: Callable[..., Solver], tmp_path: Path, error: Exception
) -> None:
    (tmp_path / "dwave.conf").write_text(f"[mine]\ntoken = {TOKEN}\n", encoding="utf-8")

    class Failing(Mock):
        def sample(self, bqm: dimod.BinaryQuadraticModel, **keywords: Any) -> dimod.SampleSet:
            if self.asked:
                raise error
            return super().sample(bqm, **keywords)

    solver = connect(Failing(), reads_per_call=4)
    stream = solver.sample(solver.prepare(planted(TARGET)), seed=0, budget=Budget(reads=8))

    assert len(next(stream).bits) == 4  # what came before the failure is kept
    with pytest.raises(UnavailableError, match=r"^dwave: a submission failed") as caught:
        next(stream)
    assert TOKEN not in printed(caught.value)


def test_an_answer_that_fails_when_it_is_waited_for_is_a_sentence_too(connect: Callable[..., Solver]) -> None:
    """A real QPU's sampler returns at once; errors come when its answer is read."""

    class Late(Mock):
        def sample(self, bqm: dimod.BinaryQuadraticModel, **_: Any) -> dimod.SampleSet:
            def fail(_: object) -> dimod.SampleSet:
                raise exceptions.SolverOfflineError("gone")

            return dimod.SampleSet.from_future(object(), fail)

    with pytest.raises(UnavailableError, match="SolverOfflineError: gone"):
        run(connect(Late()), planted(TARGET), Budget(reads=1))


def test_an_answer_that_comes_late_is_waited_for(connect: Callable[..., Solver]) -> None:
    class Late(Mock):
        def sample(self, bqm: dimod.BinaryQuadraticModel, **keywords: Any) -> dimod.SampleSet:
            answer = super().sample(bqm, **keywords)
            return dimod.SampleSet.from_future(object(), lambda _: answer)

    (batch,) = run(connect(Late()), planted(TARGET), Budget(reads=3))

    assert batch.bits.shape == (3, 8)


def test_a_mistake_of_the_program_is_not_disguised(connect: Callable[..., Solver]) -> None:
    class Wrong(Mock):
        def sample(self, bqm: dimod.BinaryQuadraticModel, **_: Any) -> dimod.SampleSet:
            raise TypeError("a mistake")

    with pytest.raises(TypeError, match="a mistake"):
        run(connect(Wrong()), planted(TARGET), Budget(reads=1))


def test_the_token_is_in_nothing_that_a_run_reports(
    connect: Callable[..., Solver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DWAVE_API_TOKEN", TOKEN)
    solver = connect(Mock())
    prepared = solver.prepare(planted(TARGET))
    batches = list(solver.sample(prepared, seed=0, budget=Budget(reads=2)))

    told = [solver, solver.parameters, solver.spec, solver.versions, [(b.facts, b.clocks) for b in batches]]

    assert TOKEN not in repr(told)


def test_the_qpu_of_the_topology_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr("dwave.system.DWaveSampler", lambda **config: asked.append(config))

    load_solver("dwave", topology="zephyr").sampler()  # type: ignore[attr-defined]

    assert asked == [{"solver": {"topology__type": "zephyr"}}]


def test_a_named_qpu_is_asked_for_with_its_topology(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr("dwave.system.DWaveSampler", lambda **config: asked.append(config))

    load_solver("dwave", qpu="Advantage_system4.1").sampler()  # type: ignore[attr-defined]

    assert asked == [{"solver": {"topology__type": "pegasus", "name": "Advantage_system4.1"}}]


def test_the_real_sampler_without_a_token_is_a_sentence() -> None:
    with pytest.raises(UnavailableError, match="connecting failed"):
        load_solver("dwave").prepare(planted(TARGET))


@pytest.mark.parametrize(
    "parameters",
    [
        {"topology": "chimera"},
        {"reads_per_call": 0},
        {"reads_per_call": 10_001},
        {"annealing_time_us": 0},
        {"chain_strength": -1},
        {"embedding_seed": -1},
        {"qpu": ""},
        {"record": ""},
        {"replay": ""},
        {"chain_breaks": "weighted_random"},
        {"chain_prefactor": 0},
        {"chain_prefactor": 1.0, "chain_strength": 2.0},
        {"anneal_schedule": [[0, 0], [20, 1]], "annealing_time_us": 20},
        {"anneal_schedule": []},
        {"anneal_schedule": [[0, 0]]},
        {"anneal_schedule": [[1, 0], [20, 1]]},
        {"anneal_schedule": [[0, 1], [10, 1], [20, 1]]},
        {"anneal_schedule": [[0, 0], [20, 0.9]]},
        {"anneal_schedule": [[0, 0], [10, 0.6], [15, 0.5], [20, 1]]},
        {"anneal_schedule": [[0, 0], [10, 0.5], [10, 1]]},
        {"anneal_schedule": [[0, 0, 0], [20, 1, 1]]},
        {"anneal_schedule": [[0, 0], [float("inf"), 1]]},
        {"anneal_schedule": [[0, 0], [10, float("nan")], [20, 1]]},
        {"max_qpu_seconds": 0},
        {"max_qpu_seconds": float("inf")},
    ],
)
def test_a_wrong_parameter_is_named(parameters: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(parameters))):
        load_solver("dwave", **parameters)


# Rows of a campaign

SUITE = """
[budget]
reads = 20
[[problems]]
name = "majority"
[[formulations]]
name = "reduced"
[[solvers]]
name = "{solver}"
reads_per_call = 10
{also}
"""


@pytest.mark.parametrize(
    ("also", "status", "sentence"),
    [
        ('connection = "network"', "unavailable", "connecting failed (ConnectionError: name resolution failed)"),
        (
            'connection = "token"',
            "unavailable",
            "(SolverAuthenticationError: token <token> is expired)",
        ),
        ('connection = "offline"', "unavailable", "connecting failed (SolverOfflineError: solver is offline)"),
        ('connection = "breaks"', "error", "a submission failed (SolverOfflineError: solver is offline)"),
        ('connection = "small"', "refused", "have no minor embedding in"),
        ("max_qpu_seconds = 1e-6", "refused", "nothing was submitted"),
        ("anneal_schedule = [[[0, 0], [0.1, 1]]]", "refused", "the QPU does not take the anneal_schedule"),
        ('replay = "nowhere.jsonl"', "refused", "nowhere.jsonl cannot be read (No such file or directory)"),
        ("", "ok", ""),
    ],
)
def test_what_goes_wrong_is_a_row_with_its_sentence(tmp_path: Path, also: str, status: str, sentence: str) -> None:
    shutil.copy(Path(__file__).parents[1] / "mocked_dwave.py", tmp_path)
    path = tmp_path / "suite.toml"
    path.write_text(SUITE.format(solver="mocked_dwave.py", also=also), encoding="utf-8")
    planned = plan(read_suite(path), tmp_path)

    with open_store(tmp_path / "out") as store:
        ((_, outcome),) = Campaign(store, planned.suite.limits, {}).run(list(planned.cells()))

    assert outcome.status == status
    assert sentence in outcome.message
    assert outcome.num_reads == {"ok": 20, "unavailable": 0, "refused": 0}.get(status, 10 if "breaks" in also else 0)
    assert TOKEN not in (tmp_path / "out" / "runs.sqlite").read_bytes().decode("latin-1")
