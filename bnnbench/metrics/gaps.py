"""Gaps: how far the best sample of each run is from the optimum, in units of loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bnnbench.errors import InputError
from bnnbench.metrics.censoring import censored, is_sound, numbers

if TYPE_CHECKING:
    import pandas as pd


def energy_gap(runs: pd.DataFrame) -> pd.Series:
    """``E_best − E_0`` of each run, absolute, in units of loss.

    Where λ ≥ Δ, the ground energy E_0 is the optimal loss; elsewhere the value is missing, as E_0 is not known.
    Relative gaps are not offered: an offset changes them. Censoring: see `bnnbench.metrics.censored`.
    """
    energy = numbers(runs["energy"]) - numbers(runs["optimum"])
    return censored(runs.assign(energy_gap=energy), "energy_gap")


def loss_gap(runs: pd.DataFrame) -> pd.Series:
    """``L_best − L_0`` of each run: least training loss of decoded weights above the optimum, in units of loss.

    Comparable across formulations. Censoring: see `bnnbench.metrics.censored`.
    """
    loss = numbers(runs["loss"]) - numbers(runs["optimum"])
    return censored(runs.assign(loss_gap=loss), "loss_gap")


def violations(runs: pd.DataFrame) -> pd.Series:
    """Penalties that the sample of least energy breaks, a number. Censoring: see `bnnbench.metrics.censored`."""
    return censored(runs, "violations")


def normalized_gap(runs: pd.DataFrame, of: str = "loss") -> pd.Series:
    """``(E_best − E_0) / (E_random − E_0)`` of each run, or the same for losses: 0 at the optimum, 1 at the floor.

    ``E_random`` is what random settings reach with the same number of reads: the mean over the runs of the solver
    ``random``, of status ok, on the same problem and formulation and with the same ``num_reads``. A value above 1 is
    worse than random.

    Missing, apart from what `bnnbench.metrics.censored` says: there is no such floor, or the floor is the optimum
    itself, where the problem tells nothing. A failed run is infinite where there is a floor for the reads that it was
    asked for.

    Parameters
    ----------
    runs
        As `bnnbench.store.store.Store.runs` gives them, those of ``random`` among them.
    of
        ``loss`` or ``energy``.

    Raises
    ------
    InputError
        If `of` is anything else.
    """
    if of not in ("loss", "energy"):
        raise InputError(f"normalized gap: of is loss or energy, but {of!r} came.")
    gap = loss_gap(runs) if of == "loss" else energy_gap(runs)
    is_ended = runs["status"] == "ok"
    is_floor = (runs["solver"].str.split(r"[\[,]", regex=True).str[0] == "random") & is_ended
    if of == "energy":
        is_floor &= is_sound(runs)
    reads = numbers(runs["num_reads"]).where(is_ended, numbers(runs["budget_reads"]))
    same = [runs["problem_hash"], runs["formulation"], reads]
    floor = gap.where(is_floor).groupby(same, dropna=False).transform("mean").where(reads.notna())
    return (gap / floor.where(floor > 0)).rename(f"normalized_{of}_gap")
