"""Name the arguments that several verbs take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Results = Annotated[Path, typer.Argument(help="Folder of results, such as results/smoke.")]
Names = list[str] | None
"""An option that is given once per name."""


def listed(text: str | None) -> tuple[str, ...]:
    """Return the names of a list with commas between them."""
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else ()
