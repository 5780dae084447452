"""Check the truths of a set of problems, or make them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from bnnbench.cli._screen import open_screen, progress_bars
from bnnbench.errors import CheckError
from bnnbench.optimum.certificate import PROOFS
from bnnbench.suite.problem_set import ProblemSet
from bnnbench.suite.set_truths import check_truths, make_truths

SECONDS = 60.0
"""Wall time of the search for the optimum of an instance that was given no limit."""
REPORTED_EVERY = 100
"""Instances after which a line is printed where there are no bars."""


def make(found: ProblemSet, output: Path, *, seconds: float | None, check_seconds: float) -> None:
    """Find the truths of all instances, write them, and print how many were sought."""
    screen = open_screen(stderr=True)
    sought = 0
    with progress_bars(screen) as bars:
        row = bars.add_task(found.name, total=found.num_members)
        steps = make_truths(found, output, seconds=SECONDS if seconds is None else seconds, check_s=check_seconds)
        for number, (_, is_new) in enumerate(steps, start=1):
            sought += is_new
            bars.advance(row)
            if not screen.is_terminal and number % REPORTED_EVERY == 0:
                screen.say(f"{number} of {found.num_members} instances")
    open_screen().say(
        f"{output}: {found.num_members} instances, {sought} of them sought now; {output.stat().st_size / 1000:.0f} kB"
    )


def check(found: ProblemSet, *, check_seconds: float) -> None:
    """Check the truths of all instances, and print what came of it.

    Raises
    ------
    CheckError
        If a check disagrees, or an instance has no truth.
    """
    screen = open_screen(stderr=True)
    outcomes: Counter[str] = Counter()
    wrong: list[str] = []
    with progress_bars(screen) as bars:
        row = bars.add_task(f"checking {found.name}", total=found.num_members)
        for number, (member, checked) in enumerate(check_truths(found, check_s=check_seconds), start=1):
            name = f"{member.place.cell}, seed {member.place.seed}"
            if checked is None:
                wrong.append(f"{name}: the set has no truth of it.")
            else:
                wrong += [f"{name}: {one.name}: {one.detail}." for one in checked.failed]
                proofs = [one for one in checked.checks if one.name in PROOFS]
                is_bound = checked.kind == "best_known"
                outcome = f"{proofs[0].name}: {proofs[0].verdict}" if proofs else "no proof was tried"
                outcomes[f"{'best known, ' if is_bound else ''}{outcome}"] += 1
            bars.advance(row)
            if not screen.is_terminal and number % REPORTED_EVERY == 0:
                screen.say(f"{number} of {found.num_members} instances")
    for line in wrong:
        open_screen().say(line)
    open_screen().say(f"{found.name}: {found.num_members} instances are those that the set pins.")
    for outcome, number in outcomes.most_common():
        open_screen().say(f"{number:>6}  {outcome}")
    if wrong:
        raise CheckError(f"{found.name}: {len(wrong)} of {found.num_members} instances have no truth that holds.")
