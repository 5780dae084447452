"""Conformance: whether an adapter keeps the contract of `bnnbench.solver.contract.Solver`.

Each check asks one thing, on QUBOs so small that all their energies are known, and on small networks. A check that
fails raises a sentence for the adapter's author.
"""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from time import perf_counter

import numpy as np

from bnnbench.errors import CheckError
from bnnbench.hashing import content_hash
from bnnbench.plugins.asking import READS, ask, bits_of, need, need_seeds, num_reads, objectives
from bnnbench.plugins.declared_needs import check_needs
from bnnbench.plugins.small_qubos import bare_qubos, networks, separable
from bnnbench.plugins.verdict import DoesNotApply, Result, judged
from bnnbench.qubo.qubo import Qubo, all_energies, bound_slack, make_qubo
from bnnbench.solver.answer import open_stream
from bnnbench.solver.contract import Budget, Objective, Solver

SECONDS = 0.1
"""Budgets of the checks."""
OVERRUN_S = 2 * SECONDS + 1
"""Longest time for a budget of `SECONDS`: what takes longer is flagged in every table."""
MANY_READS = 2000
EXACT_SECONDS = 20.0
"""How long a solver that calls itself exact may take for a proof."""


def run_check(name: str, solver: Solver) -> Result:
    """Run one of `CHECKS`; whatever the solver raises is a failure."""

    def call() -> None:
        if reason := solver.unavailable():
            raise DoesNotApply(reason)
        CHECKS[name](solver)

    return judged(name, call)


def check_answers(solver: Solver) -> None:
    """Check that every batch holds bits: int8, 0 or 1, a column per variable, a row or more; and that there is one."""
    for name, objective in objectives(solver).items():
        if not num_reads(solver, ask(solver, objective)):
            raise CheckError(f"{name}: the stream ended without a read; answer at least one sample.")


def check_order(solver: Solver) -> None:
    """Check on a separable QUBO that each variable has its right value in its own place."""
    qubo, right = separable()
    need(solver, qubo)
    best: list[int] = []
    for reads in (READS, MANY_READS):  # most find it at once
        batches = ask(solver, qubo, budget=Budget(reads=reads, seconds=EXACT_SECONDS / 4))
        bits = np.vstack([batch.bits for batch in batches])
        best = bits[int(np.argmin(qubo.energies(bits)))].tolist()
        if best == right:
            return
    if best == right[::-1]:
        raise CheckError(f"the variables come back in reverse: {best} where {right} is the minimum.")
    if best == [1 - value for value in right]:
        raise CheckError(f"it maximizes: {best} where {right} is the minimum; look at the sign of the objective.")
    raise CheckError(f"its best answer to a separable QUBO is {best} where {right} is the minimum.")


def check_seed(solver: Solver) -> None:
    """Check that the same seed and the same number of reads give the same bits."""
    need_seeds(solver)
    for name, objective in objectives(solver).items():
        if bits_of(ask(solver, objective, seed=5)[:3]) != bits_of(ask(solver, objective, seed=5)[:3]):
            raise CheckError(f"{name}: the same seed gave other bits; hand `seed` to whatever draws random numbers.")


def check_seeds_differ(solver: Solver) -> None:
    """Check that other seeds give other bits where all bits are equally good, so that `seed` is not ignored."""
    none = np.zeros(0, dtype=np.int32)
    flat = make_qubo(np.zeros(16), none, none, np.zeros(0), 0.0)
    if solver.exact:
        raise DoesNotApply("it is exact, and may answer the same optimum always.")
    need_seeds(solver)
    need(solver, flat)
    answers = [bits_of(ask(solver, flat, seed=seed)[:1]) for seed in range(4)]
    if all(answer == answers[0] for answer in answers):
        raise CheckError("four seeds gave the same bits though all bits are equally good; it ignores `seed`.")


def check_bare(solver: Solver) -> None:
    """Check that a solver that says that it works on the QUBO answers the same without the network behind it."""
    if solver.works_on != "qubo":
        raise DoesNotApply(f"it says that it works on the {solver.works_on}.")
    need_seeds(solver)
    for name, objective in networks().items():
        bare = objective.qubo
        if solver.refuses(objective):
            continue
        if solver.refuses(bare) or bits_of(ask(solver, objective)[:3]) != bits_of(ask(solver, bare)[:3]):
            raise CheckError(
                f"{name}: the bare QUBO has another answer; read nothing else of an instance than its qubo, or say "
                'works_on = "network" (or "penalties").'
            )


