"""Runs: their records, and the one loop that asks a solver, keeps the clock and judges every sample."""

from bnnbench.runs.loop import run as run
from bnnbench.runs.outcome import Outcome as Outcome
from bnnbench.runs.outcome import Status as Status
