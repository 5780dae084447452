"""Formulations: exactness of the penalties, sizes, refusals."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from strategies import all_bits, all_weights, enumerable, problems, random_bits, random_problem, random_weights

from bnnbench.errors import InputError, UnknownNameError
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.entries import entries
from bnnbench.plugins.registry import formulation, load_problem
from bnnbench.problem.merging import WeightedSamples, merged_samples
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem
from bnnbench.qubo.counter import COUNTERS
from bnnbench.qubo.encoding import Encoding
from bnnbench.qubo.formulation import Formulation, Soundness
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.penalty import layer_bounds, penalty_bound
from bnnbench.runs.judge import judge, unpack_bits
from bnnbench.solver.contract import Batch

SHIPPED = ["compact", "reduced", "sasdelli", "soft"]


def encoding_of(instance: Instance) -> Encoding:
    """The encoding of one sample."""
    assert instance.tiling is not None
    return instance.tiling.encoding


def contradiction(widths: tuple[int, ...], loss: Any) -> Problem:
    """One input with both labels."""
    inputs = np.ones((2, widths[0]), dtype=np.int8)
    return Problem(Network(widths), inputs, [[1] * widths[-1], [-1] * widths[-1]], loss)


def best_energies(instance: Instance) -> tuple[np.ndarray, np.ndarray]:
    """Weight settings of an instance, and for each the minimum energy over all ancillas, by enumeration."""
    n, num_weights = instance.qubo.num_variables, encoding_of(instance).num_weights
    bits = all_bits(n)
    energies = instance.qubo.energies(bits).reshape(2**num_weights, -1)
    return instance.decode(bits[:: 2 ** (n - num_weights)]), energies.min(axis=1)


def least_loss(problem: Problem) -> float:
    """The optimum, by trying every weight setting."""
    return float(problem.training_loss(all_weights(problem.network)).min())


# The penalty bound


@settings(max_examples=80)
@given(enumerable(excess=st.sampled_from([0.0, 0.25, 1.0])))
def test_from_the_bound_on_the_minimum_over_ancillas_is_the_training_loss(drawn: tuple[Problem, Formulation]) -> None:
    problem, setting = drawn
    assert setting.is_sound(problem)

    weights, energies = best_energies(compile_problem(problem, setting))

    assert np.array_equal(energies, problem.training_loss(weights))


@settings(max_examples=60)
@given(enumerable(excess=st.sampled_from([0.125, 1.0])))
def test_above_the_bound_every_ground_state_violates_nothing(drawn: tuple[Problem, Formulation]) -> None:
    problem, setting = drawn
    instance = compile_problem(problem, setting)
    bits = all_bits(instance.qubo.num_variables)
    energies = instance.qubo.energies(bits)

    ground = bits[energies == energies.min()]

    assert all(not counts.any() for counts in instance.violations(ground).values())
    assert np.all(problem.training_loss(instance.decode(ground)) == least_loss(problem))


@pytest.mark.parametrize("loss", ["zero_one", "margin", "zero_one_margin"])
@pytest.mark.parametrize("widths", [(3, 1), (1, 1, 1), (2, 1, 1), (1, 1, 2)])
def test_at_the_bound_the_minimum_energy_is_the_optimal_loss(widths: tuple[int, ...], loss: str) -> None:
    problem = contradiction(widths, loss)
    bound = penalty_bound(problem.network, problem.loss_weights)

    _, energies = best_energies(compile_problem(problem, penalty=bound))

    assert energies.min() == least_loss(problem)


def test_below_the_bound_the_minimum_energy_can_be_below_the_optimal_loss() -> None:
    problem = contradiction((3, 1), "zero_one")
    assert penalty_bound(problem.network, problem.loss_weights) == 1

    _, below = best_energies(compile_problem(problem, penalty=0.75, merge=False))
    _, at = best_energies(compile_problem(problem, penalty=1, merge=False))

    assert (below.min(), at.min(), least_loss(problem)) == (0.75, 1, 1)


def test_a_wrong_product_moves_the_margin_by_two() -> None:
    """One output of fan-in 1: the span of the loss is 1, but λ = 1 is not enough at the output."""
    problem = Problem(Network((1, 1, 1)), [[1], [1]], [[1], [-1]], "margin")

    _, at_span = best_energies(compile_problem(problem, penalty=1, merge=False))
    _, at_bound = best_energies(compile_problem(problem, penalty=2, merge=False))

    assert at_span.min() < least_loss(problem)
    assert at_bound.min() == least_loss(problem) == 1


BOUNDS = [
    ((3, 1), "zero_one", (1,)), ((3, 2), "zero_one", (1,)), ((3, 2), "margin", (0,)),
    ((1, 1, 1), "margin", (1, 2)), ((3, 3, 1), "zero_one", (1, 1)), ((3, 3, 2), "zero_one", (2, 1)),
    ((3, 3, 2), "margin", (2, 2)), ((3, 3, 5, 2), "margin", (10, 2, 2)), ((3, 3, 5, 2), "zero_one", (2, 2, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("widths", "loss", "bounds"), BOUNDS)
def test_the_bounds_follow_their_formulas(widths: tuple[int, ...], loss: str, bounds: tuple[float, ...]) -> None:
    problem = random_problem(widths, 2, loss=loss)

    assert layer_bounds(problem.network, problem.loss_weights) == bounds
    assert penalty_bound(problem.network, problem.loss_weights) == (max(bounds) or 1)


@pytest.mark.parametrize("loss", ["zero_one", "margin"])
@pytest.mark.parametrize("widths", [(3, 1), (2, 2), (2, 1, 1), (1, 1, 2), (2, 1, 2), (1, 1, 1, 1), (1, 1, 1, 2)])
def test_no_layer_can_do_with_less_than_its_bound(widths: tuple[int, ...], loss: Any) -> None:
    network = Network(widths)
    inputs, targets = (list(itertools.product((-1, 1), repeat=width)) for width in (widths[0], widths[-1]))
    bounds = layer_bounds(network, random_problem(widths, 1, loss=loss).loss_weights)
    pairs = itertools.combinations(itertools.product(inputs, targets), 2)
    found = [False] * len(bounds)

    for x, y in (zip(*pair, strict=True) for pair in pairs):
        problem = Problem(network, x, y, loss)
        for layer, bound in enumerate(bounds):
            penalties = [4.0] * len(bounds)
            penalties[layer] = bound - 0.25
            if bound and not found[layer]:
                _, energies = best_energies(compile_problem(problem, penalty=penalties, merge=False))
                found[layer] = energies.min() < least_loss(problem)

    assert found == [bound > 0 for bound in bounds]


def test_a_formulation_is_sound_from_the_bound_on_in_every_layer() -> None:
    problem = random_problem((3, 3, 2), 2)  # bounds 2 and 1
    for penalty, sound in [(2, True), (1.999, False), ([2, 1], True), ([1, 2], False), ([2, 0.9], False), (3, True)]:
        setting = formulation("compact", penalty=penalty)
        assert setting.is_sound(problem) is sound
        assert setting.soundness(problem) is (Soundness.SOUND if sound else Soundness.UNSOUND)


def test_compact_reduced_and_sasdelli_are_sound_by_default_and_soft_is_not() -> None:
    problem = random_problem((3, 3, 1), 2)

    sound = {name: formulation(name).is_sound(problem) for name in SHIPPED}

    assert sound == {"compact": True, "reduced": True, "sasdelli": True, "soft": False}
    assert not compile_problem(problem, "soft").is_sound


def test_the_minimum_energy_of_soft_is_not_the_optimal_loss() -> None:
    problem = contradiction((3, 1), "zero_one")

    _, energies = best_energies(compile_problem(problem, "soft", merge=False))

    assert energies.min() < least_loss(problem)


@settings(max_examples=25)
@given(problems(st.just(Network((3, 1))), st.just("zero_one"), st.integers(1, 2)))
@example(random_problem((3, 2), 1))
def test_sound_formulations_agree_on_the_optimum(problem: Problem) -> None:
    settings_ = ["compact", "compact[counter=unary]", "reduced", "reduced[counter=unary]", "sasdelli"]
    settings_ += ["compact[counter=paired]", "reduced[counter=paired]"]

    minima = {s: best_energies(compile_problem(problem, formulation(s)))[1].min() for s in settings_}

    assert set(minima.values()) == {least_loss(problem)}, minima


def test_the_published_xnor_products_are_exact() -> None:
    """Each gate's minimum over its ancilla is 0 where p = [w = a], and 1 elsewhere."""
    plan = encoding_of(compile_problem(random_problem((3, 3, 1), 1), "sasdelli"))
    gates = [p for p in plan.penalties if p.kind == "product" and p.layer == 2]
    assert len(gates) == 3
    for gate in gates:
        for row in all_bits(3).tolist():
            w, a, p = row
            least = min(gate(dict(zip(gate.variables, [w, a, p, q], strict=True))) for q in (0, 1))  # type: ignore[arg-type]
            assert least == (0 if p == (w == a) else 1)


