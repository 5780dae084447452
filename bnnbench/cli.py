"""The command line: one verb per question, heavy imports in the verb that needs them."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO, cast

import typer

from bnnbench import __version__
from bnnbench.errors import BnnbenchError, CheckError, InputError, UnavailableError, UnknownNameError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from bnnbench.ground_truth import Truth
    from bnnbench.ground_truth.certificate import Certificate
    from bnnbench.ground_truth.search import Standing
    from bnnbench.harness.cell import Cell
    from bnnbench.harness.outcome import Outcome
    from bnnbench.instance import Instance
    from bnnbench.problem import Problem
    from bnnbench.solver import Budget
    from bnnbench.store import Store
    from bnnbench.suite import Plan, Suite

app = typer.Typer(
    help="Which solver trains a binary neural network best, and how far is it from the optimum?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich's help takes 0.1 s to import
)

Results = Annotated[Path, typer.Argument(help="Folder of results, such as results/smoke.")]


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"bnnbench {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options of all verbs; `main` reads --debug."""
    del debug, version


@app.command()
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
    max_qpu_seconds: Annotated[
        float | None,
        typer.Option(help="Seconds of QPU access for all runs; none is begun past them.", min=0),
    ] = None,
) -> None:
    """Run a suite, or go on with it, and print the table of its results."""
    from bnnbench.store import open_store
    from bnnbench.suite import plan, read_suite, suite_path

    path = suite_path(suite)
    content = _changed(read_suite(path), solver, problem, formulation, seconds, reads, repetitions)
    planned = plan(content, path.parent)
    folder = out or Path("results") / path.stem
    try:
        with open_store(folder) as store:
            _run_plan(planned, store, jobs=jobs, retry=retry, max_qpu_seconds=max_qpu_seconds)
    except KeyboardInterrupt:
        sys.stderr.write("bnnbench: interrupted; finished runs are kept, and the same command goes on from here.\n")
        raise typer.Exit(130) from None
    show(folder)


def _changed(
    suite: Suite,
    solvers: list[str] | None,
    problems: list[str] | None,
    formulations: list[str] | None,
    seconds: float | None,
    reads: int | None,
    repetitions: int | None,
) -> Suite:
    """The suite with the command line's filters and numbers."""
    changes: dict[str, Any] = {}
    if solvers:
        changes["solvers"] = [table for text in solvers for table in _selected(text, suite.solvers, "solver")]
    if problems:
        changes["problems"] = [table for text in problems for table in _selected(text, suite.problems, "problem")]
    if formulations:
        changes["formulations"] = [
            t for text in formulations for t in _selected(text, suite.formulations, "formulation")
        ]
    if repetitions:
        changes["repetitions"] = repetitions
    numbers = {key: value for key, value in (("seconds", seconds), ("reads", reads)) if value is not None}
    for key, value in numbers.items():
        if not value > 0:
            raise InputError(f"--{key} must be positive, but {value} came.")
    if numbers:
        changes["budget"] = suite.budget.model_copy(update=numbers)
        tables = changes.get("solvers", suite.solvers)
        changes["solvers"] = [
            table | {"budget": own | numbers} if isinstance(own := table.get("budget"), dict) else table
            for table in tables
        ]
    return suite.model_copy(update=changes)


def _selected(text: str, tables: list[dict[str, Any]], what: str) -> list[dict[str, Any]]:
    """Tables of the suite with the given name; else a new table, so that a solver from elsewhere can join."""
    from bnnbench.spec import parse_spec

    spec = parse_spec(text)
    found = [table for table in tables if table.get("name") == spec.name]
    if found and not spec.parameters:
        return found
    name = str(Path(spec.name).resolve()) if spec.name.endswith(".py") else spec.name
    if what == "problem" and not found and not name.endswith(".py"):
        from bnnbench.registry import entries

        if name not in entries("problem"):
            raise UnknownNameError("problem family", name, entries("problem"))
    return [{"name": name, **{k: [v] if isinstance(v, list) else v for k, v in spec.parameters.items()}}]


