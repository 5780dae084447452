"""The spool: a file per run to which its worker appends what it has, so that a killed run keeps it.

One JSON object per line. A worker that dies in the middle of a line loses that line only.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bnnbench.harness.judge import JudgedBatch


class Spool:
    """Write side."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")

    def write(self, kind: str, value: Mapping[str, Any]) -> None:
        """Append one line and hand it to the operating system, which outlives this process."""
        self._file.write(json.dumps({"kind": kind, **value}) + "\n")
        self._file.flush()

    def write_batch(self, batch: JudgedBatch) -> None:
        """Append a judged batch."""
        self.write("batch", dataclasses.asdict(batch))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_spool(path: Path) -> tuple[dict[str, dict[str, Any]], list[JudgedBatch]]:
    """Objects by kind (the last of each), and the batches in order; a torn last line is left out."""
    objects: dict[str, dict[str, Any]] = {}
    batches: list[JudgedBatch] = []
    if not path.exists():
        return objects, batches
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            value = json.loads(line)
        except json.JSONDecodeError:
            break
        kind = value.pop("kind")
        if kind == "batch":
            batches.append(JudgedBatch(**value))
        else:
            objects[kind] = value
    return objects, batches
