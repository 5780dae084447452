"""Call what a plugin defines, with parameters as users write them."""

from __future__ import annotations

import contextlib
import inspect
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from bnnbench.errors import BnnbenchError, InputError, UnknownNameError, blaming
from bnnbench.plugins.entries import Kind
from bnnbench.spec import Spec


def call(kind: Kind, spec: Spec, target: Callable[..., Any]) -> Any:
    """Call with the parameters of a specification, checked against the annotations by pydantic.

    Raises
    ------
    UnknownNameError
        If there is no such parameter.
    InputError
        If a parameter is missing, or has a wrong type or value.
    """
    import pydantic

    known = _signature(target)
    for name in spec.parameters:
        if name not in known:
            raise UnknownNameError(f"parameter of the {kind} {spec.name}", name, known)
    required = [
        name for name, p in known.items() if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    missing = [name for name in required if name not in spec.parameters]
    if missing:
        example = ",".join(f"{name}=…" for name in missing)
        raise InputError(f"{kind} {spec.name} needs {' and '.join(missing)}; write {spec.name}[{example}].")
    for name, value in spec.parameters.items():
        if _holds_truth_value(value) and not _takes_truth_values(target, name):  # pydantic takes True for 1
            raise InputError(
                f"{kind} {spec.name}: the parameter {name!r} cannot be {value}: input should be no boolean."
            )
    wrong_annotation = (pydantic.errors.PydanticUserError, pydantic.errors.PydanticUndefinedAnnotation)
    try:
        with blaming(f"{kind} {spec.name} raised", pydantic.ValidationError, *wrong_annotation):
            return _validator(target)(spec.parameters)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        cause = first.get("ctx", {}).get("error")
        if isinstance(cause, BnnbenchError) and not first["loc"]:  # the plugin's own sentence
            raise cause from error
        # Behind the name, only places in lists are the user's words: the others are pydantic's names of types.
        where = ".".join(str(part) for k, part in enumerate(first["loc"]) if k == 0 or isinstance(part, int))
        raise InputError(
            f"{kind} {spec.name}: the parameter {where!r} cannot be {first['input']!r}: {first['msg'].lower()}."
        ) from error
    except wrong_annotation as error:
        raise InputError(
            f"{kind} {spec.name}: an annotation cannot be checked ({str(error).partition(chr(10))[0]}); "
            "annotate parameters with types such as int, float, str or bool."
        ) from error


@cache
def _signature(target: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """Return the parameters by name; asked before every run."""
    return inspect.signature(target).parameters


def _holds_truth_value(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, (list, tuple)) and any(map(_holds_truth_value, value)))


@cache
def _takes_truth_values(target: Callable[..., Any], name: str) -> bool:
    """Return whether the type of a parameter has ``bool`` in it, or says nothing."""

    def has_bool(hint: Any) -> bool:
        return hint in (bool, Any, object) or any(map(has_bool, typing.get_args(hint)))

    hints: dict[str, Any] = {}
    with contextlib.suppress(NameError, TypeError):  # pydantic says which annotation is wrong
        hints = typing.get_type_hints(target)
    return name not in hints or has_bool(hints[name])


@cache
def _validator(target: Callable[..., Any]) -> Callable[[Mapping[str, Any]], Any]:
    """Return a function that calls `target` with checked parameters; pydantic takes milliseconds to build one."""
    import pydantic

    if isinstance(target, type):
        adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(target)
        return lambda parameters: adapter.validate_python(dict(parameters))
    checked = pydantic.validate_call(target)
    return lambda parameters: checked(**parameters)