def _run_plan(planned: Plan, store: Store, *, jobs: int, retry: bool, max_qpu_seconds: float | None) -> None:
    """Find the truths, run what is pending, and say what happens."""
    from bnnbench.harness.campaign import find_truths, pending, run_cells

    console = _console(stderr=True)
    cells = list(planned.cells())
    if not cells:
        raise InputError("no formulation applies to any problem: " + " ".join(planned.refused()[:3]))
    for reason in planned.refused():
        console.print(f"left out: {reason}", style="dim", highlight=False, markup=False)
    waiting = pending(cells, store.finished(retry_failed=retry))
    done = len(cells) - len(waiting)
    console.print(
        f"{_runs(len(cells))} of {_budgets(cells)}; {done} of them done before; results go to {store.folder}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    problems = list(dict.fromkeys(cell.problem for cell in cells))
    with _progress(console) as progress:

        def say(text: str) -> None:
            progress.console.print(text, highlight=False, markup=False, soft_wrap=True)

        row = progress.add_task("ground truth", total=len(problems))
        truths = {}
        for problem, truth in find_truths(problems, store, on_none=lambda reason: say(f"no ground truth: {reason}")):
            truths[problem.hash] = truth
            progress.advance(row)
        overall = progress.add_task("all runs", total=len(waiting))
        labels = list(dict.fromkeys(cell.solver_label for cell in waiting))
        rows = {s: progress.add_task(s, total=sum(c.solver_label == s for c in waiting)) for s in labels}

        def still_running(cell: Cell, elapsed_s: float) -> None:
            if not console.is_terminal:
                say(f"still running: {cell}, {elapsed_s:.0f} s")

        unavailable: Counter[tuple[str, str]] = Counter()
        limits = planned.suite.limits
        finished = run_cells(
            waiting, truths, store, limits, jobs=jobs, max_qpu_seconds=max_qpu_seconds, on_wait=still_running
        )
        for cell, outcome in finished:
            progress.advance(overall)
            progress.advance(rows[cell.solver_label])
            if outcome.status == "unavailable":
                unavailable[cell.solver_label, outcome.message] += 1
            elif not console.is_terminal or outcome.flags or outcome.status not in ("ok", "refused"):
                say(_line(cell, outcome))
        for (label, message), number in unavailable.items():
            say(f"unavailable: {label}, {_runs(number)}: {message}")


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number} runs"


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


@app.command(name="list")
def list_(what: Annotated[Literal["suites", "problems", "solvers", "formulations"], typer.Argument()]) -> None:
    """List what there is, with a line on each."""
    from rich.table import Table

    table = Table("name", "what it is", *(["needs"] if what == "solvers" else []), box=None, header_style="bold")
    for row in _listing(what):
        table.add_row(*row)
    _console().print(table)


def _listing(what: str) -> Iterable[tuple[str, ...]]:
    if what == "suites":
        from bnnbench.suite import read_suite, suite_paths

        yield from ((name, read_suite(path).title) for name, path in suite_paths().items())
    elif what == "formulations":
        from bnnbench.formulation import FORMULATIONS

        for name, setting in FORMULATIONS.items():
            signs = "sign symmetry fixed" if setting.fix_signs else "all weights free"
            encoding = "the published encoding" if setting.published else f"{setting.counter} counters, {signs}"
            penalty = setting.penalty
            lam = (
                f"λ = {penalty:g}"
                if isinstance(penalty, float)
                else "λ = {:g} hidden, {:g} output; not exact".format(*penalty)
            )
            yield name, f"{encoding}, {lam}"
    else:
        from bnnbench.registry import entries

        for entry in entries("problem" if what == "problems" else "solver").values():
            needs = (", ".join(entry.needs),) if what == "solvers" else ()
            yield (entry.name, entry.summary, *needs)


