"""The verb that puts results beside others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from bnnbench.cli._screen import open_screen
from bnnbench.errors import InputError, UnknownNameError, as_word
from bnnbench.metrics import SUMMARY
from bnnbench.metrics.comparison import (
    EFFECT,
    FEWEST,
    GAINS,
    compare_runs,
    is_ratio,
    needs_optimum,
    other_references,
)
from bnnbench.metrics.running_time import ERTS
from bnnbench.store.columns import BUDGET, RUN_COLUMNS, budget_texts
from bnnbench.store.parquet import name_of, open_results
from bnnbench.tables.rounding import DASH, plain, texts
from bnnbench.tables.sheet import Field, print_sheet


def compare(
    results: Annotated[Path, typer.Argument(help="Folder of results, such as results/mine.")],
    other: Annotated[Path, typer.Argument(help="Results to compare with, such as results/paper, or a runs.parquet.")],
    *,
    by: Annotated[
        str,
        typer.Option(
            help="What is compared: ert_s, ert_1_percent_s, ert_evaluations, mean_loss_gap, or a column of numbers, "
            "see docs/columns.md."
        ),
    ] = "ert_s",
) -> None:
    """Compare with other results on the problems that both have, with significance."""
    if results.resolve() == other.resolve():
        raise InputError(
            f"{results} and {other} are the same results; give others, such as the runs.parquet of that folder."
        )
    names = [name_of(results), name_of(other)]
    if names[0] == names[1]:
        names = [f"{names[0]}, first", f"{names[1]}, second"]
    runs = dict(zip(names, map(_read, (results, other)), strict=True))
    title = _title(by, runs)
    compared = compare_runs(runs[names[0]], runs[names[1]], by)
    screen = open_screen()
    print_sheet(
        _fields(compared, names, title, by), screen, bold=[list(KEYS) if p <= ALPHA else [] for p in compared["p_holm"]]
    )
    told = references(runs) if needs_optimum(by) else ()
    for line in (*_test(compared, by), *_few(compared), *_reads(compared), *told, *_circumstances(runs)):
        screen.print(line)


def _read(folder: Path) -> pd.DataFrame:
    with open_results(folder) as found:
        runs = found.runs()
    if runs.empty:
        raise InputError(f"{folder} holds no runs yet; run: bnnbench run SUITE --out {as_word(folder)}")
    return runs


def _title(by: str, runs: Mapping[str, pd.DataFrame]) -> str:
    """Return the heading of a column, which both results have to have."""
    titles = {column.name: column.title for column in SUMMARY if column.name in (*ERTS, "mean_loss_gap")}
    titles |= {
        c.name: c.title if c.header else f"{c.name} [{c.unit}]" if c.unit else c.name
        for c in RUN_COLUMNS
        if c.is_number
    }
    for name in set.intersection(*(set(map(str, frame)) for frame in runs.values())) - set(titles):
        if all(pd.api.types.is_numeric_dtype(frame[name]) for frame in runs.values()):  # such as those of facts
            titles[name] = name
    if by not in titles:
        raise UnknownNameError("column of numbers", by, sorted(titles))
    return titles[by]


def _fields(compared: pd.DataFrame, names: Sequence[str], title: str, by: str) -> dict[str, Field]:
    medians = [f"median {title} ({name})" for name in names]
    headers = [
        "formulation",
        *names,
        "problems",
        *medians,
        *(f"better: {name}" for name in names),
        "equal",
        f"{names[0]} {'÷' if is_ratio(by) else '−'} {names[1]}",
        "p",
        "p (Holm)",
    ]
    is_small = compared["problems"] < FEWEST
    effects = [_interval(*row) for row in compared[list(EFFECT)].to_numpy(dtype=float)]
    shown = compared.assign(p=compared["p"].mask(is_small), effect=pd.Series(effects).mask(is_small, DASH))
    cells = {key: list(map(_text, shown[key])) for key in KEYS}
    # With too few problems effect and p say nothing, and a line below says why.
    ranks = {key: 0 for key, texts in cells.items() if set(texts) == {DASH}} | RANKS
    return {
        key: Field(header, cells[key], is_text=place < 3, rank=ranks.get(key))
        for place, (key, header) in enumerate(zip(KEYS, headers, strict=True))
    }


def _text(value: float | str) -> str:
    if isinstance(value, float):
        return DASH if pd.isna(value) else f"−{plain(-value)}" if value < 0 else plain(value)
    return str(value)


def _interval(value: float, low: float, high: float) -> str:
    number, ends = texts(value, low, high)
    return f"{number} {ends}".strip()


def _test(compared: pd.DataFrame, by: str) -> Iterator[str]:
    num_tests = int(compared["p_holm"].notna().sum())
    if num_tests:
        cost = COSTS.get(by, "the median over repetitions, failed runs infinitely bad")
        yield (
            f"{'More' if by in GAINS else 'Less'} is better. Wilcoxon's signed-rank test over distinct problems, "
            f"two-sided, exact up to 100 problems; a problem's value is {cost}. Bold: p corrected by Holm for "
            f"{num_tests} {'comparison' if num_tests == 1 else 'comparisons'} is at most {ALPHA}. "
            f"{'÷' if is_ratio(by) else '−'}: the middle of the paired {'factors' if is_ratio(by) else 'differences'} "
            "(Hodges–Lehmann), with its 95 % interval over problems."
        )


def _few(compared: pd.DataFrame) -> Iterator[str]:
    """Yield one line that names the formulations with too few problems to say anything."""
    least = compared.groupby("formulation", sort=False)["problems"].max()
    few = least[least < FEWEST]
    if len(few):
        shown = ", ".join(f"{number} on {name}" for name, number in few.items())
        yield f"Too few distinct problems to tell solvers apart ({FEWEST} are needed): {shown}."


def _reads(compared: pd.DataFrame) -> Iterator[str]:
    """Yield a line that says what the solvers read of an instance, as far as it is known."""
    pairs = dict.fromkeys(zip(compared["first"], compared["second"], compared["works_on"], strict=True))
    told = [f"{first if first == second else f'{first} and {second}'} {text}" for first, second, text in pairs if text]
    if told:
        yield f"Work on: {'; '.join(told)}."


def references(runs: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Yield one line each for problems that count from different losses, and for those that count from no optimum."""
    (one, first), (other, second) = runs.items()
    differing = other_references(first, second)
    if len(differing):
        losses = differing[["first", "second"]].to_numpy(dtype=float).tolist()
        rows = [
            f"{problem} ({plain(its)} in {one}, {plain(that)} in {other})"
            for problem, (its, that) in zip(differing["problem"], losses, strict=True)
        ]
        yield (
            f"Left out, as their best known losses differ: {', '.join(rows[:3])}{' …' if len(rows) > 3 else ''}. "
            "bnnbench merge measures all runs against the better one."
        )
    both = set(first["problem_hash"]) & set(second["problem_hash"]) - set(differing.index)
    is_uncertain = first["problem_hash"].isin(both) & (first["truth_kind"] == "best_known")
    num = first.loc[is_uncertain, "problem_hash"].nunique()
    if num:
        yield f"{num} of the problems {'counts' if num == 1 else 'count'} from a best known loss, not from an optimum."


