"""Records on a set of problems: the least loss that anybody has reached on each instance, and the weights.

A CSV file beside the set, ``NAME_records.csv``, has a line per instance. Whoever reads it can recompute each loss from
the weights; whoever adds to it gives results that `bnnbench verify` passes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bnnbench.errors import CheckError, InputError, system_errors
from bnnbench.problem.problem import Problem
from bnnbench.runs.judge import unpack_bits
from bnnbench.store.store import Store
from bnnbench.store.verify import verify


@dataclass(frozen=True)
class Record:
    """The least loss on an instance.

    Parameters
    ----------
    problem, problem_hash
        Name and content hash.
    loss
        Training loss of `weights`.
    solver, formulation
        As tables call them.
    time_s
        Sampling time until that loss was first seen.
    cpu
        Model of the processor.
    who, at
        Name of whoever ran it, and when, as a date.
    weights
        Packed as `bnnbench.runs.judge.pack_bits` does it.
    """

    problem: str
    problem_hash: str
    loss: float
    solver: str
    formulation: str
    time_s: float
    cpu: str
    who: str
    at: str
    weights: str


def records_path(set_path: Path) -> Path:
    """Return the path of the records of a set: ``NAME_records.csv`` beside ``NAME.toml``."""
    return set_path.with_name(f"{set_path.stem}_records.csv")


def read_records(path: Path) -> dict[str, Record]:
    """Return records by the hash of the problem; nothing if there is no file.

    Raises
    ------
    InputError
        If the file is no table of records.
    """
    if not path.is_file():
        return {}
    with system_errors(InputError, f"{path} cannot be read", "give another path"):
        text = path.read_text(encoding="utf-8")
    try:
        rows = TypeAdapter(list[Record]).validate_python(list(csv.DictReader(io.StringIO(text))))
    except ValidationError as error:
        raise InputError(
            f"{path} is no table of records of bnnbench ({error.error_count()} cells are wrong); take it as it was."
        ) from error
    return {row.problem_hash: row for row in rows}


def records_text(records: Iterable[Record]) -> str:
    """Return records as CSV, by name of the problem."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [field.name for field in fields(Record)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(record) for record in sorted(records, key=lambda record: record.problem))
    return stream.getvalue()


def check_records(records: Mapping[str, Record], problems: Mapping[str, Problem]) -> None:
    """Recompute the loss of each record from its weights.

    Raises
    ------
    CheckError
        If a record is on no problem of the set, or its weights have another loss.
    """
    for record in records.values():
        problem = problems.get(record.problem_hash)
        if problem is None:
            raise CheckError(f"the record on {record.problem} is on no instance of the set; take it out.")
        weights = 2 * unpack_bits(record.weights, problem.network.num_weights) - 1
        loss = float(problem.training_loss(weights))
        if loss != record.loss:
            raise CheckError(f"the record on {record.problem} says {record.loss:g}, but its weights have {loss:g}.")


def better_records(
    store: Store, known: Mapping[str, Record], problems: Mapping[str, Problem], who: str
) -> dict[str, Record]:
    """Return the records that results break, each a loss that is lower than the one known.

    Raises
    ------
    CheckError
        If the results do not pass `bnnbench.store.verify.verify`.
    """
    for finding in verify(store):
        raise CheckError(f"{store.folder} does not pass bnnbench verify: {finding.kind}: {finding.sentence}")
    found: dict[str, Record] = {}
    runs = store.runs()
    # However a run ended: what it found before stays found.
    runs = runs[runs["problem_hash"].isin(list(problems)) & runs["loss"].notna()]
    for row in runs.sort_values(["loss", "time_to_best_s"]).to_dict("records"):
        key = row["problem_hash"]
        if key in found or (key in known and known[key].loss <= row["loss"]):
            continue
        found[key] = Record(
            problem=problems[key].name,
            problem_hash=key,
            loss=float(row["loss"]),
            solver=row["solver"],
            formulation=row["formulation"],
            time_s=round(_first_time(store, row["key"], float(row["loss"])), 3),
            cpu=str(row["cpu"]),
            who=who,
            at=str(row["started_at"])[:10],
            weights=store.samples(row["key"])["loss"],
        )
    return found


def _first_time(store: Store, key: str, loss: float) -> float:
    """Return the sampling time until a run first had a loss."""
    batches = store.batches(key)
    return float(batches.loc[batches["loss"] <= loss, "time_s"].min())
