"""The ground state of a QUBO of a file: found by visiting all states, where there are few."""

from __future__ import annotations

from bnnbench.errors import InputError
from bnnbench.optimum.truth import Truth
from bnnbench.qubo.qubo_problem import QuboProblem

VISITED = 26
"""Variables up to which all states are visited without being asked for, in less than a second."""


def ground_state(problem: QuboProblem) -> Truth:
    """Return the ground state of a QUBO, by a visit of all states.

    Raises
    ------
    InputError
        If there are more than 2^`VISITED` of them.
    """
    from bnnbench.optimum.qubo_levels import levels  # numba takes half a second to load

    if problem.qubo.num_variables > VISITED:
        raise InputError(
            f"{problem.name}: nothing is known of the ground energy of {problem.qubo.num_variables} variables; gaps "
            'are above the best energy of all runs. Give the suite optimum = NUMBER, or optimum = "cpsat" to prove one.'
        )
    found = levels(problem.qubo)
    optima = 2 * found.states[:1] - 1
    return Truth(
        problem_hash=problem.hash,
        loss=float(problem.training_loss(optima[0])),
        kind="exhaustive",
        method="a visit of all states",
        optima=optima,
        num_optima=found.num_states,
        seconds=found.seconds,
    )
