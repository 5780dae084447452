"""The verb that checks a table of a paper against its store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnnbench.cli._screen import open_screen
from bnnbench.errors import CheckError
from bnnbench.tables import check_table


def verify_table(
    file: Annotated[Path, typer.Argument(help="A table that bnnbench export wrote: markdown, latex, html or parquet.")],
    *,
    results: Annotated[
        Path | None, typer.Option(help="Folder of results; default: the one that the table's stamp names.")
    ] = None,
) -> None:
    """Make a table again from its store, and show what differs."""
    screen = open_screen()
    count = 0
    for count, line in enumerate(check_table(file, results), start=1):  # noqa: B007  counted until the last
        screen.say(line)
    if count:
        raise CheckError(f"{file} is not what its store gives; see above, and export it again.")
    screen.say(f"{file}: every number is what its store gives.")
