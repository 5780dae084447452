"""The verb that recomputes results."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from bnnbench.cli._options import Results
from bnnbench.cli._screen import count_runs, open_screen, progress_bars
from bnnbench.errors import CheckError
from bnnbench.store.store import read_store
from bnnbench.store.verify import verify as find


def verify(
    results: Results,
    *,
    check_seconds: Annotated[
        float, typer.Option(help="How long CP-SAT may try to refute each optimum, in seconds; 0: not at all.", min=0)
    ] = 0,
) -> None:
    """Recompute every figure of the results from their samples, and say what does not hold."""
    findings: Counter[str] = Counter()
    screen, bar = open_screen(), progress_bars(open_screen(stderr=True))
    with read_store(results) as store, bar:
        task = bar.add_task("verifying", total=None)
        done = 0

        def report(number: int, total: int) -> None:
            nonlocal done
            done = number
            bar.update(task, completed=number, total=total)

        for finding in find(store, check_seconds=check_seconds, progress=report):
            findings[finding.kind] += 1
            screen.say(f"{finding.kind}: {finding.sentence}")
    if findings:
        raise CheckError(f"{results}: {findings.total()} findings in {count_runs(done)}; see above.")
    screen.say(f"{results}: {count_runs(done)} recomputed, and all holds.")