# Merging


@settings(max_examples=60)
@given(enumerable(), st.integers(0, 2**16))
def test_merging_keeps_the_minimum_over_ancillas_on_rows_that_repeat(drawn: Any, seed: int) -> None:
    """Equal rows, opposite rows and contradictions, whatever the outputs ask for."""
    problem, setting = drawn
    random = np.random.default_rng(seed)
    rows = random.integers(problem.num_samples, size=7)
    signs = random.choice([-1, 1], size=(7, 1))
    targets = random.choice([-1, 1], size=(7, problem.network.num_outputs))
    many = Problem(problem.network, problem.inputs[rows] * signs, targets, problem.loss)
    merged = formulation(setting, merge=True, penalty=max(layer_bounds(many.network, many.loss_weights)) or 1)
    assume(encoding_of(compile_problem(many, merged)).num_ancillas * len(merged_samples(many)) <= 12)

    weights, energies = best_energies(compile_problem(many, merged))

    assert np.array_equal(energies, many.training_loss(weights))


def test_a_row_whose_penalty_has_no_weight_buys_off_its_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """λ must grow with the weight of the row: two equal samples would hide two errors for one violation."""
    twice = Problem(Network((3, 1)), np.ones((2, 3)), [[-1], [-1]])
    _, right = best_energies(compile_problem(twice, penalty=1))

    monkeypatch.setattr(WeightedSamples, "row_weights", property(lambda rows: np.ones(len(rows), dtype=np.int64)))
    _, wrong = best_energies(compile_problem(twice, penalty=1))

    assert sorted(set(right.tolist())) == [0, 2]
    assert 1 in wrong


