"""Find the verbs: a public file of this folder is one, with its function of the same name; help imports none."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bnnbench import __version__, cli
from bnnbench.errors import InputError, system_errors


def verbs() -> dict[str, Path]:
    """Return the file of each verb, by the verb's name, in alphabetical order."""
    found = [(info.name, info.module_finder) for info in pkgutil.iter_modules(cli.__path__)]
    return {
        name.replace("_", "-"): Path(getattr(finder, "path", ""), f"{name}.py")
        for name, finder in found
        if not name.startswith("_")
    }


def summary(path: Path) -> str:
    """Read the first line of the docstring of a verb's function, without importing it."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == path.stem:
            return (ast.get_docstring(node) or "").partition("\n")[0]
    return ""


class Verbs(TyperGroup):
    """A group of commands that are files; each is imported when it is called."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = dict.fromkeys(verbs())  # type: ignore[assignment]  # names alone: `get_command` makes them

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands:
            return None
        name = cmd_name.replace("-", "_")
        one = typer.Typer(add_completion=False, rich_markup_mode=None)
        one.command(cmd_name)(getattr(importlib.import_module(f"{cli.__name__}.{name}"), name))
        return typer.main.get_command(one)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, summary(path)) for name, path in verbs().items()])


app = typer.Typer(
    cls=Verbs,
    help="Which solver trains a binary neural network best, and how far is it from the optimum?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich's help takes 0.1 s to import
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"bnnbench {__version__}")
        raise typer.Exit


@app.callback(subcommand_metavar="VERB …")
def _options(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Check the working directory, whatever the verb; `main` reads --debug."""
    del debug, version
    with system_errors(InputError, "the working directory cannot be used", "change to another"):
        Path.cwd()
