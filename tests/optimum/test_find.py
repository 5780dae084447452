"""How an optimum is found: caps, planted weights, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from strategies import all_weights, random_problem

from bnnbench.errors import CheckError, InputError
from bnnbench.optimum import find, prove
from bnnbench.optimum.find import ground_truth
from bnnbench.optimum.prove import search
from bnnbench.optimum.search import cost
from bnnbench.optimum.search.cost import QUICK, log2_evaluations, why_hopeless
from bnnbench.plugins.registry import load_problem
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem


@pytest.mark.parametrize("max_optima", [1, 2, 7, 1000])
@pytest.mark.parametrize(
    ("widths", "bias"), [((3, 3, 1), False), ((2, 2, 1), True), ((4, 2), False), ((2, 2, 2, 1), False)]
)
def test_a_cap_limits_the_list_but_not_the_count(widths: tuple[int, ...], bias: bool, max_optima: int) -> None:
    problem = random_problem(widths, 2, bias=bias)
    weights = all_weights(problem.network)
    losses = problem.training_loss(weights)
    count = np.count_nonzero(losses == losses.min())

    truth = ground_truth(problem, max_optima=max_optima)

    assert truth.num_optima == count
    assert len(truth.optima) == min(count, max_optima)
    assert truth.is_capped == (count > max_optima)
    assert np.all(problem.training_loss(truth.optima) == truth.loss)
    assert len(np.unique(truth.optima, axis=0)) == len(truth.optima)
    assert truth.optima.tolist() == sorted(truth.optima.tolist())


@pytest.mark.parametrize("max_optima", [0, -1])
def test_a_cap_below_one_is_refused(max_optima: int) -> None:
    with pytest.raises(InputError, match=f"max_optima must be a whole number of at least 1, but {max_optima} came"):
        ground_truth(random_problem((3, 1), 2), max_optima=max_optima)


def test_a_network_that_takes_seconds_to_look_at_once_is_refused() -> None:
    problem = load_problem("random_data", widths=[30000, 30000, 1], samples=1)

    with pytest.raises(InputError, match="the network has 900,030,000 weights, but an optimum is looked for up to"):
        ground_truth(problem)


def test_the_optimal_loss_does_not_depend_on_the_order_of_samples() -> None:
    problem = random_problem((5, 3, 1), 30)
    order = np.random.default_rng(1).permutation(30)

    one = search(problem)
    other = search(Problem(problem.network, problem.inputs[order], problem.targets[order]))

    assert (one.loss, one.num_optima) == (other.loss, other.num_optima)
    assert np.array_equal(one.optima, other.optima)


def test_parity_of_three_has_the_optimal_loss_of_a_plain_loop() -> None:
    problem = load_problem("parity", size=3, hidden=3)
    weights = all_weights(problem.network)

    assert ground_truth(problem).loss == problem.training_loss(weights).min()


@pytest.mark.parametrize("seed", [0, 1])
def test_a_planted_teacher_of_56_weights_is_found_without_its_weights(seed: int) -> None:
    problem = load_problem("teacher", widths=[7, 7, 1], samples=40, seed=seed)
    unplanted = Problem(problem.network, problem.inputs, problem.targets)

    truth = search(unplanted, max_optima=10)

    assert (truth.kind, truth.loss) == ("exhaustive", 0)
    assert np.all(problem.training_loss(truth.optima) == 0)
    assert truth.num_optima is None or truth.num_optima % 2**7 == 0  # each hidden neuron has a sign symmetry


def test_planted_weights_stand_in_where_search_is_too_large() -> None:
    problem = load_problem("teacher", widths=[25, 15, 1], samples=30)

    truth = ground_truth(problem)

    assert (truth.kind, truth.loss, truth.num_optima) == ("attained", 0, None)
    assert np.array_equal(truth.optima, problem.planted[None])
    assert truth.is_certified
    assert truth.is_capped


def test_annealed_weights_replace_planted_ones_that_are_worse() -> None:
    problem = load_problem("teacher", widths=[25, 15, 1], samples=30, noise=0.1)
    assert problem.training_loss(problem.planted) == 3

    truth = ground_truth(problem)

    assert (truth.kind, truth.loss, truth.lower_bound) == ("attained", 0, 0)
    assert problem.training_loss(truth.optima).tolist() == [0]


def test_what_is_too_large_to_search_has_a_best_known_loss() -> None:
    problem = random_problem((13, 13, 13, 1), 400)

    truth = ground_truth(problem)

    assert (truth.kind, truth.num_optima) == ("best_known", None)
    assert problem.training_loss(truth.optima).tolist() == [truth.loss]
    assert 0 <= truth.lower_bound < truth.loss < 200
    assert not truth.is_certified


@pytest.mark.parametrize("inputs", [30, 300, 3000])
def test_a_perceptron_of_any_size_is_searched(inputs: int) -> None:
    assert why_hopeless(random_problem((inputs, 1), 30)) is None


def test_a_loss_of_0_is_an_optimum_whatever_the_size() -> None:
    truth = ground_truth(random_problem((30, 3, 1), 10))

    assert (truth.kind, truth.loss) == ("attained", 0)


def test_what_contradictory_samples_cost_is_an_optimum_whatever_the_size() -> None:
    one = random_problem((30, 3, 1), 10)
    inputs, targets = np.vstack([one.inputs, one.inputs[:3]]), np.vstack([one.targets, -one.targets[:3]])

    truth = ground_truth(Problem(one.network, inputs, targets))

    assert (truth.kind, truth.loss, truth.lower_bound) == ("proved", 3, 3)


@pytest.mark.parametrize("loss", [0.0, 2.0])
@pytest.mark.parametrize(("widths", "module", "name"), [((3, 3, 1), find, "enumerated"), ((5, 3, 1), prove, "search")])
def test_a_search_that_is_wrong_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, widths: tuple[int, ...], module: ModuleType, name: str, loss: float
) -> None:
    problem = random_problem(widths, 12)
    right = search(problem)
    assert 0 < right.loss < 2 or right.loss != loss
    monkeypatch.setattr(module, name, lambda *_, **__: replace(right, loss=loss))

    with pytest.raises(CheckError, match=r"says that the optimal loss is .*, but its weights have the loss"):
        ground_truth(problem, cache=None)


def test_a_search_that_misses_the_optimum_is_refuted_by_planted_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = load_problem("teacher", widths=[7, 3, 1], samples=30)
    weights = np.array(problem.planted)
    problem.network.layer_weights(weights, 2)[:] *= -1
    loss = float(problem.training_loss(weights))
    worse = replace(search(problem), loss=loss, optima=weights[None], num_optima=1)
    monkeypatch.setattr(prove, "search", lambda *_, **__: worse)

    with pytest.raises(CheckError, match=r"says that no loss is below .* but (weights of|the planted)"):
        ground_truth(problem, cache=None)


def test_search_is_preferred_to_planted_weights() -> None:
    assert ground_truth(load_problem("teacher", widths=[3, 3, 1], samples=8, noise=0.25)).kind == "exhaustive"


@pytest.mark.parametrize(
    ("widths", "loss", "size", "cost"),
    [((25, 15, 1), "zero_one", 390, 101), ((9, 9, 9, 1), "zero_one", 171, 35), ((40, 1), "margin", 40, 12)],
)
def test_a_hopeless_network_is_refused_with_its_estimate_and_the_way_around(
    widths: tuple[int, ...], loss: str, size: int, cost: int
) -> None:
    name = "-".join(map(str, widths))
    sentence = rf"large: the network {name} has {size} weights; .* up to 10\^{cost} evaluations .*planted.*--force"

    assert re.search(sentence, why_hopeless(random_problem(widths, 30, loss=loss, name="large")))


def test_force_searches_what_is_hopeless(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = random_problem((2, 2, 2, 1), 3)
    monkeypatch.setattr(cost, "HOPELESS", 0)

    assert ground_truth(problem, cache=None).kind in ("attained", "best_known")
    assert ground_truth(problem, cache=None, force=True).kind == "exhaustive"


def test_force_does_not_override_the_memory() -> None:
    with pytest.raises(InputError, match=r"tables of up to 10\^\d+ bytes; .* such as teacher\.$"):
        ground_truth(random_problem((60, 40, 1), 20), cache=None, force=True)


def test_a_bound_that_meets_the_incumbent_is_a_proof() -> None:
    problem = random_problem((7, 7, 1), 40, seed=99)
    optimum = ground_truth(problem, cache=None).loss

    hasty = ground_truth(problem, cache=None, seconds=0)

    assert hasty.is_certified == (hasty.lower_bound is None or hasty.lower_bound >= hasty.loss)
    if hasty.is_certified:
        assert (hasty.loss, hasty.num_optima) == (optimum, None)


def test_every_network_of_up_to_24_weights_is_searched() -> None:
    for widths, bias in [((23, 1), True), ((24, 1), False), ((11, 2, 1), False), ((1,) * 25, False), ((2,) * 7, False),
                         ((4, 4, 2), False), ((1, 12, 1), False), ((5, 3, 1), True)]:  # fmt: skip
        network = Network(widths, bias)
        assert network.num_weights <= 24
        assert log2_evaluations(network) <= QUICK
        problem = Problem(network, np.ones((3, network.num_inputs)), np.ones((3, network.num_outputs)))
        assert why_hopeless(problem) is None


def test_a_search_of_a_few_weights_needs_no_limit_to_stop() -> None:
    truth = search(random_problem((2, 2, 1), 3), seconds=None, threads=1)

    assert truth.lower_bound is None
    assert truth.nodes >= 1


@pytest.mark.parametrize(
    ("widths", "samples"), [((63, 63, 1), 3), ((3, 3000, 1), 8), ((29, 1, 1), 1000), ((3, 40, 40, 1), 3)]
)
def test_a_network_of_any_size_is_refused_in_a_sentence(widths: tuple[int, ...], samples: int) -> None:
    reason = why_hopeless(random_problem(widths, samples, name="large"))

    assert re.match(r"large: the network .* would take up to 10\^\d+ evaluations", reason)


@pytest.mark.parametrize(("widths", "samples"), [((15, 7, 1), 40), ((101, 1), 50)])
def test_a_loss_of_0_that_is_found_ends_the_search_of_what_has_no_prospects(
    widths: tuple[int, ...], samples: int
) -> None:
    problem = random_problem(widths, samples, seed=1)

    truth = ground_truth(problem, cache=None)

    assert (truth.kind, truth.loss) == ("attained", 0)
