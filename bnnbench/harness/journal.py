"""The journal: a file per run to which its worker appends what it has, so that a killed run keeps it.

One JSON object per line. A worker that dies in the middle of a line loses that line only. A solver lives in the same
process, so that the reader trusts nothing: it stops at the first line that is not as it should be.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from bnnbench.redaction import redacted
from bnnbench.runs.features import Features
from bnnbench.runs.judge import JudgedBatch
from bnnbench.runs.outcome import Outcome, Status
from bnnbench.runs.speed_probe import SpeedProbe
from bnnbench.runs.thinning import thinned

if TYPE_CHECKING:
    import pydantic


@dataclass(frozen=True)
class StartLine:
    """Note when the run began (UTC), the load average of that minute, and the processors it was kept to, if any."""

    at: str
    load: float
    processors: list[int] | None


@dataclass(frozen=True)
class EstimateLine:
    """The estimated QPU access of the run, in seconds, noted before anything is submitted."""

    qpu_s: float


@dataclass(frozen=True)
class EndLine:
    """Note how the run ended, and the load average then; after `is_void`, no batch before counts."""

    status: Status
    message: str
    timings: dict[str, float | None]
    is_void: bool = False
    load: float | None = None


NO_WORD = EndLine("crash", "the worker ended without a word: its solver harmed the journal of the run.", {})
Line = StartLine | SpeedProbe | Features | EstimateLine | JudgedBatch | EndLine


@dataclass
class Record:
    """Hold what a run left: the last of each kind of line of its journal; batches and speed probes in order."""

    start: StartLine | None = None
    instance: Features | None = None
    estimate: EstimateLine | None = None
    end: EndLine | None = None
    batches: list[JudgedBatch] = field(default_factory=list)
    speed_probes: list[SpeedProbe] = field(default_factory=list)
    machine: Mapping[str, Any] | None = None
    log_tail: str = ""


MANY_BATCHES = 20_000
"""Batches of a journal after which they are thinned while it is read."""
FULL = (errno.ENOSPC, errno.EDQUOT)
_BROKEN = (*FULL, errno.EROFS, errno.EIO)
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ESTALE)


class DiskError(Exception):
    """A failure to write what a run has: no fault of its solver, and the run has to run again."""


class Journal:
    """Write a journal.

    Raises
    ------
    DiskError
        By every method, where the disk is full or broken, or the folder is gone before the run begins.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            # What no encoding knows, such as half a surrogate pair in a message, is replaced here, and nowhere else.
            self._file = path.open("w", encoding="utf-8", errors="replace")
        except OSError as error:
            raise self._blame(error, *_BROKEN, *_GONE) from error

    def write(self, line: Line) -> None:
        """Append one line and hand it to the operating system, which outlives this process."""
        value = {"kind": type(line).__name__} | {field.name: getattr(line, field.name) for field in fields(line)}
        try:
            self._file.write(json.dumps(value, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as error:
            raise self._blame(error, *_BROKEN) from error

    def close(self) -> None:
        """Close the file; every line has left it before."""
        with contextlib.suppress(OSError):
            self._file.close()

    def _blame(self, error: OSError, *codes: int) -> Exception:
        """Return the error itself, or a `DiskError` for what is no fault of the solver."""
        is_disk = error.errno in codes
        return DiskError(f"{self._path.parent} cannot be written: {error.strerror}") if is_disk else error


class Held:
    """Hold the file of a journal, which a solver can remove while other runs write theirs beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None
        with contextlib.suppress(OSError):  # the worker will say why it cannot be written
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def put_back(self) -> None:
        """Write the journal again if it was removed, and let go of it."""
        if self._fd is None:
            return
        fd, self._fd = self._fd, None
        with contextlib.suppress(OSError), os.fdopen(fd, "rb") as file:
            if os.fstat(fd).st_nlink == 0 and not self._path.exists():
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._path.write_bytes(file.read())


def read_journal(path: Path) -> Record:
    """Read a journal up to the first line that is torn or strange."""
    if not path.is_file():
        return Record()
    with path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        return _read(lines)


def _read(lines: Iterator[str]) -> Record:
    record = Record()
    for text in lines:
        try:
            line = _line(json.loads(text))
        except (ValueError, TypeError, RecursionError):  # pydantic's errors are ValueErrors
            break
        if isinstance(line, JudgedBatch):
            record.batches.append(without_secrets(line))
            if len(record.batches) % MANY_BATCHES == 0:
                record.batches = thinned(record.batches)
        elif isinstance(line, SpeedProbe):
            record.speed_probes.append(line)
        elif isinstance(line, StartLine):
            record.start = line
        elif isinstance(line, Features):
            record.instance = line
        elif isinstance(line, EstimateLine):
            record.estimate = line
        else:
            record.end = replace(line, message=redacted(line.message))
    if record.end and record.end.is_void:
        record.batches.clear()
    return record


def without_secrets(batch: JudgedBatch) -> JudgedBatch:
    """Return the batch with what its solver said in words redacted."""
    if not batch.facts and not batch.clocks:
        return batch
    facts = {redacted(key): redacted(value) if isinstance(value, str) else value for key, value in batch.facts.items()}
    return replace(batch, facts=facts, clocks={redacted(key): value for key, value in batch.clocks.items()})


def _line(value: Mapping[str, Any]) -> Line:
    given = dict(value)
    adapter = _adapters().get(given.pop("kind", ""))
    if adapter is None:
        raise TypeError
    line: Line = adapter.validate_python(given)
    if not _is_possible(line):
        raise ValueError
    return line


def _is_possible(line: Line) -> bool:
    """Tell whether the numbers of a line are such as the harness writes, so that the store can hold them."""
    if isinstance(line, StartLine):
        processors = line.processors or []
        has_zone = datetime.fromisoformat(line.at).tzinfo is not None
        return has_zone and math.isfinite(line.load) and all(map(_is_count, processors))
    if isinstance(line, SpeedProbe):
        return math.isfinite(line.at) and 0 < line.seconds < math.inf
    if isinstance(line, Features):
        return line.is_possible
    if isinstance(line, EstimateLine):
        return 0 <= line.qpu_s < math.inf
    if isinstance(line, EndLine):
        known = set(line.timings) <= {field.name for field in fields(Outcome)}
        return known and all(value is None or math.isfinite(value) for value in (line.load, *line.timings.values()))
    levels = [count for _, count in (*line.energy_levels, *line.loss_levels)]
    counts = (line.num_reads, line.evaluations or 0, *levels, *line.violations.values())
    numbers = (line.time_s, line.energy, line.loss, line.mean_energy, line.mean_loss)
    return all(map(_is_count, counts)) and all(map(math.isfinite, numbers))


def _is_count(number: int) -> bool:
    return 0 <= number < 2**53


@cache
def _adapters() -> dict[str, pydantic.TypeAdapter[Any]]:
    import pydantic

    return {kind.__name__: pydantic.TypeAdapter(kind) for kind in get_args(Line)}
