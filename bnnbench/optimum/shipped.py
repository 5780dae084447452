"""Truths that ship with sets of problems: a Parquet file per set, beside its TOML file, with a row per instance.

A row is found by the content hash of its problem. It counts only if its digest is right and its weights have the loss
that it names; `bnnbench truth SET` checks the rest again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from bnnbench.errors import InputError, restated
from bnnbench.hashing import content_hash
from bnnbench.optimum.certificate import (
    ENUMERATION_LIMIT,
    FORWARD,
    PROOFS,
    Certificate,
    Check,
    certify,
    plain_certificate,
)
from bnnbench.optimum.truth import Truth
from bnnbench.problem.problem import Problem

FOLDER = "sets"
"""Folder of the sets in a package of the group ``bnnbench.problems``."""


@dataclass(frozen=True)
class Place:
    """The place of an instance in a set."""

    cell: str
    split: str
    seed: int


@dataclass(frozen=True)
class ShippedTruth:
    """The truth of an instance of a set, as its file has it.

    Parameters
    ----------
    loss, lower_bound, kind, method, num_optima, nodes, seconds
        As in `bnnbench.optimum.truth.Truth`; the number is text, as it can exceed 2^63.
    weights
        One setting of that loss, eight weights to a byte, the first in the highest bit.
    proof
        Name of the check that confirmed the bound when the set was made, see `bnnbench.optimum.certificate.PROOFS`;
        empty if none did in its time.
    version
        Of bnnbench.
    """

    place: Place
    problem_hash: str
    loss: float
    lower_bound: float
    kind: Any
    method: str
    num_optima: str | None
    weights: bytes
    nodes: int
    seconds: float
    proof: str
    version: str

    @property
    def digest(self) -> str:
        """Content hash of everything above."""
        values = {**vars(self), "place": vars(self.place), "weights": self.weights.hex()}
        return content_hash("shipped truth", values)

    def truth(self, problem: Problem) -> Truth:
        """Return it as a truth with one optimal setting."""
        bits = np.unpackbits(np.frombuffer(self.weights, dtype=np.uint8), count=problem.network.num_weights)
        return Truth(
            problem_hash=self.problem_hash,
            loss=self.loss,
            kind=self.kind,
            method=self.method,
            optima=(2 * bits.astype(np.int8) - 1)[None, :],
            num_optima=None if self.num_optima is None else int(self.num_optima),
            seconds=self.seconds,
            lower_bound=self.lower_bound,
            nodes=self.nodes,
        )

    def certificate(self, problem: Problem) -> Certificate:
        """Return it as a certificate, with the check of the forward pass and the name of the proof that was made."""
        plain = plain_certificate(problem, self.truth(problem))
        checks = [Check(FORWARD, "agreed", f"the weights have the loss {self.loss:g}", 0.0)]
        if self.proof:
            checks.append(Check(self.proof, "agreed", "when the set was made", 0.0))
        return replace(plain, checks=tuple(checks), version=self.version)


def shipped_truth(problem: Problem, truth: Truth, place: Place, *, check_s: float) -> ShippedTruth:
    """Return the row of an instance, after its truth was checked for so many seconds at most.

    With 0 seconds only what can be enumerated is proved again; the forward pass is checked in any case.

    Raises
    ------
    InputError
        If a check disagrees.
    """
    is_small = problem.num_samples << problem.network.num_weights <= ENUMERATION_LIMIT
    certificate = certify(problem, truth, limit_s=check_s) if check_s or is_small else plain_certificate(problem, truth)
    if float(problem.training_loss(truth.optima[0])) != truth.loss:
        raise InputError(f"{problem.name}: the weights do not have the loss {truth.loss:g}.")
    for check in certificate.failed:
        raise InputError(f"{problem.name}: the loss {truth.loss:g} is wrong: {check.name}: {check.detail}.")
    proofs = [check.name for check in certificate.checks if check.name in PROOFS and check.verdict == "agreed"]
    return ShippedTruth(
        place=place,
        problem_hash=problem.hash,
        loss=float(truth.loss),
        lower_bound=certificate.lower_bound,
        kind=truth.kind,
        method=truth.method,
        num_optima=certificate.num_optima,
        weights=np.packbits(truth.optima[0] > 0).tobytes(),
        nodes=int(truth.nodes),
        seconds=round(float(truth.seconds), 3),
        proof=proofs[0] if proofs else "",
        version=version("bnnbench"),
    )


def write_shipped(path: Path, rows: Iterable[ShippedTruth]) -> None:
    """Write the truths of a set; digests are kept as bytes, as text would double the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    records = [
        {
            **{name: value for name, value in vars(row).items() if name != "place"},
            **vars(row.place),
            "problem_hash": bytes.fromhex(row.problem_hash),
            "digest": bytes.fromhex(row.digest),
        }
        for row in rows
    ]
    partial = path.with_suffix(".partial")
    pq.write_table(pa.Table.from_pylist(records), partial, compression="zstd")
    partial.replace(path)  # a search that is interrupted leaves the last whole file


