"""Quantum annealing on a QPU of D-Wave, through its cloud (dwave-system)."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from bnnbench.embedding import Embedding, Topology, find_embedding_on, physical_model, unembed_batches
from bnnbench.errors import InputError, UnavailableError
from bnnbench.solver import Batch, Budget, Objective, Solver, bits_of

if TYPE_CHECKING:
    import dimod

_ADVICE = (
    "get a token at https://cloud.dwavesys.com/leap, then run: export DWAVE_API_TOKEN=<token>, or: dwave config create."
)

_CLOCKS = ("qpu_access", "qpu_sampling", "qpu_programming")


@dataclass(frozen=True)
class _Prepared:
    sampler: Any
    embedding: Embedding
    model: dimod.BinaryQuadraticModel


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

    topology: Topology = "pegasus"
    """Of the QPU: Pegasus (Advantage) or Zephyr (Advantage2)."""
    qpu: Annotated[str, Field(min_length=1)] | None = None
    """Name of the QPU, which must have the topology; None: the one with the shortest queue."""
    reads_per_call: Annotated[int, Field(ge=1, le=10_000)] = 1000
    """Reads per submission; 10,000 is the QPU's limit."""
    annealing_time_us: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Microseconds per anneal; None: the QPU's default."""
    embedding_seed: Annotated[int, Field(ge=0)] = 0
    """Seed of minorminer."""
    chain_strength: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Coupling of spins within a chain, see `bnnbench.embedding.physical_model`; None: uniform torque compensation."""
    spin_reversal: bool = False
    """Whether each submission flips the sense of random qubits (from the run's seed), which averages out their biases;
    see A. D. King and C. C. McGeoch, "Algorithm engineering for a quantum annealing platform", arXiv 1410.2628, 2014.
    """
    max_qpu_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Refuse a run whose estimate of QPU access is above this many seconds, before anything is submitted."""

    def unavailable(self) -> str | None:
        """See `Solver.unavailable`: also without a token. Asks no network whether the token is good."""
        missing = super().unavailable()
        if missing or os.environ.get("DWAVE_API_TOKEN"):
            return missing
        from dwave.cloud.config import load_config
        from dwave.cloud.config.exceptions import ConfigFileError

        try:
            return None if load_config().get("token") else f"dwave: no token for D-Wave's cloud; {_ADVICE}"
        except (ConfigFileError, ValueError) as error:  # ValueError: DWAVE_PROFILE names no profile
            return f"dwave: the configuration of D-Wave's cloud cannot be used: {error}; {_ADVICE}"

    def sampler(self) -> Any:
        """Connect to the named QPU, or to that of the topology with the shortest queue."""
        from dwave.system import DWaveSampler

        name = {} if self.qpu is None else {"name": self.qpu}
        return DWaveSampler(solver={"topology__type": self.topology, **name})

    def prepare(self, instance: Objective) -> _Prepared:
        """See `Solver.prepare`: connects and embeds.

        Raises
        ------
        UnavailableError
            If the cloud cannot be reached, does not know the token, or has no such QPU online.
        InputError
            If no embedding is found.
        """
        with _cloud_errors("connecting"):
            sampler = self.sampler()
            graph = sampler.to_networkx_graph()
        qubo = instance.qubo
        embedding = find_embedding_on(qubo, graph, self.embedding_seed, f"the {self.topology} graph of the QPU")
        return _Prepared(sampler, embedding, physical_model(qubo, embedding, graph, self.chain_strength))

    def sample(self, prepared: _Prepared, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """See `Solver.sample`: one submission per batch.

        Raises
        ------
        InputError
            If the estimate of QPU access is above `max_qpu_seconds`, or cannot be made; nothing is submitted then.
        UnavailableError
            If a submission fails.
        """
        if self.max_qpu_seconds is not None:
            estimate = self.qpu_seconds(prepared, budget)
            if estimate > self.max_qpu_seconds:
                raise InputError(
                    f"dwave: a budget of {budget} takes about {estimate:.3g} s of QPU access, more than "
                    f"max_qpu_seconds={self.max_qpu_seconds:g}; nothing was submitted. Take fewer reads, or raise it."
                )
        return unembed_batches(prepared.embedding, self._submissions(prepared, np.random.default_rng(seed), budget))

    def qpu_seconds(self, prepared: _Prepared, budget: Budget) -> float:
        """Estimate the QPU access of a run, in seconds, by the timing model of the QPU; submits nothing.

        Submissions follow each other, none holds the QPU longer than its wall time, and the last one may begin just
        before the budget's seconds are over: with seconds, the estimate is at most these and one submission.

        Raises
        ------
        InputError
            If the QPU tells no timing model that dwave-cloud-client knows.
        """
        if budget.reads is None:
            total = math.inf
        else:
            full, rest = divmod(budget.reads, self.reads_per_call)
            total = full * self._access_s(prepared, self.reads_per_call) if full else 0.0
            total += self._access_s(prepared, rest) if rest else 0.0
        if budget.seconds is None:
            return total
        largest = min(self.reads_per_call, budget.reads or self.reads_per_call)
        return min(total, budget.seconds + self._access_s(prepared, largest))

    def _access_s(self, prepared: _Prepared, num_reads: int) -> float:
        """Estimated QPU access of one submission, in seconds."""
        try:
            microseconds: float = prepared.sampler.solver.estimate_qpu_access_time(
                prepared.embedding.num_physical, num_reads=num_reads, **self._given
            )
        except (KeyError, ValueError) as error:
            raise InputError(
                f"dwave: the QPU access cannot be estimated ({error}), so that max_qpu_seconds cannot be kept; nothing "
                "was submitted. Take another QPU, or leave max_qpu_seconds out."
            ) from error
        return microseconds / 1e6

    @property
    def _given(self) -> dict[str, float]:
        """What a submission asks for besides reads."""
        return {} if self.annealing_time_us is None else {"annealing_time": self.annealing_time_us}

    def _submissions(self, prepared: _Prepared, random: np.random.Generator, budget: Budget) -> Iterator[Batch]:
        """Batches over qubits, in the physical order of the embedding."""
        sampler = prepared.sampler
        places = {qubit: place for place, qubit in enumerate(prepared.embedding.qubits)}
        chip = {"chip_id": sampler.properties["chip_id"]} if "chip_id" in sampler.properties else {}
        for num_reads in budget.reads_in_batches(self.reads_per_call):
            flips = random.integers(2, size=len(places), dtype=np.int8) * np.int8(self.spin_reversal)
            model = prepared.model.copy()
            for qubit, place in places.items():
                if flips[place]:
                    model.flip_variable(qubit)
            with _cloud_errors("a submission"):
                answer = sampler.sample(model, num_reads=num_reads, answer_mode="raw", **self._given)
                timing = answer.info["timing"]  # resolves the answer
            microseconds = {name: timing[f"{name}_time"] for name in _CLOCKS if f"{name}_time" in timing}
            yield Batch(
                bits_of(answer.relabel_variables(places, inplace=False)) ^ flips,
                clocks={f"{name}_s": value / 1e6 for name, value in microseconds.items()},
                facts=chip,
            )


@contextmanager
def _cloud_errors(doing: str) -> Iterator[None]:
    """Turn errors of the cloud into sentences that do not hold the token."""
    from dwave.cloud import exceptions
    from dwave.cloud.config import load_config
    from requests.exceptions import RequestException  # also the root of the errors that D-Wave's cloud answers

    try:
        yield
    except (
        RequestException,
        exceptions.CanceledFutureError,
        exceptions.ConfigFileError,
        exceptions.PollingTimeout,
        exceptions.ProblemUploadError,
        exceptions.UseAfterCloseError,
        ValueError,  # an invalid problem, or an invalid setting in the configuration
    ) as error:
        reason = f"{type(error).__name__}: {error}".rstrip(".")
        with suppress(exceptions.ConfigFileError, ValueError):
            reason = reason.replace(load_config().get("token") or "\0", "<token>")
        # `from None`: the original may hold the token, and would be printed with its traceback.
        raise UnavailableError(
            f"dwave: {doing} failed ({reason}); check the token, the QPU's status at https://cloud.dwavesys.com/leap, "
            "and the network."
        ) from None
