"""How an optimum is found: caps, planted weights, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import all_weights, random_problem

from bnnbench.errors import InputError
from bnnbench.optimum import find
from bnnbench.optimum.find import QUICK, ground_truth, refuse_hopeless, search
from bnnbench.optimum.search.layers import log2_evaluations
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


def test_planted_weights_with_errors_are_only_the_best_known() -> None:
    problem = load_problem("teacher", widths=[25, 15, 1], samples=30, noise=0.1)

    truth = ground_truth(problem)

    assert (truth.kind, truth.loss, truth.lower_bound) == ("best_known", 3, 0)
    assert not truth.is_certified


def test_search_is_preferred_to_planted_weights() -> None:
    assert ground_truth(load_problem("teacher", widths=[3, 3, 1], samples=8, noise=0.25)).kind == "exhaustive"


@pytest.mark.parametrize(
    ("widths", "size", "cost"), [((25, 15, 1), 390, 101), ((9, 9, 9, 1), 171, 35), ((40, 1), 40, 12)]
)
def test_a_hopeless_network_is_refused_with_its_estimate_and_the_way_around(
    widths: tuple[int, ...], size: int, cost: int
) -> None:
    name = "-".join(map(str, widths))
    sentence = rf"large: the network {name} has {size} weights; .* up to 10\^{cost} evaluations .*planted.*--force"

    with pytest.raises(InputError, match=sentence):
        ground_truth(random_problem(widths, 30, name="large"))


def test_force_searches_what_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = random_problem((2, 2, 2, 1), 3)
    monkeypatch.setattr(find, "HOPELESS", 0)

    with pytest.raises(InputError, match="--force"):
        ground_truth(problem, use_cache=False)

    assert ground_truth(problem, use_cache=False, force=True).kind == "exhaustive"


def test_force_does_not_override_the_memory() -> None:
    with pytest.raises(InputError, match=r"tables of up to 10\^\d+ bytes; .* such as teacher\.$"):
        ground_truth(random_problem((60, 40, 1), 20), use_cache=False, force=True)


def test_a_bound_that_meets_the_incumbent_is_a_proof() -> None:
    problem = random_problem((7, 7, 1), 40, seed=99)
    optimum = ground_truth(problem, use_cache=False).loss

    hasty = ground_truth(problem, use_cache=False, seconds=0)

    assert hasty.is_certified == (hasty.lower_bound is None or hasty.lower_bound >= hasty.loss)
    if hasty.is_certified:
        assert (hasty.loss, hasty.num_optima) == (optimum, None)


def test_every_network_of_up_to_24_weights_is_searched() -> None:
    for widths, bias in [((23, 1), True), ((24, 1), False), ((11, 2, 1), False), ((1,) * 25, False), ((2,) * 7, False),
                         ((4, 4, 2), False), ((1, 12, 1), False), ((5, 3, 1), True)]:  # fmt: skip
        network = Network(widths, bias)
        assert network.num_weights <= 24
        assert log2_evaluations(network) <= QUICK
        refuse_hopeless(Problem(network, np.ones((3, network.num_inputs)), np.ones((3, network.num_outputs))))


def test_a_search_of_a_few_weights_needs_no_limit_to_stop() -> None:
    truth = search(random_problem((2, 2, 1), 3), seconds=None, threads=1)

    assert truth.lower_bound is None
    assert truth.nodes >= 1


@pytest.mark.parametrize(
    ("widths", "samples"), [((63, 63, 1), 3), ((3, 3000, 1), 8), ((30, 1), 3), ((29, 1, 1), 1000), ((3, 40, 40, 1), 3)]
)
def test_a_network_of_any_size_is_refused_in_a_sentence(widths: tuple[int, ...], samples: int) -> None:
    with pytest.raises(InputError, match=r"large: the network .* would take up to 10\^\d+ evaluations"):
        ground_truth(random_problem(widths, samples, name="large"))
