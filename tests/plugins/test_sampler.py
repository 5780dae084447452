"""Every solver of QUBOs is a dimod sampler: it answers for any labels and vartype, with energies of the model."""

from __future__ import annotations

import unittest

import dimod
import dimod.testing
import numpy as np
import pytest

import bnnbench
from bnnbench.errors import InputError, RefusedError, UnknownNameError


def steepest_descent():
    return bnnbench.as_sampler("steepest_descent")


def cpsat():
    return bnnbench.as_sampler("cpsat")


@dimod.testing.load_sampler_bqm_tests(steepest_descent)
@dimod.testing.load_sampler_bqm_tests(cpsat)
class TestByDimod(unittest.TestCase):
    """The functions that dimod ships for samplers."""

    def test_api(self):
        dimod.testing.assert_sampler_api(steepest_descent())


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
@pytest.mark.parametrize("name", ["steepest_descent", "tabu", "simulated_annealing", "cpsat"])
def test_each_label_gets_its_own_value(name, vartype):
    """dimod's functions pass a sampler that always answers zeros."""
    right = {"z": 1, ("a", 1): 0, 7: 0, "b": 1, 0: 0}
    model = dimod.BinaryQuadraticModel({v: -1.0 if bit else 1.0 for v, bit in right.items()}, {}, 2.5, vartype)

    answer = bnnbench.as_sampler(name).sample(model, seed=1)

    low = -1 if vartype == "SPIN" else 0
    assert answer.first.sample == {v: 1 if bit else low for v, bit in right.items()}
    assert answer.first.energy == model.energy(answer.first.sample)


def test_a_seed_gives_the_same_samples_and_as_many_as_asked():
    model = dimod.generators.ran_r(3, 12, seed=4)
    sampler = bnnbench.as_sampler("simulated_annealing", num_sweeps=2)

    first, again, other = (sampler.sample(model, num_reads=25, seed=seed) for seed in (3, 3, 4))

    assert len(first) == 25
    assert np.array_equal(first.record.sample, again.record.sample)
    assert not np.array_equal(first.record.sample, other.record.sample)
    assert first.info["seed"] == 3


def test_a_time_limit_ends_a_sampler_that_never_ends():
    answer = bnnbench.as_sampler("random").sample(dimod.generators.ran_r(1, 5, seed=1), time_limit_s=0.05)

    assert len(answer) > 10


def test_an_exact_solver_answers_its_best_with_its_bound():
    model = dimod.generators.ran_r(3, 10, seed=4)

    answer = bnnbench.as_sampler("cpsat").sample(model, num_reads=1, seed=0)

    least = dimod.ExactSolver().sample(model).first.energy
    assert (answer.first.energy, answer.info["lower_bound"], len(answer)) == (least, least, 1)


def test_a_solver_of_the_network_samples_an_instance_and_no_bare_model():
    instance = bnnbench.compile(bnnbench.load_problem("parity"), "compact")
    sampler = bnnbench.as_sampler("weight_search")

    answer = sampler.sample(instance, num_reads=3, seed=0)

    bits = answer.record.sample
    assert np.array_equal(instance.qubo.energies(bits), answer.record.energy)
    assert list(answer.variables) == list(range(instance.qubo.num_variables))
    with pytest.raises(RefusedError, match=r"^weight_search needs a network"):
        sampler.sample(instance.qubo.to_bqm())


def test_a_solver_that_does_not_apply_says_why():
    with pytest.raises(RefusedError, match=r"^qaoa_diagonal: 60 qubits"):
        bnnbench.as_sampler("qaoa_diagonal").sample(dimod.generators.ran_r(1, 60, seed=1))


def test_a_wrong_name_and_parameters_of_a_solver_are_sentences():
    with pytest.raises(UnknownNameError):
        bnnbench.as_sampler("nobody")
    with pytest.raises(InputError, match="beside its name"):
        bnnbench.as_sampler(bnnbench.load_solver("tabu"), num_restarts=2)


def test_a_parameter_that_the_sampler_does_not_know_is_warned_of():
    with pytest.warns(dimod.exceptions.SamplerUnknownArgWarning):
        steepest_descent().sample_qubo({(0, 1): 1.0}, beta_range=(1, 2))
