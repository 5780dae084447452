"""Find modules of plugins by name.

Entry points of the groups ``bnnbench.problems``, ``bnnbench.formulations``, ``bnnbench.solvers`` and
``bnnbench.figures`` each name a *package*. Every public module in such a package is one plugin, and the module's name
is its name. So a file dropped into a package appears at once, and another distribution joins through the same door. A
path that ends in ``.py`` loads a file that is not installed at all. Listing names imports none of them.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Literal

from bnnbench.errors import InputError, UnknownNameError, blaming, system_errors
from bnnbench.qubo.formulation import FILE_PREFIX

Kind = Literal["problem", "formulation", "solver", "figure"]
OWN: dict[str, str] = {"formulation": "bnnbench.formulations", "figure": "bnnbench.figures"}
"""Packages that lie inside this one, and need no entry point."""


@dataclass(frozen=True)
class Entry:
    """A registered module: its place, known without an import."""

    name: str
    module: str
    path: Path
    distribution: str

    @property
    def summary(self) -> str:
        """First line of the module's docstring, read without importing it."""
        return (ast.get_docstring(self._tree) or "").partition("\n")[0]

    @property
    def needs(self) -> tuple[str, ...]:
        """Distributions that an adapter declares, read without importing it."""
        for node in ast.walk(self._tree):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            value = getattr(node, "value", None)
            if isinstance(value, ast.Tuple) and any(getattr(target, "id", "") == "needs" for target in targets):
                return tuple(ast.literal_eval(value))
        return ()

    @property
    def _tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"))


@cache
def entries(kind: Kind) -> dict[str, Entry]:
    """Return all registered modules of a kind, by name, in alphabetical order.

    Raises
    ------
    InputError
        If two packages offer the same name; both are named.
    """
    found: dict[str, Entry] = {}
    packages = [(OWN[kind], "bnnbench")] if kind in OWN else []
    packages += [(p.value, p.dist.name if p.dist else "?") for p in entry_points(group=f"bnnbench.{kind}s")]
    for package, distribution in packages:
        for entry in _modules_of(package, distribution):
            other = found.setdefault(entry.name, entry)
            if other.module != entry.module:
                raise InputError(
                    f"two {kind}s are named {entry.name!r}: {other.module} of {other.distribution} and "
                    f"{entry.module} of {entry.distribution}; rename one of the files, or uninstall one."
                )
    return dict(sorted(found.items()))


def _modules_of(package: str, distribution: str) -> Iterator[Entry]:
    """Yield an entry per public module of a package."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for info in pkgutil.iter_modules([str(folder)]):
            if not info.name.startswith("_") and not info.ispkg:
                yield Entry(info.name, f"{package}.{info.name}", Path(folder, f"{info.name}.py"), distribution)


def load_module(kind: Kind, name: str) -> ModuleType:
    """Import the module behind a registered name or behind a path that ends in ``.py``."""
    if name.endswith(".py"):
        return _load_file(kind, Path(name))
    known = entries(kind)
    if name not in known:
        raise UnknownNameError(kind, name, known)
    return importlib.import_module(known[name].module)


def file_hash(name: str) -> str | None:
    """Return the SHA-256 of the file, if `name` is a path: it stands for a version."""
    return hashlib.sha256(Path(name).read_bytes()).hexdigest() if name.endswith(".py") else None


def _load_file(kind: Kind, path: Path) -> ModuleType:
    with system_errors(InputError, f"{kind} file {path} cannot be read", "give another path"):
        is_file = path.is_file()
    if not is_file:
        others = sorted(other.name for other in path.parent.glob("*.py"))
        near = get_close_matches(path.name, others, n=1) or others[:1]
        hint = f"there is {path.parent / near[0]}" if near else f"{path.parent.resolve()} holds no Python file"
        raise InputError(
            f"{kind} file {path} does not exist, and {hint}; give the path of a Python file, or a registered name."
        )
    name = f"{FILE_PREFIX}{path.stem}"
    loaded = sys.modules.get(name)
    if loaded is not None and loaded.__file__ == str(path.resolve()):
        return loaded
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise InputError(f"{kind} file {path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that what it defines can be pickled
    try:
        with blaming(f"{kind} file {path} cannot be imported:"):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