@app.command()
def truth(
    problem: Annotated[str, typer.Argument(help='Such as "parity[size=3]", or a .py file.')],
    *,
    show_weights: Annotated[int, typer.Option("--weights", help="How many optimal settings to print.", min=0)] = 1,
    seconds: Annotated[
        float | None,
        typer.Option(help="When to give up, in seconds (600, and never with --force); Ctrl-C gives up at once.", min=0),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Search however hopeless it is.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check the result by means that are not the search's.")
    ] = False,
    check_seconds: Annotated[float, typer.Option(help="How long --verify may ask CP-SAT, in seconds.", min=0)] = 60,
    certificate: Annotated[Path | None, typer.Option(help="A certificate to check, instead of searching.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write a certificate (JSON).")] = None,
    show_spectrum: Annotated[bool, typer.Option("--spectrum", help="Count the settings of every loss.")] = False,
    qubo: Annotated[
        str | None, typer.Option(help="A formulation: visit all states of its QUBO (up to 34 variables), and compare.")
    ] = None,
    cache: Annotated[bool, typer.Option("--cache/--no-cache", help="Whether to use what was found before.")] = True,
) -> None:
    """Find the optimal training loss of a problem, say how it is known, and check it."""
    from bnnbench.ground_truth import ground_truth
    from bnnbench.ground_truth.certificate import certify, read_certificate, write_certificate
    from bnnbench.ground_truth.certificate import verify as verify_certificate
    from bnnbench.instance import compile as compile_problem
    from bnnbench.registry import load_problem

    loaded = load_problem(problem)
    console = _console()
    console.print(f"{loaded}", highlight=False, markup=False)
    if certificate:
        claim = read_certificate(certificate)
        with _console(stderr=True).status("checking"):
            checked = verify_certificate(loaded, claim, limit_s=check_seconds)
        console.print(f"claimed loss     {claim.loss:g} ({claim.kind}: {claim.method})", highlight=False)
        _print_checks(console, checked)
        return
    if output and not os.access(output if output.exists() else output.parent, os.W_OK):
        raise InputError(f"{output} cannot be written; give another file to -o, before the search begins.")
    with _search_progress(_console(stderr=True)) as report:
        limit = seconds if force or seconds is not None else 600.0
        found = ground_truth(loaded, seconds=limit, force=force, report=report, use_cache=cache, interruptible=True)
    size = f"2^{loaded.network.num_weights}"
    count = "not counted" if found.num_optima is None else f"{found.num_optima:,}"
    name = "optimal loss    " if found.is_certified else "best known loss "
    console.print(f"{name} {found.loss:g} ({found.kind}: {found.method})", highlight=False)
    if not found.is_certified:
        console.print(f"lower bound      {found.lower_bound or 0:g} (proven)", highlight=False)
    console.print(f"optimal settings {count} of {size}", highlight=False)
    console.print(
        f"accuracy         {float(loaded.accuracy(found.optima[0])):.1%} of the training targets", highlight=False
    )
    console.print(f"search           {found.seconds:.3f} s, {found.nodes:,} nodes", highlight=False)
    for weights in found.optima[:show_weights]:
        console.print("weights          " + " ".join(f"{w:+d}" for w in weights), highlight=False, soft_wrap=True)
    if show_spectrum:
        _print_spectrum(console, loaded)
    if qubo:
        _print_levels(console, compile_problem(loaded, qubo), found)
    if verify or output:
        with _console(stderr=True).status("checking"):
            checked = certify(loaded, found, limit_s=check_seconds)
        if output:
            write_certificate(checked, output)
            console.print(f"certificate      {output}", highlight=False, markup=False)
        _print_checks(console, checked)


