"""Core-guided MaxSAT on the network itself, without a QUBO; proves optimality (python-sat)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Timer
from time import perf_counter
from typing import Any, ClassVar, Literal

import numpy as np
from typing_extensions import override

from bnnbench.errors import InputError
from bnnbench.qubo.instance import Instance
from bnnbench.solver.contract import Batch, Budget, Objective, Solver, WorksOn

from ._maxsat import MOST_CLAUSES, network_formula, num_clauses


@dataclass(frozen=True, kw_only=True)
class MaxSat(Solver):
    """RC2: unsatisfiable cores raise a lower bound until the formula is satisfied, at the optimum.

    There is no answer before the optimum. A run that ends earlier answers all weights +1, with the bound so far, which
    is one on the training loss; it is passed on as a bound on the energy where the formulation is sound. The clock runs
    while the library reads the formula, but nothing stops it before its first question to the SAT solver.

    References
    ----------
    A. Ignatiev, A. Morgado and J. Marques-Silva, "RC2: an Efficient MaxSAT Solver", Journal on Satisfiability, Boolean
    Modeling and Computation 11, 2019; and "PySAT: A Python Toolkit for Prototyping with SAT Oracles", SAT 2018.
    """

    exact: ClassVar[bool] = True
    watches_clock: ClassVar[bool] = True
    counts: ClassVar[str] = "decisions"
    needs: ClassVar[tuple[str, ...]] = ("python-sat",)
    loads: ClassVar[tuple[str, ...]] = ("pysat.formula", "pysat.examples.rc2")
    works_on: ClassVar[WorksOn] = "network"

    oracle: Literal["g3", "g4", "m22"] = "g3"
    """SAT solver: Glucose 3, Glucose 4.1 or MiniSat 2.2."""
    minimize_cores: bool = False
    """Whether cores are made smaller before they are used."""

    @override
    def refuses(self, instance: Objective) -> str | None:
        if not isinstance(instance, Instance):
            return "maxsat needs a network, but this QUBO has none."
        clauses = num_clauses(instance.problem)
        if clauses <= MOST_CLAUSES:
            return None
        return (
            f"maxsat: the formula of {instance.problem.name} has some {clauses:,} clauses, as their number grows with "
            f"the square of a fan-in, but up to {MOST_CLAUSES:,} are written; take a narrower network or fewer samples."
        )

    def prepare(self, instance: Objective) -> Any:
        """Return the instance, its formula, the variables of its weights, and the unit of its cost."""
        if not isinstance(instance, Instance):
            raise InputError(self.refuses(instance))
        return instance, *network_formula(instance.problem)

    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield the optimum, or a bound when the time is over."""
        from pysat.examples.rc2 import RC2

        del seed
        began_s = perf_counter()  # the library reads the formula on the solver's time
        instance, formula, variables, unit = prepared
        bounds: list[int] = []
        with RC2(formula, solver=self.oracle, adapt=True, minz=self.minimize_cores) as search:

            def stop() -> None:
                bounds.append(search.cost)  # what follows an interrupt is no core
                search.interrupt()

            timer = None
            if budget.seconds is not None:
                timer = Timer(max(0.0, began_s + budget.seconds - perf_counter()), stop)
            try:
                if timer is not None:
                    timer.start()
                model = search.compute(expect_interrupt=timer is not None)
                cost = search.cost if model is not None else min(bounds)
            finally:
                if timer is not None:
                    timer.cancel()
                    timer.join()
            decisions = search.oracle.accum_stats()["decisions"]
        is_true = set(model or variables)
        weights = np.array([[1 if v in is_true else -1 for v in variables]], dtype=np.int8)
        # The energy of an unsound formulation can fall below the loss.
        bound = cost * unit if instance.is_sound else None
        yield Batch(instance.complete(weights), lower_bound=bound, evaluations=decisions)
