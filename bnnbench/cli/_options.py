"""Name the arguments that several verbs take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnnbench.errors import InputError

Results = Annotated[Path, typer.Argument(help="Folder of results, such as results/smoke.")]
Names = list[str] | None
"""An option that is given once per name."""

Jobs = Annotated[
    int, typer.Option(help="Number of runs at a time, each on cores of its own; 0: as many as have cores.", min=0)
]
Untimed = Annotated[
    bool, typer.Option("--untimed", help="Let runs share cores; their times are marked as meaningless.")
]
Dask = Annotated[
    str | None, typer.Option(help="Run on the workers of this Dask scheduler, such as tcp://10.0.0.1:8786.")
]
Slurm = Annotated[bool, typer.Option("--slurm", help="Run on SLURM jobs, as the suite's table [slurm] asks for them.")]
Account = Annotated[str | None, typer.Option(help="Account of the SLURM jobs, in place of the suite's.")]
Queue = Annotated[str | None, typer.Option(help="Queue (partition) of the SLURM jobs, in place of the suite's.")]
Tls = Annotated[
    tuple[Path, Path, Path] | None,
    typer.Option(help="Files of the authority, the certificate and the key, for tls:// addresses and --slurm."),
]


def listed(text: str | None) -> tuple[str, ...]:
    """Return the names of a list with commas between them."""
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else ()


def not_a_dash(path: Path | None) -> Path | None:
    """Return the path to write to.

    Raises
    ------
    InputError
        If it is ``-``, which other programs call standard output: the verb prints its own words there.
    """
    if path == Path("-"):
        raise InputError("- is no name to write to: standard output has the words of this verb; give another name.")
    return path
