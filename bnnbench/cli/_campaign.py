"""Run a planned suite, and print what happens."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from rich.progress import Progress, TaskID

from bnnbench.cli._screen import FIRST_TIME, Screen, count_runs, open_screen, patiently, progress_bars
from bnnbench.cli._streams import is_debugging
from bnnbench.errors import InputError, StoppedError
from bnnbench.harness.campaign import Campaign, find_truths, pending
from bnnbench.harness.executor import Executor
from bnnbench.harness.warm_up import helped, needs_of, warm_up
from bnnbench.optimum.truth import Truth
from bnnbench.problem.problem import Problem
from bnnbench.runs.cell import Cell
from bnnbench.runs.outcome import Outcome
from bnnbench.solver.contract import Budget
from bnnbench.store.published import is_published, unpublished
from bnnbench.store.store import Retry, Store
from bnnbench.suite.foreign import InstanceTable
from bnnbench.suite.order import in_blocks
from bnnbench.suite.planning import Plan
from bnnbench.suite.repetition import Repeater, verdicts

FAILURES = ("error", "crash", "memory", "timeout")


def run_campaign(
    planned: Plan,
    store: Store,
    executor: Executor,
    *,
    retry: Collection[Retry] = (),
    max_qpu_seconds: float | None = None,
    follow: bool = False,
) -> list[Cell]:
    """Find the truths, run what is not in the store yet, and return all cells of the suite.

    Parameters
    ----------
    retry
        Runs of the store that run again.
    max_qpu_seconds
        Seconds of QPU access for all runs; none is begun past them.
    follow
        Whether to print a line per run on a terminal too.
    """
    screen = open_screen(stderr=True)
    with patiently(screen, "looking through the runs"):
        cells = list(planned.cells())
        store.rename({cell.key: cell.solver.display_name for cell in cells})
        finished = store.finished(retry)
    _announce(planned, cells, finished, store, screen)
    with progress_bars(screen) as bars:
        problems = _unsettled(cells, finished, store)
        needs = needs_of(pending(cells, finished))
        with helped(needs):
            with patiently(screen, f"finding optima ({FIRST_TIME})"):
                truths = truths_of(problems, store, bars, planned.foreign)
            with patiently(screen, f"compiling solvers ({FIRST_TIME})"):
                warm_up(needs[::-1])
        if not needs:
            return cells
        # A truth that became better can change which runs had reached it.
        known = verdicts(row for row in store.endings() if row["key"] in finished)
        repeater = Repeater(cells, known, planned.precision)
        seed = planned.suite.seed
        waiting = in_blocks(pending(repeater.first(), finished), seed)
        progress = _Progress(bars, screen.is_terminal, follow=follow)
        progress.expect(waiting)

        def more(cell: Cell, outcome: Outcome) -> list[Cell]:
            further = pending(repeater.after(cell, outcome), finished)
            progress.expect(further)
            return further

        campaign = Campaign(
            store,
            planned.suite.limits,
            truths,
            executor=executor,
            max_qpu_seconds=max_qpu_seconds,
            more=more,
            order_seed=seed,
            on_wait=progress.still_running,
        )
        for cell, outcome in campaign.run(waiting):
            progress.ended(cell, outcome)
            if is_debugging() and outcome.status == "error":
                screen.say(store.rows("runs", "key", cell.key)[0]["log_tail"])
        progress.print_unavailable()
    return cells


@contextlib.contextmanager
def resumable() -> Iterator[None]:
    """Tell a user who interrupts runs that they are kept."""
    try:
        yield
    except KeyboardInterrupt:
        raise StoppedError("interrupted; finished runs are kept, and the same command goes on from here.") from None


def _unsettled(cells: Sequence[Cell], finished: set[str], store: Store) -> list[Problem]:
    """Return the problems whose truth is asked for: those that have runs to come, or no certified optimum yet."""
    certified = store.certificates()
    settled = {key for key, truth in store.truths().items() if truth.is_certified and key in certified}
    quiet = settled - {cell.problem.hash for cell in pending(cells, finished)}
    return [problem for key, problem in {cell.problem.hash: cell.problem for cell in cells}.items() if key not in quiet]


def results_folder(suite: Path, out: Path | None) -> Path:
    """Return the folder that a suite runs into: the one that is given, or else one of its own that is not published.

    Raises
    ------
    InputError
        If what was published lies in the folder that is given.
    """
    folder = out or unpublished(Path("results") / suite.stem)
    if is_published(folder):
        raise InputError(f"{folder} holds published results; give another folder with --out, such as {folder}-new.")
    return folder


def all_failed(cells: Sequence[Cell], store: Store) -> bool:
    """Return whether some of the cells failed and none ended well; those that were refused never began."""
    keys = {cell.key for cell in cells}
    statuses = {row["status"] for row in store.endings() if row["key"] in keys}
    return "ok" not in statuses and not statuses.isdisjoint(FAILURES)


def _announce(planned: Plan, cells: Sequence[Cell], finished: set[str], store: Store, screen: Screen) -> None:
    """Print what is left out, how many runs there are, and where the results go."""
    refused = planned.refused()
    if not cells:
        raise InputError("no formulation applies to any problem: " + " ".join(refused[:3]))
    for reason in refused:
        screen.print(f"left out: {reason}", style="dim")
    done = len(cells) - len(pending(cells, finished))
    most = "up to " if planned.precision else ""
    screen.say(
        f"{most}{count_runs(len(cells))} of {_budgets(cells)}; {done} of them done before; results go to {store.folder}"
    )


def truths_of(
    problems: Sequence[Problem],
    store: Store,
    bars: Progress,
    foreign: Mapping[str, InstanceTable] = MappingProxyType({}),
) -> dict[str, Truth | None]:
    """Find the truth of each problem, by the problem's hash."""
    row = bars.add_task("ground truth", total=len(problems))
    truths = {}
    for problem, truth in find_truths(
        problems,
        store,
        foreign,
        on_none=lambda reason: bars.console.print(f"no ground truth: {reason}", soft_wrap=True),
    ):
        truths[problem.hash] = truth
        bars.advance(row)
    return truths


