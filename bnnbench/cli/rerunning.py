"""The verb that runs one stored run again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnnbench.cli.screen import open_console
from bnnbench.errors import CheckError, UnavailableError

if TYPE_CHECKING:
    from bnnbench.harness.rerun import Rerun


def rerun(
    key: Annotated[str, typer.Argument(help="Key of a run, or as much of its beginning as no other run has.")],
    *,
    results: Annotated[Path, typer.Option(help="Folder of results that the run is in.")],
    solver: Annotated[Path | None, typer.Option(help="File of the solver, if it came from one.")] = None,
    memory_gb: Annotated[float, typer.Option(help="Memory that the run may take, in GB.", min=0.001, max=1e6)] = 4.0,
) -> None:
    """Run one run of the results again, and say whether the answer is the same."""
    from bnnbench.harness.rerun import rerun as run_again
    from bnnbench.store.store import read_store

    with read_store(results) as store:
        done = run_again(store, key, solver=solver, memory_gb=memory_gb)
    console = open_console()
    console.print(str(done.cell), highlight=False, soft_wrap=True)
    for sentence in done.changed:
        console.print(f"changed: {sentence}.", highlight=False, soft_wrap=True)
    if done.now["status"] == "unavailable":
        raise UnavailableError(f"{done.before['key']} cannot be run again here: {done.now['message']}")
    if not done.differences:
        console.print(f"the same answer: {_told(done, 'before')}.", highlight=False, soft_wrap=True)
        return
    sentence = (
        f"another answer, in {', '.join(done.differences)}: {_told(done, 'before')} then; {_told(done, 'now')} now"
    )
    if done.is_fixed and not done.changed:
        raise CheckError(f"{sentence}. The same seed and the same work should have given the same bits.")
    reason = "what changed may explain it" if done.changed else "the clock or the machine, not the seed, decided it"
    console.print(f"{sentence}; {reason}.", highlight=False, soft_wrap=True)


def _told(done: Rerun, when: str) -> str:
    row = done.before if when == "before" else done.now
    figures = [f"{name} {row[name]:g}" for name in ("num_reads", "energy", "loss") if row[name] is not None]
    return ", ".join([row["status"], *figures])
