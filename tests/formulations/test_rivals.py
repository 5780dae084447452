"""Formulations of others: what they promise, and that the published one is the authors' own."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import bnnbench as bb
from bnnbench.qubo.polynomial import interpolated, polynomial_of

LAMBDA = 50


def problem(widths, samples, seed=1, **options):
    return bb.load_problem("random_data", widths=widths, samples=samples, seed=seed, **options)


def settings(n):
    return (2 * (np.arange(1 << n)[:, None] >> np.arange(n) & 1) - 1).astype(np.int8)


@pytest.mark.parametrize("loss", ["zero_one", "margin"])
def test_a_hubo_is_the_loss_on_every_setting(loss):
    data = problem([3, 2, 1], 5, loss=loss, bias=True) if loss == "margin" else problem([3, 3, 1], 8, loss=loss)
    polynomial = bb.formulation("hubo").polynomial(data)
    weights = settings(data.network.num_weights)

    assert (polynomial.values((weights > 0).astype(np.int8)) == data.training_loss(weights)).all()


@pytest.mark.parametrize(("small", "terms"), [(2.0**-27, 2), (2.0**-40, 1)])
def test_a_term_beside_a_large_one_stays_unless_rounding_could_make_it(small, terms):
    """Of 8,000 samples of 3-3-1 a unit of margin is 2^-15, and coefficients are multiples of 2^-27."""
    assert len(interpolated(8000 + np.array([small, -small])).terms) == terms


@pytest.mark.parametrize("strength", [113.4236297, 1e5 / 3])
def test_a_sound_hubo_is_exact_whatever_its_strength(strength):
    data = problem([3, 2, 1], 8)
    instance = bb.compile(data, "hubo", strength=strength)
    weights = settings(data.network.num_weights)

    assert instance.is_sound
    assert instance.qubo.energies(instance.complete(weights)).tolist() == data.training_loss(weights).tolist()


def test_a_strength_that_drowns_single_errors_makes_no_sound_hubo():
    data = problem([3, 2, 1], 8)

    assert [bb.compile(data, "hubo", strength=strength).is_sound for strength in (1e9, 1e14)] == [True, False]


def test_a_hubo_of_3_3_1_has_76_monomials_at_most_however_many_samples():
    sizes = {n: len(bb.formulation("hubo").polynomial(problem([3, 3, 1], n)).terms) - 1 for n in (1, 4, 8, 32)}

    assert max(sizes.values()) == sizes[1] == 76


def test_the_qubo_of_a_hubo_does_not_grow_with_the_samples():
    few, many = (bb.compile(problem([3, 3, 1], n), "hubo").qubo.num_variables for n in (8, 64))

    assert many <= few <= 70


@pytest.mark.parametrize("samples", [1, 4])
def test_a_pubo_is_cubic_and_has_the_energies_of_the_published_qubo(samples):
    data = problem([3, 3, 1], samples)
    pubo = bb.formulation("pubo")
    polynomial, qubo = pubo.polynomial(data), bb.compile(data, "sasdelli").qubo

    bits = np.random.default_rng(0).integers(0, 2, (200, polynomial.num_variables), dtype=np.int8)

    assert (polynomial.degree, polynomial.num_variables) == (3, 12 + 21 * samples)
    assert qubo.energies(pubo.lift(data, bits)) == pytest.approx(polynomial.values(bits))
    assert bb.compile(data, pubo).qubo == qubo


def published(data):
    """The authors' recipe: a term per edge, count, activation and loss of their notebook, in qubovert."""
    qubovert = pytest.importorskip("qubovert")
    bit, model = qubovert.boolean_var, qubovert.PCBO()
    for n, (inputs, target) in enumerate(zip(data.inputs, data.targets[:, 0], strict=True)):
        below = inputs
        for layer, (fan_in, width) in enumerate(zip((3, 3), (3, 1), strict=True)):
            active = []
            for j in range(width):
                count = 0
                for i in range(fan_in):
                    edge, weight = bit(f"p{layer}{j}{i}{n}"), bit(f"w{layer}{j}{i}")
                    if layer:
                        model.add_constraint_eq_XNOR(edge, weight, below[i], lam=LAMBDA)
                    elif below[i] > 0:
                        model.add_constraint_eq_BUFFER(edge, weight, lam=LAMBDA)
                    else:
                        model.add_constraint_eq_NOT(edge, weight, lam=LAMBDA)
                    count += edge
                active.append(bit(f"a{layer}{j}{n}"))
                model.add_constraint_eq_zero(count - bit(f"r{layer}{j}{n}") - 2 * active[-1], lam=LAMBDA)
            below = active
        wrong = bit(f"l{n}")
        constraint = model.add_constraint_eq_NOT if target > 0 else model.add_constraint_eq_BUFFER
        constraint(wrong, below[0], lam=LAMBDA)
        model += wrong
    return model


