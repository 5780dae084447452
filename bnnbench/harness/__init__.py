"""The harness: runs solvers in isolation, measures them itself, and judges every sample."""

from bnnbench.harness.outcome import Outcome as Outcome
from bnnbench.harness.outcome import Status as Status
from bnnbench.harness.run import run as run
