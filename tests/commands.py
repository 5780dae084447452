"""One command of the command line, in this process."""

from __future__ import annotations

import sys

from bnnbench import cli


def call(monkeypatch, capsys, *arguments):
    """Exit code, standard output and standard error of one command."""
    monkeypatch.setattr(sys, "argv", ["bnnbench", *map(str, arguments)])
    code = 0
    try:
        cli.main()
    except SystemExit as leave:
        code = leave.code or 0
    captured = capsys.readouterr()
    return code, captured.out, captured.err
