"""Long work says what it is doing."""

from __future__ import annotations

import time

from bnnbench.cli._screen import open_screen, patiently


def test_long_work_tells_of_itself_and_short_work_does_not(capsys):
    screen = open_screen()
    with patiently(screen, "compiling kernels", every_s=1):
        time.sleep(1.5)
    with patiently(screen, "something else", every_s=1):
        pass
    assert capsys.readouterr().out.splitlines() == ["compiling kernels, 1 s …"]
