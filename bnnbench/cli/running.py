"""The verb that runs a suite."""

from __future__ import annotations

import contextlib
import math
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bnnbench.cli.results import show
from bnnbench.cli.screen import count_runs, open_console, progress_bars
from bnnbench.errors import InputError

if TYPE_CHECKING:
    from bnnbench.harness.executor import Executor
    from bnnbench.runs.cell import Cell
    from bnnbench.runs.outcome import Outcome
    from bnnbench.solver.contract import Budget
    from bnnbench.store.store import Store
    from bnnbench.suite.planning import Plan


def run(
    suite: Annotated[str, typer.Argument(help="Name of a suite (see `bnnbench list suites`), or a TOML file.")],
    *,
    out: Annotated[Path | None, typer.Option(help="Folder of results; default: results/SUITE.")] = None,
    solver: Annotated[
        list[str] | None, typer.Option(help="Only this solver, of the suite or not: a name or a .py file.")
    ] = None,
    problem: Annotated[
        list[str] | None, typer.Option(help="Only problems of this family, of the suite or not: a name or a .py file.")
    ] = None,
    formulation: Annotated[list[str] | None, typer.Option(help="Only this formulation, of the suite or not.")] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Seconds of sampling, for all solvers; reads stay those of the suite.")
    ] = None,
    reads: Annotated[int | None, typer.Option(help="Reads, for all solvers; seconds stay those of the suite.")] = None,
    repetitions: Annotated[int | None, typer.Option(help="Repetitions of each cell.", min=1)] = None,
    jobs: Annotated[int, typer.Option(help="Runs at a time.", min=1)] = 1,
    retry: Annotated[bool, typer.Option("--retry", help="Run failed cells again.")] = False,
    untimed: Annotated[
        bool, typer.Option("--untimed", help="Let runs share cores; their times are marked as meaningless.")
    ] = False,
    dask: Annotated[
        str | None, typer.Option(help="Run on the workers of this Dask scheduler, such as tcp://10.0.0.1:8786.")
    ] = None,
    slurm: Annotated[
        bool, typer.Option("--slurm", help="Run on SLURM jobs, as the suite's table [slurm] asks for them.")
    ] = False,
    tls: Annotated[
        tuple[Path, Path, Path] | None,
        typer.Option(help="Files of the authority, the certificate and the key, for tls:// addresses and --slurm."),
    ] = None,
    max_qpu_seconds: Annotated[
        float | None,
        typer.Option(help="Seconds of QPU access for all runs; none is begun past them.", min=0),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Print a line per run as it ends, as without a terminal.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Say what would run, what not and why, and for how long; run nothing, ask no cluster."
        ),
    ] = False,
) -> None:
    """Run a suite, or go on with it, and print the table of its results."""
    from bnnbench.cli.forecasting import print_forecast
    from bnnbench.harness.executor import LocalExecutor
    from bnnbench.harness.isolation.placement import lanes_apart
    from bnnbench.store.store import open_store
    from bnnbench.suite.file import read_suite, suite_path, suite_text
    from bnnbench.suite.planning import plan
    from bnnbench.suite.selection import changed

    path = suite_path(suite)
    text = suite_text(path)
    content = changed(read_suite(path), solver, problem, formulation, seconds, reads, repetitions)
    planned = plan(content, path.parent)
    if jobs > 1 and (dask or slurm):
        raise InputError("--jobs is for this machine; with --dask and --slurm the cluster has its own number.")
    if dask is not None and slurm:
        raise InputError("--dask takes a cluster that runs, and --slurm starts one; give one of them.")
    if tls and not (dask or slurm):
        raise InputError("--tls is for connections to a cluster; give --dask or --slurm too.")
    if dask == "":
        raise InputError("--dask: the address is empty; give the one that `dask scheduler` prints.")
    lanes = jobs if untimed else lanes_apart(jobs, planned.threads)
    folder = out or Path("results") / path.stem
    if dry_run:
        at_a_time = planned.suite.slurm.jobs * planned.suite.slurm.cores if slurm else None if dask else jobs
        print_forecast(planned, folder, jobs=at_a_time, retry=retry)
        return
    try:
        with open_store(folder) as store, contextlib.ExitStack() as stack:
            executor = (
                _cluster(planned, stack, dask=dask, tls=tls, untimed=untimed) if dask or slurm else LocalExecutor(lanes)
            )
            store.add_suite(path.name, text)
            _run_plan(planned, store, executor, retry=retry, max_qpu_seconds=max_qpu_seconds, follow=follow)
    except KeyboardInterrupt:
        sys.stderr.write("bnnbench: interrupted; finished runs are kept, and the same command goes on from here.\n")
        raise typer.Exit(130) from None
    show(folder)


