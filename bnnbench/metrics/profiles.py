"""Profiles: which share of problems, or of targets, a solver has solved within a given effort."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bnnbench.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def ecdf(efforts: pd.DataFrame) -> pd.DataFrame:
    """The empirical distribution of effort: for each solver, the share of rows solved within an effort.

    ``F_s(x) = |{r : e(r, s) ≤ x}| / |{r}|``, a step function from the left: its value holds until the next row.

    Over runs and targets, as `bnnbench.metrics.times_to_targets` gives the times, it is the run-length distribution of
    the field's black-box benchmarks: one row per run (or problem) and target. Censoring: infinite efforts are never
    reached, and stay in the denominator. So do missing ones, of solvers that refused the problem: the question is which
    share of all is solved. A solver without any effort at all is left out.

    Parameters
    ----------
    efforts
        A row per problem, or per problem and target; a column per solver; times, reads, or ratios of them.

    Returns
    -------
    pandas.DataFrame
        A row per distinct finite effort (the index, rising), a column per solver, shares from 0 to 1.

    References
    ----------
    N. Hansen, A. Auger, R. Ros, O. Mersmann, T. Tušar and D. Brockhoff, "COCO: A Platform for Comparing Continuous
    Optimizers in a Black-Box Setting", Optimization Methods and Software 36, 2021.
    """
    import pandas as pd

    asked = efforts.dropna(axis="columns", how="all").astype(float)
    values = asked.to_numpy()
    steps = np.unique(values[np.isfinite(values)])
    # NaN sorts last, behind ∞, so neither is counted.
    shares = {
        name: np.searchsorted(np.sort(asked[name].to_numpy()), steps, side="right") / len(asked) for name in asked
    }
    return pd.DataFrame(shares, index=pd.Index(steps, name="effort"), columns=asked.columns)


def performance_profile(costs: pd.DataFrame) -> pd.DataFrame:
    """Performance profile: the share of problems on which a solver is within a factor τ of the best.

    ``ρ_s(τ) = |{p : c(p, s) ≤ τ·min_s' c(p, s')}| / |{p}|``. ρ_s(1) is the share on which s is (also) the best;
    for large τ, ρ_s is the share that it solved at all. A profile depends on which solvers are in it: of two curves of
    many, only the upper envelope compares safely (Gould and Scott 2016).

    Censoring as in `ecdf`: infinite and missing costs are never within any factor.

    Parameters
    ----------
    costs
        Positive, a row per problem and a column per solver, such as
        ``cost_table(runs, "time_to_target_s")``. Gaps can be 0, where no ratio exists: profile times, or gap + 1.

    Raises
    ------
    InputError
        If a cost is not positive.

    References
    ----------
    E. D. Dolan and J. J. Moré, "Benchmarking Optimization Software with Performance Profiles", Mathematical
    Programming 91, 2002. N. Gould and J. Scott, "A Note on Performance Profiles for Benchmarking Software", ACM
    Transactions on Mathematical Software 43, 2016.
    """
    if (costs <= 0).any(axis=None):
        raise InputError(
            f"performance profile: costs must be positive, but {costs.min().min():g} came; profile times, or a gap + 1."
        )
    ratios = costs.div(costs.min(axis=1), axis=0)
    # ∞/∞: nobody solved it.
    return ecdf(ratios.mask(np.isinf(costs), np.inf)).rename_axis("factor")


def data_profile(evaluations: pd.DataFrame, num_variables: pd.Series) -> pd.DataFrame:
    """Data profile: the share of problems solved within κ groups of n_p + 1 evaluations, n_p the size of a problem.

    ``d_s(κ) = |{p : t(p, s) / (n_p + 1) ≤ κ}| / |{p}|``. Unlike a performance profile it says what a given budget
    solves, and does not depend on the other solvers. Censoring as in `ecdf`.

    Parameters
    ----------
    evaluations
        Reads (or seconds) until solved, a row per problem and a column per solver.
    num_variables
        n_p, with the index of `evaluations`.

    Raises
    ------
    InputError
        If the size of a problem is missing.

    References
    ----------
    J. J. Moré and S. M. Wild, "Benchmarking Derivative-Free Optimization Algorithms", SIAM Journal on Optimization 20,
    2009.
    """
    sizes = num_variables.reindex(evaluations.index)
    if sizes.isna().any():
        raise InputError(f"data profile: the size of {sizes.index[sizes.isna()][0]!r} is missing.")
    return ecdf(evaluations.div(sizes + 1, axis=0)).rename_axis("groups")
