"""Performance profile: the share of problems on which a solver is within a factor of the fastest."""

from __future__ import annotations

from bnnbench.errors import InputError
from bnnbench.figures.chart import Chart, Panel, Series
from bnnbench.figures.evidence import Evidence
from bnnbench.metrics import cost_table, performance_profile

LEAST_S = 1e-6
"""What the clock tells apart; a time of 0 has no ratio."""


def profile(evidence: Evidence) -> Chart:
    """Performance profile of the time to the optimal loss, a panel per formulation.

    Raises
    ------
    InputError
        If no run reached a known optimum.
    """
    panels = []
    asked = evidence.asked
    known = asked[asked["optimum"].notna()] if len(asked) else asked
    for name, rows in known.groupby("formulation") if len(known) else ():
        costs = cost_table(rows, "time_to_target_s", rows=("problem",)).clip(lower=LEAST_S)
        curves = performance_profile(costs)
        if len(curves):
            end = float(curves.index[-1]) * 1.2
            series = tuple(
                Series(
                    str(solver),
                    [*curves.index, end],
                    [*curves[solver], curves[solver].iloc[-1]],
                    evidence.look_of[str(solver)],
                    "steps",
                )
                for solver in curves
            )
            panels.append(Panel(str(name), "factor of the fastest", "share of problems", series, log_x=True))
    if not panels:
        raise InputError(f"{evidence.name}: no run reached a known optimum, so that there are no times to compare.")
    return Chart(
        "profile",
        "Performance profile",
        "Share of problems on which the median sampling time to the optimal training loss is within a factor of the "
        "fastest solver's (Dolan and Moré 2002). Failed and unsolved ones never are.",
        tuple(panels),
    )
