"""Merging: several stores become one, in which every run and every truth stands once.

Nothing is decided by chance or by the clock: stores are taken in the order in which they are given. The new store
appears under its name when it is complete, and not before; the others are only read.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from bnnbench.errors import CheckError, InputError, StoreError, as_word, system_errors
from bnnbench.optimum.truth import Truth
from bnnbench.runs.cell import asked_key
from bnnbench.store.answers import differences
from bnnbench.store.digests import broken_run
from bnnbench.store.file import LOCK
from bnnbench.store.output import umask
from bnnbench.store.rescore import measured_again
from bnnbench.store.store import Store, open_store, read_store
from bnnbench.store.stored_run import StoredRun


@dataclass(frozen=True)
class Merged:
    """The result of a merge: numbers of runs in the new store, in several stores, and in contradiction to others."""

    num_runs: int
    num_equal: int
    num_different: int


def merge(folders: Sequence[Path], output: Path) -> Merged:
    """Unite stores of results.

    Runs of the same key and the same answer are one row, the first. Of runs of the same key whose answers differ all
    are kept, the second under the key with ``~2`` at its end and so on, and all are flagged; a run that never happened,
    ``unavailable``, gives way to one that did. Of the truths of a problem the best is kept, and runs are measured
    against it again.

    Raises
    ------
    InputError
        If there is something at `output`.
    StoreError
        If a store cannot be read or was changed since it was written, or the new one cannot be written.
    CheckError
        If two stores have different optima of a problem, both certified.
    """
    if output.exists() and not (output.is_dir() and not any(output.iterdir())):
        raise InputError(f"{output} exists; give the name of a new folder with -o.")
    with (
        system_errors(StoreError, f"{output} cannot be written", "give another folder with -o"),
        contextlib.ExitStack() as stack,
    ):
        output.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
        stack.callback(shutil.rmtree, draft, ignore_errors=True)
        merged = _fill(draft, folders)
        (draft / LOCK).unlink()
        draft.chmod(0o777 & ~umask())  # a temporary folder is for its owner alone
        draft.rename(output)
    return merged


def _fill(draft: Path, folders: Sequence[Path]) -> Merged:
    num_runs = num_equal = num_different = 0
    stores: list[Store] = []
    try:
        for folder in folders:
            stores.append(read_store(folder))
            stores[-1].hold()
            for sentence in stores[-1].unsealed():
                raise StoreError(_see_verify(folder, sentence))
        with open_store(draft) as target, target.transaction():
            for name in ("machines", "canaries", "suites", "problems", "instances"):
                for row in _first_of_each([row for store in stores for row in store.rows(name)], "hash"):
                    target.put(name, row)
            truths = _best_truths(stores)
            for row in truths.values():
                target.put("truths", row)
            best = target.truths()
            sources = [_Source(store, best) for store in stores]
            streams = [source.runs() for source in sources]
            for key, found in groupby(heapq.merge(*streams, key=_asked), key=_asked):
                runs = list(found)
                answers = _distinct(runs)
                num_runs += len(answers)
                num_equal += len(runs) - len(answers)
                num_different += len(answers) if len(answers) > 1 else 0
                for number, run in enumerate(answers, start=1):
                    target.put_run(_named(run, key if number == 1 else f"{key}~{number}", answers))
    finally:
        for store in stores:
            store.close()
    return Merged(num_runs, num_equal, num_different)


def _first_of_each(rows: Sequence[Mapping[str, Any]], column: str) -> Iterator[Mapping[str, Any]]:
    """Yield the rows without repeated values; of equal rows, one that knows all."""
    found: dict[Any, Mapping[str, Any]] = {}
    for row in rows:
        other = found.get(row[column])
        if other is None or None in other.values():
            found[row[column]] = row if other is None else {**row, **{k: v for k, v in other.items() if v is not None}}
    yield from found.values()


def _best_truths(stores: Sequence[Store]) -> dict[str, Mapping[str, Any]]:
    """Return for each problem hash the truth that says most."""
    best: dict[str, tuple[Any, Mapping[str, Any], Path, Truth]] = {}
    for store in stores:
        truths = store.truths()
        for row in store.rows("truths"):
            truth = truths[row["problem_hash"]]
            rank = (truth.rank, row.get("certificate") is not None)
            other = best.get(truth.problem_hash)
            if other and truth.is_certified and other[3].is_certified and truth.loss != other[3].loss:
                raise CheckError(
                    f"{other[2]} and {store.folder} hold different certified optima of the problem "
                    f"{truth.problem_hash}: {other[3].loss:g} and {truth.loss:g}, so that one is wrong; find out which "
                    "with bnnbench verify --check-seconds 60."
                )
            if other is None or rank > other[0]:
                best[truth.problem_hash] = (rank, row, store.folder, truth)
    return {key: row for key, (_, row, _, _) in best.items()}


DIFFERS = "differs from another run of the same key"


def _asked(run: StoredRun) -> str:
    """Return the key that was asked, by which all answers of one question stand together in each store."""
    return asked_key(run.key)


def _named(run: StoredRun, key: str, answers: Sequence[StoredRun]) -> StoredRun:
    """Return the run under a key, flagged if there are other answers."""
    names = [name for other in answers if other is not run for name in differences(run.answer, other.answer)]
    flags = [flag for flag in json.loads(run.row["flags"]) if not flag.startswith(DIFFERS)]
    flags += [f"{DIFFERS} in {', '.join(dict.fromkeys(names))}"] if names else []
    row = {**run.row, "key": key, "flags": json.dumps(flags)}
    return StoredRun(row, *([{**part, "run": key} for part in parts] for parts in (run.batches, run.samples)))


class _Source:
    """A store to take runs from, measured against the best truths."""

    def __init__(self, store: Store, best: Mapping[str, Truth]) -> None:
        self._store = store
        self._num_samples = store.num_samples()
        self._is_sound = {row["hash"]: bool(row["is_sound"]) for row in store.instances()}
        self._own, self._best = store.truths(), best

    def runs(self) -> Iterator[StoredRun]:
        """Yield runs by key; what depends on the truth is folded again if the best is another."""
        for run in self._store.stored_runs():
            for sentence in broken_run(run):
                raise StoreError(_see_verify(self._store.folder, sentence))
            own, best = (truths.get(run.row["problem_hash"]) for truths in (self._own, self._best))
            is_sound = self._is_sound.get(run.row["instance_hash"])
            num_samples = self._num_samples.get(run.row["problem_hash"], 0)
            yield measured_again(run, own, best, is_sound=is_sound, num_samples=num_samples)


def _see_verify(folder: Path, sentence: str) -> str:
    return f"{folder}: {sentence.rstrip('.')}; see bnnbench verify {as_word(folder)}."


def _distinct(runs: Sequence[StoredRun]) -> list[StoredRun]:
    """Return one run of each answer; what never happened only if nothing else did."""
    happened = [run for run in runs if run.row["status"] != "unavailable"] or list(runs[:1])
    answers: list[StoredRun] = []
    for run in happened:
        if all(differences(run.answer, answer.answer) for answer in answers):
            answers.append(run)
    return answers
