"""Compilation of the searches' kernels by numba.

A kernel takes state records, `NamedTuple`s of arrays, and its parts are inlined into it, so that a field of a record is
a variable like any other. Counting references of arrays would take more than half of the time of an anneal: kernels do
without, so they allocate nothing and copy slices element by element. Their memory is made by NumPy before.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numpy.typing import NDArray

from bnnbench.optimum.search.one_at_a_time import OneAtATime

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(**options: Any) -> Callable[[_Function], _Function]:
    """Compile a function by numba, which keeps it on disk as long as the sources of all kernels stay what they are."""

    def decorate(function: _Function) -> _Function:
        dispatcher = numba.njit(cache=True, nogil=True, **options)(function)
        # numba looks at the file of the function alone, and would go on with what it has compiled from other files.
        # Where it compiles or keeps nothing, there is no such file.
        with contextlib.suppress(AttributeError):
            file = dispatcher._cache._cache_file  # noqa: SLF001
            file._source_stamp = digest_of_sources(Path(function.__code__.co_filename).parent)  # noqa: SLF001
            dispatcher._cache = OneAtATime(dispatcher._cache)  # noqa: SLF001
        return cast("_Function", dispatcher)

    return decorate


@functools.cache
def digest_of_sources(folder: Path) -> str:
    """Return a digest of the modules with kernels: of a folder, of this one and of the one above it."""
    here = Path(__file__).parent
    files = {file for each in (folder, here, here.parent) for file in each.glob("*.py")}
    texts = sorted(text for file in files if b"compiled" in (text := file.read_bytes()))
    return hashlib.sha256(b"".join(texts)).hexdigest()


def kernel(function: _Function) -> _Function:
    """Compile a kernel, without the wrapper for callers in C, of which there are none: it takes a tenth of the time."""
    return compiled(_nrt=False, no_cfunc_wrapper=True)(function)


def part(function: _Function) -> _Function:
    """Mark a part of a kernel, which is compiled into it."""
    return cast("_Function", numba.njit(inline="always")(function))


@part
def copy(source: NDArray[Any], target: NDArray[Any]) -> None:
    """Copy the entries of a vector."""
    for i in range(len(target)):
        target[i] = source[i]
