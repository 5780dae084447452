"""Profiles: the share of problems that a solver has solved within a given effort."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bnnbench.errors import InputError


def performance_profile(costs: pd.DataFrame) -> pd.DataFrame:
    """Return the performance profile: the share of problems on which a solver is within a factor τ of the best.

    ``ρ_s(τ) = |{p : c(p, s) ≤ τ·min_s' c(p, s')}| / |{p}|``. ρ_s(1) is the share on which s is (also) the best;
    for large τ, ρ_s is the share that it solved at all. A profile depends on which solvers are in it: of two curves of
    many, only the upper envelope compares safely (Gould and Scott 2016).

    Censoring: infinite and missing costs are never within any factor, and stay in the denominator. A solver without
    any cost at all is left out.

    Parameters
    ----------
    costs
        Positive, a row per problem and a column per solver, such as
        ``cost_table(runs, "time_to_target_s")``. Gaps can be 0, where no ratio exists: profile times, or gap + 1.

    Returns
    -------
    pandas.DataFrame
        A row per distinct finite factor (the index, rising), a column per solver, shares from 0 to 1; each value holds
        until the next row.

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
    ratios = ratios.mask(np.isinf(costs), np.inf)  # ∞/∞: nobody solved it
    asked = ratios.dropna(axis="columns", how="all").astype(float)
    values = asked.to_numpy()
    steps = np.unique(values[np.isfinite(values)])
    # NaN sorts last, behind ∞, so neither is counted.
    shares = {
        name: np.searchsorted(np.sort(asked[name].to_numpy()), steps, side="right") / len(asked) for name in asked
    }
    return pd.DataFrame(shares, index=pd.Index(steps, name="factor"), columns=asked.columns)