def test_opposite_rows_are_one_only_where_the_network_is_odd() -> None:
    inputs, targets = [[1, 1, -1], [-1, -1, 1]], [[1], [-1]]

    sizes = [len(merged_samples(Problem(Network((3, 1), bias), inputs, targets))) for bias in (False, True)]

    assert sizes == [1, 2]


def test_where_all_samples_cancel_one_row_of_penalties_stays() -> None:
    problem = contradiction((3, 1), "zero_one")

    instance = compile_problem(problem)

    assert instance.qubo.num_variables == 3 + 2
    assert instance.qubo.num_couplings
    assert set(best_energies(instance)[1].tolist()) == {1.0}


def test_equal_samples_cost_no_variable() -> None:
    """Forty samples of three inputs are four rows up to sign: eight ancillas each, beside nine weights."""
    problem = load_problem("teacher", widths=[3, 3, 1], samples=40)
    sizes = {merge: compile_problem(problem, "reduced", merge=merge).qubo.num_variables for merge in (True, False)}
    assert len(merged_samples(problem)) == 4
    assert sizes == {True: 9 + 8 * 4, False: 9 + 8 * 40}


def test_distinct_rows_give_the_same_qubo_merged_or_not() -> None:
    inputs = [[1, 1, 1], [1, -1, 1], [-1, 1, 1]]
    problem = Problem(Network((3, 3, 1)), inputs, [[1], [-1], [1]])

    hashes = {compile_problem(problem, name, merge=merge).qubo.hash for merge in (True, False) for name in ["reduced"]}

    assert len(hashes) == 1


# Counters


@pytest.mark.parametrize("counter", ["binary", "unary"])
@pytest.mark.parametrize("fan_in", range(1, 34))
def test_a_counter_writes_every_number_in_its_range_and_no_other(fan_in: int, counter: str) -> None:
    largest = (fan_in - 1) // 2
    weights = COUNTERS[counter].weights(fan_in)

    assert sum(weights) == largest
    assert len(weights) == (largest if counter == "unary" else math.ceil(math.log2(largest + 1)))
    assert (COUNTERS[counter].table(fan_in) @ np.array(weights, dtype=int)).tolist() == list(range(largest + 1))


@pytest.mark.parametrize("fan_in", range(2, 70))
def test_a_paired_counter_writes_every_number_or_its_predecessor(fan_in: int) -> None:
    largest = fan_in // 2
    weights = COUNTERS["paired"].weights(fan_in)

    written = COUNTERS["paired"].table(fan_in) @ np.array(weights, dtype=int)

    assert sum(weights) == largest - 1
    assert len(weights) == math.ceil(math.log2(math.ceil((largest + 1) / 2)))
    assert set((np.arange(largest + 1) - written).tolist()) <= {0, 1}