def _cluster(
    planned: Plan, stack: contextlib.ExitStack, *, dask: str | None, tls: tuple[Path, Path, Path] | None, untimed: bool
) -> Executor:
    """The workers of a scheduler that runs, or of SLURM jobs that end with the campaign."""
    from bnnbench.harness.cluster.dask_executor import WAIT_S, DaskExecutor, tls_security
    from bnnbench.harness.cluster.slurm import slurm_cluster

    console = open_console(stderr=True)
    security = tls_security(*tls) if tls else None
    place: Any = dask
    if dask is None:
        place = stack.enter_context(slurm_cluster(planned.suite.slurm, **({"security": security} if tls else {})))
        console.print(f"waiting for SLURM; the scheduler is {place.scheduler_address}", highlight=False)
    solvers = [solver.spec for solver in planned.solvers]
    executor = DaskExecutor(
        place, solvers, security=security, wait_s=WAIT_S if dask else math.inf, threads=planned.threads
    )
    if untimed:
        executor.is_timed = False
    elif not executor.is_timed:
        console.print(
            "the Dask workers have more threads than cores, so that runs share cores and times are marked; start "
            "workers with --nthreads 1, as many as cores.",
            highlight=False,
        )
    return executor


def _run_plan(
    planned: Plan, store: Store, executor: Executor, *, retry: bool, max_qpu_seconds: float | None, follow: bool = False
) -> None:
    """Find the truths, run what is pending, and say what happens."""
    from bnnbench.harness.campaign import find_truths, pending, run_cells
    from bnnbench.suite.repetition import Repeater, verdicts

    console = open_console(stderr=True)
    cells = list(planned.cells())
    if not cells:
        raise InputError("no formulation applies to any problem: " + " ".join(planned.refused()[:3]))
    for reason in planned.refused():
        console.print(f"left out: {reason}", style="dim", highlight=False, markup=False)
    finished = store.finished(retry_failed=retry)
    done = len(cells) - len(pending(cells, finished))
    most = "up to " if planned.precision else ""
    console.print(
        f"{most}{count_runs(len(cells))} of {_budgets(cells)}; {done} of them done before; "
        f"results go to {store.folder}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    problems = list(dict.fromkeys(cell.problem for cell in cells))
    with progress_bars(console) as progress:

        def say(text: str) -> None:
            progress.console.print(text, highlight=False, markup=False, soft_wrap=True)

        row = progress.add_task("ground truth", total=len(problems))
        truths = {}
        for problem, truth in find_truths(problems, store, on_none=lambda reason: say(f"no ground truth: {reason}")):
            truths[problem.hash] = truth
            progress.advance(row)
        # A truth that became better can change which runs had reached it.
        known = verdicts(row for row in store.endings() if row["key"] in finished)
        repeater = Repeater(cells, known, planned.precision)
        waiting = pending(repeater.first(), finished)
        overall = progress.add_task("all runs", total=len(waiting))
        labels = list(dict.fromkeys(cell.solver_label for cell in waiting))
        rows = {s: progress.add_task(s, total=sum(c.solver_label == s for c in waiting)) for s in labels}

        def still_running(cell: Cell, elapsed_s: float) -> None:
            if not console.is_terminal:
                say(f"still running: {cell}, {elapsed_s:.0f} s")

        def more(cell: Cell, outcome: Outcome) -> list[Cell]:
            further = pending(repeater.after(cell, outcome), finished)
            for task in (overall, rows[cell.solver_label]):
                progress.update(task, total=(progress.tasks[task].total or 0) + len(further))
            return further

        unavailable: Counter[tuple[str, str]] = Counter()
        runs = run_cells(
            waiting,
            truths,
            store,
            planned.suite.limits,
            executor=executor,
            max_qpu_seconds=max_qpu_seconds,
            more=more,
            on_wait=still_running,
        )
        for cell, outcome in runs:
            progress.advance(overall)
            progress.advance(rows[cell.solver_label])
            if outcome.status == "unavailable":
                unavailable[cell.solver_label, outcome.message] += 1
            elif follow or not console.is_terminal or outcome.flags or outcome.status not in ("ok", "refused"):
                say(_line(cell, outcome))
        for (label, message), number in unavailable.items():
            say(f"unavailable: {label}, {count_runs(number)}: {message}")


def _budgets(cells: list[Cell]) -> str:
    """The budget of most runs, and the solvers that have another."""
    labels: dict[Budget, dict[str, None]] = {}
    for cell in cells:
        labels.setdefault(cell.budget, {})[cell.solver_label] = None
    usual = max(labels, key=lambda budget: len(labels[budget]))
    others = [f"{', '.join(names)}: {budget}" for budget, names in labels.items() if budget != usual]
    return f"{usual} each" + (f" ({'; '.join(others)})" if others else "")


def _line(cell: Cell, outcome: Outcome) -> str:
    """One run in one line."""
    flags = f"; flagged: {', '.join(outcome.flags)}" if outcome.flags else ""
    if outcome.message and outcome.status != "ok":
        return f"{outcome.status}: {cell}: {outcome.message}{flags}"
    gap = "–" if outcome.loss_gap is None else f"{outcome.loss_gap:g}"
    reads = "1 read" if outcome.num_reads == 1 else f"{outcome.num_reads} reads"
    return f"{outcome.status}: {cell}: loss gap {gap}, {reads} in {outcome.sample_s or 0:.3f} s{flags}"
