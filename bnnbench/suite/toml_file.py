"""TOML files as models of pydantic: whatever is wrong with one is a sentence, with its line."""

from __future__ import annotations

import tomllib
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pydantic

from bnnbench.errors import InputError, UnknownNameError, restated, system_errors

M = TypeVar("M", bound=pydantic.BaseModel)
Keys = tuple[int | str, ...]


def read_toml(path: Path, what: str, model: type[M], *, guide: str) -> M:
    """Read and check a TOML file.

    Parameters
    ----------
    what
        Name of such a file, as sentences begin, such as ``suite file``.
    guide
        What describes such a file, such as ``the README``.

    Raises
    ------
    InputError
        If it cannot be read, is not TOML, or a key is unknown, missing or of a wrong type (line, key).
    """
    text = toml_text(path, what)
    # No TOML, too many digits, or nested too deeply.
    with restated(InputError, f"{what} {path} is not TOML: ", ".", ValueError, RecursionError):
        content = tomllib.loads(text)
    return checked(content, f"{what} {path}", model, guide=guide, text=text)


def toml_text(path: Path, what: str) -> str:
    """Return the text of a TOML file.

    Raises
    ------
    InputError
        If it cannot be read, or is not UTF-8.
    """
    advice = "; save it as such."
    with (
        restated(InputError, f"{what} {path} is no text in UTF-8: ", advice, UnicodeDecodeError),
        system_errors(InputError, f"{what} {path} cannot be read", "give another path"),
    ):
        return path.read_text(encoding="utf-8-sig")


def checked(table: Mapping[str, Any], what: str, model: type[M], *, guide: str, text: str = "") -> M:
    """Return a table as a model.

    Parameters
    ----------
    text
        Text of its file, to name lines.

    Raises
    ------
    InputError
        If a key is unknown, missing or of a wrong type; all faults are named.
    """
    try:
        return model.model_validate(table)
    except pydantic.ValidationError as error:
        # Unknown keys stand before missing ones, since such a pair is often one key, misspelled.
        faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
        told = together(_sentence(model, fault, guide, text) for fault in faults)
        raise InputError(f"{what}{',' if told.startswith('line ') else ':'} {told}") from error


def together(faults: Iterable[str]) -> str:
    """Return one fault as it is, or several in a line each."""
    lines = list(dict.fromkeys(faults))
    return lines[0] if len(lines) == 1 else "".join([f"{len(lines)} faults:", *(f"\n  {line}" for line in lines)])


def _sentence(model: type[pydantic.BaseModel], fault: Any, guide: str, text: str) -> str:
    kind, place, value = fault["type"], fault["loc"], fault["input"]
    key = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
    if kind == "missing":
        return f"the key {key!r} is missing; see {guide}."
    if kind == "value_error":  # a sentence of the model's own
        return f"{key}: {fault['ctx']['error']}."
    line = _line(text, str(place[-1]))
    if kind == "list_type" and isinstance(value, dict) and len(place) == 1:
        return f"{line}there can be several {key}, so that each is a table of its own; write [[{key}]]."
    if kind == "extra_forbidden":
        what = f"key in [{place[0]}]" if len(place) > 1 else "key"
        return f"{line}{UnknownNameError(what, str(place[-1]), _keys(model, place[:-1]))}"
    return f"{line}the key {key!r} cannot be {value!r:.200}: {fault['msg'].lower()}."


def _keys(model: type[pydantic.BaseModel], place: Keys) -> Iterable[str]:
    """Return the keys of the table at a place."""
    fields = model.model_fields
    for key in place:
        if isinstance(key, str):
            fields = next(_models(fields[key].annotation)).model_fields
    return fields


def _models(hint: Any) -> typing.Iterator[type[pydantic.BaseModel]]:
    """Yield the models in a type such as ``list[Model]``."""
    if isinstance(hint, type) and issubclass(hint, pydantic.BaseModel):
        yield hint
    for part in typing.get_args(hint):
        yield from _models(part)


def _line(text: str, key: str) -> str:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.partition("=")[0].strip(" []") == key:
            return f"line {number}: "
    return ""
