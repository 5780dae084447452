"""The verb that runs one stored run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnnbench.cli._screen import open_screen
from bnnbench.errors import CheckError, UnavailableError
from bnnbench.harness.rerun import Rerun
from bnnbench.harness.rerun import rerun as run_again
from bnnbench.store.store import read_store


def rerun(
    key: Annotated[str, typer.Argument(help="Key of a run, or as much of its beginning as no other run has.")],
    *,
    results: Annotated[Path, typer.Option(help="Folder of results that the run is in.")],
    solver: Annotated[Path | None, typer.Option(help="File of the solver, if it came from one.")] = None,
    formulation: Annotated[Path | None, typer.Option(help="File of the formulation, if it came from one.")] = None,
    program: Annotated[str | None, typer.Option(help="Program that the run may run, as its row has it.")] = None,
    memory_gb: Annotated[float, typer.Option(help="Memory that the run may take, in GB.", min=0.001, max=1e6)] = 4.0,
) -> None:
    """Run one run of the results again, and say whether the answer is the same."""
    with read_store(results) as store:
        files = [] if formulation is None else [formulation]
        done = run_again(store, key, solver=solver, formulations=files, program=program, memory_gb=memory_gb)
    screen = open_screen()
    screen.say(str(done.cell))
    for sentence in done.changed:
        screen.say(f"changed: {sentence}.")
    if done.now["status"] == "unavailable":
        raise UnavailableError(f"{done.before['key']} cannot be run again here: {done.now['message']}")
    if not done.differences:
        screen.say(f"the same answer: {_told(done, 'before')}.")
        return
    sentence = (
        f"another answer, in {', '.join(done.differences)}: {_told(done, 'before')} then; {_told(done, 'now')} now"
    )
    if done.is_fixed and not done.changed:
        raise CheckError(f"{sentence}. The same seed and the same work should have given the same bits.")
    reason = "what changed may explain it" if done.changed else "the clock or the machine, not the seed, decided it"
    screen.say(f"{sentence}; {reason}.")


def _told(done: Rerun, when: str) -> str:
    row = done.before if when == "before" else done.now
    figures = [f"{name} {row[name]:g}" for name in ("num_reads", "energy", "loss") if row[name] is not None]
    return ", ".join([row["status"], *figures])
