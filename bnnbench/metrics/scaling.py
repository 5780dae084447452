"""Scaling: how fast a cost grows with the size of problems, from a regression that keeps what was never solved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.metrics.censoring import numbers
from bnnbench.metrics.over_problems import problem_key
from bnnbench.metrics.running_time import spent_times
from bnnbench.metrics.success import Interval

if TYPE_CHECKING:
    import pandas as pd

NUM_DRAWS = 499
"""Bootstrap samples of instances."""
LEAST_SIZES, LEAST_SOLVED = 3, 10
"""Sizes with a solved instance, and solved instances, below which there is no line."""
LEAST_COST = 1e-9
"""A cost of 0 is one that the clock did not see, and has no logarithm."""
STEPS = 60
"""Of Newton's method at most."""
LEAST_SHAPE, MOST_SHAPE = 0.02, 1e3
"""Of the hardness of instances: a spread by factors of 10^6 and more, and none."""
COLUMNS = (
    "instances", "censored", "sizes", "size_low", "size_high",
    "exponent", "exponent_low", "exponent_high", "power", "power_low", "power_high",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Line:
    """A line ``log2 cost = intercept + slope·x``, with draws of its slope from the bootstrap of instances.

    Attributes
    ----------
    draws
        Float64 of shape (`NUM_DRAWS`,); NaN where the bootstrap sample has no line.
    """

    intercept: float
    slope: float
    draws: NDArray[np.float64]

    @property
    def interval(self) -> Interval:
        """Slope with its 95 % interval over instances."""
        low, high = np.nanquantile(self.draws, [0.025, 0.975])
        return self.slope, float(low), float(high)


def fit_line(
    x: NDArray[np.float64], successes: NDArray[np.float64], spent: NDArray[np.float64], seed: int = 0
) -> Line | None:
    """Return the line through log2 of the costs of successes; None where the data do not carry one.

    Instance j has k_j successes after an effort E_j was spent on it, and ``k_j ~ Poisson(E_j·λ_j/c_j)`` with
    ``log2 c_j = a + b·x_j``, where λ_j, Gamma distributed of mean 1, is how much easier it is than others of its size:
    the negative binomial regression of counts, by maximum likelihood. An instance that was never solved counts as what
    is known of it, k_j = 0 after E_j; costs k_j/E_j are never formed. Attempts are taken as independent and without
    memory, as restarts are.

    The interval is the percentile interval of a bootstrap that draws instances with replacement, unsolved ones among
    them, widened for few instances: distances from b are multiplied by ``√(n/(n − 2))·t_{m−2}/z``, the 97.5 % quantiles
    of Student and Gauss, with m of n instances solved. How often it holds the slope: docs/metrics.md.

    There is no line with solved instances at fewer than `LEAST_SIZES` sizes, with fewer than `LEAST_SOLVED` of them, or
    where more than 5 % of the bootstrap samples have no maximum.

    Parameters
    ----------
    x
        Sizes of instances or their logarithms, float64 of shape (n,).
    successes, spent
        k_j and E_j, of shape (n,).
    seed
        Of the bootstrap. With the same seed and n, two fits draw the same instances, so that draws can be subtracted.
    """
    from scipy.stats import norm
    from scipy.stats import t as student

    is_solved, spent = successes > 0, np.maximum(spent, LEAST_COST)
    num_solved = int(is_solved.sum())
    if len(np.unique(x[is_solved])) < LEAST_SIZES or num_solved < LEAST_SOLVED:
        return None
    middle, spread = x.mean(), x.std()
    counts = _Counts(np.column_stack([np.ones_like(x), (x - middle) / spread]), successes, np.log(spent))
    start = np.array([math.log(successes.sum() / spent.sum()), 0.0, 0.0])
    whole = counts.most_likely(np.ones((1, len(x))), start)
    if np.isnan(whole).any():
        return None
    drawn = np.random.default_rng(seed).multinomial(len(x), np.full(len(x), 1 / len(x)), NUM_DRAWS)
    level, slope = -whole[0, 0] / math.log(2), -whole[0, 1] / spread / math.log(2)
    draws = -counts.most_likely(drawn.astype(float), whole[0])[:, 1] / spread / math.log(2)
    if np.isfinite(draws).mean() < 0.95:
        return None
    widening = math.sqrt(len(x) / (len(x) - 2)) * float(student.ppf(0.975, num_solved - 2) / norm.ppf(0.975))
    return Line(float(level - slope * middle), float(slope), slope + widening * (draws - slope))


@dataclass(frozen=True, eq=False)
class _Counts:
    """Counts whose logarithm of the expected rate is linear in the columns of `rows`, (1, x_j) of order 1.

    The log likelihood of a count k is ``ln Γ(k + r)/Γ(r) + r·ln r + k·ln m − (k + r)·ln(r + m)`` but for a constant,
    with the shape r of the Gamma distribution and ``m = E·exp(rows·β)``.
    """

    rows: NDArray[np.float64]
    successes: NDArray[np.float64]
    log_spent: NDArray[np.float64]

    def most_likely(self, weights: NDArray[np.float64], start: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (β_0, β_1, ln r) of greatest likelihood for each row of weights; NaN where there is no maximum.

        Newton's method in β, in which the likelihood is concave, and in ln r by turns.

        Parameters
        ----------
        weights
            How often each instance counts, float64 of shape (m, n).
        """
        k, products = self.successes, (self.rows[:, :, None] * self.rows[:, None, :]).reshape(len(self.rows), 4)
        found = np.tile(start, (len(weights), 1))
        moved = np.full(len(weights), math.inf)
        for _ in range(STEPS):
            r = np.exp(found[:, 2:])
            m = np.exp(np.clip(found[:, :2] @ self.rows.T + self.log_spent, -50, 50))
            pull = weights * (r * (k - m) / (r + m))
            stiffness = weights * ((k + r) * r * m / (r + m) ** 2)
            curvature = (stiffness @ products).reshape(-1, 2, 2) + 1e-10 * np.eye(2)
            step = np.linalg.solve(curvature, (pull @ self.rows)[:, :, None])[:, :, 0]
            step /= np.maximum(1, np.abs(step).sum(axis=1) / 2)[:, None]
            shape = np.clip(found[:, 2] + self._shape_step(weights, r, m), math.log(LEAST_SHAPE), math.log(MOST_SHAPE))
            moved = np.maximum(np.abs(step).sum(axis=1), np.abs(shape - found[:, 2]))
            found[:, :2] += step
            found[:, 2] = shape
            if (moved < 1e-4).all():
                break
        return np.asarray(np.where((moved < 1e-2)[:, None], found, np.nan))

    def _shape_step(
        self, weights: NDArray[np.float64], r: NDArray[np.float64], m: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return Newton's step of ln r, of 1 at most; r has the shape (m, 1)."""
        from scipy.special import polygamma, psi

        levels, places = np.unique(self.successes, return_inverse=True)  # few, and ψ takes long
        numbers_of = weights @ np.eye(len(levels))[places]
        total, near = weights.sum(axis=1), weights / (r + m)
        slope = (numbers_of * (psi(levels + r) - psi(r))).sum(axis=1) + total * (np.log(r[:, 0]) + 1)
        slope -= (weights * np.log(r + m)).sum(axis=1) + (near * (self.successes + r)).sum(axis=1)
        bend = (numbers_of * (polygamma(1, levels + r) - polygamma(1, r))).sum(axis=1) + total / r[:, 0]
        bend -= near.sum(axis=1) + (near / (r + m) * (m - self.successes)).sum(axis=1)
        slope, bend = r[:, 0] * slope, r[:, 0] ** 2 * bend + r[:, 0] * slope
        return np.asarray(np.clip(slope / np.maximum(np.abs(bend), 1e-3), -1.0, 1.0))


def scaling_table(
    runs: pd.DataFrame,
    by: Sequence[str] = ("formulation", "solver"),
    size: str = "num_weights",
    measure: str = "ert_s",
) -> pd.DataFrame:
    """Return how the ERT of each group grows with the size of its problems.

    Columns of `by`, then ``instances``; ``censored``, those never solved; ``sizes``, distinct ones; ``size_low`` and
    ``size_high``; ``exponent``, b in ``ERT = c·2^(b·size)``, so that the ERT doubles every 1/b; ``power``, b in
    ``ERT = c·size^b``; both with the ends of their 95 % intervals, see `fit_line`. Without a line these are missing.

    Censoring: an instance that was never solved counts as no success in all the time that was spent on it.

    Parameters
    ----------
    runs
        As `bnnbench.store.store.Store.runs` gives them. Where also the load α differs between sizes, the exponent is
        that of both: choose runs of one α before.
    size
        A column of runs.
    measure
        A name in `bnnbench.metrics.running_time.ERTS`.
    """
    import pandas as pd

    rows = []
    for keys, points in size_points(runs, by, size, measure):
        exponential, power = lines(points)
        lowest, highest = points["size"].min(), points["size"].max()
        fits = [line.interval if line else (math.nan,) * 3 for line in (exponential, power)]
        numbers_ = (len(points), int((points["successes"] == 0).sum()), points["size"].nunique(), lowest, highest)
        rows.append((*keys, *numbers_, *fits[0], *fits[1]))
    return pd.DataFrame(rows, columns=[*by, *COLUMNS])


def size_points(
    runs: pd.DataFrame, by: Sequence[str], size: str = "num_weights", measure: str = "ert_s"
) -> list[tuple[Any, pd.DataFrame]]:
    """Return for each group a row per problem: ``size``, ``successes``, ``spent`` in the clock of the measure."""
    runs = runs.reset_index(drop=True)
    key = problem_key(runs)
    took = spent_times(runs, measure)
    # A run that failed before its instance was compiled has the size of its neighbors.
    sizes = numbers(runs[size]).groupby([runs[key], runs["formulation"]]).transform("max")
    cells = runs.loc[took.index, list(dict.fromkeys([*by, key]))].assign(
        size=sizes, successes=took["is_success"].astype(float), spent=took["time_s"]
    )
    known = cells[cells["size"].notna()].groupby([*by, key], as_index=False)
    points = known.agg({"size": "first", "successes": "sum", "spent": "sum"})
    return [(keys, own[["size", "successes", "spent"]]) for keys, own in points.groupby(list(by), sort=True)]


def lines(points: pd.DataFrame) -> tuple[Line | None, Line | None]:
    """Return the lines through log2 cost over size, and over log2 size; see `fit_line`.

    Parameters
    ----------
    points
        As `size_points` gives them.
    """
    size, successes, spent = (points[name].to_numpy(float) for name in ("size", "successes", "spent"))
    return fit_line(size, successes, spent), fit_line(np.log2(np.maximum(size, 1)), successes, spent)
