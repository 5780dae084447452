"""The worth of a read behind an embedding, over the strength of its chains."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bnnbench.charts import Panel, PlotData, Series, figure
from bnnbench.charts.names import shortened
from bnnbench.errors import InputError
from bnnbench.metrics.censoring import censored
from bnnbench.metrics.labels import natural
from bnnbench.spec import Spec, parse_spec

CHAINED = ["embedded", "dwave_emulated", "dwave"]
"""Solvers with a parameter ``chain_prefactor``."""


@figure(
    title="Chain strength",
    caption="Mean loss of a read above the optimum behind an embedding, over the factor of the usual chain strength; "
    "the median over problems and embeddings. Lines without markers: the same solver without an embedding. Failed runs "
    "count as infinitely bad.",
    missing="no solver has two values of chain_prefactor with a known optimum; sweep it in the suite, such as "
    "chain_prefactor = [0.5, 1, 2]",
    place=9,
)
def chain_strength(data: PlotData) -> Iterator[Panel]:
    """Yield a panel for each network: worth of a read over chain strength, a curve per inner solver and reading."""
    rows = data.asked.assign(worth=censored(data.asked, "mean_loss_gap")).dropna(subset=["worth"])
    specs = {label: _spec(label) for label in rows["solver"].unique()}
    rows["factor"] = [_factor(specs[label]) for label in rows["solver"]]
    rows["inner"] = [_inner(label, specs[label]) for label in rows["solver"]]
    rows["reading"] = [_reading(specs[label]) for label in rows["solver"]]
    chained = rows[rows["factor"].notna()]
    swept = chained.groupby(["inner", "reading"])["factor"].nunique()
    curves = sorted(swept[swept > 1].index, key=lambda curve: (curve[1], natural(curve[0])))
    inners = list(dict.fromkeys(inner for inner, _ in curves))
    names = shortened(inners, 38)
    for network, part in rows.groupby("network", sort=True):
        series = [
            Series(names[inner] + (reading and f", {reading}"), *_medians(group), style)
            for style, (inner, reading) in enumerate(curves)
            for group in [part[part["factor"].notna() & (part["inner"] == inner) & (part["reading"] == reading)]]
        ]
        alone = part[part["factor"].isna() & part["inner"].isin(inners)].groupby("inner")["worth"].median()
        ends = [float(chained["factor"].min()), float(chained["factor"].max())]
        series += [
            Series(f"{names[inner]}, no embedding", ends, [float(alone[inner])] * 2, style, "trend")
            for style, inner in enumerate(inners)
            if inner in alone
        ]
        if curves:
            yield Panel(str(network), "chain strength, factor", "mean read [loss]", tuple(series), log_x=True)


def _medians(runs: pd.DataFrame) -> tuple[list[float], list[float]]:
    """Return the factors and the median worth at each."""
    by_factor = runs.groupby("factor")["worth"].median()
    return by_factor.index.to_list(), by_factor.to_list()


def _spec(label: str) -> Spec | None:
    try:
        spec = parse_spec(label)
    except InputError:
        return None
    return spec if spec.name in CHAINED else None


def _factor(spec: Spec | None) -> float:
    value = spec.parameters.get("chain_prefactor") if spec is not None else None
    return float(value) if isinstance(value, (int, float)) else float("nan")


def _inner(label: str, spec: Spec | None) -> str:
    return label if spec is None else str(spec.parameters.get("inner", spec.name))


def _reading(spec: Spec | None) -> str:
    """Return how broken chains are read where that is not the default."""
    return "" if spec is None else str(spec.parameters.get("chain_breaks", ""))
