"""Run a suite from Python, as the command ``bnnbench run`` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bnnbench.api.results import Results
from bnnbench.cli._campaign import results_folder, run_campaign
from bnnbench.cli._place import Place
from bnnbench.store.store import open_store
from bnnbench.suite.file import read_suite, suite_path
from bnnbench.suite.planning import plan
from bnnbench.suite.selection import Overrides, select
from bnnbench.suite.toml_file import toml_text


def run_suite(
    suite: str | Path,
    *,
    out: str | Path | None = None,
    jobs: int = 1,
    solvers: Sequence[str] = (),
    problems: Sequence[str] = (),
    formulations: Sequence[str] = (),
    seconds: float | None = None,
    reads: int | None = None,
) -> Results:
    """Run a suite, or what is missing of it, and return its results. Progress goes to standard error.

    Parameters
    ----------
    suite
        Name of a suite, or the path of a TOML file.
    out
        Folder of the results; None: ``results/SUITE``.
    jobs
        Runs at a time, each on cores of its own.
    solvers, problems, formulations
        Only these, in the suite or not, such as ``"tabu[num_restarts=4]"`` or ``"./mine.py"``; empty: the suite's.
    seconds, reads
        Budget of each run in place of the suite's.

    Raises
    ------
    BnnbenchError
        As the command line has it, with the same sentence. Runs that fail are rows, not errors.
    """
    path = suite_path(str(suite))
    place = Place(jobs=jobs, dask=None, slurm=False, tls=None, untimed=False)
    overrides = Overrides(solvers=solvers, problems=problems, formulations=formulations, seconds=seconds, reads=reads)
    planned = plan(select(read_suite(path), overrides), path.parent)
    place.check(planned)
    folder = results_folder(path, Path(out) if out is not None else None)
    with open_store(folder) as store, place.executor(planned) as executor:
        store.add_suite(path.name, toml_text(path, "suite file"))
        run_campaign(planned, store, executor)
    return Results(folder)
