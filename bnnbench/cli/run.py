"""The verb that runs a suite."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnnbench.cli._campaign import all_failed, results_folder, resumable, run_campaign
from bnnbench.cli._forecast import print_forecast
from bnnbench.cli._options import Account, Dask, Jobs, Names, Queue, Slurm, Tls, Untimed, not_a_dash
from bnnbench.cli._place import Place
from bnnbench.cli._screen import announce_planning, count_runs, open_screen, patiently
from bnnbench.cli.show import show
from bnnbench.errors import CheckError, StoreError, as_word
from bnnbench.store.store import Retry, open_store
from bnnbench.suite.file import read_suite, suite_path
from bnnbench.suite.planning import plan
from bnnbench.suite.selection import Overrides, select
from bnnbench.suite.toml_file import toml_text


def run(
    suite: Annotated[str, typer.Argument(help="Name of a suite (see `bnnbench list suites`), or a TOML file.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            callback=not_a_dash,
            help="Folder of results; default: results/SUITE, or results/SUITE-new beside published ones.",
        ),
    ] = None,
    solver: Annotated[
        Names, typer.Option(help="Run this solver only: a name or a .py file, in the suite or not; repeatable.")
    ] = None,
    problem: Annotated[
        Names, typer.Option(help="Run this problem family only: a name or a .py file, in the suite or not; repeatable.")
    ] = None,
    formulation: Annotated[
        Names, typer.Option(help="Use this formulation only, in the suite or not; repeatable.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Change the suite's seconds of sampling per run.")] = None,
    reads: Annotated[int | None, typer.Option(help="Change the suite's reads per run.")] = None,
    target: Annotated[
        float | None, typer.Option(help="End a run at the first loss so much above the optimum; 0: at the optimum.")
    ] = None,
    repetitions: Annotated[int | None, typer.Option(help="Change the suite's repetitions.", min=1)] = None,
    jobs: Jobs = 1,
    retry: Annotated[
        list[Retry] | None, typer.Option(help="Run cells again that failed, or that are flagged; repeatable.")
    ] = None,
    untimed: Untimed = False,
    dask: Dask = None,
    slurm: Slurm = False,
    account: Account = None,
    queue: Queue = None,
    tls: Tls = None,
    max_qpu_seconds: Annotated[
        float | None, typer.Option(help="Start no run once all runs have used so many seconds of a QPU.", min=0)
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Print a line per run on a terminal too, as it ends.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would run, what not, why, and for how long; run nothing.")
    ] = False,
) -> None:
    """Run a suite, or resume it, and print the table of its results."""
    path = suite_path(suite)
    place = Place(jobs=jobs, dask=dask, slurm=slurm, account=account, queue=queue, tls=tls, untimed=untimed)
    overrides = Overrides(
        solvers=solver or (),
        problems=problem or (),
        formulations=formulation or (),
        seconds=seconds,
        reads=reads,
        target=target,
        repetitions=repetitions,
    )
    planned = plan(select(read_suite(path), overrides), path.parent)
    folder = results_folder(path, out)
    place.check(planned)
    announce_planning(planned.num_cells)
    if dry_run:
        with patiently(open_screen(stderr=True), "looking through the runs"):
            print_forecast(planned, folder, jobs=place.runs_at_a_time(planned), retry=retry or ())
        return
    with resumable(), open_store(folder) as store, place.executor(planned) as executor:
        store.add_suite(path.name, toml_text(path, "suite file"))
        cells = run_campaign(
            planned, store, executor, retry=retry or (), max_qpu_seconds=max_qpu_seconds, follow=follow
        )
        is_vain = all_failed(cells, store)
        is_renamed = store.home is not None and store.home.is_renamed
    if is_renamed:
        raise StoreError(
            f"{folder} was renamed while its runs went on; all {count_runs(len(cells))} are kept where it is now; see "
            "bnnbench show there."
        )
    show(folder)
    screen = open_screen(stderr=True)
    word = as_word(folder)
    screen.say(f"see: bnnbench report {word}")
    screen.say(f"then: bnnbench verify {word}; bnnbench export {word} --to latex; bnnbench figure {word} NAME -o FILE")
    if is_vain:
        raise CheckError(
            f"every run of {path.name} that could begin failed; see above, and bnnbench report {word} for their logs."
        )
