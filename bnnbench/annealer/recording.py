"""Recordings of runs on a QPU: its raw answers in a file, from which a run is repeated without QPU, token or network.

A recording is a text file of one JSON object per line. The first line describes the run (`RecordedRun`), each of the
next ones is a submission: ``reads``, ``bits`` (its raw answer, row by row in the embedding's physical order, eight bits
to a byte, zlib, base64), ``gauge`` (the qubits whose sense was flipped, encoded alike), ``timing`` (microseconds, as
the QPU named them) and ``queue_s``. The last line says that the run came to its end. Each line ends in ``digest``, the
SHA-256 of its content and of the digest before, so that no line can be changed, moved or lost unnoticed. There is no
token, endpoint, account, problem identifier or path in it.
"""

from __future__ import annotations

import base64
import contextlib
import json
import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter

from bnnbench.annealer.embedding import Embedding
from bnnbench.annealer.submission import Submission
from bnnbench.errors import InputError, RefusedError
from bnnbench.hashing import canonical_json, content_hash
from bnnbench.redaction import without_secrets
from bnnbench.solver.contract import Budget

FORMAT = "bnnbench QPU recording 1"
SUFFIX = ".jsonl"

_Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


LATER = {"fast_anneal": False, "copies": 1}
"""Parameters that older recordings lack, with what they were made with."""


@dataclass(frozen=True)
class RecordedRun:
    """A run as its recording describes it.

    Parameters
    ----------
    qubo_hash
        Content hash of the QUBO.
    parameters
        Those of the solver that decide what is submitted, defaults included.
    versions
        Of the distributions that made the recording.
    chip_id, topology
        As the QPU names itself, and its graph: ``type`` and ``shape``.
    """

    qubo_hash: str
    seed: int
    seconds: float | None
    reads: int | None
    parameters: dict[str, Any]
    versions: dict[str, str]
    chip_id: str | None
    topology: dict[str, Any]
    embedding: Embedding

    @property
    def key(self) -> str:
        """Hash of what was asked, the name of the run's file in a folder of recordings."""
        asked = {"qubo": self.qubo_hash, "seed": self.seed, "budget": [self.seconds, self.reads]}
        return content_hash("recording", {**asked, "parameters": self.parameters})

    def differs(self, qubo_hash: str, parameters: Mapping[str, Any]) -> str | None:
        """Return how another instance or other parameters differ from the run's, as half a sentence, or None."""
        if qubo_hash != self.qubo_hash:
            return f"is of the QUBO {self.qubo_hash[:12]}…, but the instance has the QUBO {qubo_hash[:12]}…"
        for name, value in parameters.items():
            recorded = self.parameters.get(name, LATER.get(name))
            if canonical_json({"": value}) != canonical_json({"": recorded}):
                return f"was made with {name}={json.dumps(recorded)}, but {json.dumps(value)} came"
        return None


@dataclass(frozen=True)
class Recording:
    """A run and its submissions; `is_complete` if the run came to its end, and all of it is in the file."""

    run: RecordedRun
    submissions: Sequence[Submission]
    is_complete: bool

    def replay(self, budget: Budget) -> Generator[Submission]:
        """Return the submissions in the order in which they came.

        Raises
        ------
        RefusedError
            If the budget is another than the recorded one.
        InputError
            At the end, if the recording ends before its run did.
        """
        recorded = Budget(self.run.seconds, self.run.reads)
        if budget != recorded:
            raise RefusedError(f"the recording has a budget of {recorded}, but {budget} came; give the same.")
        return self._submissions()

    def _submissions(self) -> Generator[Submission]:
        yield from self.submissions
        if not self.is_complete:
            raise InputError(
                f"the recording ends after {len(self.submissions)} submissions, before its run did: the run failed, or "
                "the file was cut; what is in it was replayed."
            )


def record(path: Path, run: RecordedRun, submissions: Generator[Submission]) -> Generator[Submission]:
    """Write each submission to a file, then hand it on.

    Parameters
    ----------
    path
        A file that ends in ``.jsonl``, or a folder, in which the file is named by the run's key.

    Raises
    ------
    InputError
        If the file exists or cannot be written; nothing was submitted then.
    """
    path = path if path.suffix == SUFFIX else path / f"{run.key[:16]}{SUFFIX}"
    with contextlib.ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(path.open("x", encoding="utf-8"))
        except OSError as error:
            what = "exists" if path.exists() else f"cannot be written ({error.strerror})"
            raise InputError(
                f"the recording {path} {what}; nothing was submitted. Record elsewhere, or replay what is there."
            ) from error
        digest = ""

        def write(content: dict[str, Any]) -> None:
            nonlocal digest
            digest = _digest(content, digest)
            file.write(json.dumps({**content, "digest": digest}, separators=(",", ":")) + "\n")
            file.flush()  # the operating system outlives this process

        write({"format": FORMAT, **asdict(run), **_said_by_others(run)})
        try:
            for submission in submissions:
                write(_encoded(submission))
                yield submission
        except GeneratorExit:
            write({"end": True})  # the harness has asked for all that it wants
            raise
        write({"end": True})


