"""A name with parameters, such as ``tabu[num_restarts=4]``."""

from __future__ import annotations

import contextlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bnnbench.errors import InputError
from bnnbench.hashing import canonical_json

MAX_DEPTH = 20
"""Lists within lists that are read as such; what lies deeper is text."""


@dataclass(frozen=True)
class Spec:
    """A name with parameters: what suites, the command line and result rows call a problem, formulation or solver.

    Written ``name[key=value,key=value]``. A value is a truth value, a number or a quoted text of TOML (``true``,
    ``0.5``, ``"text"``, ``'text'``), or a list of values (``[0.05,0.3]``, ``[age,"a, b"]``). Anything else, dates
    included, is text as it stands, so that ``embedded[inner=tabu[num_restarts=4]]`` nests.
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", {key: _plain(value) for key, value in self.parameters.items()})

    def __str__(self) -> str:
        if not self.parameters:
            return self.name
        quote = "" if _split_name(f"{self.name}[]")[0] == self.name else "'" if '"' in self.name else '"'
        parameters = ",".join(f"{key}={_format(value)}" for key, value in self.parameters.items())
        return f"{quote}{self.name}{quote}[{parameters}]"

    def __hash__(self) -> int:
        return hash(self.canonical)

    @cached_property
    def canonical(self) -> str:
        """The same for equal specifications, whatever the order of the parameters."""
        return canonical_json({"name": self.name, "parameters": dict(self.parameters)})


def parse_spec(text: str | Spec) -> Spec:
    """Read ``name[key=value,…]``.

    Raises
    ------
    InputError
        If brackets do not close, a parameter has no value, or a name is empty or given twice.
    """
    if isinstance(text, Spec):
        return text
    if not isinstance(text, str):
        raise InputError(f"{text!r} is no name; write it as text, such as name[key=value,key=value].")
    name, bracket, rest = _split_name(text.strip())
    if not name.strip() or (bracket and not rest.endswith("]")):
        raise InputError(f"{text!r} is not a name with parameters; write it as name[key=value,key=value].")
    parameters: dict[str, Any] = {}
    for part in _split(rest[:-1], text) if bracket else []:
        key, equals, value = part.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise InputError(f"{text!r}: {part.strip()!r} is not key=value; write it as name[key=value,key=value].")
        if key.strip() in parameters:
            raise InputError(f"{text!r}: the parameter {key.strip()!r} is given twice; keep one.")
        parameters[key.strip()] = _parse(value.strip())
    return Spec(name.strip(), parameters)


def _split_name(text: str) -> tuple[str, str, str]:
    """Split a name from its parameters; a path, which ends in ``.py``, may have brackets, or stand in quotes."""
    if quoted := re.fullmatch(r"""(["'])(.+?)\1(\[?)(?(3)(.*))""", text, re.DOTALL):
        return quoted[2], quoted[3], quoted[4] or ""
    if text.endswith(".py"):
        return text, "", ""
    for found in re.finditer(r"\.py(?=\[)", text):
        path = text[: found.end()]
        if path.count("[") == path.count("]"):
            return path, "[", text[found.end() + 1 :]
    name, bracket, rest = text.partition("[")
    return ("" if "]" in name else name), bracket, rest


def _plain(value: Any) -> Any:
    """Return numbers and arrays of NumPy and pandas as Python's own, whatever holds them."""
    if isinstance(value, (list, tuple)):
        return type(value)([_plain(item) for item in value]) if type(value) in (list, tuple) else value
    return value.tolist() if hasattr(value, "tolist") else value


def _split(text: str, whole: str) -> list[str]:
    """Split at commas outside brackets and quotes; a quote opens where a value begins, and not in ``it's``."""
    parts, depth, start, quote, is_escaped, before = [], 0, 0, "", False, ","
    for place, character in enumerate(text):
        if quote:
            if is_escaped or (character == "\\" and quote == '"'):
                is_escaped = not is_escaped
            elif character == quote:
                quote = ""
        elif character in "\"'" and before in "=,[(":
            quote = character
        else:
            depth += (character in "[(") - (character in "])")
            if depth < 0:
                break
            if character == "," and depth == 0:
                parts.append(text[start:place])
                start = place + 1
        before = before if character.isspace() else character
    if depth or quote:
        raise InputError(f"{whole!r}: brackets or quotes do not match; write it as name[key=value,key=value].")
    parts.append(text[start:])
    return parts if text.strip() else []


def _parse(text: str, depth: int = 0) -> Any:
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # also what is nested too deeply, and a number of thousands of digits
        return _parse_list(text, depth)
    if isinstance(value, list):
        return _parse_list(text, depth)
    if isinstance(value, str):
        return value
    return value if isinstance(value, (int, float)) and "#" not in text and "\n" not in text else text


def _parse_list(text: str, depth: int) -> Any:
    """Return a list if brackets enclose the whole text and no item is empty, else the text."""
    if not (text.startswith("[") and text.endswith("]")) or depth == MAX_DEPTH:
        return text
    try:
        parts = [part.strip() for part in _split(text[1:-1], text)]
    except InputError:
        return text
    if parts and not parts[-1]:
        del parts[-1]
    return text if "" in parts else [_parse(part, depth + 1) for part in parts]


def _format(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"[{','.join(_quote(item) if isinstance(item, str) else _format(item) for item in value)}]"
    if isinstance(value, str):
        return value if _is_plain(value) else _quote(value)
    return str(value)


def _is_plain(text: str) -> bool:
    """Return whether text is read back as it stands."""
    with contextlib.suppress(InputError):
        return parse_spec(f"x[y={text}]").parameters == {"y": text}
    return False


def _quote(text: str) -> str:
    """Return a TOML string: JSON's escapes, and one more."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