# Sizes


@pytest.mark.parametrize("samples", [1, 4, 8])
def test_sizes_for_3_3_1_are_those_of_the_table(samples: int) -> None:
    problem = random_problem((3, 3, 1), samples)

    instances = {name: compile_problem(problem, name, merge=False) for name in SHIPPED}

    assert {name: instance.qubo.num_variables for name, instance in instances.items()} == {
        "sasdelli": 12 + 24 * samples,
        "compact": 12 + 11 * samples,
        "reduced": 9 + 8 * samples,
        "soft": 9 + 4 * samples,
    }
    assert instances["sasdelli"].qubo.num_couplings == 68 * samples
    assert compile_problem(problem, "compact", counter="paired", merge=False).qubo.num_variables == 12 + 7 * samples
    assert compile_problem(problem, "reduced", counter="paired", merge=False).qubo.num_variables == 9 + 4 * samples


@pytest.mark.parametrize("widths", [(3, 3, 1), (7, 3, 1), (15, 7, 1), (3, 3, 3, 1)])
@pytest.mark.parametrize("samples", [1, 3])
def test_sizes_of_sasdelli_follow_the_formula(widths: tuple[int, ...], samples: int) -> None:
    edges = [a * b for a, b in itertools.pairwise(widths)]
    counters = sum(n + n * int(math.log2(m)) for m, n in itertools.pairwise(widths))

    instance = compile_problem(random_problem(widths, samples), "sasdelli")

    assert instance.qubo.num_variables == sum(edges) + samples * (sum(edges) + counters + sum(edges[1:]) + 1)


@given(problems(loss=st.just("zero_one")))
def test_sizes_of_compact_follow_the_formula(problem: Problem) -> None:
    network = problem.network
    ancillas = 0
    for layer in range(1, network.num_layers + 1):
        m = network.fan_in(layer)
        largest = (m - 1) // 2 if m % 2 else m // 2 - 1
        ancillas += network.widths[layer] * (1 + math.ceil(math.log2(largest + 1)) + (m % 2 == 0))
        if layer > 1:
            ancillas += network.widths[layer - 1] * network.widths[layer]

    size = compile_problem(problem, merge=False).qubo.num_variables

    assert size == network.num_weights + problem.num_samples * ancillas


# Refusals


