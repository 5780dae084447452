"""A name with parameters, such as ``tabu[num_restarts=4]``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bnnbench.errors import InputError
from bnnbench.hashing import canonical_json


@dataclass(frozen=True)
class Spec:
    """A name with parameters: what suites, the command line and result rows call a problem, formulation or solver.

    Written ``name[key=value,key=value]``. Values are TOML values (``4``, ``0.5``, ``true``, ``"text"``,
    ``[0.05,0.3]``); anything else is text as it stands, so that ``embedded[inner=tabu[num_restarts=4]]`` nests.
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.parameters:
            return self.name
        return f"{self.name}[{','.join(f'{key}={_format(value)}' for key, value in self.parameters.items())}]"

    def __hash__(self) -> int:
        return hash(self.canonical)

    @property
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
    name, bracket, rest = text.strip().partition("[")
    if not name or (bracket and not rest.endswith("]")):
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


def _split(text: str, whole: str) -> list[str]:
    """Split at commas outside brackets."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += (character in "[(") - (character in "])")
        if depth < 0:
            break
        if character == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    if depth:
        raise InputError(f"{whole!r}: brackets do not match; write it as name[key=value,key=value].")
    parts.append(text[start:])
    return parts if text.strip() else []


def _parse(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _format(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"[{','.join(_format(item) for item in value)}]"
    if isinstance(value, str) and _parse(value) != value:
        return f'"{value}"'  # text that would be read back as a number, say
    return str(value)
