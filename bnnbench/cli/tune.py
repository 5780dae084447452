"""The verb that searches parameters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

from bnnbench.cli._campaign import resumable, truths_of
from bnnbench.cli._options import Jobs, Untimed, not_a_dash
from bnnbench.cli._place import Place
from bnnbench.cli._screen import Screen, count_runs, open_screen, progress_bars
from bnnbench.errors import InputError
from bnnbench.harness.campaign import Campaign
from bnnbench.harness.executor import Executor
from bnnbench.optimum.truth import Truth
from bnnbench.runs.cell import Cell
from bnnbench.runs.outcome import Outcome
from bnnbench.store.output import ALIKE, refuse_to_overwrite, write_output
from bnnbench.store.parquet import open_results
from bnnbench.store.store import Store, open_store
from bnnbench.suite.file import read_suite, suite_path
from bnnbench.suite.planning import plan
from bnnbench.suite.toml_file import toml_text
from bnnbench.suite.tuned import HEADER, TunedFile, read_tuned, tuned_text
from bnnbench.tables.rounding import plain, texts
from bnnbench.tables.sheet import print_rows
from bnnbench.tuning.against import tuned_against_default
from bnnbench.tuning.search import Search
from bnnbench.tuning.searches import Searching, TuningPlan, plan_tuning


def tune(
    suite: Annotated[str, typer.Argument(help="Name of a suite, or the path of a .toml file, with a table [tune].")],
    *,
    out: Annotated[
        Path | None,
        typer.Option(callback=not_a_dash, help="Folder for the runs of the search; results/SUITE_tune if left out."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", callback=not_a_dash, help="File for the parameters; else tuned.toml in that folder."
        ),
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Settings per pair, in place of the suite's.", min=1)] = None,
    compare: Annotated[
        Path | None, typer.Option(help="Search nothing; compare tuned with default in these results of the suite.")
    ] = None,
    jobs: Jobs = 1,
    untimed: Untimed = False,
) -> None:
    """Search the parameters of each solver and formulation with the same budget, and write them for suites to name."""
    path = suite_path(suite)
    if compare is not None:
        _compare(path, compare)
        return
    folder = out or Path("results") / f"{path.stem}_tune"
    file = output or folder / "tuned.toml"
    refuse_to_overwrite(file, HEADER.encode()[:ALIKE])
    asked = read_suite(path)
    if trials is not None and asked.tune is not None:
        asked = asked.model_copy(update={"tune": asked.tune.model_copy(update={"trials": trials})})
    tuning = plan_tuning(asked, path.parent)
    place = Place(jobs=jobs, dask=None, slurm=False, tls=None, untimed=untimed)
    place.check(tuning.planned)
    with resumable(), open_store(folder) as store, place.executor(tuning.planned) as executor:
        store.add_suite(path.name, toml_text(path, "suite file"))
        _search(tuning, store, executor)
    tuned = tuning.tuned(path.name)
    write_output(file, tuned_text(tuned, file.name).encode())
    screen = open_screen()
    _print(tuned, screen)
    screen.say(
        f"Values are geometric means over {len(tuning.problems)} problems that were tuned on, which flatters what was "
        f"found: compare on others.\nwritten to {file}; to run it beside the defaults, copy it to the suite's folder "
        f'and write in the suite: parameters = "{file.name}"'
    )


def _search(plan: TuningPlan, store: Store, executor: Executor) -> None:
    """Run what the searches ask for, until all have ended."""
    screen = open_screen(stderr=True)
    rows = {row["key"]: row for row in store.rows("runs") if row["status"] != "unavailable"}
    screen.say(
        f"{len(plan.searches)} searches of {plan.table.trials} settings on {len(plan.problems)} problems; "
        f"{count_runs(len(rows))} done before; results go to {store.folder}"
    )
    with progress_bars(screen) as bars:
        truths = truths_of(plan.problems, store, bars)
        _check_known(plan, truths)
        for search in plan.searches:
            search.tell = _Teller(search, bars, bars.add_task(str(search), total=plan.table.trials + 1), screen)
        searching = Searching(plan.searches, plan.table, rows)

        def more(cell: Cell, outcome: Outcome) -> list[Cell]:
            return searching.after(cell, vars(outcome))

        limits = plan.planned.suite.limits
        for _ in Campaign(store, limits, truths, executor=executor, more=more).run(searching.first()):
            pass


def _check_known(plan: TuningPlan, truths: dict[str, Truth | None]) -> None:
    for problem in plan.problems:
        if truths.get(problem.hash) is None:
            raise InputError(
                f"{problem.name}: no optimum is known, so that nothing can be tuned on it; take a smaller problem, or "
                "one that was planted without noise."
            )


MAX_NAMES = 5
"""Problems that a line names."""


def _compare(path: Path, results: Path) -> None:
    """Print a row per pair with tuned parameters: both ERTs, and the factor between them."""
    suite = read_suite(path)
    clock = suite.tune.clock if suite.tune else "seconds"
    with open_results(results) as found:
        compared = tuned_against_default(plan(suite, path.parent), found.runs(), clock)
    unit = "s" if clock == "seconds" else clock
    erts = (f"default ERT [{unit}]", f"tuned ERT [{unit}]")
    headings = ("solver", "formulation", "default solved", "tuned solved", *erts, "tuned ÷ default", "p", "parameters")
    rows = [
        (
            row["solver"],
            row["formulation"],
            f"{row['default_solved']}/{row['problems']}",
            f"{row['tuned_solved']}/{row['problems']}",
            plain(row["default_ert"]),
            plain(row["tuned_ert"]),
            " ".join(texts(row["factor"], row["low"], row["high"], "log")).strip(),
            plain(row["p"]),
            row["tuned"],
        )
        for row in compared.to_dict("records")
    ]
    screen = open_screen()
    print_rows(rows, headings, screen, numbers=headings[2:-1])
    for row in compared.to_dict("records"):
        if row["left_out"]:
            shown = ", ".join(row["left_out"][:MAX_NAMES])
            more = f" and {len(row['left_out']) - MAX_NAMES} more" if len(row["left_out"]) > MAX_NAMES else ""
            screen.say(
                f"{row['solver']} on {row['formulation']}: left out, as it was not run there with both settings: "
                f"{shown}{more}."
            )
    for pair in read_tuned(path.parent / suite.parameters).pairs if suite.parameters else ():
        if not pair.solver_parameters and not pair.formulation_parameters:
            screen.say(
                f"{pair.solver} on {pair.formulation or 'the network'}: no setting was better than the defaults, of "
                f"{pair.trials} settings in {pair.seconds:.0f} s of runs."
            )
    screen.say(
        "solved: problems, of those that both met; ERT: the median over problems; tuned ÷ default: the middle of the "
        "paired factors (Hodges–Lehmann), with its 95 % interval over problems (none below 6); "
        "p: Wilcoxon's signed-rank test."
    )


@dataclass(frozen=True)
class _Teller:
    """The progress of a search: a bar on a terminal, lines elsewhere."""

    search: Search
    bars: Progress
    bar: TaskID
    screen: Screen

    def __call__(self, text: str) -> None:
        self.bars.advance(self.bar)
        if not self.screen.is_terminal:
            self.screen.say(f"{self.search}: {text}")


def _print(tuned: TunedFile, screen: Screen) -> None:
    """Print a row per pair: the defaults, what was found, and what the search has cost."""
    measure, _, unit = tuned.objective.partition(" in ")
    unit = "s" if unit == "seconds" else unit
    values = (f"default {measure.upper()} [{unit}]", f"tuned {measure.upper()} [{unit}]")
    costs = ("settings", "pruned", "runs", "cost [s]")
    rows = [
        (
            pair.solver,
            pair.formulation or "any",
            plain(pair.default_value),
            plain(pair.value),
            ", ".join(f"{k}={v}" for k, v in (pair.formulation_parameters | pair.solver_parameters).items())
            or "the defaults",
            *map(str, (pair.trials, pair.pruned, pair.runs)),
            f"{pair.seconds:.1f}",
        )
        for pair in tuned.pairs
    ]
    print_rows(rows, ("solver", "formulation", *values, "parameters", *costs), screen, numbers=(*values, *costs))