def _circumstances(runs: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Yield a line each for budgets, machines and versions that are not the same in both results."""
    for what, of in {"Budgets": _budgets, "Machines": _machines, "Versions": _versions}.items():
        first, second = ({name: of(frame) for name, frame in runs.items()}).values()
        if first != second:
            shown = [f"{name}: {', '.join(sorted(texts - (first & second))) or 'none of its own'}"
                     for name, texts in zip(runs, (first, second), strict=True)]  # fmt: skip
            yield f"{what} differ. {'; '.join(shown)}."


def _budgets(runs: pd.DataFrame) -> set[str]:
    return set(budget_texts(runs[list(BUDGET)].drop_duplicates()))


def _machines(runs: pd.DataFrame) -> set[str]:
    return set(map(str, runs["cpu"].dropna()))


def _versions(runs: pd.DataFrame) -> set[str]:
    of_solvers = Counter(pair for text in runs["versions"].unique() for pair in json.loads(text).items())
    return {f"{name} {version:.9}" for name, version in of_solvers} | {
        f"bnnbench {version}" for version in runs["bnnbench_version"].dropna()
    }


KEYS = (
    "formulation", "first", "second", "problems", "first_median", "second_median", "first_better",
    "second_better", "equal", "effect", "p", "p_holm",
)  # fmt: skip
COSTS = {
    name: f"the expected {'time' if measure.limit else 'evaluations'} to "
    f"{f'{measure.percent:g} % of the samples above the optimum' if measure.percent else 'the optimum'} with restarts"
    f"{' and preparation' if measure.before else ''}, infinite without a success"
    for name, measure in ERTS.items()
}
"""Values that are no medians over repetitions."""
RANKS = {"equal": 10, "p": 20, "first_better": 30, "second_better": 31, "problems": 40}
"""Columns that a narrow table does without, the least rank first."""
ALPHA = 0.05
"""Level of significance, of the whole table."""
