"""Parameters of plugins: their defaults, and what their sources say of them."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import textwrap
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo

from bnnbench.plugins.entries import Kind
from bnnbench.plugins.registry import TARGETS
from bnnbench.search_range import search_ranges


@dataclass(frozen=True)
class Parameter:
    """A parameter: its name, its default as a specification has it (None: it must be given), its meaning and its range.

    The range is that of `bnnbench tune`; empty: it is not searched.
    """

    name: str
    default: str | None
    meaning: str
    searched: str = ""


def parameters_of(kind: Kind, name: str) -> list[Parameter]:
    """Return the parameters of a plugin, in the order of its signature.

    Raises
    ------
    UnknownNameError
        If there is no such plugin.
    InputError
        If a file holds none.
    """
    target = TARGETS[kind](name)
    meanings = dict(_of_fields(target) if isinstance(target, type) else _of_function(target))
    ranges = search_ranges(target) if isinstance(target, type) else {}
    return [
        Parameter(
            key,
            None if p.default is p.empty else _written(p.default),
            meanings.get(key, ""),
            str(ranges.get(key, "")),
        )
        for key, p in inspect.signature(target).parameters.items()
    ]


def description(kind: Kind, name: str) -> str:
    """Return the docstring of a plugin, without its parameters and errors."""
    target = TARGETS[kind](name)
    return re.split(r"\n\n(?:Parameters|Returns|Raises)\n-", inspect.getdoc(target) or "")[0]


def _written(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(_written, value))}]"
    return str(value).lower() if isinstance(value, bool) else "not set" if value is None else str(value)


def _of_fields(adapter: type) -> Iterator[tuple[str, str]]:
    """Yield names of fields with the strings below them, of a class and of its bases."""
    for part in reversed(adapter.__mro__[:-1]):
        try:
            (body,) = ast.parse(textwrap.dedent(inspect.getsource(part))).body
        except (OSError, TypeError, SyntaxError):
            continue
        statements = body.body if isinstance(body, ast.ClassDef) else []
        for field, text in itertools.pairwise(statements):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
                yield field.target.id, " ".join(str(ast.literal_eval(text.value)).split())


def _of_function(target: Callable[..., Any]) -> Iterator[tuple[str, str]]:
    """Yield names with what their types say, then with their texts in numpydoc's section of parameters."""
    for name, hint in typing.get_type_hints(target, include_extras=True).items():
        texts = [mark.description for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, FieldInfo)]
        yield from ((name, text) for text in texts if text)
    section = (inspect.getdoc(target) or "").partition("Parameters\n----------\n")[2].partition("\n\n")[0]
    for names, meaning in re.findall(r"^(\S.*)\n((?:[ ]+.*\n?)+)", section, re.MULTILINE):
        for name in names.split(", "):
            yield name, " ".join(meaning.split())
