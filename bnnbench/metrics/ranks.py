"""Ranks of solvers over problems, and how far they depend on which problems were chosen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

NUM_RESAMPLES = 1000


def mean_ranks(costs: pd.DataFrame) -> pd.Series:
    """Mean rank of each solver over the rows, 1 the best; equal costs share the mean of their ranks.

    Censoring: infinite costs share the last ranks of a row. Missing ones are worse still, so that refusing a problem
    never helps; solvers that were never asked are left out. NaN without rows.

    References
    ----------
    J. Demšar, "Statistical Comparisons of Classifiers over Multiple Data Sets", Journal of Machine Learning Research
    7, 2006, section 3.2.2.
    """
    return _row_ranks(costs).mean().rename("mean_rank")


def bootstrap_ranks(costs: pd.DataFrame, num_resamples: int = NUM_RESAMPLES, seed: int = 0) -> pd.DataFrame:
    """Mean ranks with their 95 % bootstrap intervals over problems, the best first.

    Problems (rows) are drawn with replacement, `num_resamples` times. Columns:

    - ``mean_rank`` with ``low`` and ``high``, the 2.5 % and 97.5 % quantiles over resamples;
    - ``place``: of the mean rank among all, 1 the best; equal ones share the lower number;
    - ``stability``: share of resamples in which the solver has this place.

    Censoring as in `mean_ranks`.

    References
    ----------
    M. Wiesenfarth et al., "Methods and Open-Source Toolkit for Analyzing and Visualizing Challenge Results",
    Scientific Reports 11, 2021.
    """
    import pandas as pd

    ranks = _row_ranks(costs)
    names = ["mean_rank", "low", "high", "place", "stability"]
    if ranks.empty:
        return pd.DataFrame(columns=names)
    mean = ranks.mean()
    place = mean.rank(method="min")
    resampled = pd.DataFrame(_resampled_means(ranks, num_resamples, seed), columns=ranks.columns)
    stability = (resampled.rank(axis=1, method="min") == place).mean()
    columns = [mean, resampled.quantile(0.025), resampled.quantile(0.975), place.astype(int), stability]
    return pd.DataFrame(dict(zip(names, columns, strict=True))).sort_values("mean_rank", kind="stable")


def rank_stability(costs: pd.DataFrame, num_resamples: int = NUM_RESAMPLES, seed: int = 0) -> float:
    """Mean Kendall τ_b between the order of the solvers and that on resampled problems: whether the choice decides.

    1: every resample of the problems orders the solvers alike; 0: as if by chance. NaN for fewer than two solvers, or
    where all are equal. Censoring as in `mean_ranks`.

    References
    ----------
    M. G. Kendall, "A New Measure of Rank Correlation", Biometrika 30, 1938; M. Wiesenfarth et al., as above, use it on
    bootstrap samples.
    """
    from scipy.stats import kendalltau

    ranks = _row_ranks(costs)
    if ranks.empty or ranks.shape[1] < 2:
        return float("nan")
    mean = ranks.mean().to_numpy()
    taus = [kendalltau(mean, resampled).statistic for resampled in _resampled_means(ranks, num_resamples, seed)]
    # A resample in which all solvers are equal agrees with no order.
    return float(np.nan_to_num(taus).mean()) if len(set(mean)) > 1 else float("nan")


def _row_ranks(costs: pd.DataFrame) -> pd.DataFrame:
    asked = costs.dropna(axis="columns", how="all").dropna(how="all")
    return asked.rank(axis=1, method="average", na_option="bottom")


def _resampled_means(ranks: pd.DataFrame, num_resamples: int, seed: int) -> Iterator[np.ndarray]:
    rng, values = np.random.default_rng(seed), ranks.to_numpy()
    for _ in range(num_resamples):
        yield values[rng.integers(len(values), size=len(values))].mean(axis=0)
