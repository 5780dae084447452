"""Solvers as dimod samplers: what is here, for programs that speak dimod."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import Any

import dimod
import numpy as np
from typing_extensions import override

from bnnbench.errors import InputError, RefusedError, UnavailableError
from bnnbench.plugins.registry import load_solver
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.qubo import Qubo, qubo_from_bqm
from bnnbench.solver.answer import open_stream, taken
from bnnbench.solver.contract import Batch, Budget, Solver
from bnnbench.spec import Spec


def as_sampler(solver: str | Spec | Solver, /, **parameters: Any) -> SolverSampler:
    """Return a solver as a dimod sampler.

    Parameters
    ----------
    solver
        A solver, or its name, such as ``"tabu"`` or ``"tabu[num_restarts=4]"``, or the path of its file.
    parameters
        Its hyperparameters, beside a name.

    Raises
    ------
    UnknownNameError
        If there is no such solver.
    UnavailableError
        If what the solver needs is not installed.
    """
    if isinstance(solver, Solver):
        if parameters:
            raise InputError(f"as_sampler: {solver.spec} has its parameters; give others beside its name.")
    else:
        solver = load_solver(solver, **parameters)
    if reason := solver.unavailable():
        raise UnavailableError(f"solver {solver.name}: {reason}")
    return SolverSampler(solver)


class SolverSampler(dimod.Sampler):  # type: ignore[misc]  # dimod is an Any
    """A solver behind dimod's interface; energies come from the model, whatever the solver says."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver

    @property
    @override
    def parameters(self) -> Mapping[str, Any]:
        return {"num_reads": [], "seed": [], "time_limit_s": []}

    @property
    @override
    def properties(self) -> Mapping[str, Any]:
        solver = self._solver
        return {"solver": str(solver.spec), "works_on": solver.works_on, "solver_parameters": solver.parameters}

    @override
    def sample(
        self,
        bqm: dimod.BinaryQuadraticModel | Instance,
        *,
        num_reads: int | None = None,
        seed: int | None = None,
        time_limit_s: float | None = None,
        **unknown: Any,
    ) -> dimod.SampleSet:
        """Sample a binary quadratic model, or a compiled instance.

        Parameters
        ----------
        bqm
            Of any vartype and labels. A solver that works on the network needs a `bnnbench.Instance`, whose variables
            are 0, …, n − 1.
        num_reads
            Samples to return at most; None: 1, or with a time limit as many as there are. Of an exact solver, whose
            answers improve, the best are returned.
        seed
            Whole number from 0 to 2^63 − 1; None: drawn from the system.
        time_limit_s
            Seconds after which no batch is asked for.

        Returns
        -------
        dimod.SampleSet
            Of the model's vartype, with ``info`` of ``seed``, ``lower_bound`` (None if none was claimed), ``clocks``
            in seconds and ``facts``.

        Raises
        ------
        RefusedError
            If the solver does not apply to the model.
        """
        self.remove_unknown_kwargs(**unknown)
        budget = Budget(seconds=time_limit_s, reads=num_reads or (None if time_limit_s else 1))
        seed = secrets.randbelow(2**63) if seed is None else seed
        model = bqm.qubo.to_bqm() if isinstance(bqm, Instance) else bqm
        if not model.num_variables:
            return dimod.SampleSet.from_samples_bqm(np.zeros((budget.reads or 1, 0), dtype=np.int8), model)
        order = list(model.variables)
        instance = bqm if isinstance(bqm, Instance) else _canonical(model, order)
        batches = list(self._batches(instance, seed, budget))
        bits = np.concatenate([batch.bits for batch in batches])
        samples = 2 * bits - 1 if model.vartype is dimod.SPIN else bits
        answer = dimod.SampleSet.from_samples_bqm((samples, order), model)
        if budget.reads is not None and len(answer) > budget.reads:
            answer = answer.slice(budget.reads, sorted_by="energy" if self._solver.gives_one_read else None)
        bounds = [batch.lower_bound for batch in batches if batch.lower_bound is not None]
        answer.info.update(
            seed=seed,
            lower_bound=max(bounds, default=None),
            clocks={name: seconds for batch in batches for name, seconds in batch.clocks.items()},
            facts={name: fact for batch in batches for name, fact in batch.facts.items()},
        )
        return answer

    def _batches(self, instance: Instance | Qubo, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield batches of reads until the budget is spent; an exact solver may go on until it has proved."""
        solver = self._solver
        if reason := solver.refuses(instance):
            raise RefusedError(reason)
        prepared = solver.prepare(instance)
        start, spent = perf_counter(), 0
        with open_stream(solver, prepared, seed=seed, budget=budget) as stream:
            for answer in stream:
                batch = taken(answer, instance.qubo.num_variables)
                if batch.phase == "final":
                    spent += len(batch.bits)
                    yield batch
                if budget.reads is not None and spent >= budget.reads and not solver.gives_one_read:
                    return
                if budget.seconds is not None and perf_counter() - start >= budget.seconds:
                    return


def _canonical(model: dimod.BinaryQuadraticModel, order: list[Any]) -> Qubo:
    """Return the model with its variables numbered in their order."""
    numbers = {label: number for number, label in enumerate(order)}
    return qubo_from_bqm(dimod.BinaryQuadraticModel(model).relabel_variables(numbers, inplace=False))