@contextlib.contextmanager
def _search_progress(console: Console) -> Iterator[Callable[[Standing], None]]:
    """A bar for a search that lasts; short ones end before it is drawn."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("searching", total=1.0)

        def report(standing: Standing) -> None:
            best = "" if standing.best is None else f", best known {standing.best:g}"
            doing = "counting settings of" if standing.is_counting else "excluding"
            progress.update(
                task, completed=standing.fraction, description=f"{doing} loss {standing.lower_bound:g}{best}"
            )

        yield report


def _print_checks(console: Console, certificate: Certificate) -> None:
    """Print what the checks said; raise `CheckError` if one disagreed."""
    for check in certificate.checks:
        console.print(f"{check.verdict:<16} {check.name}: {check.detail} ({check.seconds:.3f} s)", highlight=False)
    for check in certificate.failed:
        raise CheckError(f"the loss {certificate.loss:g} is wrong: {check.name}: {check.detail}.")


def _print_levels(console: Console, instance: Instance, truth: Truth) -> None:
    """Print the lowest levels of a QUBO; raise `CheckError` if they are not what a sound formulation promises."""
    from bnnbench.ground_truth.gray import levels

    with _console(stderr=True).status(f"visiting 2^{instance.qubo.num_variables} states"):
        found = levels(instance.qubo)
    gap = "none" if found.gap is None else f"{found.gap:g}"
    energy = round(found.energy, 9) + 0.0  # −0 is 0
    console.print(
        f"{instance.formulation}: ground energy {energy:g}, {found.num_states:,} ground states, gap {gap}, "
        f"{instance.qubo.num_variables} variables, all states visited in {found.seconds:.3f} s",
        highlight=False,
    )
    if instance.is_sound and truth.is_certified and found.energy != truth.energy:
        raise CheckError(
            f"{instance}: the ground energy is {found.energy:g}, but the optimal loss is {truth.loss:g}, and the "
            "formulation is sound; one of the two is wrong."
        )


def _print_spectrum(console: Console, problem: Problem) -> None:
    """Print how many settings have each loss, and what random guesses reach."""
    from bnnbench.ground_truth.spectrum import spectrum

    levels = spectrum(problem)
    total, below = sum(levels.values()), 0
    console.print("\nloss  settings  share of settings with at most this loss", highlight=False)
    for loss, count in levels.items():
        below += count
        console.print(f"{loss:<5g} {count:,}  {below / total:.3g}", highlight=False)
    mean = sum(loss * count for loss, count in levels.items()) / total
    console.print(f"mean loss of random settings {mean:g}", highlight=False)


@app.command()
def compile(  # noqa: A001
    problem: Annotated[str, typer.Argument(help='Such as "a1a[experiment=0,batch=7]", or a .py file.')],
    *,
    formulation: Annotated[str, typer.Option(help="Such as reduced[penalty=1].")] = "compact",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A .coo or .json file to write.")] = None,
) -> None:
    """Compile a problem to a QUBO, say how large it is, and write it to a file."""
    from bnnbench.exchange import check_ending, write_qubo
    from bnnbench.instance import compile as compile_problem
    from bnnbench.registry import load_problem

    if output:
        check_ending(output)
    instance = compile_problem(load_problem(problem), formulation)
    qubo = instance.qubo
    console = _console()
    console.print(f"{instance}", highlight=False, markup=False)
    console.print(f"variables  {qubo.num_variables:,}", highlight=False)
    console.print(f"couplings  {qubo.num_couplings:,}", highlight=False)
    sound = "yes: minimum energy = minimum training loss" if instance.is_sound else "no: λ is below the bound"
    console.print(f"exact      {sound}", highlight=False)
    console.print(f"compiled   in {instance.compile_s:.3f} s", highlight=False)
    console.print(f"hash       {instance.hash}", highlight=False)
    if output:
        write_qubo(qubo, output)
        console.print(f"written to {output}", highlight=False, markup=False)


@app.command()
def show(
    results: Results,
    *,
    by: Annotated[
        Literal["solver", "problem"], typer.Option(help="A row per solver, or per problem and solver.")
    ] = "solver",
) -> None:
    """Print the table of results."""
    from bnnbench.metrics import summarize
    from bnnbench.store import read_store
    from bnnbench.tables import flag_lines, print_table

    with read_store(results) as store:
        runs = store.runs()
    console = _console()
    if runs.empty:
        console.print(f"{results} holds no runs yet; run: bnnbench run SUITE --out {results}")
        return
    keys = ("formulation", "solver") if by == "solver" else ("problem", "formulation", "solver")
    name = results.resolve().name
    print_table(summarize(runs, by=keys), console, title=f"{name}: {_runs(len(runs))}")
    for line in flag_lines(runs):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


@app.command()
def verify(
    results: Results,
    *,
    check_seconds: Annotated[
        float, typer.Option(help="How long CP-SAT may try to refute each optimum, in seconds; 0: not at all.", min=0)
    ] = 0,
) -> None:
    """Recompute every figure of the results from their samples, and say what does not hold."""
    from bnnbench.store import read_store
    from bnnbench.verification import verify as find

    findings: Counter[str] = Counter()
    console, bar = _console(), _progress(_console(stderr=True))
    with read_store(results) as store, bar:
        task = bar.add_task("verifying", total=None)
        done = 0

        def report(number: int, total: int) -> None:
            nonlocal done
            done = number
            bar.update(task, completed=number, total=total)

        for finding in find(store, check_seconds=check_seconds, progress=report):
            findings[finding.kind] += 1
            console.print(f"{finding.kind}: {finding.sentence}", highlight=False, soft_wrap=True)
    if findings:
        raise CheckError(f"{results}: {findings.total()} findings in {_runs(done)}; see above.")
    console.print(f"{results}: {_runs(done)} recomputed, and all holds.", highlight=False)


@app.command()
def check(
    solver: Annotated[str, typer.Argument(help='Such as "tabu[num_restarts=1]", or a .py file.')],
    *,
    seconds: Annotated[float, typer.Option(help="How long one check may take, in seconds.", min=1)] = 120,
) -> None:
    """Check whether a solver keeps the contract that the harness relies on; for authors of adapters."""
    from rich.table import Table

    from bnnbench.harness.report_card import check_apart
    from bnnbench.registry import load_solver

    loaded = load_solver(solver)
    if reason := loaded.unavailable():
        raise UnavailableError(f"{solver} cannot be checked on this machine: {reason}")
    table = Table("check", "verdict", "seconds", "what is wrong, or why it does not apply", title=solver)
    failed = []
    with _progress(_console(stderr=True)) as bar:
        task = bar.add_task("checking", total=None)
        for done, (total, result) in enumerate(check_apart(solver, limit_s=seconds), start=1):
            bar.update(task, completed=done, total=total)
            table.add_row(result.check, result.verdict, f"{result.seconds:.2f}", result.sentence)
            failed += [result.check] if result.verdict == "failed" else []
    _console().print(table)
    if failed:
        raise CheckError(f"{solver} fails {len(failed)} of {table.row_count} checks: {', '.join(failed)}.")


@app.command()
def export(
    results: Results,
    *,
    to: Annotated[
        Literal["csv", "latex"], typer.Option(help="All rows as CSV, or the summary as a LaTeX table.")
    ] = "csv",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write; default: standard output.")
    ] = None,
) -> None:
    """Export results for a paper."""
    import io

    from bnnbench.latex import to_latex
    from bnnbench.metrics import summarize
    from bnnbench.store import read_store
    from bnnbench.tables import to_csv

    with read_store(results) as store:
        runs = store.runs()
    if runs.empty:
        raise InputError(f"{results} holds no runs yet; run: bnnbench run SUITE --out {results}")
    if to == "csv":
        stream = io.StringIO()
        to_csv(runs, stream)
        text = stream.getvalue()
    else:
        name = results.resolve().name
        text = to_latex(summarize(runs), caption=f"Results of the suite {name}.", label=name)
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{output} cannot be written: {error.strerror}; give another path with -o.") from error


@app.command()
def info() -> None:
    """Say on what machine this runs, and what is installed."""
    from bnnbench.provenance import machine_info
    from bnnbench.registry import entries, load_solver

    console = _console()
    for key, value in machine_info().items():
        console.print(f"{key:<20} {'unknown' if value is None else value}", highlight=False, markup=False)
    for name in entries("solver"):
        solver = load_solver(name)
        versions = ", ".join(f"{k} {v}" for k, v in solver.versions.items()) or "built in"
        console.print(f"{name:<20} {solver.unavailable() or versions}", highlight=False, markup=False, soft_wrap=True)


def _console(*, stderr: bool = False) -> Console:
    import shutil

    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # A table that goes to a file is not folded to a terminal's width.
    width = None if stream.isatty() else max(200, shutil.get_terminal_size().columns)
    # Names and paths are the user's: what is in brackets is no markup.
    return Console(file=cast("TextIO", _Lasting(stream)) if stderr else stream, width=width, markup=False)


class _Lasting:
    """A stream for reports, which falls silent when it can no longer be written; a campaign does not end with it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with _silenced(self._stream):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with _silenced(self._stream):
            self._stream.flush()


