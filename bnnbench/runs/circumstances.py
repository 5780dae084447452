"""Circumstances of a run: when, where and beside what it ran."""

from __future__ import annotations

from dataclasses import dataclass

from bnnbench.runs.column import column


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """The circumstances of a run: they can change its times, and not its answer."""

    machine: str = column("hash of machine, system and versions, see `Store.machines`")
    started_at: str = column("when the run started, UTC")
    load: float = column("load average of the last minute when the run started")
    load_after: float = column("load average of the last minute when the run ended")
    processors: str | None = column(
        "logical processors that the run was kept to", default=None, empty="the system does not pin, or --untimed"
    )
    is_timed: bool = column("0 if other runs may have shared its cores, else 1", default=True)
    order_seed: int | None = column(
        "seed of the random order of runs, see docs/timing.md",
        default=None,
        empty="the runs kept an order of their own",
    )
    log_tail: str = column(
        "end of what a failed run printed", default="", empty="the run did not fail, or printed nothing"
    )