@pytest.mark.parametrize(
    ("problem", "part"),
    [
        (random_problem((3, 3, 1), 1, bias=True), "has no bias, but 3-3-1+bias has"),
        (random_problem((2, 3, 1), 1), "fan-in 2"),
        (random_problem((4, 1), 1), "fan-in 4"),
        (random_problem((3, 5, 1), 1), "fan-in 5"),
        (random_problem((3, 3, 1), 1, loss="margin"), "zero_one, but margin came"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_sasdelli_refuses_with_a_sentence(problem: Problem, part: str) -> None:
    reason = formulation("sasdelli").refuses(problem)

    assert reason is not None
    assert part in reason
    assert reason.startswith("sasdelli: ")
    assert reason.endswith("use compact or reduced.")
    with pytest.raises(InputError, match="use compact or reduced"):
        compile_problem(problem, "sasdelli")
    assert formulation("compact").refuses(problem) is None


@pytest.mark.parametrize("loss", ["zero_one", "margin", "zero_one_margin"])
@pytest.mark.parametrize("widths", [(3, 1), (3, 2), (4, 3, 2), (3, 3, 3, 1)], ids=str)
def test_without_a_penalty_each_layer_has_one_just_above_its_bound(widths: tuple[int, ...], loss: Any) -> None:
    problem = random_problem(widths, 3, loss=loss)
    bounds = layer_bounds(problem.network, problem.loss_weights)
    for name in ("compact", "reduced"):
        instance = compile_problem(problem, name)
        assert instance.is_sound
        penalties = instance.formulation.penalties(problem)
        assert all(bound < penalty for bound, penalty in zip(bounds, penalties, strict=True))
        assert all(bound == 0 or penalty <= 1.02 * bound for bound, penalty in zip(bounds, penalties, strict=True))


def test_sasdelli_takes_what_the_authors_took() -> None:
    for widths in [(3, 3, 1), (7, 3, 1), (15, 7, 3, 1)]:
        assert formulation("sasdelli").refuses(random_problem(widths, 1)) is None


@pytest.mark.parametrize("penalty", [0, -1, 1e12, float("nan"), float("inf"), [1, 0], [], "2", [None], True, ["1", 2]])
def test_a_penalty_that_is_no_positive_number_is_refused(penalty: Any) -> None:
    with pytest.raises(InputError, match="penalty"):
        formulation("compact", penalty=penalty)


def test_penalties_for_another_number_of_layers_are_refused() -> None:
    with pytest.raises(InputError, match="3 penalties came for the 2 layers of the network 3-3-1; give one"):
        compile_problem(random_problem((3, 3, 1), 1), penalty=[1, 1, 1])
    assert compile_problem(random_problem((3, 3, 1), 1), penalty=[1, 1]).formulation.penalty == (1, 1)


def test_the_pair_of_soft_stands_for_any_depth() -> None:
    soft = formulation("soft")

    assert soft.penalties(random_problem((3, 1), 1)) == (0.35,)
    assert soft.penalties(random_problem((3, 3, 3, 1), 1)) == (0.06, 0.06, 0.35)


def test_unknown_names_are_refused_and_near_names_are_offered() -> None:
    with pytest.raises(UnknownNameError, match="no formulation named 'compakt'; did you mean compact"):
        formulation("compakt")
    with pytest.raises(UnknownNameError, match="formulation reduced named 'penalties'; did you mean penalty"):
        formulation("reduced", penalties=2)
    with pytest.raises(UnknownNameError, match="formulation reduced named 'unry'; did you mean unary"):
        formulation("reduced", counter="unry")


def test_sasdelli_takes_a_penalty_and_no_counter() -> None:
    problem = random_problem((3, 1), 2)
    with pytest.raises(UnknownNameError, match="formulation sasdelli named 'counter'; known are: merge, penalty"):
        formulation("sasdelli[counter=unary]")

    _, energies = best_energies(compile_problem(problem, "sasdelli", penalty=1))

    assert str(formulation("sasdelli", penalty=1)) == "sasdelli[penalty=1.0]"
    assert energies.min() == least_loss(problem)


@pytest.mark.parametrize("penalty", [np.int64(2), np.float32(0.5), [np.int64(2), np.int64(1)], np.array([2, 1])])
def test_numbers_of_numpy_are_numbers(penalty: Any) -> None:
    plain = penalty.tolist() if hasattr(penalty, "tolist") else [2, 1]

    assert formulation("reduced", penalty=penalty) == formulation("reduced", penalty=plain)


def test_a_specification_names_what_differs_and_is_read_back() -> None:
    setting = formulation("reduced", penalty=[1, 2], counter="unary")

    assert str(setting) == "reduced[counter=unary,penalty=[1.0,2.0]]"
    assert formulation(str(setting)) == setting
    assert str(formulation("reduced", penalty=None)) == str(formulation("reduced", counter="binary")) == "reduced"
    assert formulation(setting, counter="binary").counter == "binary"


@pytest.mark.parametrize(
    "setting", ["compact", "reduced", "reduced[counter=paired]", "reduced[counter=unary]", "wells"]
)
@pytest.mark.parametrize("fan_in", [127, 128, 255, 257, 511, 784])
def test_a_fan_in_beyond_the_range_of_eight_bits_is_counted_right(fan_in: int, setting: str) -> None:
    """Bits and data are int8; counts, thresholds and their squares are not."""
    problem = random_problem((fan_in, 1), 2)
    instance = compile_problem(problem, setting)
    weights = random_weights(3, problem.network)

    bits = instance.complete(weights)

    assert instance.decode(bits).tolist() == instance.canonical(weights).tolist()
    if setting != "wells":  # which prices margins in place of errors
        assert instance.qubo.energies(bits).tolist() == problem.training_loss(weights).tolist()
        assert {kind: count.sum() for kind, count in instance.violations(bits).items()} == {
            "sign": 0, "product": 0, "loss": 0,
        }  # fmt: skip


@pytest.mark.parametrize("name", sorted(entries("formulation")))
def test_a_wide_network_is_judged_or_refused(name: str) -> None:
    problem = random_problem((511, 1), 3)
    if reason := formulation(name).refuses(problem):
        assert re.search(r"\w+ \w+", reason)
        return
    instance = compile_problem(problem, name)

    judged = judge(instance, Batch(random_bits(2, instance.qubo.num_variables)), 0.0)

    weights = 2 * unpack_bits(judged.best_weights, problem.network.num_weights) - 1
    assert judged.loss == problem.training_loss(weights)
    assert instance.qubo.energies(unpack_bits(judged.best_bits, instance.qubo.num_variables)[None])[0] == judged.energy
