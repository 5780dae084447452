"""Truths that were found before, in this process and on disk.

A file per problem. Nothing in it is believed: a file whose digest is wrong, or whose weights do not have the loss it
names, counts as absent.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import numpy as np

from bnnbench.cache import cache_folder, write_cache
from bnnbench.hashing import content_hash
from bnnbench.optimum.certificate import from_signs, signs
from bnnbench.optimum.truth import Truth
from bnnbench.problem.problem import Problem


class TruthCache:
    """Truths by problem and by the number of optimal settings that were to be listed.

    Parameters
    ----------
    worth_keeping_s
        Seconds of a search above which its truth is written to disk.
    """

    def __init__(self, worth_keeping_s: float = 0.1) -> None:
        self._worth_keeping_s = worth_keeping_s
        self._known: dict[tuple[str, int], Truth] = {}

    def get(self, problem: Problem, max_optima: int) -> Truth | None:
        """Return the truth of a problem, as a search with this cap would list it; None if it is not known."""
        known = self._known.get((problem.hash, max_optima)) or _read(problem, max_optima)
        if known is not None:
            self._share(known, max_optima)
        return known

    def put(self, truth: Truth, max_optima: int) -> None:
        """Keep the truth that a search with this cap has found."""
        self._share(truth, max_optima)
        if truth.seconds > self._worth_keeping_s:
            _write(truth, max_optima)

    def _share(self, truth: Truth, max_optima: int) -> None:
        truth.optima.setflags(write=False)
        self._known[truth.problem_hash, max_optima] = truth


TRUTHS = TruthCache()
"""The cache of this process."""


def _write(truth: Truth, max_optima: int) -> None:
    """Write a truth to disk; what cannot be written is found again another time."""
    content = {
        "version": version("bnnbench"),
        "problem_hash": truth.problem_hash,
        "loss": truth.loss,
        "kind": truth.kind,
        "max_optima": max_optima,
        "method": truth.method,
        "optima": [signs(weights) for weights in truth.optima],
        "num_optima": None if truth.num_optima is None else str(truth.num_optima),
        "seconds": truth.seconds,
        "nodes": truth.nodes,
    }
    text = json.dumps({**content, "digest": content_hash("truth", content)})
    write_cache(cache_folder("truths") / f"{truth.problem_hash}.json", text)


def _read(problem: Problem, max_optima: int) -> Truth | None:
    """Read what the disk has, if it holds and lists the optima that a search with this cap lists."""
    try:
        text = (cache_folder("truths") / f"{problem.hash}.json").read_text(encoding="utf-8")
        content: dict[str, Any] = json.loads(text)
        digest = content.pop("digest")
        if digest != content_hash("truth", content) or content["version"] != version("bnnbench"):
            return None
        asked = content["max_optima"]
        truth = Truth(
            problem_hash=content["problem_hash"],
            loss=content["loss"],
            kind=content["kind"],
            method=content["method"],
            optima=np.array([from_signs(weights) for weights in content["optima"]]),
            num_optima=None if content["num_optima"] is None else int(content["num_optima"]),
            seconds=content["seconds"],
            nodes=content["nodes"],
        )
        if truth.problem_hash != problem.hash or np.any(problem.training_loss(truth.optima) != truth.loss):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    is_listed = asked == max_optima or (not truth.is_capped and len(truth.optima) <= max_optima)
    return truth if is_listed else None
