"""Verify a store, and print what does not hold as it is found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.progress import Progress

from bnnbench.cli._screen import Screen
from bnnbench.store.store import Store
from bnnbench.store.verify import Tally, verify
from bnnbench.store.verify_runs import Finding


def print_findings(
    store: Store, screen: Screen, bar: Progress, *, check_seconds: float, tally: Tally, files: Sequence[Path] = ()
) -> list[Finding]:
    """Print a line per finding, and return them; see `bnnbench.store.verify.verify`."""
    task = bar.add_task("verifying", total=None)

    def report(number: int, total: int) -> None:
        bar.update(task, completed=number, total=total)

    findings = []
    for finding in verify(store, check_seconds=check_seconds, progress=report, tally=tally, files=files):
        findings.append(finding)
        screen.say(f"{finding.kind}: {finding.sentence}")
    return findings
