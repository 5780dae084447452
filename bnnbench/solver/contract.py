"""The contract of a solver: a stream of batches of samples."""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import math
import numbers
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bnnbench.errors import InputError
from bnnbench.problem.network import Network
from bnnbench.qubo.qubo import Qubo
from bnnbench.spec import Spec


class Objective(Protocol):
    """The part of an instance that every solver reads: an `Instance`, or a bare `Qubo`, which is its own `qubo`."""

    @property
    def qubo(self) -> Qubo:
        """The energy to minimize."""
        ...


Phase = Literal["final", "training"]
WorksOn = Literal["qubo", "penalties", "network"]
"""The coefficients only, the QUBO with the structure of its penalties, or the network and its samples."""
Paradigm = Literal["Classical", "Quantum Simulator", "Quantum Hardware"]
"""The machine that computes; "Quantum Simulator" stands for a quantum algorithm on a classical one."""
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A hyperparameter that is a positive finite number."""
MAX_SECONDS = 1e9
"""Thirty years."""
MAX_BATCH_BITS = 20_000_000
"""Bits of a batch that has grown, at a byte each."""


def is_number(value: Any, *, whole: bool = False) -> bool:
    """Return whether a value is a real (or whole) number of Python or NumPy; truth values are none."""
    return isinstance(value, numbers.Integral if whole else numbers.Real) and not isinstance(value, bool)


GRACE_SHARE, GRACE_S = 1.1, 1.0
"""A run may take so many times its seconds, and so many seconds more, before a sample is late."""


@dataclass(frozen=True)
class Budget:
    """The end of a run: after `seconds` of sampling, after `reads` samples, or either.

    What comes after `latest_s` is late: it is kept in the trace, and nothing of it counts.

    Parameters
    ----------
    target
        Loss above the optimum: the first sample that is at or below it ends the run too. The harness judges that, and
        nothing of the optimum is told here. Without a known optimum it has no effect.

    Raises
    ------
    InputError
        If neither seconds nor reads are given, or one is not a positive number (seconds below 10^9, whole reads below
        2^63), or the target is negative or not finite.
    """

    seconds: float | None = None
    reads: int | None = None
    target: float | None = None

    def __post_init__(self) -> None:
        if self.seconds is None and self.reads is None:
            raise InputError("a budget needs seconds, reads, or both; write Budget(seconds=1).")
        if self.seconds is not None:
            if not is_number(self.seconds) or not 0 < self.seconds < MAX_SECONDS:
                raise InputError(f"budget: seconds must be positive and below 10^9, but {self.seconds!r} came.")
            object.__setattr__(self, "seconds", float(self.seconds))
        if self.reads is not None:
            if not is_number(self.reads, whole=True) or not 1 <= self.reads < 2**63:
                raise InputError(
                    f"budget: reads must be a whole number of at least 1 and below 2^63, but {self.reads!r} came."
                )
            object.__setattr__(self, "reads", int(self.reads))
        if self.target is not None:
            if not is_number(self.target) or not 0 <= self.target < math.inf:
                raise InputError(
                    f"budget: the target is a loss of 0 or more above the optimum, but {self.target!r} came."
                )
            object.__setattr__(self, "target", float(self.target))

    @property
    def latest_s(self) -> float:
        """Return the seconds of sampling until which a sample counts: the budget, a tenth of it and one second more.

        A solver that looks at the clock between steps overruns by a step; more is another budget than was asked.
        """
        return math.inf if self.seconds is None else GRACE_SHARE * self.seconds + GRACE_S

    def __str__(self) -> str:
        parts = [f"{self.seconds:g} s"] if self.seconds is not None else []
        reads = "1 read" if self.reads == 1 else f"{self.reads} reads"
        parts += [reads] if self.reads is not None else []
        if self.target is not None:
            parts.append(f"a loss of {self.target:g} above the optimum" if self.target else "the optimum")
        return " or ".join(parts)

    def reads_in_batches(self, size: int, most: int = 0, *, first: int = 1) -> Iterator[int]:
        """Yield sizes of batches, for ever or until `reads` are spent.

        The first has `first` reads; each other has as many as all before it, up to `size`, so that the time to a
        target is known to a factor of two. With `most` they grow further, up to that many: each is a tenth of all
        before, so that a run of any length is some dozens of batches, and overruns its seconds by a tenth at most.
        """
        spent = 0
        while self.reads is None or spent < self.reads:
            step = max(min(size, max(first, spent)), min(most, spent // 10))
            step = step if self.reads is None else min(step, self.reads - spent)
            yield step
            spent += step


@dataclass(frozen=True, eq=False)
class Batch:
    """Some samples, and what only the solver can know about them.

    Parameters
    ----------
    bits
        0 or 1, int8 of shape (k, n), k ≥ 1, in the instance's order of variables.
    lower_bound
        A proved lower bound on the energy of *all* assignments, if any.
    clocks
        Named seconds that only the solver can know, such as ``qpu_access_s``.
    facts
        Scalars worth a column, such as ``chain_break_fraction``.
    phase
        ``final``, or ``training`` for samples that only prepare others, such as shots for the angles of QAOA: no reads
        of the result, so that budgets and means do not count them, though what they find is found.
    evaluations
        Elementary steps that the batch took: proposed flips, updates of positions, gradient steps × samples, circuit
        layers × shots, or nodes of a search tree; None if they are not counted.
    """

    bits: NDArray[np.int8]
    lower_bound: float | None = None
    clocks: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, float | int | str | bool] = field(default_factory=dict)
    phase: Phase = "final"
    evaluations: int | None = None


class Solver(abc.ABC):
    """A method with its hyperparameters: a frozen dataclass whose fields are the hyperparameters.

    Nothing that a solver says about quality is believed: the harness recomputes energies and losses from the bits.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    """Distributions that must be installed; import them inside methods."""
    loads: ClassVar[tuple[str, ...]] = ()
    """Modules to import before any clock runs, such as ``highspy``: loading is no work on a problem."""
    exact: ClassVar[bool] = False
    """Whether the solver proves optimality, given time; its run is one read, which each batch betters."""
    seeded: ClassVar[bool] = True
    """Whether the seed decides the bits; False for machines that nothing can seed."""
    works_on: ClassVar[WorksOn] = "qubo"
    """What is read of an instance; a solver of the QUBO answers a bare `Qubo` with the same bits."""
    memoryless: ClassVar[bool] = False
    """Whether reads are independent draws of one distribution, so that times to solution count reads."""
    counts: ClassVar[str] = ""
    """What is counted as evaluations, such as ``proposed flips``; empty where nothing is, as of a foreign program."""
    ends_at_zero: ClassVar[bool] = False
    """Whether a read ends where the solver sees no wrong output left; a solver of the QUBO sees no such floor."""
    watches_clock: ClassVar[bool] = False
    """Whether a read ends when the seconds of the budget are over; else a run ends between reads alone."""
    is_floor: ClassVar[bool] = False
    """Whether this is guessing, the floor that others are compared with."""
    paradigm: ClassVar[Paradigm] = "Classical"
    """What computes: a classical algorithm, a simulated quantum algorithm, or a quantum machine."""
    runs_programs: ClassVar[bool] = False
    """Whether a parameter names a program to run; no program that results name is run again unasked."""

    @property
    def threads(self) -> int:
        """Threads that a run uses; campaigns keep that many cores free for it."""
        return 1

    @property
    def gives_one_read(self) -> bool:
        """Return whether a run is one attempt, as that of an exact solver: each batch betters its one read."""
        return self.exact

    def unavailable(self) -> str | None:
        """Return why this solver cannot run on this machine at all, as a sentence; None if it can."""
        missing = [name for name in self.needs if _version(name) is None]
        return f"{' and '.join(missing)} not installed; run: pip install {' '.join(missing)}." if missing else None

    def warm_up(self) -> None:
        """Compile kernels, if there are any; called before a campaign and in each of its processes, off the clock."""
        return

    def warm_up_for(self, network: Network) -> None:
        """Compile the kernels that a run on this network needs and others do not; called when `warm_up` is."""
        del network

    def refuses(self, instance: Objective) -> str | None:
        """Return why this solver does not apply to an instance, as a sentence; None if it does."""
        del instance
        return None

    def prepare(self, instance: Objective) -> Any:
        """Convert, embed, compile: clocked as ``prepare_s``, not charged to the budget. Returns what `sample` takes."""
        return instance

    @abc.abstractmethod
    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield batches until done; the harness stops asking when the budget is spent, and closes the stream.

        The same seed and the same work must give the same bits. `budget` is for sizing the work, or for handing a time
        limit to a library; nobody has to watch the clock.
        """

    def qpu_seconds(self, prepared: Any, budget: Budget) -> float:
        """Estimate the QPU access of a run, in seconds, without submitting anything; solvers of QPUs override it."""
        del prepared, budget
        return 0.0

    @property
    def name(self) -> str:
        """The name of the module that defines the solver."""
        return type(self).__module__.rpartition(".")[2].removeprefix("bnnbench_file_")

    @property
    def parameters(self) -> dict[str, Any]:
        """All hyperparameters, defaults included."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]

    @property
    def spec(self) -> Spec:
        """Name and the hyperparameters that differ from their defaults."""
        defaults = {f.name: f.default for f in dataclasses.fields(self)}  # type: ignore[arg-type]
        return Spec(self.name, {key: value for key, value in self.parameters.items() if value != defaults[key]})

    @property
    def identity(self) -> Spec:
        """Return what a suite derives seeds from: `spec`, without what does not change what a solver is asked."""
        return self.spec

    @property
    def versions(self) -> dict[str, str]:
        """Installed version of each needed distribution."""
        return {name: _version(name) or "absent" for name in self.needs}


def _version(distribution: str) -> str | None:
    with contextlib.suppress(PackageNotFoundError):
        return version(distribution)
    return None
