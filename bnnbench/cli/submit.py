"""The verb that packs results for others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnnbench.cli._findings import print_findings
from bnnbench.cli._options import Results, not_a_dash
from bnnbench.cli._screen import count_runs, open_screen, progress_bars
from bnnbench.errors import CheckError, InputError, as_word
from bnnbench.store.file import PUBLISHED
from bnnbench.store.output import write_folder
from bnnbench.store.parquet import to_parquet
from bnnbench.store.published import published_files
from bnnbench.store.store import read_store
from bnnbench.store.verify import Tally
from bnnbench.tables import make_table, stamped

TABLES = ("summary", "environment")


def submit(
    results: Results,
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", callback=not_a_dash, help="Folder to write, such as results/NAME.")
    ],
    check_seconds: Annotated[
        float, typer.Option(help="How long CP-SAT may try to refute each optimum, in seconds; 0: not at all.", min=0)
    ] = 0,
) -> None:
    """Verify results, and pack them into a folder for a pull request: rows, traces, best samples, tables."""
    if output.resolve() == results.resolve():
        raise InputError(f"{output} holds the results themselves; give another folder with -o.")
    screen, bar, tally = open_screen(), progress_bars(open_screen(stderr=True)), Tally()
    with read_store(results) as store, bar:
        findings = print_findings(store, screen, bar, check_seconds=check_seconds, tally=tally)
        if findings:
            raise CheckError(f"{results}: {len(findings)} findings, see above; nothing was written.")
        files = published_files(store) | {PUBLISHED: to_parquet(store.runs(), store.machines())}
        for kind in TABLES:
            files[f"{kind}.md"] = stamped(make_table(store, kind, output.resolve().name), "markdown", ".")
    write_folder(output, files)
    size = sum(map(len, files.values()))
    screen.say(f"{output}: {count_runs(tally.num_runs)}, {size / 1e6:.2f} MB. See: bnnbench verify {as_word(output)}")
