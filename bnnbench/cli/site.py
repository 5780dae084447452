"""The verb that makes the site of published results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnnbench.cli._options import not_a_dash
from bnnbench.cli._screen import open_screen
from bnnbench.site import make_site
from bnnbench.store.output import write_folder


def site(
    results: Annotated[Path, typer.Argument(help="A folder with a folder of results per study, such as results.")],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", callback=not_a_dash, help="Folder to write.")] = Path(
        "site"
    ),
) -> None:
    """Write leaderboards, claims and solvers of published results as static pages."""
    files = make_site(results)
    write_folder(output, files)
    open_screen().say(f"{len(files)} files written; see {output / 'index.html'}")
