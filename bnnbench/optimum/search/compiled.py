"""Compilation of the searches' kernels by numba.

A kernel takes state records, `NamedTuple`s of arrays, and its parts are inlined into it, so that a field of a record is
a variable like any other. Counting references of arrays would take more than half of the time of an anneal: kernels do
without, so they allocate nothing and copy slices element by element. Their memory is made by NumPy before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numpy.typing import NDArray

_Function = TypeVar("_Function", bound=Callable[..., Any])


def kernel(function: _Function) -> _Function:
    """Compile a kernel, without the wrapper for callers in C, of which there are none: it takes a tenth of the time."""
    options: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False, "no_cfunc_wrapper": True}
    return cast("_Function", numba.njit(**options)(function))


def part(function: _Function) -> _Function:
    """Mark a part of a kernel, which is compiled into it."""
    return cast("_Function", numba.njit(inline="always")(function))


@part
def copy(source: NDArray[Any], target: NDArray[Any]) -> None:
    """Copy the entries of a vector."""
    for i in range(len(target)):
        target[i] = source[i]
