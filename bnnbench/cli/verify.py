"""The verb that recomputes results."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from bnnbench.cli._findings import print_findings
from bnnbench.cli._options import Results
from bnnbench.cli._screen import Screen, count_runs, open_screen, progress_bars
from bnnbench.errors import CheckError, InputError
from bnnbench.harness.rerun import rerun_sample
from bnnbench.runs.column import columns_of
from bnnbench.runs.outcome import Outcome
from bnnbench.store.store import Store, read_store
from bnnbench.store.verify import Tally


def verify(
    results: Results,
    *,
    check_seconds: Annotated[
        float, typer.Option(help="How long CP-SAT may try to refute each optimum, in seconds; 0: not at all.", min=0)
    ] = 0,
    rerun: Annotated[
        str | None, typer.Option(help="Run a share of the runs again, chosen at random, such as 5%.", metavar="SHARE")
    ] = None,
    formulation: Annotated[
        list[Path] | None, typer.Option(help="File of a formulation that came from one; repeat it for several.")
    ] = None,
) -> None:
    """Recompute every figure of the results from their samples, and say what does not hold."""
    share = None if rerun is None else _share(rerun)
    files = formulation or []
    tally = Tally()
    screen, bar = open_screen(), progress_bars(open_screen(stderr=True))
    with read_store(results) as store, bar:
        found = print_findings(store, screen, bar, check_seconds=check_seconds, tally=tally, files=files)
        findings = Counter(finding.kind for finding in found)
        again = "" if share is None else _run_again(store, share, files, screen, findings)
    if findings:
        number = "1 finding" if findings.total() == 1 else f"{findings.total()} findings"
        raise CheckError(f"{results}: {number} in {count_runs(tally.num_runs)}; see above.")
    screen.say(f"{results}: {count_runs(tally.num_recomputed)} recomputed, and all holds. {_limits(tally)}{again}")


def _share(text: str) -> float:
    """Return a share from a text such as ``5%`` or ``0.05``."""
    share = 0.0
    with contextlib.suppress(ValueError):
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 < share <= 1:
        raise InputError(f"--rerun takes a share of the runs from above 0 to 100 %, such as 5%, but {text!r} came.")
    return share


def _run_again(store: Store, share: float, files: Sequence[Path], screen: Screen, findings: Counter[str]) -> str:
    """Run a sample of runs again; return what is to be said of it."""
    num_same = num_free = 0
    # The sample must not be known before: whoever changes a store could leave out the runs that are in it.
    for name, wrong in rerun_sample(store, share, formulations=files, generator=np.random.default_rng()):
        if wrong:
            findings["rerun"] += 1
            screen.say(f"rerun: {name}: run again, it gives other values of {', '.join(wrong)}.")
        num_same += wrong == []
        num_free += wrong is None
    others = f"; {count_runs(num_free)} chosen need not give the same, or cannot run here" if num_free else ""
    return f" Run again with the same answer and counts: {count_runs(num_same)}{others}."


def _limits(tally: Tally) -> str:
    """Return what the verdict rests on, and what was read only."""
    columns = columns_of(Outcome)
    samples, batches = (
        ", ".join(column.shown_name for column in columns if column.follows_from == place)
        for place in ("samples", "batches")
    )
    failed = tally.num_runs - tally.num_recomputed
    parts = [
        f"From samples: {samples}.",
        f"From stored batches, which only --rerun can confirm: {batches}.",
        "Only read, though unchanged since they were written: all else, such as times, loads and facts.",
    ]
    if failed:
        parts.append(f"Without samples to recompute: {count_runs(failed)}.")
    if tally.unconfirmed:
        parts.append(f"Optima not confirmed again, see --check-seconds: {', '.join(tally.unconfirmed)}.")
    return " ".join(parts)