def check_reads(solver: Solver) -> None:
    """Check that a budget of reads is not overrun, not even by one."""
    for name, objective in objectives(solver).items():
        for reads in (1, 3):
            answered = num_reads(solver, ask(solver, objective, budget=Budget(reads=reads)))
            if answered > reads:
                raise CheckError(
                    f"{name}: {answered} reads came where {reads} were asked; size batches by budget.reads_in_batches."
                )


def check_one_read(solver: Solver) -> None:
    """Check that a solver that calls itself exact gives one read: one sample at a time, and none above the one before.

    Reads beside it would be counted as attempts, and one attempt is all that an exact solver makes.
    """
    if not solver.gives_one_read:
        raise DoesNotApply("it does not say that it is exact.")
    for name, objective in objectives(solver).items():
        batches = [batch for batch in ask(solver, objective, budget=Budget(seconds=SECONDS)) if batch.phase == "final"]
        energies = [objective.qubo.energies(batch.bits) for batch in batches]
        if most := max((len(values) for values in energies if len(values) > 1), default=0):
            raise CheckError(f"{name}: it is exact, but a batch has {most} samples; an exact solver gives one read.")
        best = [float(values[0]) for values in energies]
        for before, now in pairwise(best):
            if now > before + bound_slack(before):
                raise CheckError(
                    f"{name}: it is exact, but after the energy {before:g} came {now:g}; an exact solver gives one "
                    "read, so yield what betters it, and nothing else."
                )


def check_seconds(solver: Solver) -> None:
    """Check that a budget of seconds is kept, though the harness can stop only between two batches."""
    for name, objective in objectives(solver).items():
        if name not in ("eight variables", *networks()):
            continue
        prepared = solver.prepare(objective)
        ask(solver, objective, budget=Budget(reads=1), prepared=prepared)  # compiles what has to be compiled
        start = perf_counter()
        ask(solver, objective, budget=Budget(seconds=SECONDS), prepared=prepared)
        took = perf_counter() - start
        if took > OVERRUN_S:
            raise CheckError(
                f"{name}: it took {took:.1f} s of a budget of {SECONDS} s; yield smaller batches, or hand "
                "budget.seconds to the library."
            )


def check_stream(solver: Solver) -> None:
    """Check that a stream can be cut after a batch and closed, and that a new one then starts afresh."""
    for name, objective in objectives(solver).items():
        prepared = solver.prepare(objective)
        whole = bits_of(ask(solver, objective, seed=2, prepared=prepared)[:2])
        with open_stream(solver, prepared, seed=2, budget=Budget(reads=READS)) as stream:
            next(stream, None)
        again = bits_of(ask(solver, objective, seed=2, prepared=prepared)[:2])
        if solver.seeded and whole != again:
            raise CheckError(f"{name}: a stream that was closed changed the next one; keep no state between calls.")


def check_state(solver: Solver) -> None:
    """Check that two streams that run at once do not change each other."""
    need_seeds(solver)
    for name, objective in objectives(solver).items():
        apart = [bits_of(ask(solver, objective, seed=seed)[:2]) for seed in (1, 2)]
        prepared = solver.prepare(objective)
        budget = Budget(reads=READS)
        with (
            open_stream(solver, prepared, seed=1, budget=budget) as one,
            open_stream(solver, prepared, seed=2, budget=budget) as other,
        ):
            pairs = [[next(stream, None) for stream in (one, other)] for _ in range(2)]
        together = [bits_of([b for b in batches if b is not None]) for batches in zip(*pairs, strict=True)]
        if any(one[: len(two)] != two[: len(one)] for one, two in zip(apart, together, strict=True)):
            raise CheckError(f"{name}: two streams at once gave other bits than one by one; share no state.")


