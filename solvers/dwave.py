"""Quantum annealing on a QPU of D-Wave, through its cloud (dwave-system)."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from bnnbench.annealer.access_time import access_time, reads_within_limits
from bnnbench.annealer.cloud import cloud_errors, missing_token
from bnnbench.annealer.copies import Copies, anneals, up_to
from bnnbench.annealer.embedding import (
    ChainPrefactor,
    ChainStrength,
    Embedding,
    Topology,
    find_embedding_on,
    physical_model,
)
from bnnbench.annealer.fractional_weights import FractionalTally, WeightReader, weight_reader
from bnnbench.annealer.gauge_spin import means_without_gauge_spin, without_biases, without_gauge_spin
from bnnbench.annealer.initial_state import cannot_start, initial_state
from bnnbench.annealer.recording import RecordedRun, find_recording, read_recording, record, recordings_hash
from bnnbench.annealer.schedule import AnnealSchedule, check_fast_anneal, check_schedule, is_reverse
from bnnbench.annealer.submission import Submission, submit
from bnnbench.annealer.unembedding import ChainBreaks, FactsOfMeans, unembed_batches
from bnnbench.errors import InputError, RefusedError
from bnnbench.plugins.files import SolverSpec, SuitePath
from bnnbench.plugins.registry import load_solver
from bnnbench.qubo.qubo import Qubo
from bnnbench.solver.contract import Batch, Budget, Objective, Paradigm, Positive, Solver
from bnnbench.spec import Spec

if TYPE_CHECKING:
    import dimod

_ASK_NOTHING = ("chain_breaks", "max_qpu_seconds", "record", "replay")
"""Parameters that do not change what is submitted."""


@dataclass(frozen=True)
class _Reading:
    """The QUBO and the weights that answers are read as: all that a replay needs."""

    qubo: Qubo
    reader: WeightReader | None


@dataclass(frozen=True)
class _Prepared:
    reading: _Reading
    sampler: Any
    embedding: Embedding
    model: dimod.BinaryQuadraticModel
    reads_per_call: int
    instance: Objective


@dataclass(frozen=True, kw_only=True)
class DWave(Solver):
    """Quantum annealing on the working graph of an Advantage (Pegasus) or Advantage2 (Zephyr), by minor embedding.

    Nothing can seed a QPU: the same seed gives the same gauges, not the same bits. Each batch is one submission.
    The connection stays open as long as the process.

    References
    ----------
    M. W. Johnson et al., "Quantum annealing with manufactured spins", Nature 473, 2011.
    """

    needs: ClassVar[tuple[str, ...]] = ("dwave-system", "minorminer")
    seeded: ClassVar[bool] = False
    paradigm: ClassVar[Paradigm] = "Quantum Hardware"
    memoryless: ClassVar[bool] = True

    topology: Topology = "pegasus"
    """Of the QPU: Pegasus (Advantage) or Zephyr (Advantage2)."""
    qpu: Annotated[str, Field(min_length=1)] | None = None
    """Name of the QPU, which must have the topology; None: the one with the shortest queue."""
    reads_per_call: Annotated[int, Field(ge=1, le=10_000)] = 1000
    """Anneals per submission, fewer where the QPU takes no submission that long; 10,000 is its limit."""
    copies: Copies = 1
    """Copies on disjoint qubits, all annealed at once: each anneal is so many reads; ``auto``: as many as find room."""
    annealing_time_us: Positive | None = None
    """Microseconds per anneal; None: the QPU's default."""
    anneal_schedule: AnnealSchedule = None
    """In the place of `annealing_time_us`: points [t, s] from [0, 0] to [T, 1], t in microseconds; None: linear.

    From [0, 1] and down, it is a reverse anneal, which needs `initial`.
    """
    initial: SolverSpec | None = None
    """The solver whose best answer is the state that reverse anneals start from; it asks no QPU."""
    initial_reads: Annotated[int, Field(ge=1)] = 10
    """Reads of `initial`; their time is sampling time, and the clock ``initial_s``."""
    reinitialize_state: bool = True
    """Whether each read starts from the state; otherwise only the first, and each other where the last ended."""
    fast_anneal: bool = False
    """Whether the QPU anneals fast, for nanoseconds if asked, which it does without biases: one spin more has them."""
    embedding_seed: Annotated[int, Field(ge=0)] = 0
    """Seed of minorminer."""
    chain_strength: ChainStrength = None
    """Coupling of spins within a chain, see `physical_model`; None: uniform torque compensation."""
    chain_prefactor: ChainPrefactor = None
    """Factor of uniform torque compensation, in the place of `chain_strength`; None: 1.414."""
    chain_breaks: ChainBreaks = "majority_vote"
    """How broken chains are read, see `bnnbench.annealer.unembedding.ChainBreaks`."""
    spin_reversal: bool = False
    """Whether each submission flips the sense of random qubits, from the run's seed: averages out their biases."""
    max_qpu_seconds: Positive | None = None
    """Refuse a run whose estimate of QPU access is above this many seconds, before anything is submitted."""
    record: SuitePath | None = None
    """Where to keep the raw answers: a new file that ends in ``.jsonl``, or a folder, which gets a file per run."""
    replay: SuitePath | None = None
    """Answer from a recording, or from the one in this folder that has the run's instance and seed; asks no QPU."""

    def unavailable(self) -> str | None:
        """Ask for a token too, unless it replays; no network is asked whether it is good."""
        return None if self.replay else super().unavailable() or missing_token("dwave")

    def refuses(self, instance: Objective) -> str | None:
        """Refuse what no QPU takes, and to replay what is no recording of the instance as it is asked."""
        if self.fast_anneal and self.annealing_time_us is None:
            return (
                "dwave: fast_anneal has no default time; give annealing_time_us, such as 0.01, and no anneal_schedule."
            )
        if is_reverse(self.anneal_schedule) != (self.initial is not None):
            return (
                "dwave: a reverse anneal needs both an anneal_schedule from [0, 1], such as "
                "[[0,1],[5,0.5],[15,0.5],[20,1]], and initial, the solver whose answer it starts from."
            )
        if self.replay is None:
            return None if self.initial is None else cannot_start(load_solver(self.initial), instance)
        try:
            find_recording(Path(self.replay), instance.qubo.hash, self._asked)
        except RefusedError as error:
            return f"dwave: {error}"
        return None

    def sampler(self) -> Any:
        """Connect to the named QPU, or to that of the topology with the shortest queue."""
        from dwave.system import DWaveSampler

        name = {} if self.qpu is None else {"name": self.qpu}
        return DWaveSampler(solver={"topology__type": self.topology, **name})

    def prepare(self, instance: Objective) -> _Prepared | _Reading:
        """Connect and embed; to replay, the QUBO is enough.

        Raises
        ------
        UnavailableError
            If the cloud cannot be reached, does not know the token, or has no such QPU online.
        RefusedError
            If the QPU does not take the schedule, or not even one read at once.
        InputError
            If no embedding is found.
        """
        qubo = instance.qubo
        reading = _Reading(qubo, weight_reader(instance) if self.chain_breaks == "mean" else None)
        if self.replay is not None:
            return reading
        with cloud_errors("dwave", "connecting"):
            sampler = self.sampler()
            graph = sampler.to_networkx_graph()
        if self.anneal_schedule is not None:
            check_schedule(sampler, self.anneal_schedule)
        if self.fast_anneal:
            check_fast_anneal(sampler, self.annealing_time_us)
        annealed = self._annealed(qubo)
        embedding = find_embedding_on(
            annealed, graph, self.embedding_seed, f"the {self.topology} graph of the QPU", self.copies
        )
        model = physical_model(annealed, embedding, graph, self.chain_strength, self.chain_prefactor)
        if self.fast_anneal:  # what is left of biases is rounding
            model.add_linear_from({variable: -bias for variable, bias in model.linear.items()})
        reads = reads_within_limits(sampler, embedding.num_physical, self.reads_per_call, self._given)
        return _Prepared(reading, sampler, embedding, model, reads, instance)

    def sample(self, prepared: _Prepared | _Reading, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Submit once per batch.

        Raises
        ------
        RefusedError
            If the estimate of QPU access is above `max_qpu_seconds`, or the recording does not fit; nothing is
            submitted then.
        InputError
            If the estimate cannot be made, or the recording cannot be written or ends early.
        UnavailableError
            If a submission fails.
        """
        if isinstance(prepared, _Reading):
            return self._replayed(prepared, seed, budget)
        if self.max_qpu_seconds is not None:
            estimate = self.qpu_seconds(prepared, budget)
            if estimate > self.max_qpu_seconds:
                raise RefusedError(
                    f"dwave: a budget of {budget} takes about {estimate:.3g} s of QPU access, more than "
                    f"max_qpu_seconds={self.max_qpu_seconds:g}; nothing was submitted. Take fewer reads, or raise it."
                )
        asked = anneals(budget, prepared.embedding.copies)
        reads = asked.reads_in_batches(prepared.reads_per_call, first=prepared.reads_per_call)
        gauges = np.random.default_rng(seed) if self.spin_reversal else None
        start = None
        if self.initial is not None:
            inner = load_solver(self.initial)
            start = initial_state(inner, prepared.instance, prepared.embedding, num_reads=self.initial_reads, seed=seed)
        qubits = prepared.embedding.qubits
        submissions = submit(prepared.sampler, prepared.model, qubits, reads, self._given, gauges, start)
        run = self._run(prepared, seed, budget)
        if self.record is not None:
            submissions = record(Path(self.record), run, submissions)
        return self._batches(prepared.reading, run, submissions)

    def qpu_seconds(self, prepared: _Prepared | _Reading, budget: Budget) -> float:
        """Estimate by the timing model of the QPU; a replay needs none.

        Raises
        ------
        InputError
            If the QPU tells no timing model that dwave-cloud-client knows.
        """
        if isinstance(prepared, _Reading):
            return 0.0
        try:
            time = access_time(prepared.sampler, prepared.embedding.num_physical, self._given)
        except InputError as error:
            raise InputError(
                f"dwave: {error}, so that a limit of it cannot be kept; nothing was submitted. Take another QPU, or "
                "no limit."
            ) from error
        return time.of_run(anneals(budget, prepared.embedding.copies), prepared.reads_per_call)

    @property
    def identity(self) -> Spec:
        """Leave out what a run and its replay differ in, so that they have the same seed."""
        spec = self.spec
        return Spec(spec.name, {key: value for key, value in spec.parameters.items() if key not in _ASK_NOTHING})

    @property
    def versions(self) -> dict[str, str]:
        """Return also what `initial` needs, and the hash of what is replayed."""
        recording = {} if self.replay is None else {"recording": recordings_hash(Path(self.replay))}
        start = {} if self.initial is None else load_solver(self.initial).versions
        return {**super().versions, **start, **recording}

    @property
    def _asked(self) -> dict[str, Any]:
        """Return the parameters that decide what is submitted."""
        return {key: value for key, value in self.parameters.items() if key not in _ASK_NOTHING}

    @property
    def _given(self) -> dict[str, Any]:
        """Return what a submission asks for besides reads."""
        if self.anneal_schedule is not None:
            again = {} if self.initial is None else {"reinitialize_state": self.reinitialize_state}
            return {"anneal_schedule": [list(point) for point in self.anneal_schedule], **again}
        fast = {"fast_anneal": True} if self.fast_anneal else {}
        return fast if self.annealing_time_us is None else {"annealing_time": self.annealing_time_us, **fast}

    def _annealed(self, qubo: Qubo) -> Qubo:
        """Return the QUBO that is embedded."""
        return without_biases(qubo) if self.fast_anneal else qubo

    def _run(self, prepared: _Prepared, seed: int, budget: Budget) -> RecordedRun:
        properties = prepared.sampler.properties
        return RecordedRun(
            qubo_hash=prepared.reading.qubo.hash,
            seed=seed,
            seconds=budget.seconds,
            reads=budget.reads,
            parameters=self._asked,
            versions=self.versions,
            chip_id=properties.get("chip_id"),
            topology={key: properties["topology"][key] for key in ("type", "shape")},
            embedding=prepared.embedding,
        )

    def _replayed(self, reading: _Reading, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield the batches of a recording, with facts that say what they are."""
        recording = read_recording(find_recording(Path(str(self.replay)), reading.qubo.hash, self._asked, seed))
        facts = {"replayed": True, "recorded_seed": recording.run.seed}
        with closing(self._batches(reading, recording.run, recording.replay(budget))) as batches:
            for batch in batches:
                yield replace(batch, facts={**batch.facts, **facts})

    def _batches(self, reading: _Reading, run: RecordedRun, submissions: Generator[Submission]) -> Generator[Batch]:
        """Yield batches over variables; closing them closes the submissions."""
        facts = {} if run.chip_id is None else {"chip_id": run.chip_id}
        with closing(submissions):
            over_qubits = (submission.batch(facts) for submission in submissions)
            annealed, means = self._annealed(reading.qubo), self._facts_of_means(reading)
            batches = unembed_batches(run.embedding, over_qubits, annealed, self.chain_breaks, means)
            for batch in up_to(Budget(run.seconds, run.reads), batches):
                yield replace(batch, bits=without_gauge_spin(batch.bits)) if self.fast_anneal else batch

    def _facts_of_means(self, reading: _Reading) -> FactsOfMeans | None:
        if reading.reader is None:
            return None
        tally = FractionalTally(reading.reader)
        return (lambda means: tally.add(means_without_gauge_spin(means))) if self.fast_anneal else tally.add
