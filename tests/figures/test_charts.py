"""What each figure shows, by the numbers in its chart."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_stores import fill, fill_failed, fill_nasty, with_chains, with_sweep

from bnnbench.charts.chart import Matrix
from bnnbench.charts.plot_data import read_plot_data, selected
from bnnbench.charts.series import interval_series
from bnnbench.charts.style import COLORS, DASHES, MARKERS, numbered, style
from bnnbench.errors import InputError, UnknownNameError
from bnnbench.figures import figures, make_chart
from bnnbench.figures.gap_over_time import gap_over_time
from bnnbench.figures.penalty_sweep import SHOWN
from bnnbench.figures.runs_over_time import runs_over_time
from bnnbench.metrics import success_table
from bnnbench.optimum.spectrum import spectrum
from bnnbench.store.store import open_store, read_store


def read(folder):
    with read_store(folder) as store:
        return read_plot_data(store)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return read(fill(tmp_path_factory.mktemp("figures") / "mine"))


NEEDS_A_SET = "solved_by_cell"
NEEDS_CHAINS = "chain_strength"
NEEDS_SWEEP = "parameter_sweep"


def panel_of(chart, title, number=0):
    return [panel for panel in chart.panels if panel.title == title][number]


def series_of(panel, label):
    return next(series for series in panel.content if series.label == label)


def test_every_figure_is_drawn_from_a_full_store(data):
    runs = data.runs.assign(cell="3-1 random")
    for name in figures():
        change = {NEEDS_CHAINS: with_chains, NEEDS_SWEEP: with_sweep}.get(name, lambda same: same)
        chart = make_chart(name, replace(data, runs=change(runs)))
        assert chart.name == name
        assert chart.panels
        assert chart.caption.endswith(".")


def test_an_unknown_figure_is_answered_with_the_nearest(data):
    with pytest.raises(UnknownNameError, match="did you mean profile"):
        make_chart("profil", data)


@pytest.mark.parametrize("name", figures())
def test_without_runs_there_is_a_sentence(name, tmp_path):
    with open_store(tmp_path / "empty"):
        pass
    with pytest.raises(InputError, match=r"empty: .*\."):
        make_chart(name, read(tmp_path / "empty"))


@pytest.mark.parametrize("name", figures())
def test_where_all_runs_failed_there_is_a_figure_or_a_sentence(name, tmp_path):
    failed = read(fill_failed(tmp_path / "failed"))
    if name in (
        "gap_over_time",
        "tts_by_size",
        "profile",
        "penalty_sweep",
        "embedding_overhead",
        "runs_over_time",
        NEEDS_A_SET,
        NEEDS_CHAINS,
        NEEDS_SWEEP,
    ):
        with pytest.raises(InputError, match=r"failed: .*\."):
            make_chart(name, failed)
    else:
        assert make_chart(name, failed).panels


@pytest.mark.parametrize("name", figures())
def test_without_an_optimum_there_is_a_figure_or_a_sentence(name, tmp_path):
    unknown = read(fill(tmp_path / "unknown", with_truth=False, problems=["majority"], repetitions=1))
    if name in (
        "gap_over_time",
        "gap_by_problem",
        "time_to_optimum",
        "success_by_size",
        "tts_by_size",
        "ert_by_weights",
        "profile",
        NEEDS_A_SET,
        NEEDS_CHAINS,
        NEEDS_SWEEP,
    ):
        with pytest.raises(InputError, match=r"unknown: .*\."):
            make_chart(name, unknown)
    else:
        assert make_chart(name, unknown).panels


def test_a_solver_looks_the_same_in_a_part_as_in_the_whole(data):
    part = selected(data, solvers=["steepest_descent"])
    assert set(part.runs["solver"]) == {"steepest_descent"}
    whole = series_of(gap_over_time(data).panels[0], "steepest_descent")
    assert series_of(gap_over_time(part).panels[0], "steepest_descent").style == whole.style == 2


def test_a_label_without_brackets_selects_all_that_begin_with_it(data):
    part = selected(data, formulations=["reduced"])
    assert part.formulations == ["reduced[penalty=1.0]", "reduced[penalty=3.0]"]
    assert len(part.trace) < len(data.trace)
    with pytest.raises(InputError, match=r"mine has no formulation 'redu'; it has 'compact'"):
        selected(data, formulations=["redu"])


def test_the_gap_over_time_ends_at_the_median_gap_of_the_runs(data):
    for panel in gap_over_time(data).panels:
        for series in panel.content:
            runs = data.runs[(data.runs["formulation"] == panel.title) & (data.runs["solver"] == series.label)]
            assert series.y[-1] == runs["loss_gap"].median()
            assert all(
                low <= y <= high for low, y, high in zip(series.low, series.y, series.high, strict=True) if y < math.inf
            )
            assert all(b <= a for a, b in zip(series.y, series.y[1:], strict=False)), "a best so far never rises"


def test_a_failed_run_never_has_a_gap_whatever_it_had_found(data):
    runs = data.runs.assign(status="crash")
    chart = gap_over_time(replace(data, runs=runs))
    assert all(math.isinf(y) for panel in chart.panels for series in panel.content for y in series.y)


def test_half_of_the_runs_failing_leaves_no_median_over_time_and_in_no_sweep(data):
    late = data.runs["repetition"] == 1
    half = replace(data, runs=data.runs.assign(status=np.where(late, "crash", "ok")))
    for name in ("gap_over_time", "penalty_sweep"):
        for panel in make_chart(name, half).panels:
            assert all(math.isinf(y) for series in panel.content for y in series.y), name


def test_the_gaps_by_problem_are_medians_and_missing_where_nobody_asked(data):
    runs = data.runs
    left_out = (runs["solver"] == "random") & (runs["problem"] == runs["problem"].iloc[0])
    chart = make_chart("gap_by_problem", replace(data, runs=runs[~left_out]))
    matrix = chart.panels[0].content
    assert isinstance(matrix, Matrix)
    row = matrix.rows.index(runs["problem"].iloc[0])
    assert math.isnan(matrix.values[row][matrix.columns.index("random")])  # noqa: PD011
    assert {panel.content.rows == matrix.rows for panel in chart.panels} == {True}


def test_success_and_time_to_solution_are_those_of_the_table(data):
    table = success_table(data.runs)
    for name, column in (("success_by_size", "success"), ("tts_by_size", "tts_s")):
        shown = [
            value
            for panel in make_chart(name, data).panels
            for series in panel.content
            if series.mark == "points"
            for value in series.y
        ]
        finite = table[column][np.isfinite(table[column]) & (table[column] > 0)]
        assert sorted(shown) == pytest.approx(sorted(finite))


def test_only_bounds_are_shown_where_nothing_succeeded():
    estimates = [(0.0, 0.0, 0.1), (0.5, 0.4, 0.6), (math.inf, 3.0, math.inf)]
    points, above, below = interval_series("a", 1, [1, 2, 3], estimates, ["p", "q", "r"])
    assert (points.mark, points.x, points.y, points.low, points.high) == ("points", [2], [0.5], [0.4], [0.6])
    assert (above.mark, above.x, above.y, above.texts) == ("above", [3], [3.0], ["r"])
    assert (below.mark, below.x, below.y) == ("below", [1], [0.1])
    assert [points.label, above.label, below.label] == ["a", "", ""]


def test_the_fitted_growth_is_that_of_an_exponential(data):
    from bnnbench.figures.tts_by_size import fit

    sizes = np.repeat([100, 200, 300, 400], 5)
    read_s = 10 ** (0.01 * sizes) / (10 * np.log(100))  # a read in ten succeeds
    points = pd.DataFrame({"num_variables": sizes, "reads": 100, "successes": 10, "read_s": read_s})

    (line,) = fit("compact", 0, points)

    assert line.label == "compact: ×10 [10, 10] per 100"
    assert line.y == pytest.approx([10, 10_000], rel=1e-3)
    assert fit("compact", 0, points[:10]) == []
    assert fit("compact", 0, points.assign(successes=0)) == []


def test_a_profile_ends_at_the_share_of_problems_that_were_solved(data):
    for panel in make_chart("profile", data).panels:
        runs = data.runs[data.runs["formulation"] == panel.title]
        for series in panel.content:
            times = runs[runs["solver"] == series.label].groupby("problem")["time_to_target_s"]
            solved = times.apply(lambda column: column.notna().all()).mean()
            assert series.y[-1] == pytest.approx(solved)
            assert min(series.x) >= 1


def test_a_problem_without_an_optimum_is_in_no_profile(data):
    unknown = data.runs["problem"] == data.runs["problem"].iloc[0]
    columns = {name: data.runs[name].mask(unknown) for name in ("optimum", "loss_gap", "time_to_target_s")}
    part = data.runs[~unknown]
    for whole, known in zip(
        make_chart("profile", replace(data, runs=data.runs.assign(**columns))).panels,
        make_chart("profile", replace(data, runs=part)).panels,
        strict=True,
    ):
        assert [series.y for series in whole.content] == [series.y for series in known.content]


def test_the_sizes_of_formulations_are_medians_over_problems(data):
    panel = panel_of(make_chart("formulations", data), "variables")
    instances = data.runs.drop_duplicates("instance_hash")
    medians = instances.groupby("formulation")["num_variables"].median()
    assert dict(zip(panel.content[0].x, panel.content[0].y, strict=True)) == medians.to_dict()
    assert panel_of(make_chart("formulations", data), "dynamic range").content[0].x == list(medians.index)


def test_the_sweep_has_the_penalties_on_its_axis(data):
    chart = make_chart("penalty_sweep", data)
    assert {panel.title for panel in chart.panels} == {"reduced"}
    assert {panel.y_label for panel in chart.panels} == set(SHOWN.values())
    assert series_of(chart.panels[0], "random").x == [1.0, 3.0]


def test_penalties_per_layer_are_swept_along_the_hidden_ones_and_named_by_ratio(tmp_path):
    settings = ["soft[penalty=[0.1,0.5]]", "soft[penalty=[0.2,1.0]]", "soft[penalty=[0.2,0.2]]"]
    part = read(
        fill(tmp_path / "x", problems=["random_function[size=3,samples=4]"], settings=settings, solvers=["random"])
    )
    chart = make_chart("penalty_sweep", part)
    assert series_of(chart.panels[0], "random, output λ ×5").x == [0.1, 0.2]
    assert series_of(chart.panels[0], "random").x == [0.2]


def test_the_embedding_counts_qubits_over_variables(data):
    qubits, chains, breaks = make_chart("embedding_overhead", data).panels
    compact = series_of(qubits, "compact")
    assert [y / x for x, y in zip(compact.x, compact.y, strict=True)] == [3.0] * len(compact.x)
    assert set(series_of(chains, "compact").y) == {4.0}
    assert set(series_of(breaks, "compact").y) == {0.1}


def test_the_landscape_is_the_spectrum(data):
    problem = next(iter(data.problems.values()))
    panel = panel_of(make_chart("landscape", data), problem.name)
    assert dict(zip(panel.content[0].x, panel.content[0].y, strict=True)) == spectrum(problem)


def test_a_network_has_a_line_per_weight_solid_where_it_is_plus_one(data):
    panel = next(p for p in make_chart("network_diagram", data).panels if p.title.endswith("an optimum"))
    problem = next(p for p in data.problems.values() if panel.title.startswith(p.name))
    weights = data.truths[problem.hash].optima[0]
    lines = {series.label: sum(math.isnan(x) for x in series.x) for series in panel.content if series.label}
    assert lines.get("weight +1", 0) == (weights == 1).sum()
    assert lines.get("weight −1", 0) == (weights == -1).sum()


def test_learned_weights_have_the_least_loss_of_all_runs(data):
    for key, (_, weights) in data.learned.items():
        losses = data.runs.loc[data.runs["problem_hash"] == key, "loss"]
        assert data.problems[key].training_loss(weights) == losses.min()


def test_a_bias_is_one_more_neuron_in_each_layer_below_the_top(tmp_path):
    part = read(
        fill(tmp_path / "x", problems=["parity[size=2,hidden=2,bias=true]"], settings=["compact"], repetitions=1)
    )
    panel = make_chart("network_diagram", part).panels[0]
    assert len(panel.content[-1].x) == 2 + 2 + 1 + 2


def test_every_run_is_a_curve_that_lasts_as_long_as_it_ran(data):
    chart = runs_over_time(data)
    curves = sum(math.isnan(x) for panel in chart.panels for series in panel.content for x in series.x)
    assert curves == len(data.runs)


def test_neighboring_styles_differ_in_color_line_and_marker():
    for number in range(60):
        one, next_ = style(number), style(number + 1)
        assert one.color != next_.color
        assert one.dash != next_.dash
        assert one.marker != next_.marker
    assert len({style(number) for number in range(252)}) == math.lcm(len(COLORS), len(DASHES), len(MARKERS)) == 252
    assert numbered(["b", "a", "b"]) == {"a": 0, "b": 1}


def test_names_that_look_like_markup_are_names(tmp_path):
    nasty = read(fill_nasty(tmp_path / "nasty"))
    assert len(nasty.runs) == 2
    assert make_chart("gap_by_problem", nasty).panels


def test_cells_stand_in_the_order_of_their_weights_and_solvers_with_their_formulations(data):
    small = data.runs["problem"] == data.runs["problem"].iloc[0]
    runs = data.runs.assign(
        cell=small.map({True: "small", False: "large"}), num_weights=small.map({True: 3, False: 30})
    )
    (panel,) = make_chart(NEEDS_A_SET, replace(data, runs=runs)).panels

    assert list(panel.content.rows) == ["small", "large"]
    assert "simulated_annealing on compact" in panel.content.columns
    assert panel.content.unit == "solved [%]"


def test_chains_are_drawn_over_their_strength_beside_the_solver_without_them(data):
    (panel, *_) = make_chart(NEEDS_CHAINS, replace(data, runs=with_chains(data.runs))).panels

    behind, without = panel.content
    assert (behind.label, without.label) == ("steepest_descent", "steepest_descent, no embedding")
    assert list(behind.x) == [1.0, 2.0]
    assert behind.y[1] - behind.y[0] == pytest.approx(1)
    assert list(without.y) == pytest.approx([behind.y[0]] * 2)


@pytest.mark.parametrize(
    ("factors", "best", "label"),
    [((4, 1, 2), 10, "least time"), ((4, 2, 1), 100, "least time, at the end of the range")],
)
def test_the_value_of_least_time_is_ringed_and_flagged_at_an_end_of_the_range(data, factors, best, label):
    panels = make_chart(NEEDS_SWEEP, replace(data, runs=with_sweep(data.runs, factors))).panels

    shown = [panel for panel in panels if panel.y_label == "ERT [s]"]
    rings = [series for panel in shown for series in panel.content if series.mark == "ring"]
    assert rings
    assert all(panel.x_label == "num_sweeps" and panel.log_x for panel in panels)
    assert {series.label for series in rings} == {label}
    assert all(ring.x[0] == pytest.approx(best, rel=0.2) for ring in rings), "curves stand apart, and little"
    points = [series for panel in shown for series in panel.content if series.mark == "points"]
    assert all(series.low is not None for series in points), "each has its interval"


def test_without_a_sweep_there_is_a_sentence(data):
    with pytest.raises(InputError, match="no solver has two numbers of a parameter"):
        make_chart(NEEDS_SWEEP, data)
