"""Closed-system annealing: against an integrator of differential equations, the adiabatic theorem, and no time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.integrate
from bnnbench_solvers._schroedinger import anneal, cumulative_by_cost, read_schedule
from bnnbench_solvers._statevector import Simulator
from numpy.typing import NDArray

import bnnbench as bb
from bnnbench.annealer.transverse_field import largest_coefficient
from bnnbench.errors import InputError
from bnnbench.optimum.losses import all_losses


def dense_anneal(values: NDArray[np.float64], unit: float, time_ns: float) -> NDArray[np.float64]:
    """Probabilities after a linear anneal, by an integrator of differential equations on the whole Hamiltonian."""
    n = len(values).bit_length() - 1
    flip = np.array([[0, 1], [1, 0]])
    field = sum(np.kron(np.kron(np.eye(2 ** (n - 1 - q)), flip), np.eye(2**q)) for q in range(n))

    def slope(s: float, state: NDArray[np.complex128]) -> NDArray[np.complex128]:
        energy = -(1 - s) / 2 * (field @ state) + s / 2 * values / unit * state
        return np.asarray(-2j * np.pi * time_ns * energy)

    start = np.full(2**n, 2 ** (-n / 2), dtype=complex)
    found = scipy.integrate.solve_ivp(slope, (0, 1), start, method="DOP853", rtol=1e-8, atol=1e-10)
    return np.asarray(np.abs(found.y[:, -1]) ** 2)


@pytest.mark.parametrize("num_qubits", [6, 8])
@pytest.mark.parametrize("whole", [True, False])
def test_probabilities_solve_the_schroedinger_equation(num_qubits: int, whole: bool) -> None:
    random = np.random.default_rng(num_qubits)
    values = random.integers(0, 6, 2**num_qubits).astype(float) if whole else random.normal(size=2**num_qubits)
    unit = largest_coefficient(values)
    simulator = Simulator(values, unit)

    anneal(simulator, read_schedule("linear", 1.0), 3.0, 1024)

    assert simulator.probabilities() == pytest.approx(dense_anneal(values, unit, 3.0), abs=1e-4)


def test_the_unit_is_the_largest_coupling_of_an_ising_model() -> None:
    spins = 2 * (np.arange(8)[:, None] >> np.arange(3) & 1) - 1
    values = 7 + 0.5 * spins[:, 0] - 3 * spins[:, 0] * spins[:, 2] + 2 * spins[:, 1]

    assert largest_coefficient(values) == pytest.approx(3)
    assert largest_coefficient(np.full(8, 0.1)) == 0


def test_no_time_leaves_the_uniform_superposition_and_long_times_reach_the_optimum() -> None:
    problem = bb.load_problem("random_data", widths=[5, 1], samples=6, seed=3)
    losses = all_losses(problem)
    best = losses == losses.min()
    simulator = Simulator(losses, largest_coefficient(losses))

    chances = {}
    for time_ns in (1e-6, 2.0, 60.0):
        anneal(simulator, read_schedule("linear", 1.0), time_ns, 2000)
        chances[time_ns] = simulator.probabilities()[best].sum()

    assert chances[1e-6] == pytest.approx(best.mean(), abs=1e-4)
    assert chances[2.0] > best.mean()
    assert chances[60.0] > 0.98


def test_the_last_doubling_changed_no_probability_by_more_than_the_tolerance() -> None:
    instance = bb.compile(bb.load_problem("random_function", size=3, hidden=[], samples=2), "compact")
    solver = bb.load_solver("schroedinger_qubo", time_ns=5.0)
    outcome = bb.run(instance, solver, budget=bb.Budget(reads=10))
    steps, error = outcome.facts["anneal_steps"], outcome.facts["step_error"]
    values = solver.diagonal(instance).values
    simulator = Simulator(values, largest_coefficient(values))

    results = []
    for number in (steps, 8 * steps):
        anneal(simulator, read_schedule("linear", 1.0), 5.0, number)
        results.append(cumulative_by_cost(values, simulator.probabilities()))

    assert error <= 1e-3
    assert np.abs(results[0] - results[1]).max() < 1e-3


def test_estimates_of_the_steps_are_no_reads() -> None:
    instance = bb.compile(bb.load_problem("parity", size=2), "compact")

    outcome = bb.run(instance, "schroedinger_weights", budget=bb.Budget(reads=30))

    assert outcome.num_reads == 30


def test_a_schedule_of_a_file_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "schedule.csv"
    path.write_text("s,A (GHz),B (GHz)\n0,6,0\n0.5,1,2\n1,0,8\n")

    schedule = read_schedule(str(path), 1.0)

    assert schedule.tolist() == [[0, 0.5, 1], [6, 1, 0], [0, 2, 8]]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("s,A,B\n0,6,0\n0.5,1,2\n", "from 0.0 to 0.5"),
        ("s,A,B\n0,6,x\n1,1,2\n", "cannot be read"),
        ("s,A,B\n0,6\n1,1\n", "the numbers s, A and B"),
        ("s,A,B\n0,6,nan\n1,1,2\n", "the numbers s, A and B"),
        ("", "the numbers s, A and B"),
    ],
)
def test_a_wrong_schedule_is_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "schedule.csv"
    path.write_text(text)

    with pytest.raises(InputError, match=sentence):
        read_schedule(str(path), 1.0)


def test_a_missing_schedule_is_a_sentence() -> None:
    with pytest.raises(InputError, match=r"schedule nowhere\.csv cannot be read"):
        read_schedule("nowhere.csv", 1.0)
