"""The verb that compiles a problem to a QUBO."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnnbench.cli._options import not_a_dash
from bnnbench.cli._screen import open_screen
from bnnbench.plugins import compiling
from bnnbench.plugins.registry import load_problem
from bnnbench.qubo.formats import WRITERS, check_ending
from bnnbench.qubo.formulation import Soundness
from bnnbench.store.output import write_output

EXACT = {
    Soundness.SOUND: "yes: minimum energy = minimum training loss",
    Soundness.ONE_SIDED: "one-sided: an energy of 0 proves a training loss of 0, and more is not promised",
    Soundness.UNSOUND: "no: the minimum energy need not be the minimum training loss",
    Soundness.UNKNOWN: "unknown: the formulation does not say",
}
"""Words for what the minimum energy says."""


def compile(  # noqa: A001
    problem: Annotated[str, typer.Argument(help='Such as "a1a[experiment=0,batch=7]", or a .py file.')],
    *,
    formulation: Annotated[str, typer.Option(help="Such as reduced[penalty=1].")] = "compact",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            callback=not_a_dash,
            help="A file to write: .coo, .json, .bqm, .qubo, .qs, .mqlib, .lp or .mps.",
        ),
    ] = None,
) -> None:
    """Compile a problem to a QUBO, print its size, and write it to a file."""
    if output:
        check_ending(output)
    compiled = compiling.compile(load_problem(problem), formulation)
    screen = open_screen()
    screen.say(f"{compiled}")
    screen.say(f"variables  {compiled.qubo.num_variables:,}")
    screen.say(f"couplings  {compiled.qubo.num_couplings:,}")
    screen.say(f"exact      {EXACT[compiled.formulation.soundness(compiled.problem)]}")
    screen.say(f"compiled   in {compiled.compile_s:.3f} s")
    screen.say(f"hash       {compiled.hash}")
    if output:
        write_output(output, WRITERS[output.suffix](compiled.qubo))
        screen.say(f"written to {output}")