def read_shipped(path: Path) -> list[ShippedTruth]:
    """Read the truths of a set, without those whose digest is wrong; nothing if there is no file.

    Raises
    ------
    InputError
        If the file is none of this kind.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        return []
    advice = f"); write it again with bnnbench truth {path.with_suffix('.toml')} -o {path}."
    wrong = (OSError, pa.ArrowException, KeyError, TypeError, ValueError, AttributeError)
    with restated(InputError, f"{path} holds no truths of a set of problems (", advice, *wrong):
        rows = [_row(record) for record in pq.read_table(path).to_pylist()]
    return [row for row, digest in rows if row.digest == digest]


def _row(record: dict[str, Any]) -> tuple[ShippedTruth, str]:
    """Return a row of the file with the digest that it has there."""
    digest = record.pop("digest").hex()
    place = Place(**{name: record.pop(name) for name in ("cell", "split", "seed")})
    return ShippedTruth(place=place, **record | {"problem_hash": record["problem_hash"].hex()}), digest


def set_files(ending: str) -> Iterator[Path]:
    """Yield the files of the installed sets with an ending, in the order of their names."""
    for point in entry_points(group="bnnbench.problems"):
        spec = find_spec(point.value)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            yield from sorted(Path(folder, FOLDER).glob(f"*{ending}"))


class ShippedTruths:
    """The truths of all installed sets, and of those that a suite brings, by the hash of the problem."""

    def __init__(self) -> None:
        self._offered: dict[str, tuple[str, ShippedTruth]] = {}

    @cached_property
    def _installed(self) -> Mapping[str, tuple[str, ShippedTruth]]:
        return {row.problem_hash: (path.stem, row) for path in set_files(".parquet") for row in read_shipped(path)}

    def offer(self, name: str, rows: Iterable[ShippedTruth]) -> None:
        """Add the truths of a set that is not installed."""
        self._offered |= {row.problem_hash: (name, row) for row in rows}

    def get(self, problem: Problem) -> ShippedTruth | None:
        """Return what is known of a problem, if its weights have the loss that it names."""
        _, row = self._find(problem.hash) or ("", None)
        if row is None or len(row.weights) != -(-problem.network.num_weights // 8):
            return None
        return row if float(problem.training_loss(row.truth(problem).optima[0])) == row.loss else None

    def place(self, problem_hash: str) -> tuple[str, Place] | None:
        """Return the set of a problem and its place there."""
        found = self._find(problem_hash)
        return (found[0], found[1].place) if found else None

    def _find(self, problem_hash: str) -> tuple[str, ShippedTruth] | None:
        return self._installed.get(problem_hash) or self._offered.get(problem_hash)


SHIPPED = ShippedTruths()
"""The shipped truths that this process knows."""
