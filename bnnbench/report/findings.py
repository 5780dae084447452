"""Findings: what a store shows, a sentence each, computed from its rows and nothing else."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import pandas as pd

from bnnbench.charts.plot_data import PlotData
from bnnbench.metrics import compare_all, cost_table, holm, is_floor, pooled_share
from bnnbench.metrics.censoring import numbers
from bnnbench.metrics.labels import entrants
from bnnbench.metrics.over_problems import problem_key
from bnnbench.store.answers import SAME

CERTIFIED = ("exhaustive", "attained", "proved")
FAILED = ("timeout", "memory", "crash", "error")
ALPHA = 0.05


def findings(data: PlotData) -> list[str]:
    """Return sentences, the most important first; one that says so if there are no runs."""
    if data.runs.empty:
        return [f"{data.name} holds no runs yet."]
    parts = (_asked, _best, _random_floor, _significance, _formulations, _failures, _flags, _truths)
    return [sentence for part in parts for sentence in part(data)]


def certified_runs(data: PlotData) -> pd.DataFrame:
    """Return the runs that were asked and whose optimum is proved."""
    return data.asked[data.asked["truth_kind"].isin(CERTIFIED)] if len(data.asked) else data.asked


def _asked(data: PlotData) -> Iterator[str]:
    asked, runs = data.asked, data.runs
    if asked.empty:
        yield f"None of the {count(len(runs), 'run')} was asked: every solver refused or is unavailable."
        return
    yield (
        f"{count(asked['solver'].nunique(), 'solver')} on {count(asked['problem'].nunique(), 'problem')} in "
        f"{count(asked['formulation'].nunique(), 'formulation')}: {count(len(asked), 'run')}, of which "
        f"{int((asked['status'] == 'ok').sum())} came to their end."
    )


def _best(data: PlotData) -> Iterator[str]:
    """Yield who reaches a certified optimum most often, by the share of runs, with its interval."""
    certified = certified_runs(data)
    if certified.empty:
        yield "No run has a certified optimum, so that nothing can be said of who reaches it."
        return
    solved = (certified["status"] == "ok") & (numbers(certified["loss_gap"]) <= 0)
    if not solved.any():
        yield "No solver reached the certified optimum in any run."
        return
    problem, entrant = problem_key(certified), entrants(certified).rename("entrant")
    compared = on_the_same_problems(entrant, certified[problem])
    is_everybody = len(compared) == entrant.nunique()
    rest = "" if is_everybody else f", of {len(compared)} that were asked on the same problems"
    among = entrant.isin(compared)
    keys = [entrant[among], certified[problem][among]]
    # A mean over problems: where some were run more often than others, pooled runs can turn the order around.
    cells = solved[among].groupby(keys).agg(["sum", "size"])
    share = (cells["sum"] / cells["size"]).groupby("entrant").mean()
    winners = share.index[share >= share.max() * (1 - SAME)].tolist()  # means of fractions are rounded
    over = count(certified[problem][among].nunique(), "problem")
    if len(winners) == 1:
        own = cells.loc[winners[0]]
        interval = ""
        if (own["size"] == own["size"].iloc[0]).all():
            _, low, high = pooled_share(*own[["sum", "size"]].to_numpy(dtype=float).T)
            interval = f", 95 % interval {low:.0%} to {high:.0%}"
        others = share.drop(winners).sort_values(ascending=False)
        next_best = f"; next is {others.index[0]} with {others.iloc[0]:.0%}" if len(others) else ""
        yield (
            f"{winners[0]} reaches the certified optimum most often{rest}: in {share.max():.0%} of its runs{interval}, "
            f"over {over}{next_best}."
        )
    else:
        most = f"in {share.max():.0%} of their runs each, over {over}"
        yield f"{shortened(winners)} reach the certified optimum most often{rest}: {most}."
    overall = solved.groupby(certified["solver"]).any()
    never = overall.index[~overall].tolist()
    if never:
        yield f"{listed(never)} never {'reaches' if len(never) == 1 else 'reach'} the certified optimum."


def on_the_same_problems(entrant: pd.Series, problems: pd.Series) -> list[str]:
    """Return entrants whose shares compare: asked on one set of problems, the largest, or that of most entrants."""
    sets = problems.groupby(entrant).agg(frozenset)
    together = Counter(sets)
    chosen = max(together, key=lambda found: (len(found), together[found]))
    return [str(name) for name, found in sets.items() if found == chosen]


def _random_floor(data: PlotData) -> Iterator[str]:
    """Yield who is never better than random weights with the same budget, except where random is optimal."""
    asked = data.asked
    known = asked[asked["optimum"].notna()] if len(asked) else asked
    if known.empty:
        return
    known = known.assign(solver=entrants(known))
    costs = cost_table(known, "loss_gap", rows=(problem_key(known),))
    floors = [name for name in costs if name in set(known.loc[is_floor(known), "solver"])]
    if not floors:
        yield "No run samples at random, so that there is no floor to compare with; add the solver random."
        return
    floor = costs[floors].min(axis=1)
    hard = costs[(floor > 0) & (floor < math.inf)].drop(columns=floors)
    easy = int((floor <= 0).sum())
    if easy:
        yield (
            f"Random weights alone reach the optimum on {easy} of {count(int(floor.notna().sum()), 'problem')}: there "
            "the best of many reads tells no solvers apart; compare their mean reads."
        )
    hard = hard.dropna(axis="columns", how="all")
    if hard.empty:
        return
    beaten = hard.lt(floor[hard.index], axis=0).any()
    never = [str(name) for name in beaten.index[~beaten]]
    if never:
        verb = "is" if len(never) == 1 else "are"
        yield f"{listed(never)} {verb} never better than random weights where those miss the optimum."


def _significance(data: PlotData) -> Iterator[str]:
    """Yield the pairs whose loss gaps differ by more than chance over problems, corrected for all pairs on the page."""
    asked = data.asked
    known = asked[asked["optimum"].notna()] if len(asked) else asked
    if known.empty:
        return
    parts = {str(name): _pairs(rows) for name, rows in known.groupby("formulation")}
    num_pairs = sum(map(len, parts.values()))
    if not num_pairs:
        return
    corrected = iter(holm(pd.concat([table["p"] for table in parts.values()], ignore_index=True)))
    unclear = []
    for name, table in parts.items():
        tested = table.assign(p_holm=[next(corrected) for _ in range(len(table))])
        clear = tested[tested["p_holm"] < ALPHA].sort_values("p_holm", kind="stable")
        if len(clear):
            row = clear.iloc[0]
            worse = row["second"] if row["favors"] == row["first"] else row["first"]
            yield (
                f"On {name}, loss gaps differ by more than chance in {len(clear)} of {count(len(tested), 'pair')} of "
                f"solvers; most clearly, {row['favors']} is better than {worse} (Wilcoxon over {row['problems']} "
                f"problems, p = {row['p_holm']:.2g} after Holm's correction for {count(num_pairs, 'pair')})."
            )
        elif len(tested):
            unclear.append(name)
    if unclear:
        most = int(max(table["problems"].max() for name, table in parts.items() if name in unclear))
        where = "" if len(unclear) == len(parts) else f" on {listed(unclear)}"
        if num_pairs * 2.0 ** (1 - most) >= ALPHA:
            few = f"{count(most, 'problem')} {'is' if most == 1 else 'are'} too few"
            yield f"{few} to tell solvers apart by loss gap{where}."
        else:
            yield f"No difference in loss gap was found between solvers{where} (Wilcoxon, Holm-corrected)."


def _pairs(runs: pd.DataFrame) -> pd.DataFrame:
    return compare_all(cost_table(runs, "loss_gap", rows=("problem",)))


def _formulations(data: PlotData) -> Iterator[str]:
    asked = data.asked
    if asked.empty:
        return
    sizes = asked.dropna(subset=["num_variables"]).groupby("formulation")["num_variables"].median().to_dict()
    least, most = min(sizes.values(), default=0), max(sizes.values(), default=0)
    if least < most:
        small, large = (shortened([str(n) for n, size in sizes.items() if size == end]) for end in (least, most))
        yield f"Fewest variables: {small}, {least:.0f} in the median; most: {large}, {most:.0f}."
    broken = asked.assign(violations=numbers(asked["violations"])).groupby(["solver", "formulation"], as_index=False)
    medians = broken["violations"].median()
    if medians["violations"].max() > 0:
        solver, name, number = medians.loc[medians["violations"].idxmax(), ["solver", "formulation", "violations"]]
        yield (
            f"Most penalties are broken by the state of least energy of {solver} on {name}: {number:g} in the median."
        )


def _failures(data: PlotData) -> Iterator[str]:
    runs = data.runs
    failed = runs[runs["status"].isin(FAILED)]
    if len(failed):
        groups = Counter(zip(failed["solver"], failed["status"], strict=True)).most_common()
        parts = [f"{solver} ({number} {status})" for (solver, status), number in groups]
        yield f"{count(len(failed), 'run')} failed: {shortened(parts)}."
    for status, text in (("refused", "did not apply to some instances"), ("unavailable", "could not be run here")):
        names = sorted(runs.loc[runs["status"] == status, "solver"].unique())
        if names:
            yield f"{listed(names)} {text}; such runs are in no statistic."


def _flags(data: PlotData) -> Iterator[str]:
    flagged = data.runs[data.runs["flag_texts"].fillna("") != ""]
    if len(flagged):
        yield (
            f"{count(len(flagged), 'run')} {'is' if len(flagged) == 1 else 'are'} flagged, of "
            f"{listed(sorted(flagged['solver'].unique()))}; see Flags."
        )


def _truths(data: PlotData) -> Iterator[str]:
    certified = sum(truth.is_certified for truth in data.truths.values())
    total = len(data.problems)
    if certified < total:
        yield f"The optimum is certified for {certified} of {count(total, 'problem')}."
    missing = [problem.name for key, problem in data.problems.items() if key not in data.truths]
    if missing:
        yield f"No optimum is known for {shortened(missing)}: there are no gaps."


def count(number: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(names: Sequence[str]) -> str:
    """Join texts: A, B and C."""
    return str(names[0]) if len(names) == 1 else f"{', '.join(map(str, names[:-1]))} and {names[-1]}"


def shortened(names: Sequence[str], most: int = 5) -> str:
    """Join texts: A, B and C, or the first few and how many more."""
    return listed(names) if len(names) <= most else f"{', '.join(names[:most])} and {len(names) - most} more"
