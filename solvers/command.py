"""Any program as a solver: it reads a file and prints a line of bits per read."""

from __future__ import annotations

import ctypes
import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import IO, Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from bnnbench.errors import CheckError, InputError
from bnnbench.qubo.formats import WRITERS
from bnnbench.solver.contract import MAX_BATCH_BITS, Batch, Budget, Objective, Solver

GRACE_S = 1.0
"""Seconds beyond the budget in which a program can still print what it has found."""
CHUNK = 1 << 20
"""Bytes that are read at once."""


def _check_words(program: str) -> str:
    try:
        shlex.split(program)
    except ValueError as error:
        raise InputError(f"command: {program!r} is no command line: {str(error).lower()}; mend its quotes.") from error
    return program


@dataclass(frozen=True)
class _Prepared:
    text: bytes
    num_variables: int


@dataclass(frozen=True, kw_only=True)
class Command(Solver):
    """A program in any language; docs/solvers.md describes what it gets and what it prints.

    It is called without a shell, and stands still while its reads are judged. A program that ends with exit code 0
    before the budget is spent is called again with another seed, if it takes one.
    """

    runs_programs: ClassVar[bool] = True
    watches_clock: ClassVar[bool] = True

    program: Annotated[str, AfterValidator(_check_words)] = ""
    """Command line, such as ``./solver {file} {seed} {seconds} {reads}``; without ``{file}`` the file is its input."""
    format: Literal["coo", "json", "bqm", "qubo", "qs", "mqlib", "lp", "mps"] = "qubo"
    """Format of the file, see `bnnbench compile`."""
    num_threads: Annotated[int, Field(ge=1)] = 1
    """Threads that the program uses."""

    @property
    def threads(self) -> int:
        """Threads of the program."""
        return self.num_threads

    @property
    def seeded(self) -> bool:  # type: ignore[override]
        """Return whether the program is given a seed."""
        return "{seed}" in self.program

    @property
    def versions(self) -> dict[str, str]:
        """Hash of the program, which has no other version that could be known."""
        path = self._path
        return {} if path is None else {path.name: sha256(path.read_bytes()).hexdigest()}

    def unavailable(self) -> str | None:
        """Say that no program was given, or that there is none of this name."""
        if not self.program:
            return 'command: no program was given; write command[program="./solver {file} {seed} {seconds}"].'
        if self._path is None:
            word = shlex.split(self.program)[0]
            return f"command: there is no program {word!r} that can be run; give its path, and make it executable."
        return None

    def prepare(self, instance: Objective) -> _Prepared:
        """Write the QUBO in the format."""
        return _Prepared(WRITERS[f".{self.format}"](instance.qubo), instance.qubo.num_variables)

    def sample(self, prepared: _Prepared, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield the reads that the program has printed, as they come.

        Raises
        ------
        CheckError
            If a line is no read, or the program ends with another exit code than 0.
        """
        random = np.random.default_rng(seed)
        sizes = budget.reads_in_batches(1, max(1, MAX_BATCH_BITS // prepared.num_variables))
        held, size, num_came = np.empty((0, prepared.num_variables), dtype=np.int8), next(sizes), 0
        left_s = budget.seconds
        while size and (left_s is None or left_s > 0):
            left = None if budget.reads is None else budget.reads - num_came
            run = _Run(self._words(int(random.integers(2**31)), left_s, left), prepared, self._is_input)
            try:
                while size and (bits := run.bits(left_s)) is not None:
                    held, num_came = np.vstack([held, bits]), num_came + len(bits)
                    while size and len(held) >= size:
                        with run.standing_still():
                            yield Batch(held[:size])
                        held, size = held[size:], next(sizes, 0)
            except CheckError:
                if size and len(held):
                    yield Batch(held)
                raise
            finally:
                run.close()
            left_s = None if left_s is None else left_s - run.elapsed_s
            if not (run.num_answers and self.seeded):
                break
        if size and len(held):
            yield Batch(held)

    @property
    def _path(self) -> Path | None:
        words = shlex.split(self.program)
        found = shutil.which(words[0]) if words else None
        return None if found is None else Path(found)

    @property
    def _is_input(self) -> bool:
        return "{file}" not in self.program

    def _words(self, seed: int, seconds: float | None, reads: int | None) -> list[str]:
        """Return the command line, with all but the file filled in; 0 stands for no limit."""
        values = {"{seed}": str(seed), "{seconds}": f"{seconds or 0:g}", "{reads}": str(reads or 0)}
        words = shlex.split(self.program)
        for mark, value in values.items():
            words = [word.replace(mark, value) for word in words]
        return words


class _Run:
    """One call of the program, in a process group of its own."""

    def __init__(self, words: list[str], prepared: _Prepared, is_input: bool) -> None:
        # A file without a name: whatever kills this process, nothing is left of it.
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`
        self._file.write(prepared.text)
        self._file.flush()
        self._file.seek(0)
        path = f"/dev/fd/{self._file.fileno()}"
        words = [word.replace("{file}", path) for word in words]
        self._name, self._n = words[0], prepared.num_variables
        try:
            self._process = subprocess.Popen(  # noqa: S603  the user's own program
                words,
                stdin=self._file if is_input else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                pass_fds=[self._file.fileno()],
                process_group=0,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  takes no lock
            )
        except OSError as error:
            self._file.close()
            raise CheckError(
                f"command: {words[0]} cannot be run: {error.strerror}; give a program, or a script with its #! line."
            ) from error
        self._pipe = self._process.stdout.fileno() if self._process.stdout else -1
        self._rest, self._is_at_end, self._num_lines = b"", False, 0
        self.elapsed_s, self.num_answers = 0.0, 0

    def bits(self, seconds: float | None) -> NDArray[np.int8] | None:
        """Return the bits of the lines that have come next, (k, n); None if there are none any more, or no time."""
        start = perf_counter()
        try:
            wait_s = None if seconds is None else seconds + GRACE_S - self.elapsed_s
            if self._is_at_end or not self._has_output(wait_s):
                return None
            chunk = os.read(self._pipe, CHUNK)
            self._is_at_end = not chunk
            *lines, self._rest = (self._rest + (chunk or b"\n")).split(b"\n")
            if len(self._rest) > CHUNK + 4 * self._n:
                lines.append(self._rest)
            bits = self._bits(lines)
            self.num_answers += len(bits)
            if self._is_at_end:
                self._check_exit()
            return bits
        finally:
            self.elapsed_s += perf_counter() - start

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Stop the program for a while."""
        self._signal(signal.SIGSTOP)
        yield
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """Kill the program with all that it started."""
        self._signal(signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._file.close()

    def _has_output(self, wait_s: float | None) -> bool:
        return (wait_s is None or wait_s > 0) and bool(select.select([self._pipe], [], [], wait_s)[0])

    def _bits(self, lines: list[bytes]) -> NDArray[np.int8]:
        rows = []
        for line in lines:
            self._num_lines += 1
            bits = line.translate(None, b" \t\r")
            if not bits or bits.startswith(b"#"):
                continue
            if len(bits) != self._n or bits.strip(b"01"):
                raise CheckError(
                    f"command: line {self._num_lines} of the output of {self._name}, {line[:40]!r}, must be "
                    f"{self._n} characters 0 or 1, one per variable; print other text on the standard error."
                )
            rows.append(np.frombuffer(bits, dtype=np.int8) - 48)
        return np.array(rows, dtype=np.int8).reshape(-1, self._n)

    def _check_exit(self) -> None:
        code = self._process.wait()
        if code:
            how = f"ended with exit code {code}" if code > 0 else f"was ended by {signal.Signals(-code).name}"
            raise CheckError(f"command: {self._name} {how} after {self.num_answers} reads; its log may say why.")

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS says the latter of processes that have ended
            return


def _die_with_parent() -> None:
    """Let the kernel end this process when the one that started it is killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
