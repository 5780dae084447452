"""Run a solver on an instance: the one loop that asks for batches, keeps the clock and judges."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import repeat
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.optimum.find import ground_truth
from bnnbench.optimum.truth import Truth
from bnnbench.plugins.registry import load_solver
from bnnbench.qubo.instance import Instance
from bnnbench.runs.facts import Facts
from bnnbench.runs.judge import JudgedBatch, as_one_read, judge
from bnnbench.runs.outcome import Outcome, fold
from bnnbench.runs.target import Target, target_of
from bnnbench.solver.answer import open_stream, taken
from bnnbench.solver.contract import Batch, Budget, Solver, is_number
from bnnbench.solver.ready import make_ready
from bnnbench.solver.refusal import refusal
from bnnbench.spec import Spec

if TYPE_CHECKING:
    import dimod


def run(
    instance: Instance,
    solver: str | Spec | Solver,
    *,
    budget: Budget,
    seed: int = 0,
    truth: Truth | None = None,
    keep_samples: bool = False,
) -> Outcome:
    """Run a solver in this process, without limits other than the budget.

    Parameters
    ----------
    solver
        A solver, or its name with parameters, such as ``tabu[num_restarts=4]``.
    truth
        What to measure gaps against; None: sought now, and kept for the next run on the same problem.
    keep_samples
        Whether the outcome has all reads, as ``outcome.sampleset``, a ``dimod.SampleSet``.

    Returns
    -------
    Outcome
        Of status ``ok``, ``refused`` or ``unavailable``; what the solver raises is not caught.

    Raises
    ------
    InputError
        If `instance` is not compiled, or `solver` is not a solver.
    """
    if not isinstance(instance, Instance):
        raise InputError(f"run: {instance!r} is no bnnbench.Instance; compile it first, with bnnbench.compile.")
    if not isinstance(budget, Budget):
        raise InputError(f"run: {budget!r} is no bnnbench.Budget; write budget=bnnbench.Budget(seconds=1).")
    if not is_number(seed, whole=True) or not 0 <= seed < 2**63:
        raise InputError(f"run: the seed must be a whole number of at least 0 and below 2^63, but {seed!r} came.")
    if truth is not None and not (isinstance(truth, Truth) and truth.problem_hash == instance.problem.hash):
        raise InputError(
            f"run: the truth that came is not one of {instance.problem.name}; give the answer of "
            "bnnbench.ground_truth(instance.problem), or leave it out."
        )
    if isinstance(solver, (str, Spec)):
        solver = load_solver(solver)
    if not isinstance(solver, Solver):
        raise InputError(f"run: a solver must be a bnnbench.Solver or its name, but {type(solver)} came.")
    if truth is None:
        # Without a truth there are no gaps, but there is still a run.
        with contextlib.suppress(InputError):
            truth = ground_truth(instance.problem)
    target = target_of(truth, instance.problem.num_samples, is_sound=instance.is_sound)
    reason = solver.unavailable()
    name = str(solver.spec)
    if reason:
        return replace(fold([], target, budget, status="unavailable", message=reason), solver=name)
    goal = target.goal(budget)
    reads: list[NDArray[np.int8]] = []

    def record(_: JudgedBatch, batch: Batch) -> None:
        if keep_samples and batch.phase == "final":
            reads.append(batch.bits)

    outcome = measure(instance, solver, target, budget=budget, seed=seed, record=record, stop_at=goal)
    if solver.gives_one_read and reads:
        answers = np.concatenate(reads)
        reads = [answers[[np.argmin(instance.qubo.energies(answers))]]]
    sampleset = _sampleset(instance, reads) if reads else None
    return replace(outcome, sampleset=sampleset, solver=name, network=instance.problem.network)


def measure(
    instance: Instance,
    solver: Solver,
    target: Target,
    *,
    budget: Budget,
    seed: int,
    record: Callable[[JudgedBatch, Batch], None],
    allow: Callable[[float], None] | None = None,
    stop_at: float | None = None,
) -> Outcome:
    """Ask for batches until the stream ends or the budget is spent; judge each off the clock, and record it.

    Libraries and kernels are loaded before any clock runs.

    `allow` is told the estimated seconds of QPU access before anything is submitted, and raises if they are too many.
    A sample whose loss is at most `stop_at` ends the run.
    """
    preparing, sampling, judging = _Clock(), _Clock(counts_cpu=True), _Clock()
    with preparing:
        reason = refusal(solver, instance)
        gives_one_read = solver.gives_one_read  # a property may do work
    if reason:
        times = {"compile_s": instance.compile_s, "prepare_s": preparing.wall_s}
        return fold([], target, budget, status="refused", message=reason, **times)
    make_ready(solver, instance.problem.network)
    with preparing:
        prepared = solver.prepare(instance)
        estimate_s = 0.0 if allow is None else solver.qpu_seconds(prepared, budget)
    if allow is not None:
        allow(estimate_s)
    batches, facts = list[JudgedBatch](), Facts()
    num_reads, has_target = 0, False
    opened = contextlib.ExitStack()
    try:
        with sampling:
            stream = opened.enter_context(open_stream(solver, prepared, seed=seed, budget=budget))
            answers = map(taken, stream, repeat(instance.qubo.num_variables))
        while True:
            with sampling:
                batch = next(answers, None)
            if batch is None:
                break
            with judging:
                judged = judge(instance, batch, sampling.wall_s, facts)
                if gives_one_read and judged.num_reads:
                    judged = as_one_read(judged, is_first=not num_reads)
                batches.append(judged)
                record(batches[-1], batch)
            num_reads += batches[-1].num_reads
            if has_target := stop_at is not None and batches[-1].loss <= stop_at:
                break
            if budget.seconds is not None and sampling.wall_s >= budget.seconds:
                break
            if budget.reads is not None and num_reads >= budget.reads and not gives_one_read:
                break  # an exact solver may still have a bound to deliver
    finally:
        with sampling:
            opened.close()
    return fold(
        batches,
        target,
        budget,
        status="ok" if num_reads or has_target else "error",
        message="" if has_target else _fault_of(batches, num_reads),
        compile_s=instance.compile_s,
        prepare_s=preparing.wall_s,
        sample_s=sampling.wall_s,
        judge_s=judging.wall_s,
        cpu_s=sampling.cpu_s,
    )


def _fault_of(batches: Sequence[JudgedBatch], num_reads: int) -> str:
    """Return what is wrong with a run that has no reads, as a sentence; empty for any other."""
    if num_reads:
        return ""
    if batches:
        return "the run ended while the solver trained, before it answered a read; give it a larger budget."
    return "the solver ended without any sample."


def _sampleset(instance: Instance, reads: Sequence[NDArray[np.int8]]) -> dimod.SampleSet:
    """Return the reads of a run with their energies."""
    import dimod

    model = instance.qubo.to_bqm()
    return dimod.SampleSet.from_samples_bqm((np.concatenate(reads), list(model.variables)), model)


class _Clock:
    """Add up the wall time of what is done inside, in seconds, and its processor time, which the system is asked for.

    Parameters
    ----------
    counts_cpu
        Whether the system is asked: that takes ten times as long as to look at the clock.
    """

    wall_s = cpu_s = 0.0

    def __init__(self, *, counts_cpu: bool = False) -> None:
        self._cpu_s = process_time if counts_cpu else float

    def __enter__(self) -> None:
        self._begin = perf_counter(), self._cpu_s()

    def __exit__(self, *error: object) -> None:
        wall, cpu = self._begin
        self.wall_s += perf_counter() - wall
        self.cpu_s += self._cpu_s() - cpu
