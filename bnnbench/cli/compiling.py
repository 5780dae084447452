"""The verb that compiles a problem to a QUBO."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnnbench.cli.screen import open_console


def compile(  # noqa: A001
    problem: Annotated[str, typer.Argument(help='Such as "a1a[experiment=0,batch=7]", or a .py file.')],
    *,
    formulation: Annotated[str, typer.Option(help="Such as reduced[penalty=1].")] = "compact",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="A file to write: .coo, .json, .bqm, .qubo, .qs, .mqlib, .lp or .mps."),
    ] = None,
) -> None:
    """Compile a problem to a QUBO, say how large it is, and write it to a file."""
    from bnnbench.plugins.registry import load_problem
    from bnnbench.qubo.formats import check_ending, write_qubo
    from bnnbench.qubo.instance import compile as compile_problem

    if output:
        check_ending(output)
    instance = compile_problem(load_problem(problem), formulation)
    qubo = instance.qubo
    console = open_console()
    console.print(f"{instance}", highlight=False, markup=False)
    console.print(f"variables  {qubo.num_variables:,}", highlight=False)
    console.print(f"couplings  {qubo.num_couplings:,}", highlight=False)
    sound = "yes: minimum energy = minimum training loss" if instance.is_sound else "no: λ is below the bound"
    console.print(f"exact      {sound}", highlight=False)
    console.print(f"compiled   in {instance.compile_s:.3f} s", highlight=False)
    console.print(f"hash       {instance.hash}", highlight=False)
    if output:
        write_qubo(qubo, output)
        console.print(f"written to {output}", highlight=False, markup=False)
