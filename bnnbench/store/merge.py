"""Merging: several stores become one, in which every run and every truth stands once.

Nothing is decided by chance or by the clock: stores are taken in the order in which they are given. The new store
appears under its name when it is complete, and not before; the others are only read.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bnnbench.errors import CheckError, InputError, StoreError
from bnnbench.optimum.truth import Truth
from bnnbench.runs.cell import asked_key
from bnnbench.store.answers import differences
from bnnbench.store.rescore import measured_again
from bnnbench.store.store import Store, open_store, read_store


@dataclass(frozen=True)
class Merged:
    """What became of the runs: how many are in the new store, how many stood in several, how many contradict others."""

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
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    except OSError as error:
        raise StoreError(f"{output} cannot be made: {error.strerror}; give another folder with -o.") from error
    try:
        merged = _fill(draft, folders)
        (draft / "runs.lock").unlink()
        draft.chmod(0o777 & ~_umask())  # a temporary folder is for its owner alone
        draft.rename(output)
    except OSError as error:
        raise StoreError(f"{output} cannot be written: {error.strerror}; give another folder with -o.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return merged


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _fill(draft: Path, folders: Sequence[Path]) -> Merged:
    num_runs = num_equal = num_different = 0
    stores: list[Store] = []
    try:
        for folder in folders:
            stores.append(read_store(folder))
            stores[-1].hold()
            for sentence in stores[-1].unsealed():
                raise StoreError(f"{folder}: {sentence.rstrip('.')}; see bnnbench verify {folder}.")
        with open_store(draft) as target, target.transaction():
            for name in ("machines", "canaries", "suites", "problems", "instances"):
                for row in _first_of_each([row for store in stores for row in store.rows(name)], "hash"):
                    target.put(name, row)
            truths = _best_truths(stores)
            for row in truths.values():
                target.put("truths", row)
            best = target.truths()
            sources = [_Source(store, best) for store in stores]
            places: dict[str, list[tuple[_Source, str]]] = {}
            for source in sources:
                for key in source.store.run_keys():
                    places.setdefault(asked_key(key), []).append((source, key))
            for key, found in sorted(places.items()):
                runs = [source.run(own_key) for source, own_key in found]
                answers = _distinct(runs)
                num_runs += len(answers)
                num_equal += len(runs) - len(answers)
                num_different += len(answers) if len(answers) > 1 else 0
                for number, run in enumerate(answers, start=1):
                    run.write(target, key if number == 1 else f"{key}~{number}", answers)
    finally:
        for store in stores:
            store.close()
    return Merged(num_runs, num_equal, num_different)


def _first_of_each(rows: Sequence[Mapping[str, Any]], column: str) -> Iterator[Mapping[str, Any]]:
    """The rows without those of a value that came before; of equal ones, one that knows all."""
    found: dict[Any, Mapping[str, Any]] = {}
    for row in rows:
        other = found.get(row[column])
        if other is None or None in other.values():
            found[row[column]] = row if other is None else {**row, **{k: v for k, v in other.items() if v is not None}}
    yield from found.values()


def _best_truths(stores: Sequence[Store]) -> dict[str, Mapping[str, Any]]:
    """Of the truths of each problem the row that says most, by problem hash."""
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


@dataclass(frozen=True)
class _Run:
    """A run with all its rows, as they are in a store."""

    row: dict[str, Any]
    batches: list[dict[str, Any]]
    samples: list[dict[str, Any]]

    def differs(self, other: _Run) -> list[str]:
        """Names of what the answers of two runs differ in."""
        return differences(self.answer, other.answer)

    @property
    def answer(self) -> dict[str, Any]:
        """See `bnnbench.store.answers.differences`."""
        return self.row | {f"sample.{row['role']}": row["bits"] for row in self.samples}

    def write(self, store: Store, key: str, answers: Sequence[_Run]) -> None:
        """Write the run under a key, flagged if there are other answers."""
        names = [name for other in answers if other is not self for name in self.differs(other)]
        flags = [flag for flag in json.loads(self.row["flags"]) if not flag.startswith(DIFFERS)]
        flags += [f"{DIFFERS} in {', '.join(dict.fromkeys(names))}"] if names else []
        for table, rows in (("batches", self.batches), ("samples", self.samples)):
            for row in rows:
                store.put(table, row | {"run": key})
        store.put("runs", self.row | {"key": key, "flags": json.dumps(flags)})


DIFFERS = "differs from another run of the same key"


class _Source:
    """A store to take runs from, measured against the best truths."""

    def __init__(self, store: Store, best: Mapping[str, Truth]) -> None:
        self.store = store
        self._is_sound = {row["hash"]: bool(row["is_sound"]) for row in store.instances()}
        self._own, self._best = store.truths(), best

    def run(self, key: str) -> _Run:
        """A run with all its rows; what depends on the truth is folded again if the best is another."""
        row = self.store.rows("runs", "key", key)[0]
        batches = self.store.rows("batches", "run", key)
        own, best = (truths.get(row["problem_hash"]) for truths in (self._own, self._best))
        row = measured_again(row, batches, own, best, is_sound=self._is_sound.get(row["instance_hash"]))
        return _Run(row, batches, self.store.rows("samples", "run", key))


def _distinct(runs: Sequence[_Run]) -> list[_Run]:
    """One run of each answer; what never happened only if nothing else did."""
    happened = [run for run in runs if run.row["status"] != "unavailable"] or list(runs[:1])
    answers: list[_Run] = []
    for run in happened:
        if all(run.differs(answer) for answer in answers):
            answers.append(run)
    return answers
