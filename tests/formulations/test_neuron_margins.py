"""Margins of all neurons, and subnetworks: what the energy is, against a forward pass written out."""

from __future__ import annotations

import numpy as np
import pytest

import bnnbench as bb


def problem(widths, samples=5, **options):
    return bb.load_problem("random_data", widths=widths, samples=samples, seed=3, **options)


def settings(n):
    return (2 * (np.arange(1 << n)[:, None] >> np.arange(n) & 1) - 1).astype(np.int8)


def disagreements(data, weights):
    """Inputs of all neurons that disagree with their activation, over all samples: (k, num_weights) to (k,)."""
    pairs = zip(range(1, data.network.num_layers + 1), data.network.layers(weights, data.inputs), strict=True)
    return sum(((data.network.fan_in(layer) - np.abs(z)) / 2).sum(axis=(-2, -1)) for layer, z in pairs)


@pytest.mark.parametrize(
    ("widths", "options"),
    [([3, 1], {}), ([2, 2, 1], {}), ([3, 2, 1], {"bias": True}), ([3, 3, 1], {"loss": "margin"})],
)
def test_right_bits_cost_their_loss_and_what_their_margins_lack(widths, options):
    data = problem(widths, **options)
    instance = bb.compile(data, "neuron_margins[margin_price=0.25,penalty=8.0]")
    weights = settings(data.network.num_weights)[:: 1 if data.network.num_weights < 10 else 7]

    energies = instance.qubo.energies(instance.complete(weights))

    assert energies == pytest.approx(data.training_loss(weights) + 0.25 * disagreements(data, weights))


def test_without_a_price_on_margins_the_least_energy_is_the_least_loss():
    data = problem([3, 1], 3)
    qubo = bb.compile(data, "neuron_margins[margin_price=0.0,penalty=1.0]").qubo
    states = ((settings(qubo.num_variables) + 1) // 2).astype(np.int8)

    assert qubo.energies(states).min() == data.training_loss(settings(3)).min()


def test_a_connection_that_a_mask_leaves_out_has_no_part_in_the_energy():
    data = problem([3, 2, 1])
    qubo = bb.compile(data, "neuron_margins", masks=("110011", "11")).qubo

    used = set(np.flatnonzero(qubo.linear)) | set(qubo.rows.tolist()) | set(qubo.cols.tolist())

    assert set(range(8)) - used == {2, 3}


def test_a_masked_neuron_is_the_neuron_of_its_inputs():
    whole = problem([4, 1], 6)
    part = bb.Problem(bb.Network((3, 1)), whole.inputs[:, :3], whole.targets)

    masked = bb.compile(whole, "neuron_margins", masks=("1110",)).qubo
    small = bb.compile(part, "neuron_margins").qubo

    bits = np.random.default_rng(0).integers(0, 2, (50, small.num_variables), dtype=np.int8)
    assert masked.energies(np.insert(bits, 3, 1, axis=1)) == pytest.approx(small.energies(bits))


def test_dropout_leaves_out_a_share_of_each_neuron_by_its_seed():
    data = problem([7, 3, 1])
    formulations = [bb.formulation(f"neuron_margins[dropout=0.5,dropout_seed={seed}]") for seed in (0, 0, 1)]

    one, again, other = (formulation._connections(data.network) for formulation in formulations)

    assert [[len(inputs) for inputs in layer] for layer in one] == [[4, 4, 4], [2]]
    assert one == again != other


@pytest.mark.parametrize(
    ("masks", "message"),
    [(("111111",), r"masks of \[6\] came"), (("000111", "11"), "leaves a neuron without inputs")],
)
def test_masks_that_fit_no_network_are_a_sentence(masks, message):
    data = problem([3, 2, 1])

    with pytest.raises(bb.InputError, match=message):
        bb.compile(data, "neuron_margins", masks=masks)


def test_a_mask_is_of_noughts_and_ones():
    with pytest.raises(bb.InputError, match="masks"):
        bb.formulation("neuron_margins", masks=("12", "1"))
