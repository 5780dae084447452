"""Take batches from a solver: everything in one is made real, and refused if it is no batch of bits."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, get_args

import numpy as np

from bnnbench.errors import CheckError
from bnnbench.solver.contract import Batch, Budget, Phase, Solver, is_number


def taken(batch: Any, num_variables: int) -> Batch:
    """Return the batch with plain arrays, numbers and texts in it, so that nothing is left to be worked out later.

    Raises
    ------
    CheckError
        If it is no `Batch`, its bits are no int8 array of 0 and 1 of shape (k, num_variables) with k ≥ 1, or it says of
        itself what cannot be.
    """
    if not isinstance(batch, Batch):
        raise CheckError(f"the solver yielded {type(batch).__name__}; yield bnnbench.Batch(bits).")
    bits = batch.bits
    if not isinstance(bits, np.ndarray):
        raise CheckError(f"the solver answered bits of the type {type(bits).__name__}; answer a NumPy array of int8.")
    if bits.ndim != 2 or bits.shape[1] != num_variables or len(bits) == 0:
        raise CheckError(
            f"the solver answered an array of shape {bits.shape} where (k, {num_variables}) with k ≥ 1 was asked."
        )
    if bits.dtype.kind not in "biu" or not ((bits == 0) | (bits == 1)).all():
        raise CheckError(f"the solver answered values other than 0 and 1 (dtype {bits.dtype}); spins are not bits.")
    if bits.dtype != np.int8:
        raise CheckError(f"the solver answered bits that are {bits.dtype}, but must be int8; use .astype(numpy.int8).")
    if batch.phase not in get_args(Phase):
        raise CheckError(f"the solver answered a batch of the phase {batch.phase!r}; it is final or training.")
    if batch.evaluations is not None and not (
        is_number(batch.evaluations, whole=True) and 0 <= batch.evaluations < 2**53
    ):
        raise CheckError(f"the solver answered {batch.evaluations!r} evaluations; count whole ones, or say None.")
    return Batch(  # and not one of the solver's own class, whose attributes it could work out later
        bits=np.array(bits, dtype=np.int8, subok=False),
        lower_bound=None if batch.lower_bound is None else float(batch.lower_bound),
        clocks={str(key): float(value) for key, value in batch.clocks.items()},
        facts={str(key): _plain(value) for key, value in batch.facts.items()},
        phase="final" if batch.phase == "final" else "training",
        evaluations=None if batch.evaluations is None else int(batch.evaluations),
    )


@contextlib.contextmanager
def open_stream(solver: Solver, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Iterator[Any]]:
    """Open the stream of what a solver yields, see `taken`; it is closed at the end, if it can be.

    Raises
    ------
    CheckError
        If what `sample` returned cannot be iterated.
    """
    answer: Any = solver.sample(prepared, seed=seed, budget=budget)
    try:
        stream = iter(answer)
    except TypeError:
        raise CheckError(
            f"the solver's sample returned {type(answer).__name__}; yield batches, or return an iterator of them."
        ) from None
    try:
        yield stream
    finally:
        close(stream)


def close(stream: Iterator[Any]) -> None:
    """Close a stream that can be closed; an iterator without `close` holds nothing open."""
    if hasattr(stream, "close"):
        stream.close()


def _plain(value: Any) -> Any:
    """Return a scalar as it is, and all else as text."""
    plain = value.item() if isinstance(value, np.generic) else value
    return plain if plain is None or type(plain) in (bool, int, float, str) else str(plain)
