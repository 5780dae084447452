"""One command of the command line, in this process: starting another takes two seconds."""

from __future__ import annotations

import sys

import pytest

from bnnbench import cli


def call(*arguments: object) -> int:
    """Return the exit code of a command; what it prints goes where prints go."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["bnnbench", *map(str, arguments)])
        patch.setattr(sys, "stdout", sys.stdout)  # which the command line replaces
        with pytest.raises(SystemExit) as leave:
            cli.main()
    return int(leave.value.code or 0)