@contextlib.contextmanager
def _silenced(stream: TextIO) -> Iterator[None]:
    """Send a stream that cannot be written nowhere, so that it does not complain again when the process ends."""
    try:
        yield
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def _progress(console: Console) -> Progress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def main() -> None:
    """Run the command line; an error is one sentence on stderr and an exit code."""
    _open_streams()
    try:
        _check_folder()
        try:
            app()
        finally:
            sys.stdout.flush()  # while it can still be said that it failed
    except BrokenPipeError:
        code = 0  # nobody reads on
    except (BnnbenchError, MemoryError, OSError) as error:
        if "--debug" in sys.argv:
            raise
        with _silenced(sys.stderr):
            sys.stderr.write(f"bnnbench: {_sentence(error)}\n")
            sys.stderr.flush()
        code = error.exit_code if isinstance(error, BnnbenchError) else 2
    with _silenced(sys.stdout):
        sys.stdout.flush()
    raise SystemExit(code)


def _open_streams() -> None:
    """Make streams that were closed go nowhere, and those of a small alphabet write question marks."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)  # takes the least free number, which a file of results must not get
            os.set_inheritable(null, True)  # noqa: FBT003 - the only argument there is; workers need streams too
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _check_folder() -> None:
    try:
        Path.cwd()
    except OSError as error:
        raise InputError(f"the working directory cannot be used: {error.strerror}; change to another.") from error


def _sentence(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory; finished runs are kept; take a smaller problem, or fewer jobs."
    if isinstance(error, OSError):
        place = "" if error.filename is None else f" ({error.filename})"
        return f"the system says: {error.strerror or error}{place}; check the disk, the path and where output goes."
    return str(error)
