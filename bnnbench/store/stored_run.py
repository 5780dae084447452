"""A stored run: its row with its batches and best samples, as they are in the file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class StoredRun:
    """A run with all its rows.

    Attributes
    ----------
    row
        Of the table of runs.
    batches
        By number.
    samples
        By role: ``energy`` and ``loss``.
    """

    row: Row
    batches: Sequence[Row]
    samples: Sequence[Row]

    @property
    def key(self) -> str:
        """Return the key; in merged stores one that can end in ``~2``."""
        return str(self.row["key"])

    @property
    def name(self) -> str:
        """Return the name in sentences, as of `bnnbench.runs.cell.Cell`."""
        row = self.row
        return f"{row['solver']} on {row['problem']} as {row['formulation']}, repetition {row['repetition']}"

    @property
    def digest(self) -> str:
        """Content hash of its rows; those of a run that was not changed have it in the column ``digest``."""
        return digest_of({"runs": [self.row], "batches": self.batches, "samples": self.samples})

    @property
    def packed_samples(self) -> dict[str, str]:
        """Best sample (``energy``) and best weights (``loss``), for `bnnbench.runs.judge.unpack_bits`."""
        return {row["role"]: row["bits"] for row in self.samples}

    @property
    def answer(self) -> dict[str, Any]:
        """Return the row with its samples; see `bnnbench.store.answers.differences`."""
        return {**self.row, **{f"sample.{role}": bits for role, bits in self.packed_samples.items()}}


def digest_of(tables: Mapping[str, Sequence[Row]]) -> str:
    """Return the content hash of rows as SQLite gives them back, without their digests."""
    content = {
        table: [{name: value for name, value in row.items() if name != "digest"} for row in rows]
        for table, rows in tables.items()
    }
    return hashlib.sha256(repr(content).encode(errors="surrogatepass")).hexdigest()


def join(runs: Iterable[Row], batches: Iterable[Row], samples: Iterable[Row]) -> Iterator[StoredRun]:
    """Put together runs by key with their batches and samples, each in the order of the runs' keys."""
    parts = [_Groups(rows) for rows in (batches, samples)]
    for row in runs:
        yield StoredRun(row, *(part.of(row["key"]) for part in parts))


class _Groups:
    """Rows in the order of the runs that they belong to, taken run by run."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = iter(rows)
        self._next = next(self._rows, None)

    def of(self, key: str) -> list[Row]:
        """Return the rows of a run, and pass over those of runs before it, which are not there."""
        group = []
        while self._next is not None and self._next["run"] <= key:
            if self._next["run"] == key:
                group.append(self._next)
            self._next = next(self._rows, None)
        return group
