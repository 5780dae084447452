"""The outcome of a run: what became of it, folded from its judged batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.problem.card import card
from bnnbench.problem.network import Network
from bnnbench.runs.column import column, columns_of
from bnnbench.runs.flags import claimed_bounds, flags_of, total_clocks
from bnnbench.runs.judge import JudgedBatch, unpack_bits, with_reads
from bnnbench.runs.target import Target
from bnnbench.solver.contract import Budget

Status = Literal["ok", "timeout", "memory", "crash", "error", "refused", "unavailable"]


_NO_READ = "there is no read"
_NO_OPTIMUM = "no optimum is known, or there is no read"
_UNSOUND = "the formulation is not sound, no optimum is known, or there is no read"
_CUT = "the run failed or was not asked"
_NEVER = "they never did, or no optimum is known"
_UNCOUNTED = "they never did, no optimum is known, or the solver does not count"


@dataclass(frozen=True)
class Outcome:
    """One run, as a row. Energies and losses in units of loss, times in seconds.

    Each field says what it holds; `bnnbench.runs.column.columns_of` lists them. A field that is added here, and
    filled by `fold`, is a column of the store, the tables, the report and docs/columns.md.

    Attributes
    ----------
    best_bits, best_weights
        The sample of least energy and the weights of least loss, packed by `bnnbench.runs.judge.pack_bits`.
    batches
        The trace of the run.
    solver, network
        Who answered, and what the weights are for, where `bnnbench.run` returned it.
    sampleset
        All reads with their energies, a ``dimod.SampleSet``, if `bnnbench.run` was asked to keep them.
    """

    # fmt: off
    status: Status = column(
        "ok; timeout, memory, crash or error if it failed; refused or unavailable if it was not asked", header="status",
        is_answer=True,
    )
    message: str = column("why the status is not ok", default="", empty="the status is ok", header="message")
    num_reads: int = column(
        "samples that the solver answered, those that only trained left out; 1 if exact", default=0, unit="reads",
        header="reads", follows_from="batches", is_answer=True,
    )
    evaluations: int | None = column(
        "elementary steps of the solver: proposed flips, gradient steps × samples, circuit layers × shots, or nodes",
        default=None, empty="the solver does not count them", header="evaluations", statistic="median", drop_rank=0,
        follows_from="batches",
    )
    energy: float | None = column(
        "least energy, recomputed", default=None, unit="loss", empty=_NO_READ, follows_from="samples", is_answer=True,
    )
    loss: float | None = column(
        "least training loss of decoded weights", default=None, unit="loss", empty=_NO_READ, header="loss",
        follows_from="samples", is_answer=True,
    )
    proved: bool = column(
        "1 if the lower bound meets the least energy, else 0", default=False, header="proved", statistic="count",
        drop_rank=40, follows_from="batches", is_gain=True,
    )
    energy_gap: float | None = column(
        "least energy − ground energy", default=None, unit="loss", empty=_UNSOUND, header="energy gap",
        statistic="censored_median", needs="sound", drop_rank=80, follows_from="batches",
    )
    loss_gap: float | None = column(
        "least training loss of decoded weights − optimum, or − the best known loss, see truth_kind", default=None,
        unit="loss", empty=_NO_OPTIMUM, header="loss gap", statistic="censored_median", needs="optimum", drop_rank=130,
        follows_from="batches",
    )
    mean_loss: float | None = column(
        "mean training loss over all reads", default=None, unit="loss", empty=_NO_READ, header="mean read",
        follows_from="batches", is_answer=True,
    )
    energy_successes: int | None = column(
        "reads that reached the ground energy", default=None, unit="reads", empty=_UNSOUND, needs="sound",
        follows_from="batches", is_gain=True,
    )
    loss_successes: int | None = column(
        "reads whose decoded weights reached the optimum", default=None, unit="reads", empty=_NO_OPTIMUM,
        needs="optimum", follows_from="batches", is_gain=True,
    )
    violations: int | None = column(
        "violated penalties of the sample of least energy", default=None, empty=_NO_READ, header="violated",
        statistic="censored_median", drop_rank=50, follows_from="samples", is_answer=True,
    )
    violations_by_kind: dict[str, int] = column(
        "of the violations, those of one kind: sign, product, loss", default_factory=dict, empty=_NO_READ,
        shown_as="violations.…", follows_from="samples",
    )
    train_accuracy: float | None = column(
        "of the weights of least loss on the training data, from 0 to 1", default=None, empty=_NO_READ,
        header="train acc.", statistic="median", is_share=True, drop_rank=20, follows_from="samples", is_answer=True,
        is_gain=True,
    )
    test_accuracy: float | None = column(
        "of the weights of least loss on the test data of the problem, held out or not, from 0 to 1", default=None,
        empty="the problem has no test data, or there is no read", header="test acc.", statistic="median",
        is_share=True, drop_rank=30, follows_from="samples", is_answer=True, is_gain=True,
    )
    lower_bound: float | None = column(
        "largest lower bound on the energy that the solver claimed and no sample disproved", default=None, unit="loss",
        empty="there is none", follows_from="batches", is_answer=True, is_gain=True,
    )
    compile_s: float | None = column(
        "time to build the QUBO", default=None, unit="s", empty="the run failed, or the solver is unavailable",
    )
    prepare_s: float | None = column(
        "time of the solver's preparation, such as an embedding, not in the budget", default=None, unit="s", empty=_CUT,
        header="prepare", statistic="median", drop_rank=15,
    )
    sample_s: float | None = column(
        "sampling time, judging excluded", default=None, unit="s", empty=_NO_READ, header="sample time",
        statistic="median", drop_rank=100,
    )
    judge_s: float | None = column("time to recompute energies and losses", default=None, unit="s", empty=_CUT)
    cpu_s: float | None = column(
        "processor time of all threads of the process while it sampled, without processes that it started",
        default=None, unit="s", empty=_CUT,
    )
    peak_mib: float | None = column(
        "peak of the worker's resident memory, libraries included", default=None, unit="MiB",
        empty="the system does not tell",
    )
    time_to_best_s: float | None = column(
        "sampling time until the least energy was first seen", default=None, unit="s", empty=_NO_READ,
        follows_from="batches",
    )
    time_to_target_s: float | None = column(
        "sampling time until decoded weights first reached the optimum", default=None, unit="s",
        empty=_NEVER, header="time to optimum", needs="optimum", follows_from="batches",
    )
    time_to_1_percent_s: float | None = column(
        "sampling time until the loss of decoded weights was first at most 1 % of the samples above the optimum",
        default=None, unit="s", empty=_NEVER, needs="optimum", follows_from="batches",
    )
    time_to_5_percent_s: float | None = column(
        "the same for 5 % of the samples", default=None, unit="s", empty=_NEVER, needs="optimum",
        follows_from="batches",
    )
    evaluations_to_target: int | None = column(
        "evaluations until decoded weights first reached the optimum", default=None, empty=_UNCOUNTED, needs="optimum",
        follows_from="batches",
    )
    evaluations_to_1_percent: int | None = column(
        "evaluations until the loss was first at most 1 % of the samples above the optimum", default=None,
        empty=_UNCOUNTED, needs="optimum", follows_from="batches",
    )
    evaluations_to_5_percent: int | None = column(
        "the same for 5 % of the samples", default=None, empty=_UNCOUNTED, needs="optimum", follows_from="batches",
    )
    flags: list[str] = column(
        "claims that were found false, and budgets that were overrun", default_factory=list, empty="there are none",
        header="flags", shown_as="flag_texts",
    )
    clocks: dict[str, float] = column(
        "time that only the solver can know, such as QPU access", default_factory=dict, unit="s",
        empty="it did not tell", shown_as="clock.…",
    )
    facts: dict[str, Any] = column(
        "what else the solver told", default_factory=dict, empty="it did not", shown_as="fact.…",
    )
    # fmt: on
    best_bits: str = field(default="", repr=False)
    best_weights: str = field(default="", repr=False)
    batches: Sequence[JudgedBatch] = field(default=(), repr=False, compare=False)
    sampleset: Any = field(default=None, repr=False, compare=False)
    solver: str = field(default="", compare=False)
    network: Network | None = field(default=None, repr=False, compare=False)

    @property
    def weights(self) -> NDArray[np.int8]:
        """Weights of least training loss that the run found: −1 or +1, int8 of shape (num_weights,).

        Raises
        ------
        InputError
            If there are none, or the outcome is not one that `bnnbench.run` returned.
        """
        if not self.best_weights or self.network is None:
            raise InputError(f"an outcome of status {self.status!r} without a read has no weights; see its message.")
        return (2 * unpack_bits(self.best_weights, self.network.num_weights) - 1).astype(np.int8)

    def predict(self, inputs: Any) -> NDArray[np.int8]:
        """Return what the trained network answers: −1 or +1, int8 of shape (N, d_L).

        Parameters
        ----------
        inputs
            −1 or +1, shape (N, d_0).

        Raises
        ------
        InputError
            If there are no weights, or the shape or a value of the inputs is wrong.
        """
        weights = self.weights
        return self.network.forward(weights, inputs) if self.network is not None else weights

    def __repr__(self) -> str:
        found = "no read" if self.loss is None else f"loss {self.loss:g} in {self.num_reads} reads"
        gap = "" if self.loss_gap is None else f", {self.loss_gap:g} above the optimum"
        seconds = "" if self.sample_s is None else f", {self.sample_s:.3g} s"
        return f"<Outcome of {self.solver or 'a solver'}: {self.status}, {found}{gap}{seconds}>"

    def _repr_html_(self) -> str:
        shown = {c.title: getattr(self, c.name) for c in columns_of(Outcome) if c.header and c.name != "status"}
        facts = {name: f"{value:.4g}" if isinstance(value, float) else value for name, value in shown.items()}
        kept = {name: value for name, value in facts.items() if value not in ("", [], None)}
        return card(f"Outcome of {self.solver or 'a solver'}: {self.status}", kept)


def fold(
    batches: Sequence[JudgedBatch], target: Target, budget: Budget, *, status: Status, message: str = "", **timings: Any
) -> Outcome:
    """Fold the judged batches of a run into its outcome; `timings` are fields of `Outcome` that end in ``_s``.

    A run that gave samples was asked: what then makes it refused or unavailable is an error. A batch that came after
    `bnnbench.solver.contract.Budget.latest_s` stays in the trace, and nothing of it counts.
    """
    if not batches:
        return Outcome(status, message, **timings)
    status = "error" if status in ("refused", "unavailable") else status
    trace, timings = tuple(batches), {"sample_s": batches[-1].time_s, **timings}
    batches = [batch for batch in trace if batch.time_s <= budget.latest_s]
    flags = flags_of(trace, target, budget, sum(b.num_reads for b in trace))
    if not batches:
        late = f"the first sample came after {trace[0].time_s:.3g} s, of a budget of {budget}; give it a larger one."
        status, message = ("timeout", late) if status == "ok" else (status, message)
        return Outcome(status, message, flags=flags, batches=trace, **timings)
    best, learned = min(batches, key=lambda b: b.energy), min(batches, key=lambda b: b.loss)
    target = target.reached_by(learned.loss)
    answers = with_reads(batches)
    num_reads = sum(b.num_reads for b in answers)
    bounds = claimed_bounds(batches)
    # What any sample shows to be false was never a bound.
    ceiling = best.energy if target.energy is None else min(best.energy, target.energy)
    slack = target.slack(ceiling)
    valid = [bound for bound in bounds if bound <= ceiling + slack]
    lower_bound = max(valid, default=None)
    return Outcome(
        status=status,
        message=message,
        num_reads=num_reads,
        evaluations=_total_evaluations(batches),
        energy=best.energy,
        loss=learned.loss,
        energy_gap=None if target.energy is None else best.energy - target.energy,
        loss_gap=None if target.loss is None else learned.loss - target.loss,
        mean_loss=sum(b.mean_loss * b.num_reads for b in answers) / num_reads if num_reads else None,
        energy_successes=_successes([b.energy_levels for b in answers], target.energy),
        loss_successes=_successes([b.loss_levels for b in answers], target.loss),
        violations=sum(best.violations.values()),
        violations_by_kind=best.violations,
        train_accuracy=learned.train_accuracy,
        test_accuracy=learned.test_accuracy,
        lower_bound=lower_bound,
        proved=lower_bound is not None and best.energy - slack <= lower_bound,
        time_to_best_s=best.time_s,
        **_efforts(batches, target),
        flags=flags,
        clocks=total_clocks(trace),
        facts={key: value for b in trace for key, value in b.facts.items()},
        best_bits=best.best_bits,
        best_weights=learned.best_weights,
        batches=trace,
        **timings,
    )


def _successes(levels: Sequence[Sequence[tuple[float, int]]], goal: float | None) -> int | None:
    if goal is None:
        return None
    return sum(count for batch in levels for value, count in batch if value <= goal)


GOALS = {"target": 0, "1_percent": 1, "5_percent": 5}
"""Losses of which a run notes when it first reached them, in percent of the samples above the optimum."""


def _efforts(batches: Sequence[JudgedBatch], target: Target) -> dict[str, Any]:
    """Return the time and the evaluations until the first batch that reached each of the goals."""
    efforts: dict[str, Any] = {}
    for name, percent in GOALS.items():
        goal = target.above(percent)
        places = () if goal is None else (k for k, b in enumerate(batches) if b.loss <= goal)
        if (place := next(iter(places), None)) is not None:
            efforts[f"time_to_{name}_s"] = batches[place].time_s
            efforts[f"evaluations_to_{name}"] = _total_evaluations(batches[: place + 1])
    return efforts


def _total_evaluations(batches: Sequence[JudgedBatch]) -> int | None:
    counts = [b.evaluations for b in batches if b.evaluations is not None]
    return sum(counts) if counts else None
