"""The check that an adapter declares every distribution that it imports."""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

from bnnbench.errors import CheckError
from bnnbench.solver.contract import Solver

_STANDARD = ("bnnbench", "dimod", "numpy", "pydantic", "scipy", "typing-extensions")
"""Distributions that are there wherever bnnbench is."""


def check_needs(solver: Solver) -> None:
    """Check that every imported distribution is declared in `needs`, and imported inside a method."""
    source = inspect.getsource(sys.modules[type(solver).__module__])
    allowed = {_canonical(name) for name in _closure(frozenset((*_STANDARD, *solver.needs)))}
    providers = packages_distributions()
    for module, line, is_inside in _imports(ast.parse(source)):
        top = module.partition(".")[0]
        owners = {_canonical(name) for name in providers.get(top, ())}
        if top in sys.stdlib_module_names or top.startswith("bnnbench") or (not owners and top == "__future__"):
            continue
        if not owners & allowed:
            likely = owners & {_canonical(module)} or owners
            known = " or ".join(sorted(likely)) or "a distribution that is not installed"
            raise CheckError(f"line {line} imports {module}, of {known}; add it to needs.")
        if not is_inside and not owners & {_canonical(name) for name in _closure(frozenset(_STANDARD))}:
            raise CheckError(
                f"line {line} imports {module} at the top; import it inside the method that uses it, so that the file "
                "loads where it is not installed."
            )


def _imports(tree: ast.AST, *, is_inside: bool = False) -> Iterator[tuple[str, int, bool]]:
    """Yield the modules that run-time code imports, their lines, and whether inside a function."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno, is_inside
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module, node.lineno, is_inside
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).endswith(("import_module", "__import__"))
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value), node.lineno, is_inside
        yield from _imports(node, is_inside=is_inside or isinstance(node, (ast.FunctionDef, ast.Lambda)))


@cache
def _closure(names: frozenset[str]) -> frozenset[str]:
    """Return distributions with all that they require in turn; bnnbench's own requirements are not followed."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = _canonical(waiting.pop())
        if name in found:
            continue
        found.add(name)
        lines: list[str] = []
        with contextlib.suppress(PackageNotFoundError):
            lines = [] if name == "bnnbench" else requires(name) or []
        waiting += [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines if "extra ==" not in line]
    return frozenset(found)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
