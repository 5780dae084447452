"""Paths in a suite file stay in its folder: a suite that somebody else wrote reads and writes nothing elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bnnbench.errors import InputError
from bnnbench.spec import parse_spec


def check_enclosed(folder: Path, section: str, table: Mapping[str, Any]) -> None:
    """Look at every text in a table of a suite, and at the parameters in texts such as ``tabu[path=x]``.

    What is no path is a name in the folder, and passes.

    Raises
    ------
    InputError
        If one is a path that leaves the folder: absolute, by way of ``..``, or over a link.
    """
    root = folder.resolve()
    for key, value in table.items():
        for text in _texts(value):
            try:
                is_inside = (root / text).resolve().is_relative_to(root)
            except (OSError, ValueError, RuntimeError):  # too long, a NUL, a loop of links: no path that can be opened
                continue
            if not is_inside:
                raise InputError(
                    f"{section}: {table.get('name')}: {key} = {text!r} leaves the suite's folder {folder}; put the "
                    "file there, or give it on the command line."
                )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        try:
            spec = parse_spec(value)
        except InputError:
            return
        if spec.parameters:
            yield spec.name
            yield from _texts(list(spec.parameters.values()))
    elif isinstance(value, Mapping):
        yield from _texts(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _texts(part)
