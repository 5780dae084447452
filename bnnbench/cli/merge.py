"""The verb that unites folders of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnnbench.cli._options import not_a_dash
from bnnbench.cli._screen import count_runs, open_screen
from bnnbench.errors import InputError
from bnnbench.store.merge import merge as unite


def merge(
    results: Annotated[list[Path], typer.Argument(help="Folders of results, two or more.")],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", callback=not_a_dash, help="Folder to make.")],
) -> None:
    """Unite folders of results in a new one; keep and flag runs of the same key that differ."""
    if len(results) < 2:
        raise InputError(f"one folder came, {results[0]}; give two or more to merge.")
    merged = unite(results, output)
    same = f"; {merged.num_equal} more were the same as another" if merged.num_equal else ""
    different = f"; {merged.num_different} differ from another of the same key" if merged.num_different else ""
    open_screen().say(f"{output}: {count_runs(merged.num_runs)}{same}{different}.")
