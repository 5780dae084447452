"""Findings: what a store shows, a sentence each, computed from its rows and nothing else."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from bnnbench.figures.evidence import Evidence
from bnnbench.metrics import TOLERANCE, compare_all, cost_table, success_probability
from bnnbench.metrics.censoring import numbers

CERTIFIED = ("exhaustive", "attained", "proved")
FAILED = ("timeout", "memory", "crash", "error")
LEAST_PROBLEMS = 6
"""Fewer pairs cannot reach p < 0.05 in a two-sided Wilcoxon test."""
ALPHA = 0.05


def findings(evidence: Evidence) -> list[str]:
    """Sentences, the most important first; one that says so if there are no runs."""
    if evidence.runs.empty:
        return [f"{evidence.name} holds no runs yet."]
    parts = (_asked, _best, _random_floor, _significance, _formulations, _failures, _flags, _truths)
    return [sentence for part in parts for sentence in part(evidence)]


def _asked(evidence: Evidence) -> Iterator[str]:
    asked, runs = evidence.asked, evidence.runs
    if asked.empty:
        yield f"None of the {count(len(runs), 'run')} was asked: every solver refused or is unavailable."
        return
    yield (
        f"{count(asked['solver'].nunique(), 'solver')} on {count(asked['problem'].nunique(), 'problem')} in "
        f"{count(asked['formulation'].nunique(), 'formulation')}: {count(len(asked), 'run')}, of which "
        f"{int((asked['status'] == 'ok').sum())} came to their end."
    )


def _best(evidence: Evidence) -> Iterator[str]:
    """Who reaches a certified optimum most often, by the share of runs, with its interval."""
    certified = (
        evidence.asked[lambda runs: runs["truth_kind"].isin(CERTIFIED)] if len(evidence.asked) else evidence.asked
    )
    if certified.empty:
        yield "No run has a certified optimum, so that nothing can be said of who reaches it."
        return
    solved = (certified["status"] == "ok") & (numbers(certified["loss_gap"]) <= TOLERANCE)
    if not solved.any():
        yield "No solver reached the certified optimum in any run."
        return
    # Shares compare only over the same instances.
    instances = certified.groupby("solver")["instance_hash"].nunique()
    compared = instances.index[instances == instances.max()]
    among = certified["solver"].isin(compared)
    table = solved[among].groupby(certified["solver"][among]).agg(["sum", "size"])
    share = table["sum"] / table["size"]
    winners = share.index[share == share.max()].tolist()
    rest = (
        "" if len(compared) == len(instances) else f", of {len(compared)} solvers that were asked on as many instances"
    )
    if len(winners) == 1:
        number, total = (int(table.loc[winners[0], name]) for name in ("sum", "size"))
        _, low, high = success_probability(number, total)
        others = share.drop(winners).sort_values(ascending=False)
        next_best = f"; next is {others.index[0]} with {others.iloc[0]:.0%}" if len(others) else ""
        yield (
            f"{winners[0]} reaches the certified optimum most often{rest}: in {number} of {count(total, 'run')} "
            f"({share.max():.0%}, 95 % interval {low:.0%} to {high:.0%}){next_best}."
        )
    else:
        most = f"in {share.max():.0%} of their runs each"
        yield f"{listed(winners)} reach the certified optimum most often{rest}: {most}."
    overall = solved.groupby(certified["solver"]).any()
    never = overall.index[~overall].tolist()
    if never:
        yield f"{listed(never)} never {'reaches' if len(never) == 1 else 'reach'} the certified optimum."
    times = numbers(certified["time_to_target_s"]).where(solved, math.inf)[among]
    medians = times.groupby(certified["solver"][among]).median()
    if np.isfinite(medians.min()):
        yield f"{medians.idxmin()} is the fastest to it{rest}: a median of {medians.min():.2g} s of sampling per run."


def _random_floor(evidence: Evidence) -> Iterator[str]:
    """Who is never better than random weights with the same budget; where random is optimal, nobody can be."""
    asked = evidence.asked
    known = asked[asked["optimum"].notna()] if len(asked) else asked
    if known.empty:
        return
    costs = cost_table(known, "loss_gap")
    floors = [name for name in costs if str(name).split(",")[0].split("[")[0] == "random"]
    if not floors:
        yield "No run samples at random, so that there is no floor to compare with; add the solver random."
        return
    floor = costs[floors].min(axis=1)
    hard = costs[floor > TOLERANCE].drop(columns=floors)
    easy = int((floor <= TOLERANCE).sum())
    if easy:
        yield (
            f"Random weights alone reach the optimum on {easy} of {int(floor.notna().sum())} pairs of problem and "
            "formulation: there the best of many reads tells no solvers apart; compare their mean reads."
        )
    hard = hard.dropna(axis="columns", how="all")
    if hard.empty:
        return
    beaten = hard.lt(floor[hard.index], axis=0).any()
    never = [str(name) for name in beaten.index[~beaten]]
    if never:
        verb = "is" if len(never) == 1 else "are"
        yield f"{listed(never)} {verb} never better than random weights where those miss the optimum."
    else:
        yield "Every solver is better than random weights somewhere."


def _significance(evidence: Evidence) -> Iterator[str]:
    """The pairs whose loss gaps differ by more than chance, over problems; corrected for the number of pairs."""
    asked = evidence.asked
    known = asked[asked["optimum"].notna()] if len(asked) else asked
    if known.empty or known["problem"].nunique() < LEAST_PROBLEMS:
        return
    for name, rows in known.groupby("formulation"):
        table = compare_all(cost_table(rows, "loss_gap", rows=("problem",)))
        clear = table[table["p_holm"] < ALPHA].sort_values("p_holm", kind="stable")
        if len(clear):
            row = clear.iloc[0]
            better, worse = ("first", "second") if row["first_better"] > row["second_better"] else ("second", "first")
            yield (
                f"On {name}, loss gaps differ by more than chance in {len(clear)} of {count(len(table), 'pair')} of "
                f"solvers; most clearly, {row[better]} is better than {row[worse]} (Wilcoxon over {row['problems']} "
                f"problems, Holm-corrected p = {row['p_holm']:.2g})."
            )
        elif len(table):
            yield f"On {name}, no pair of solvers differs in loss gap by more than chance (Wilcoxon, Holm-corrected)."


def _formulations(evidence: Evidence) -> Iterator[str]:
    asked = evidence.asked
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


def _failures(evidence: Evidence) -> Iterator[str]:
    runs = evidence.runs
    failed = runs[runs["status"].isin(FAILED)]
    if len(failed):
        groups = Counter(zip(failed["solver"], failed["status"], strict=True)).most_common()
        parts = [f"{solver} ({number} {status})" for (solver, status), number in groups]
        yield f"{count(len(failed), 'run')} failed: {shortened(parts)}."
    else:
        yield "No run failed."
    for status, text in (("refused", "did not apply to some instances"), ("unavailable", "could not be run here")):
        names = sorted(runs.loc[runs["status"] == status, "solver"].unique())
        if names:
            yield f"{listed(names)} {text}; such runs are in no statistic."


def _flags(evidence: Evidence) -> Iterator[str]:
    flagged = evidence.runs[evidence.runs["flag_texts"].fillna("") != ""]
    if flagged.empty:
        yield "No run is flagged: no claim of a solver was found false, and no budget was overrun."
    else:
        yield (
            f"{count(len(flagged), 'run')} {'is' if len(flagged) == 1 else 'are'} flagged, of "
            f"{listed(sorted(flagged['solver'].unique()))}; see Flags."
        )


def _truths(evidence: Evidence) -> Iterator[str]:
    certified = sum(truth.is_certified for truth in evidence.truths.values())
    total = len(evidence.problems)
    yield f"The optimum is certified for {certified} of {count(total, 'problem')}."
    missing = [problem.name for key, problem in evidence.problems.items() if key not in evidence.truths]
    if missing:
        yield f"No optimum is known for {shortened(missing)}: there are no gaps."


def count(number: int, noun: str) -> str:
    """A number of things in words."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(names: Sequence[str]) -> str:
    """A, B and C."""
    return str(names[0]) if len(names) == 1 else f"{', '.join(map(str, names[:-1]))} and {names[-1]}"


def shortened(names: Sequence[str], most: int = 5) -> str:
    """A, B and C, or the first few and how many more."""
    return listed(names) if len(names) <= most else f"{', '.join(names[:most])} and {len(names) - most} more"
