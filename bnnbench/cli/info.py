"""The verb that describes this machine."""

from __future__ import annotations

from bnnbench.cli._screen import open_screen
from bnnbench.harness.machine import machine_info
from bnnbench.plugins.entries import entries
from bnnbench.plugins.registry import load_solver


def info() -> None:
    """Describe this machine, and what is installed on it."""
    screen = open_screen()
    for key, value in machine_info().items():
        screen.say(f"{key:<20} {'unknown' if value is None else value}")
    for name in entries("solver"):
        solver = load_solver(name)
        versions = ", ".join(f"{k} {v}" for k, v in solver.versions.items()) or "built in"
        screen.say(f"{name:<20} {solver.unavailable() or versions}")
