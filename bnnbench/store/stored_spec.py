"""Specs in stores: what they name is looked up among what is installed, and no file that a store names is run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bnnbench.errors import InputError
from bnnbench.spec import Spec, parse_spec

_FILE = re.compile(r"\.py\s*(\[|$)")


def stored_spec(text: str, files: Iterable[Path] = ()) -> Spec:
    """Return the spec of a formulation or a solver that a store names.

    Parameters
    ----------
    files
        Given on the command line; the store knows each by its name without ``.py``.

    Raises
    ------
    InputError
        If it names a file, or one of its parameters does.
    """
    spec = parse_spec(text)
    refuse_files(spec.name, spec.parameters)
    given = {path.stem: str(path.resolve()) for path in files}
    return Spec(given.get(spec.name, spec.name), spec.parameters)


def refuse_files(name: str, parameters: Mapping[str, Any]) -> None:
    """Raise `InputError` if a name or a parameter from a store is the path of a Python file."""
    for text in (name, *texts_of(parameters.values())):
        if _FILE.search(text):
            raise InputError(
                f"the results name the file {text!r}, and no file that results name is run; give the file that you "
                "trust on the command line."
            )


def texts_of(values: Iterable[Any]) -> Iterator[str]:
    """Yield all texts in parameters, those in lists and mappings included."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from texts_of(value)
        elif isinstance(value, dict):
            yield from texts_of([*value, *value.values()])
