"""State vectors of QAOA: against matrix exponentials, and against qiskit."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from bnnbench_solvers._statevector import Simulator
from bnnbench_solvers._statevector_kernels import _rotate, mix
from numpy.typing import NDArray

from bnnbench.qubo.qubo import Qubo, all_energies, make_qubo

GAMMAS, BETAS = np.array([0.3, 0.7, -0.4]), np.array([0.5, -0.2, 0.9])


def random_qubo(num_variables: int, *, whole: bool) -> Qubo:
    generator = np.random.default_rng(num_variables)
    rows, cols = np.triu_indices(num_variables, 1)

    def draw(size: int) -> NDArray[np.float64]:
        return generator.integers(-5, 6, size).astype(float) if whole else generator.normal(size=size)

    return make_qubo(draw(num_variables), rows, cols, draw(len(rows)), 1.5)


def energies_of(qubo: Qubo) -> NDArray[np.float64]:
    return all_energies(qubo.linear, qubo.symmetric(), qubo.offset)


def exact_state(energies: NDArray[np.float64]) -> NDArray[np.complex128]:
    """The same circuit by dense matrices."""
    n = len(energies).bit_length() - 1
    flip = np.array([[0, 1], [1, 0]])
    field = sum(np.kron(np.kron(np.eye(2 ** (n - 1 - q)), flip), np.eye(2**q)) for q in range(n))
    state = np.full(2**n, 2 ** (-n / 2), dtype=complex)
    for gamma, beta in zip(GAMMAS, BETAS, strict=True):
        state = scipy.linalg.expm(-1j * beta * field) @ (np.exp(-1j * gamma * energies) * state)
    return np.asarray(state)


@pytest.mark.parametrize("num_variables", [1, 2, 3, 6, 9])
@pytest.mark.parametrize("whole", [True, False])
def test_states_equal_matrix_exponentials(num_variables: int, whole: bool) -> None:
    energies = energies_of(random_qubo(num_variables, whole=whole))
    simulator = Simulator(energies)
    simulator.run(GAMMAS, BETAS)

    expected = np.abs(exact_state(energies)) ** 2

    assert simulator.probabilities() == pytest.approx(expected, abs=1e-12)
    assert simulator.value() == pytest.approx(expected @ energies, abs=1e-9)


def test_energies_are_those_of_the_qubo() -> None:
    qubo = random_qubo(10, whole=False)
    states = np.arange(2**10)[:, None] >> np.arange(10) & 1

    assert energies_of(qubo) == pytest.approx(qubo.energies(states))


@pytest.mark.parametrize("num_variables", [11, 12, 13, 15, 17, 20, 21])
def test_mixing_in_blocks_equals_one_qubit_after_another(num_variables: int) -> None:
    generator = np.random.default_rng(0)
    states = generator.normal(size=(2, 2**num_variables))
    expected = states.copy()
    for qubit in range(num_variables):
        _rotate(*expected, 2**qubit, 0.6, 0.8)

    mix(states, 0.6, 0.8)

    assert np.allclose(states, expected, atol=1e-12)


@pytest.mark.parametrize("num_variables", [1, 2, 5, 9, 13, 15])
def test_the_product_of_two_states_is_taken_over_all_flips(num_variables: int) -> None:
    generator = np.random.default_rng(1)
    states = generator.normal(size=(4, 2**num_variables))
    first, second = states[0] + 1j * states[1], states[2] + 1j * states[3]
    flipped = sum(first[np.arange(2**num_variables) ^ 1 << qubit] for qubit in range(num_variables))

    assert mix(states, 0.6, 0.8) == pytest.approx(np.vdot(second, flipped).imag, rel=1e-9)


@pytest.mark.parametrize("share", [1.0, 0.3])
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("tilted", [True, False])
def test_gradients_equal_differences(whole: bool, share: float, tilted: bool) -> None:
    energies = energies_of(random_qubo(7, whole=whole))
    tilts = np.linspace(0.9, 2.1, 7) if tilted else None
    simulator = Simulator(energies, float(energies.std()), tilts=tilts)
    angles = np.concatenate([GAMMAS, BETAS])

    value, slopes = simulator.gradient(GAMMAS, BETAS, share)

    differences = []
    for place in range(len(angles)):
        ends = []
        for step in (1e-5, -1e-5):
            moved = angles + step * (np.arange(len(angles)) == place)
            simulator.run(*np.split(moved, 2))
            ends.append(simulator.value(share))
        differences.append((ends[0] - ends[1]) / 2e-5)
    simulator.run(GAMMAS, BETAS)
    assert value == pytest.approx(simulator.value(share))
    assert slopes == pytest.approx(differences, abs=1e-4)


def test_a_warm_start_without_layers_is_the_product_state_of_its_tilts() -> None:
    tilts = np.array([0.4, 1.1, 2.8])
    simulator = Simulator(np.arange(8.0), tilts=tilts)

    simulator.run(np.zeros(0), np.zeros(0))

    ones = np.sin(tilts / 2) ** 2
    bits = np.arange(8)[:, None] >> np.arange(3) & 1
    assert simulator.probabilities() == pytest.approx(np.where(bits, ones, 1 - ones).prod(axis=1))


def test_the_mixer_of_a_warm_start_leaves_its_state() -> None:
    """It is an eigenstate of the turned mixer, as the uniform superposition is of the usual one."""
    simulator = Simulator(np.arange(8.0), tilts=np.array([0.4, 1.1, 2.8]))
    simulator.start()
    before = simulator.probabilities()

    simulator.mix(0.7)

    assert simulator.probabilities() == pytest.approx(before)


def test_expectations_agree_with_qiskit() -> None:
    info = pytest.importorskip("qiskit.quantum_info")
    circuits = pytest.importorskip("qiskit")
    qubo = random_qubo(6, whole=True)
    energies = energies_of(qubo)
    circuit = circuits.QuantumCircuit(6)
    circuit.h(range(6))
    for gamma, beta in zip(GAMMAS, BETAS, strict=True):
        circuit.append(circuits.circuit.library.DiagonalGate(list(np.exp(-1j * gamma * energies))), range(6))
        circuit.rx(2 * beta, range(6))
    probabilities = info.Statevector(circuit).probabilities()
    simulator = Simulator(energies)
    simulator.run(GAMMAS, BETAS)

    assert simulator.value() == pytest.approx(probabilities @ energies, abs=1e-9)
    assert simulator.probabilities() == pytest.approx(probabilities, abs=1e-9)


@pytest.mark.parametrize("whole", [True, False])
def test_single_precision_is_good_to_five_digits(whole: bool) -> None:
    energies = energies_of(random_qubo(14, whole=whole))
    one, other = Simulator(energies), Simulator(energies, single=True)
    for simulator in (one, other):
        simulator.run(GAMMAS, BETAS)

    assert other.value() == pytest.approx(one.value(), rel=1e-5)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("share", [0.05, 0.3, 1.0])
def test_cvar_is_the_mean_of_the_best_share(whole: bool, share: float) -> None:
    energies = energies_of(random_qubo(8, whole=whole))
    simulator = Simulator(energies)
    simulator.run(GAMMAS, BETAS)
    order = np.argsort(energies)
    left, total = share, 0.0
    for energy, probability in zip(energies[order], simulator.probabilities()[order], strict=True):
        taken = min(left, probability)
        left, total = left - taken, total + taken * energy

    assert simulator.value(share) == pytest.approx(total / share, abs=1e-9)


def test_shots_follow_the_probabilities() -> None:
    energies = energies_of(random_qubo(3, whole=True))
    simulator = Simulator(energies)
    simulator.run(GAMMAS, BETAS)

    states = simulator.draw_states(200_000, np.random.default_rng(0))

    frequencies = np.bincount(states, minlength=8) / len(states)
    assert frequencies == pytest.approx(simulator.probabilities(), abs=0.01)
