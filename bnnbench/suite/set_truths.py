"""Truths of a set of problems: found once and written beside the set, or checked again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bnnbench.optimum.certificate import Certificate, verify
from bnnbench.optimum.find import ground_truth
from bnnbench.optimum.prove import search
from bnnbench.optimum.search.cost import why_hopeless
from bnnbench.optimum.shipped import ShippedTruth, read_shipped, shipped_truth, write_shipped
from bnnbench.optimum.truth import Truth
from bnnbench.problem.problem import Problem
from bnnbench.suite.problem_set import Member, ProblemSet

COUNTED = 50
"""Weights up to which the settings of loss 0 are counted where planted ones are known; it takes seconds there."""
COUNTED_PROOFS = 40
"""Weights of a perceptron up to which optimal settings are counted after a proof; beyond, counting takes longer."""
EVERY = 20
"""Instances after which the file is written, so that an interruption loses little."""


def make_truths(found: ProblemSet, path: Path, *, seconds: float, check_s: float) -> Iterator[tuple[Member, bool]]:
    """Find the truths of all instances of a set, on one core, and write them; what the file has is not sought again.

    Parameters
    ----------
    seconds
        Wall time of the search for the optimum of an instance.
    check_s
        Wall time that CP-SAT has to confirm it.

    Yields
    ------
    tuple
        Each instance, and whether it had to be sought.
    """
    known = {row.place: row for row in read_shipped(path)}
    rows: list[ShippedTruth] = []
    members = list(found.members())
    for number, member in enumerate(members, start=1):
        problem = member.load()
        row = known.get(member.place)
        is_new = row is None or row.problem_hash != problem.hash
        if row is None or is_new:
            row = shipped_truth(problem, _truth(problem, seconds), member.place, check_s=check_s)
        rows.append(row)
        if number % EVERY == 0 or number == len(members):
            rest = [known[one.place] for one in members[number:] if one.place in known]
            write_shipped(path, [*rows, *rest])
        yield member, is_new


def _truth(problem: Problem, seconds: float) -> Truth:
    """Return the best truth that a limited search gives; planted optima are counted where that is feasible."""
    network = problem.network
    if problem.planted is None and network.num_layers == 1 and network.num_weights > COUNTED_PROOFS:
        return search(problem, seconds=seconds, threads=1, max_optima=1, count=False)
    truth = ground_truth(problem, cache=None, seconds=seconds, threads=1, max_optima=1)
    is_small = problem.network.num_weights <= COUNTED and why_hopeless(problem) is None
    if truth.kind == "attained" and is_small:
        counted = search(problem, seconds=seconds, threads=1, max_optima=1)
        return counted if counted.num_optima is not None else truth
    return truth


def check_truths(found: ProblemSet, *, check_s: float) -> Iterator[tuple[Member, Certificate | None]]:
    """Check the truths of a set by means that are not the search's, see `bnnbench.optimum.certificate.verify`.

    Yields
    ------
    tuple
        Each instance with its certificate and the checks that were made now; None if the set has no truth of it.

    Raises
    ------
    CheckError
        If an instance is another one than the set pins.
    """
    for member in found.members():
        problem, row = member.load(), found.truths.get(member.place)
        yield member, verify(problem, row.certificate(problem), limit_s=check_s) if row else None
