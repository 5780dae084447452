"""The hint that an exact solver may start from: the best weights of a few short anneals, on a clock of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import replace
from time import perf_counter
from typing import Any, Literal

from bnnbench.optimum.weight_anneal import quick_weights
from bnnbench.problem.problem import Problem
from bnnbench.solver.contract import Batch

Hint = Literal["none", "weight_search"]
"""Nothing, or what `weight_search` finds in 20 reads."""


def timed_weights(problem: Problem, seed: int) -> tuple[Any, float]:
    """Return the weights of a hint, ±1 of shape (1, num_weights), and the seconds that they took."""
    start = perf_counter()
    weights = quick_weights(problem, seed)
    return weights, perf_counter() - start


def with_clock(stream: Iterator[Batch], hint_s: float | None) -> Generator[Batch]:
    """Yield the batches of a stream, the first with the seconds of the hint, if there is one, as clock ``hint_s``."""
    with contextlib.closing(stream):  # type: ignore[type-var]
        for number, batch in enumerate(stream):
            if number == 0 and hint_s is not None:
                yield replace(batch, clocks={**batch.clocks, "hint_s": hint_s})
            else:
                yield batch


def refusal(hint: Hint, name: str, *, has_network: bool) -> str | None:
    """Return why a solver has no hint for an instance, as a sentence; None if it has one or needs none."""
    if hint == "none" or has_network:
        return None
    return f"{name}: hint={hint} needs a network, but this QUBO has none; use hint=none."