@dataclass
class _Progress:
    """The progress of a campaign: bars on a terminal, lines elsewhere."""

    bars: Progress
    is_terminal: bool
    follow: bool
    rows: dict[str, TaskID] = field(default_factory=dict)
    totals: Counter[str] = field(default_factory=Counter)
    unavailable: Counter[tuple[str, str]] = field(default_factory=Counter)

    def expect(self, cells: Sequence[Cell]) -> None:
        """Make the bars longer by further runs."""
        self.totals.update({"all runs": len(cells)})
        self.totals.update(cell.solver.label for cell in cells)
        for name, total in self.totals.items():
            if name not in self.rows:
                self.rows[name] = self.bars.add_task(name, total=total)
            self.bars.update(self.rows[name], total=total)

    def ended(self, cell: Cell, outcome: Outcome) -> None:
        """Advance the bars; print a line where there are no bars, or where the ending matters."""
        self.bars.advance(self.rows["all runs"])
        self.bars.advance(self.rows[cell.solver.label])
        if outcome.status == "unavailable":
            self.unavailable[cell.solver.label, outcome.message] += 1
        elif self.follow or not self.is_terminal or outcome.flags or outcome.status not in ("ok", "refused"):
            self._say(_line(cell, outcome))

    def still_running(self, cell: Cell, elapsed_s: float) -> None:
        """Print that a run lasts; a terminal has bars that move."""
        if not self.is_terminal:
            self._say(f"still running: {cell}, {elapsed_s:.0f} s")

    def print_unavailable(self) -> None:
        """Print once why a solver cannot run here."""
        for (label, message), number in self.unavailable.items():
            self._say(f"unavailable: {label}, {count_runs(number)}: {message}")

    def _say(self, text: str) -> None:
        self.bars.console.print(text, soft_wrap=True)


def _budgets(cells: Sequence[Cell]) -> str:
    """Return the budget of most solvers, and the solvers that have another."""
    labels: dict[Budget, dict[str, None]] = {}
    for cell in cells:
        labels.setdefault(cell.solver.budget, {})[cell.solver.label] = None
    usual = max(labels, key=lambda budget: len(labels[budget]))
    others = [f"{', '.join(names)}: {budget}" for budget, names in labels.items() if budget != usual]
    return f"{usual} each" + (f" ({'; '.join(others)})" if others else "")


def _line(cell: Cell, outcome: Outcome) -> str:
    """Return one run in one line."""
    flags = f"; flagged: {', '.join(outcome.flags)}" if outcome.flags else ""
    if outcome.message and outcome.status != "ok":
        return f"{outcome.status}: {cell}: {outcome.message}{flags}"
    gap = "–" if outcome.loss_gap is None else f"{outcome.loss_gap:g}"
    if outcome.loss_gap is not None and outcome.loss_gap < 0:
        gap += ", below the best loss that was known"
    reads = "1 read" if outcome.num_reads == 1 else f"{outcome.num_reads} reads"
    return f"{outcome.status}: {cell}: loss gap {gap}, {reads} in {outcome.sample_s or 0:.3f} s{flags}"