def check_bounds(solver: Solver) -> None:
    """Check that a claimed lower bound holds for every assignment."""
    claimed = False
    for name, objective, least in _minima(solver):
        for batch in ask(solver, objective, budget=Budget(reads=READS, seconds=EXACT_SECONDS)):
            bound = batch.lower_bound
            if bound is None:
                continue
            claimed = True
            if math.isnan(bound) or bound > least + 2 * objective.qubo.rounding:
                raise CheckError(f"{name}: it claims the lower bound {bound:g}, but the minimum is {least:g}.")
    if not claimed:
        raise DoesNotApply("it claims no bounds.")


def check_exact(solver: Solver) -> None:
    """Check that a solver that calls itself exact finds the minimum and proves it."""
    if not solver.exact:
        raise DoesNotApply("it does not say that it is exact.")
    for name, objective, least in _minima(solver):
        batches = ask(solver, objective, budget=Budget(seconds=EXACT_SECONDS))
        found = min((float(objective.qubo.energies(batch.bits).min()) for batch in batches), default=math.inf)
        bound = max((batch.lower_bound for batch in batches if batch.lower_bound is not None), default=-math.inf)
        is_sound = getattr(objective, "is_sound", True)
        if is_sound and (found > least + bound_slack(least) or bound < least - bound_slack(least)):
            raise CheckError(
                f"{name}: it says that it is exact, but found {found:g} with the bound {bound:g} where the minimum is "
                f"{least:g}."
            )


def _minima(solver: Solver) -> Iterator[tuple[str, Objective, float]]:
    for name, objective in objectives(solver).items():
        qubo = objective.qubo
        if qubo.num_variables <= 20:
            yield name, objective, float(all_energies(qubo.linear, qubo.symmetric(), qubo.offset).min())


def check_instance(solver: Solver) -> None:
    """Check that the instance is not written to."""
    for name, objective in objectives(solver).items():
        before = _content(objective.qubo)
        ask(solver, objective)
        if _content(objective.qubo) != before:
            bare_qubos.cache_clear()
            networks.cache_clear()
            raise CheckError(f"{name}: it changed the instance; copy arrays before writing to them.")


def _content(qubo: Qubo) -> str:
    return content_hash("qubo", {"offset": qubo.offset}, qubo.linear, qubo.rows, qubo.cols, qubo.couplings)


def check_facts(solver: Solver) -> None:
    """Check that clocks are seconds, and facts scalars."""
    for name, objective in objectives(solver).items():
        for batch in ask(solver, objective):
            for key, seconds in batch.clocks.items():
                if not 0 <= float(seconds) < math.inf:
                    raise CheckError(f"{name}: the clock {key} says {seconds!r}, which is no time in seconds.")
            for key, value in batch.facts.items():
                if not isinstance(value, (int, float, str, bool, np.generic)):
                    raise CheckError(f"{name}: the fact {key} is {type(value).__name__}, but must be a scalar.")


def check_pickle(solver: Solver) -> None:
    """Check that the solver can be sent to another process, and arrives as the same."""
    if pickle.loads(pickle.dumps(solver)) != solver:  # noqa: S301  it comes from here
        raise CheckError("it is another after pickling; keep to frozen dataclass fields.")


def check_refusal(solver: Solver) -> None:
    """Check that the solver refuses with a sentence, and without an exception."""
    none = np.zeros(0, dtype=np.int32)
    large = make_qubo(np.ones(100_000), none, none, np.zeros(0), 0.0)
    for objective in (*bare_qubos().values(), *networks().values(), large):
        reason = solver.refuses(objective)
        if reason is not None and not (isinstance(reason, str) and re.search(r"\w+ \w+", reason)):
            raise CheckError(f"it refuses with {reason!r}; answer None, or a sentence that says why.")


CHECKS: dict[str, Callable[[Solver], None]] = {
    "bits": check_answers,
    "order of variables": check_order,
    "same seed, same bits": check_seed,
    "other seed, other bits": check_seeds_differ,
    "works on": check_bare,
    "budget in reads": check_reads,
    "one read": check_one_read,
    "budget in seconds": check_seconds,
    "stream can be closed": check_stream,
    "no shared state": check_state,
    "bounds hold": check_bounds,
    "exact": check_exact,
    "instance unchanged": check_instance,
    "clocks and facts": check_facts,
    "pickles": check_pickle,
    "refuses with a sentence": check_refusal,
    "needs declared": check_needs,
}
"""What is asked, by name; the docstring of each says it in a sentence."""
