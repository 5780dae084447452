"""The harness: runs solvers in isolation, measures them itself, and judges every sample."""

from bnnbench.runs.loop import run as run
from bnnbench.runs.outcome import Outcome as Outcome
from bnnbench.runs.outcome import Status as Status
