"""Print how often each 95 % interval holds the truth on simulated runs: the table of docs/metrics.md.

Takes some minutes of one core: ``python tests/performance/print_coverage.py``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import binom

from bnnbench.metrics import median_interval, pooled_share, success_probability
from bnnbench.metrics.optimal import Costs, least_median
from bnnbench.metrics.paired import signed_rank_interval
from bnnbench.metrics.running_time import Spent, ert_draws, ert_interval
from bnnbench.metrics.scaling import fit_line

GENERATOR = np.random.default_rng(2026)
CHANCES = (0.05, 0.1, 0.2, 0.5, 0.9)


def of_one_problem(num_runs: int) -> str:
    """Share of solved runs of a problem, exactly: the least and the greatest coverage over probabilities."""
    counts, chances = np.arange(num_runs + 1), np.linspace(0.01, 0.99, 197)
    ends = np.array([success_probability(int(k), num_runs)[1:] for k in counts])
    weights = binom.pmf(counts[:, None], num_runs, chances)
    covered = (weights * ((ends[:, :1] <= chances) & (chances <= ends[:, 1:]))).sum(axis=0)
    return f"{covered.min():.1%} to {covered.max():.1%}, mean {covered.mean():.1%}"


def simulated_runs(num_runs: int, chance: float, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Times and successes of runs with a limit of 1 s; successes take 0.2 s times a log-normal factor."""
    times = np.minimum(0.2 * np.exp(spread * GENERATOR.normal(size=num_runs)), 1.0)
    is_success = GENERATOR.random(num_runs) < chance
    return np.where(is_success, times, 1.0), is_success


def running_time(num_runs: int, repeats: int = 1000) -> str:
    """ERT of a problem, over probabilities and spreads of times."""
    found = []
    for chance in CHANCES:
        for spread in (0.0, 1.0):
            times, is_success = simulated_runs(1_000_000, chance, spread)
            truth = times.sum() / is_success.sum()
            ends = (ert_interval(Spent(*simulated_runs(num_runs, chance, spread), 1.0)) for _ in range(repeats))
            found.append(np.mean([low <= truth <= high for _, low, high in ends]))
    return _range(found)


def share(num_problems: int, repeats: int = 3000) -> str:
    """Share of solved runs over problems whose hardness is shared by their runs."""
    shapes = ((0.5, 0.5), (1.0, 3.0), (2.0, 2.0), (0.3, 2.7))
    found = []
    for first, second in shapes:
        for num_runs in (1, 3, 5):
            chances = GENERATOR.beta(first, second, (repeats, num_problems))
            solved = GENERATOR.binomial(num_runs, chances).astype(float)
            truth, trials = first / (first + second), np.full(num_problems, float(num_runs))
            ends = (pooled_share(row, trials) for row in solved)
            found.append(np.mean([low <= truth <= high for _, low, high in ends]))
    return _range(found)


def median(num_problems: int, repeats: int = 3000) -> str:
    """Median over problems, normal or skewed."""
    draws: tuple[tuple[Callable[..., np.ndarray], float], ...] = (
        (GENERATOR.standard_normal, 0.0),
        (GENERATOR.standard_exponential, float(np.log(2))),
    )
    found = []
    for draw, truth in draws:
        import pandas as pd

        ends = (median_interval(pd.Series(draw(num_problems))) for _ in range(repeats))
        found.append(np.mean([low <= truth <= high for _, low, high in ends]))
    return _range(found)


def effect(num_problems: int, repeats: int = 1000) -> str:
    """Paired effect over problems: logarithms of ratios, normal or with heavy tails around 1."""
    found = []
    for heavy in (False, True):
        size = (repeats, num_problems)
        draws = 1 + (GENERATOR.standard_t(3, size) if heavy else GENERATOR.normal(size=size))
        ends = (signed_rank_interval(row) for row in draws)
        found.append(np.mean([low <= 1 <= high for _, low, high in ends]))
    return _range(found)


def best_setting(num_problems: int, repeats: int = 200) -> str:
    """Least ERT of settings that are alike, near or far apart, chosen after 10 runs of each on each problem."""
    found = []
    for factors in ((1.0,) * 5, (0.5, 0.55, 1.0), (1.0, 3.0, 9.0, 27.0)):
        held = 0
        for _ in range(repeats):
            hardness = np.exp(GENERATOR.normal(size=num_problems)) if num_problems > 1 else np.ones(1)
            low, high = least_median([setting(factor * hardness) for factor in factors])[1][1:]
            held += low <= min(factors) <= high
        found.append(held / repeats)
    return _range(found)


def exponent(per_size: int, runs: int, budget_s: float, spread: float, repeats: int = 200) -> str:
    """Exponent 0.2 of scaling at five sizes; hardness is log-normal, and a run ends at its success or its budget."""
    sizes, held, unsolved = np.repeat((11.0, 21.0, 31.0, 41.0, 51.0), per_size), [], []
    for _ in range(repeats):
        means = 2.0 ** (-6 + 0.2 * sizes + spread * GENERATOR.normal(size=len(sizes)))
        times = GENERATOR.exponential(means[:, None], (len(sizes), runs))
        successes = (times <= budget_s).sum(axis=1).astype(float)
        fit = fit_line(sizes, successes, np.minimum(times, budget_s).sum(axis=1))
        unsolved.append((successes == 0).mean())
        if fit is not None:
            held.append(fit.interval[1] <= 0.2 <= fit.interval[2])
    return f"{np.mean(held):.1%} of {len(held)}, {np.mean(unsolved):.0%} unsolved"


def setting(erts: np.ndarray) -> Costs:
    """Costs of a setting on problems of given ERTs; a run that fails takes 1 s, one that succeeds nothing."""
    solved = GENERATOR.random((len(erts), 10)) < 1 / (1 + erts[:, None])
    runs = [Spent(np.where(row, 0.0, 1.0), row, 1.0) for row in solved]
    draws = [ert_draws(own, int(GENERATOR.integers(2**31))) for own in runs]
    return Costs(np.array([own.ert_s for own in runs]), np.array(draws))


def _range(shares: list[float]) -> str:
    return f"{min(shares):.1%} to {max(shares):.1%}, mean {np.mean(shares):.1%}"


def main() -> None:
    """Print the table."""
    rows = [("share of runs, one problem", "runs", of_one_problem, (5, 10, 20, 50, 100))]
    rows += [("ERT, one problem", "runs", running_time, (5, 10, 20, 50))]
    rows += [("share of runs, several problems", "problems", share, (6, 10, 20, 40))]
    rows += [("median over problems", "problems", median, (6, 10, 20, 40))]
    rows += [("paired effect over problems", "problems", effect, (6, 10, 20, 40))]
    rows += [("ERT at the best setting", "problems", best_setting, (1, 6, 10, 20))]
    print("| interval | of | coverage |\n|---|--:|---|")
    for name, unit, figure, sizes in rows:
        for size in sizes:
            print(f"| {name} | {size} {unit} | {figure(size)} |", flush=True)
    for design in ((20, 5, 2.0, 1.0), (20, 5, 0.1, 2.0), (20, 1, 0.1, 1.0), (5, 5, 2.0, 1.0)):
        print(f"| exponent, per size, runs, budget and spread {design} | 5 sizes | {exponent(*design)} |", flush=True)


if __name__ == "__main__":
    main()