def find_recording(path: Path, qubo_hash: str, parameters: Mapping[str, Any], seed: int | None = None) -> Path:
    """Return the path of the recording of an instance with these parameters.

    Parameters
    ----------
    path
        A recording, or a folder of recordings.
    seed
        Which one of a folder; None: any, to know whether there is one. A single file is taken whatever its seed.

    Raises
    ------
    RefusedError
        If there is none, or its first line cannot be read.
    """
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    reason = "holds no recording"
    for file in files:
        run = _read_run(file)
        differs = run.differs(qubo_hash, parameters)
        if differs is None and path.is_dir() and seed not in (None, run.seed):
            differs = f"holds no run of the seed {seed}"
        if differs is None:
            return file
        reason = differs if len(files) == 1 else f"holds none that fits, {file.name} for example {differs}"
    raise RefusedError(f"the recording {path} {reason}; give another to replay, or the instance and parameters of it.")


def read_recording(path: Path) -> Recording:
    """Read and check a recording.

    Raises
    ------
    RefusedError
        If it cannot be read or a line is damaged. A line that was not written to its end is left out.
    """
    run = _read_run(path)
    submissions: list[Submission] = []
    is_complete = False
    for number, content in _lines(path):
        if is_complete:
            raise _damaged(path, number)
        if number > 1 and not (is_complete := content == {"end": True}):
            with _read_whole(path, number):
                submissions.append(_decoded(content, run.embedding.num_physical))
    return Recording(run, submissions, is_complete)


def recordings_hash(path: Path) -> str:
    """Return the content hash of a recording, or of all recordings in a folder; ``absent`` without any."""
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    contents = []
    with contextlib.suppress(OSError):
        contents = [np.frombuffer(file.read_bytes(), dtype=np.uint8) for file in files]
    return content_hash("recordings", {}, *contents) if contents else "absent"


def _read_run(path: Path) -> RecordedRun:
    _, first = next(_lines(path), (1, {}))
    if first.pop("format", None) != FORMAT:
        raise RefusedError(f"{path} does not begin as a recording ({FORMAT}) does; give another file to replay.")
    with _read_whole(path, 1):
        return TypeAdapter(RecordedRun).validate_python(first)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the numbers, from 1, and the contents of the lines that were written to their end."""
    digest = ""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith("\n"):
                    return
                with _read_whole(path, number):
                    content = json.loads(line)
                    given = content.pop("digest")
                    digest = _digest(content, digest)
                if given != digest:
                    raise _damaged(path, number)
                yield number, content
    except UnicodeDecodeError as error:
        raise RefusedError(f"the recording {path} is damaged: it is no text; get it again from its source.") from error
    except OSError as error:
        raise RefusedError(f"the recording {path} cannot be read ({error.strerror}); give another path.") from error


@contextlib.contextmanager
def _read_whole(path: Path, number: int) -> Iterator[None]:
    """Call a line damaged that cannot be read; pydantic's ValidationError is a ValueError."""
    try:
        yield
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError, zlib.error) as error:
        raise _damaged(path, number) from error


def _damaged(path: Path, number: int) -> RefusedError:
    return RefusedError(f"the recording {path} is damaged in line {number}; get it again from its source.")


def _digest(content: dict[str, Any], before: str) -> str:
    return content_hash("recording line", {"before": before, "content": content})


def _encoded(submission: Submission) -> dict[str, Any]:
    return {
        "reads": len(submission.bits),
        "bits": _pack(submission.bits),
        "gauge": _pack(submission.gauge),
        "timing": without_secrets(submission.timing),
        "queue_s": submission.queue_s,
    }


def _said_by_others(run: RecordedRun) -> dict[str, Any]:
    """Return what libraries and the QPU said in words, without secrets."""
    said = {"parameters": run.parameters, "versions": run.versions, "chip_id": run.chip_id, "topology": run.topology}
    cleaned: dict[str, Any] = without_secrets(said)
    return cleaned


def _decoded(content: Mapping[str, Any], num_physical: int) -> Submission:
    reads = int(content["reads"])
    return Submission(
        bits=_unpack(content["bits"], reads * num_physical).reshape(reads, num_physical),
        gauge=_unpack(content["gauge"], num_physical),
        timing=TypeAdapter(dict[str, _Seconds]).validate_python(content["timing"]),
        queue_s=TypeAdapter(_Seconds | None).validate_python(content["queue_s"]),
    )


def _pack(bits: NDArray[np.int8]) -> str:
    return base64.b64encode(zlib.compress(np.packbits(bits).tobytes())).decode()


def _unpack(text: str, count: int) -> NDArray[np.int8]:
    packed = np.frombuffer(zlib.decompress(base64.b64decode(text, validate=True)), dtype=np.uint8)
    if packed.size != -(-count // 8):
        raise ValueError
    return np.unpackbits(packed, count=count).astype(np.int8)
