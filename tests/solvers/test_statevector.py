"""State vectors of QAOA: against matrix exponentials, and against qiskit."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from bnnbench_solvers._statevector import Simulator, _mix, _rotate
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
    real, imaginary = generator.normal(size=2**num_variables), generator.normal(size=2**num_variables)
    expected_real, expected_imaginary = real.copy(), imaginary.copy()
    for qubit in range(num_variables):
        _rotate(expected_real, expected_imaginary, 2**qubit, 0.6, 0.8)

    _mix(real, imaginary, 0.6, 0.8)

    assert np.allclose(real, expected_real, atol=1e-12)
    assert np.allclose(imaginary, expected_imaginary, atol=1e-12)


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

    shots = simulator.draw(200_000, np.random.default_rng(0))

    frequencies = np.bincount(shots @ (1 << np.arange(3)), minlength=8) / len(shots)
    assert frequencies == pytest.approx(simulator.probabilities(), abs=0.01)
