"""The command line: one verb per question, heavy imports in the verb that needs them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bnnbench import __version__
from bnnbench.cli.checking import check
from bnnbench.cli.checking_tables import verify_table
from bnnbench.cli.comparing import compare
from bnnbench.cli.compiling import compile  # noqa: A004
from bnnbench.cli.drawing import figure
from bnnbench.cli.listing import info, list_
from bnnbench.cli.merging import merge
from bnnbench.cli.reporting import report
from bnnbench.cli.rerunning import rerun
from bnnbench.cli.results import export, show, verify
from bnnbench.cli.running import run
from bnnbench.cli.screen import open_streams, silenced
from bnnbench.cli.truths import truth
from bnnbench.errors import BnnbenchError, InputError

app = typer.Typer(
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


@app.callback()
def _options(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options of all verbs; `main` reads --debug."""
    del debug, version


app.command(name="list")(list_)
for verb in (
    run, truth, compile, show, verify, merge, rerun, check, export, verify_table, compare, figure, report, info,
):  # fmt: skip
    app.command()(verb)


def main() -> None:
    """Run the command line; an error is one sentence on stderr and an exit code."""
    open_streams()
    try:
        _check_folder()
        try:
            app()
        finally:
            sys.stdout.flush()  # while it can still be said that it failed
    except BrokenPipeError:
        code = 0  # nobody reads on
    except (BnnbenchError, MemoryError, OSError) as error:
        if "--debug" in sys.argv:
            raise
        with silenced(sys.stderr):
            sys.stderr.write(f"bnnbench: {_sentence(error)}\n")
            sys.stderr.flush()
        code = error.exit_code if isinstance(error, BnnbenchError) else 2
    with silenced(sys.stdout):
        sys.stdout.flush()
    raise SystemExit(code)


def _check_folder() -> None:
    try:
        Path.cwd()
    except OSError as error:
        raise InputError(f"the working directory cannot be used: {error.strerror}; change to another.") from error


def _sentence(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory; finished runs are kept; take a smaller problem, or fewer jobs."
    if isinstance(error, OSError):
        place = "" if error.filename is None else f" ({error.filename})"
        return f"the system says: {error.strerror or error}{place}; check the disk, the path and where output goes."
    return str(error)
