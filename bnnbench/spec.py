"""A name with parameters, such as ``tabu[num_restarts=4]``."""

from __future__ import annotations

import json
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
    if not isinstance(text, str):
        raise InputError(f"{text!r} is no name; write it as text, such as name[key=value,key=value].")
    name, bracket, rest = text.strip().partition("[")
    if not name.strip() or "]" in name or (bracket and not rest.endswith("]")):
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
    """Split at commas outside brackets and quotes."""
    parts, depth, start, is_quoted, is_escaped = [], 0, 0, False, False
    for place, character in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif character == '"':
            is_quoted = not is_quoted
        elif is_quoted:
            is_escaped = character == "\\"
        else:
            depth += (character in "[(") - (character in "])")
            if depth < 0:
                break
            if character == "," and depth == 0:
                parts.append(text[start:place])
                start = place + 1
    if depth or is_quoted:
        raise InputError(f"{whole!r}: brackets do not match; write it as name[key=value,key=value].")
    parts.append(text[start:])
    return parts if text.strip() else []


def _parse(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # also what is nested too deeply, and a number of thousands of digits
        return text


def _format(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"[{','.join(_quote(item) if isinstance(item, str) else _format(item) for item in value)}]"
    if isinstance(value, str):
        return value if _is_plain(value) else _quote(value)
    return str(value)


def _is_plain(text: str) -> bool:
    """Whether text is read back as it stands."""
    try:
        return parse_spec(f"x[y={text}]").parameters == {"y": text}
    except InputError:
        return False


def _quote(text: str) -> str:
    """As a TOML string: JSON's escapes, and one more."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
