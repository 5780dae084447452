"""Say in one sentence what is wrong with a command line."""

from __future__ import annotations

import sys
from typing import Any

import typer

from bnnbench.cli._verbs import verbs
from bnnbench.errors import UnknownNameError

UsageError: Any = typer.BadParameter.__mro__[1]
"""Base of what typer raises for a wrong command line; it does not hand it on by name."""


def usage_sentence(error: Any) -> str:
    """Return the verb, what is wrong, and where to look it up."""
    message = " ".join(str(error.format_message()).split()).rstrip(".")
    named = [word for word in sys.argv[1:2] if word in verbs()]
    command = " ".join(["bnnbench", *named]) if error.ctx is None else str(error.ctx.command_path)
    if message.startswith("No such command"):
        return str(UnknownNameError("verb", message.split("'")[1], list(verbs())))
    verb = command.partition("bnnbench ")[2]
    said = f"{message[:1].lower()}{message[1:]}".replace("Value error, ", "").replace("Input should", "it should")
    return f"{verb}{': ' if verb else ''}{said}; see: {command} --help."