@pytest.mark.parametrize("samples", [1, 4, 8])
def test_the_published_qubo_is_the_authors_up_to_the_price_of_the_order_reduction(samples):
    data = problem([3, 3, 1], samples)
    model, ours = published(data), bb.compile(data, "sasdelli").qubo
    # The only free choice of the reduction: qubovert charges 4 λ + 1 per wrong product, we the least that is enough.
    theirs = model.to_qubo()
    num_products = 3 * samples

    pairs = Counter(round(c) for key, c in theirs.items() if len(key) == 2)
    own = Counter(round(c) for c in ours.couplings.tolist())
    price, least = 4 * LAMBDA + 1, 4 * LAMBDA
    differing, instead = pairs - own, own - pairs
    assert (theirs.num_binary_variables, len(pairs)) == (12 + 24 * samples, len(own))
    assert sum(differing.values()) == sum(instead.values()) == 3 * num_products
    # Of each product xy = z: xy, −2xz, −2yz and 3z, times the price.
    assert {c - c2 for c, c2 in zip(sorted(differing), sorted(instead), strict=True)} == {price - least, -2}
    assert round(theirs.offset) == round(ours.offset)


@pytest.mark.parametrize("samples", [1, 4])
def test_the_published_pubo_is_the_authors_own(samples):
    data = problem([3, 3, 1], samples)
    theirs, ours = published(data), bb.formulation("pubo").polynomial(data)

    # Their spin is 1 − 2 bit, ours 2 bit − 1.
    assert Counter((len(key), round((-1) ** len(key) * c, 6)) for key, c in theirs.to_puso().items()) == Counter(
        (len(key), round(c, 6)) for key, c in ours.terms.items()
    )


def test_a_surrogate_is_the_squared_distance_to_the_margin():
    data = problem([5, 2], 9, seed=2)
    weights = settings(10)
    sums = np.einsum("ni,koi->kno", data.inputs, weights.reshape(-1, 2, 5))

    energies = bb.compile(data, "surrogate[margin=2.0]").qubo.energies((weights > 0).astype(np.int8))

    assert energies == pytest.approx(np.square(2.0 - data.targets * sums).sum(axis=(1, 2)) / 16)


def test_a_surrogate_refuses_hidden_layers():
    assert "one layer" in bb.formulation("surrogate").refuses(problem([3, 3, 1], 2))


def test_a_linear_activation_is_least_squares_and_a_high_degree_comes_close_to_the_sign():
    data = problem([5, 1], 12)
    weights = settings(5)

    def distance(degree):
        form = bb.formulation("polynomial", degree=degree)
        return np.abs(form.polynomial(data).values((weights > 0).astype(np.int8)) - data.training_loss(weights)).max()

    assert distance(5) < 1e-9 < distance(3) < distance(1)


@pytest.mark.parametrize("solver", ["polynomial_annealing", "openjij_hubo"])
@pytest.mark.parametrize("formulation", ["hubo", "pubo", "polynomial", "compact"])
def test_solvers_of_polynomials_answer_bits_of_the_same_value(solver, formulation):
    if reason := bb.load_solver(solver).unavailable():
        pytest.skip(reason)
    data = problem([3, 3, 1], 4)
    instance = bb.compile(data, formulation)

    outcome = bb.run(instance, solver, budget=bb.Budget(reads=20), keep_samples=True)

    assert outcome.status == "ok"
    form = instance.formulation
    if formulation == "compact":
        assert polynomial_of(instance.qubo).degree == 2
    else:
        bits = outcome.sampleset.record.sample
        assert not instance.violations(bits).get("ancilla", np.zeros(1)).any()
        assert form.polynomial(data).num_variables <= bits.shape[1]


def test_more_weights_than_a_table_holds_are_refused():
    with pytest.raises(bb.InputError, match=r"2\^15 settings"):
        bb.compile(problem([15, 1], 4), "hubo")
