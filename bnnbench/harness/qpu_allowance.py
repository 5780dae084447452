"""The seconds of QPU access that a campaign may use in all."""

from __future__ import annotations

import contextlib
from collections import deque
from dataclasses import dataclass
from functools import cache

from bnnbench.errors import BnnbenchError
from bnnbench.plugins.registry import load_solver
from bnnbench.runs.cell import Cell
from bnnbench.runs.outcome import Outcome
from bnnbench.solver.contract import Solver
from bnnbench.spec import Spec


@dataclass
class QpuAllowance:
    """The QPU seconds that are left; None: there is no limit.

    An estimate needs the embedding, which the worker finds, so that cells are not refused before the campaign but each
    before its own submission. Only one run at a time may use the QPU: what two would use is not known beforehand.
    """

    left_s: float | None
    is_busy: bool = False

    def take(self, waiting: deque[Cell]) -> Cell | None:
        """Take the next cell that may start out of the queue; None if all have to wait."""
        for place, cell in enumerate(waiting):
            is_metered = self.left_s is not None and _uses_qpu(cell.solver.spec)
            if not (is_metered and self.is_busy):
                self.is_busy = self.is_busy or is_metered
                del waiting[place]
                return cell
        return None

    def settle(self, cell: Cell, outcome: Outcome, estimate_s: float | None) -> None:
        """Subtract what a run used: its clock, and no less than its estimate if it failed after that was made."""
        if self.left_s is None or not _uses_qpu(cell.solver.spec):
            return
        self.is_busy = False
        if estimate_s and outcome.status != "unavailable":
            used = outcome.clocks.get("qpu_access_s", 0.0)
            self.left_s -= used if outcome.status == "ok" else max(used, estimate_s)


@cache
def _uses_qpu(spec: Spec) -> bool:
    with contextlib.suppress(BnnbenchError):  # what cannot be loaded says so in its row
        return type(load_solver(spec)).qpu_seconds is not Solver.qpu_seconds
    return False
