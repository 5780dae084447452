"""Exchange files: a QUBO written for other people's programs."""

from __future__ import annotations

import json
from pathlib import Path

from bnnbench.errors import InputError
from bnnbench.qubo import Qubo


def check_ending(path: Path) -> None:
    """Raise `InputError` if `write_qubo` does not know the ending of a file."""
    if path.suffix not in (".coo", ".json"):
        raise InputError(f"{path}: the ending {path.suffix!r} is unknown; write to a .coo or .json file.")


def write_qubo(qubo: Qubo, path: Path) -> None:
    """Write a QUBO; the ending of the file says how.

    - ``.coo``: dimod's COO text, a line ``i j coefficient`` each, diagonal for linear terms; the offset is a comment,
      since COO has no place for it.
    - ``.json``: dimod's serializable model, offset included.

    Raises
    ------
    InputError
        If the ending is another, or the file cannot be written.
    """
    check_ending(path)
    if path.suffix == ".coo":
        from dimod.serialization import coo

        text = f"# offset={qubo.offset!r}\n" + coo.dumps(qubo.to_bqm(), vartype_header=True)
    else:
        text = json.dumps(qubo.to_bqm().to_serializable())
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; give another path with -o.") from error
