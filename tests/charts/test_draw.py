"""Charts on paper and on screen: files of the right size, and nothing that a library refuses."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from small_stores import NASTY, fill, fill_nasty, with_chains, with_sweep

from bnnbench.charts.chart import Chart, Matrix, Panel, Series
from bnnbench.charts.draw import FORMATS, WIDTHS_IN, draw_chart, print_style, save_chart
from bnnbench.charts.draw_matrix import short_number
from bnnbench.charts.interactive import panel_figures
from bnnbench.charts.plot_data import read_plot_data
from bnnbench.charts.style import COLORS
from bnnbench.errors import InputError
from bnnbench.figures import figures, make_chart
from bnnbench.store.store import read_store


def read(folder):
    with read_store(folder) as store:
        return read_plot_data(store)


@pytest.fixture(autouse=True)
def in_print():
    with print_style():
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    found = read(fill(tmp_path_factory.mktemp("drawing") / "mine", repetitions=1))
    return replace(found, runs=found.runs.assign(cell="3-1 random"))


def figure_of(name, data):
    """Return a figure of a full store, with chains of two strengths or with swept reads where it needs them."""
    change = {"chain_strength": with_chains, "parameter_sweep": with_sweep}.get(name, lambda same: same)
    return make_chart(name, replace(data, runs=change(data.runs)))


def chart_of(*series, **options):
    return Chart("mine", "Mine", "What is shown.", (Panel("panel", "x", "y", series, **options),))


@pytest.mark.parametrize("name", figures())
def test_every_figure_fits_its_width_and_overlaps_nothing(name, data):
    for width in WIDTHS_IN:
        figure = draw_chart(figure_of(name, data), width=width)
        FigureCanvasAgg(figure).draw()
        assert figure.get_figwidth() == WIDTHS_IN[width]
        boxes = [axes.get_tightbbox() for axes in figure.axes if axes.get_visible()]
        boxes += [legend.get_window_extent() for legend in figure.legends]
        for place, box in enumerate(boxes):
            assert box.x0 >= -1
            assert box.x1 <= figure.bbox.width + 1
            for other in boxes[place + 1 :]:
                apart = (
                    box.x1 <= other.x0 + 1 or other.x1 <= box.x0 + 1 or box.y1 <= other.y0 + 1 or other.y1 <= box.y0 + 1
                )
                assert apart, f"{name} at {width}: two parts overlap"


@pytest.mark.parametrize("ending", FORMATS)
def test_the_same_chart_gives_the_same_file(ending, tmp_path):
    chart = chart_of(Series("a", [1, 2], [3, 4]))
    paths = [tmp_path / f"{number}{ending}" for number in range(2)]
    for path in paths:
        save_chart(chart, path, width="column")
    assert paths[0].read_bytes() == paths[1].read_bytes()
    start = {".pdf": b"%PDF", ".svg": b"<?xml", ".png": b"\x89PNG"}[ending]
    assert paths[0].read_bytes().startswith(start)


def test_a_file_of_another_kind_or_a_missing_folder_gets_a_sentence(tmp_path):
    chart = chart_of(Series("a", [1, 2], [3, 4]))
    with pytest.raises(InputError, match=r"figure\.jpg is no \.pdf, \.svg, \.png file; give a path"):
        save_chart(chart, tmp_path / "figure.jpg")
    with pytest.raises(InputError, match="cannot be written: No such file or directory; give another path with -o"):
        save_chart(chart, tmp_path / "nowhere" / "figure.pdf")


@pytest.mark.parametrize("mark", ["line", "steps", "trend", "points", "bars", "above", "below"])
@pytest.mark.parametrize("values", [[], [math.inf, math.nan], [0.0, 0.0], [1.0], [1e-12, 1e12]])
@pytest.mark.parametrize("is_log", [False, True])
def test_any_numbers_are_drawn_on_any_axis(mark, values, is_log):
    ends = {} if mark in ("above", "below", "trend") else {"low": values, "high": values}
    chart = chart_of(
        Series("a", list(range(1, len(values) + 1)), values, mark=mark, **ends), log_x=is_log, log_y=is_log
    )
    FigureCanvasAgg(draw_chart(chart)).draw()
    json.dumps(panel_figures(chart), allow_nan=False)


def test_dollars_in_a_name_are_no_formula(tmp_path):
    save_chart(chart_of(Series("$\\broken{", [1, 2], [3, 4])), tmp_path / "a.svg")
    assert "$\\broken{" in (tmp_path / "a.svg").read_text()


def test_a_matrix_is_drawn_with_what_is_missing_and_what_failed(tmp_path):
    matrix = Matrix(["p", "q"], ["a", "b"], [[0.0, math.inf], [math.nan, 2.5]], "loss")
    chart = Chart("m", "M", "C.", (Panel("one", "", "", matrix), Panel("two", "", "", matrix)))
    save_chart(chart, tmp_path / "m.svg")
    text = (tmp_path / "m.svg").read_text()
    assert "∞" in text
    assert "2.5" in text
    (first, _) = panel_figures(chart)
    assert first["data"][0]["z"] == [[0.0, 3.0], [None, 2.5]]
    assert first["data"][0]["text"] == [["0", "∞"], ["", "2.5"]]


def test_many_rows_of_a_matrix_fit_a_page_without_their_names():
    def figure_of(number):
        matrix = Matrix(
            [f"row {k}" for k in range(number)], ["a", "b"], [[float(k), 0.0] for k in range(number)], "loss"
        )
        return draw_chart(Chart("m", "M", "C.", (Panel("one", "", "", matrix), Panel("two", "", "", matrix))))

    few, many = figure_of(5), figure_of(500)
    assert few.axes[0].get_yticklabels()[0].get_text() == "row 0"
    assert many.axes[0].get_yticklabels()[0].get_text() == ""
    assert many.get_figheight() <= 9.5


def test_colors_are_told_apart_in_gray():
    def lightness(color):
        red, green, blue = (int(color[k : k + 2], 16) / 255 for k in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    values = [lightness(color) for color in COLORS]
    assert all(0.05 < value < 0.75 for value in values), "seen on white and on black"


@pytest.mark.parametrize("name", figures())
def test_plotly_accepts_every_figure(name, data):
    graph_objects = pytest.importorskip("plotly.graph_objects")
    for panel in panel_figures(figure_of(name, data)):
        graph_objects.Figure(data=panel["data"], layout=panel["layout"])


def test_paper_and_screen_show_the_same_numbers():
    series = Series("a", [1.0, 2.0], [3.0, math.inf], mark="points")
    chart = chart_of(series)
    (axes,) = draw_chart(chart).axes
    on_paper = np.asarray(axes.lines[0].get_ydata())
    (on_screen,) = panel_figures(chart)[0]["data"]
    assert on_paper[0] == on_screen["y"][0] == 3.0
    assert math.isnan(on_paper[1])
    assert on_screen["y"][1] is None


def test_a_band_has_two_edges_and_no_legend_of_its_own():
    chart = chart_of(Series("a", [1, 2], [3, 4], mark="steps", low=[2, 3], high=[4, math.inf]))
    lower, upper, line = panel_figures(chart)[0]["data"]
    assert (lower["y"], upper["y"], upper["fill"]) == ([2.0], [4.0], "tonexty")
    assert [trace["showlegend"] for trace in (lower, upper, line)] == [False, False, True]
    assert line["line"]["shape"] == "hv"


def test_names_reach_the_screen_as_text(tmp_path):
    text = json.dumps(
        [panel_figures(make_chart(n, read(fill_nasty(tmp_path / n))))[0]["data"] for n in ("gap_by_problem",)]
    )
    assert NASTY.partition(" ")[0] not in text
    assert "&lt;/script&gt;" in text
    assert "$" not in text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (math.inf, "∞"), (0.123, "0.12"), (12345.6, "12346"), (3.0, "3")]
)
def test_cells_hold_short_numbers(value, text):
    assert short_number(value) == text


SETTINGS = """
text.usetex: True
savefig.bbox: tight
savefig.pad_inches: 3
font.family: Nowhere Sans
font.size: 40
svg.fonttype: path
axes.spines.top: True
figure.dpi: 7
no.such.setting: 1
axes.linewidth: thick
backend: nonsense
"""


def test_no_setting_of_the_users_reaches_a_figure(tmp_path):
    script = tmp_path / "draw.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nfrom bnnbench.charts import Chart, Panel, Series, save_chart\n"
        "save_chart(Chart('c', 'C', 'C.', (Panel('p', 'x', 'y', (Series('中 a', [1, 2], [3, 4]),)),)),"
        " Path(sys.argv[1]), width='column')\n"
    )
    written = []
    for number, backend in enumerate(["", "", "nonsense", "module://nowhere", "qtagg"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "matplotlibrc").write_text(SETTINGS if number else "")
        done = subprocess.run(
            [sys.executable, "-W", "error::UserWarning", script, folder / "a.svg"],
            cwd=folder,
            env=os.environ | {"MPLBACKEND": backend},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        written.append((folder / "a.svg").read_text())
    assert len(set(written)) == 1
    assert 'width="244.8pt"' in written[0]


def test_a_matplotlibrc_that_is_no_text_gets_a_sentence(tmp_path):
    (tmp_path / "matplotlibrc").write_bytes(b"\xff\xfe\x00")

    done = subprocess.run(
        [sys.executable, "-c", "from bnnbench.charts.draw import print_style\nwith print_style(): pass"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert "InputError: matplotlib cannot start: " in done.stderr
    assert "mend or remove the matplotlibrc that it reads" in done.stderr


def test_a_character_that_the_font_lacks_is_shown_by_its_number(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for ending in FORMATS:
            save_chart(chart_of(Series("中\x07 λ é", [1, 2], [3, 4])), tmp_path / f"a{ending}")

    assert "U+4E2DU+0007 λ é" in (tmp_path / "a.svg").read_text()


def test_all_matrices_of_a_chart_have_one_scale_of_shades():
    matrix = lambda value: Matrix(("p",), ("s", "t"), ((value, 0.0),), "loss")  # noqa: E731
    chart = Chart("c", "", "", tuple(Panel(f"{v}", "", "", matrix(v)) for v in (1.0, 10.0)))

    figure = draw_chart(chart)
    shades = [float(axes.images[0].get_array()[0, 0]) for axes in figure.axes if axes.images]
    tops = {panel["data"][0]["zmax"] for panel in panel_figures(chart)}

    assert shades == pytest.approx([0.05 + 0.08, 0.85])
    assert len(tops) == 1


def test_as_many_solvers_as_there_are_colors_have_one_each_and_the_next_another_line_and_marker():
    number = len(COLORS)
    chart = chart_of(*(Series(f"s{place}", [1, 2], [place, place], place) for place in range(number + 1)))

    lines = draw_chart(chart).axes[0].lines
    on_screen = [trace["line"]["color"] for trace in panel_figures(chart)[0]["data"]]

    assert number >= 12
    assert len({line.get_color() for line in lines[:number]}) == len(set(on_screen[:number])) == number
    first, again = lines[0], lines[number]
    assert first.get_color() == again.get_color()
    assert (first.get_linestyle(), first.get_marker()) != (again.get_linestyle(), again.get_marker())


@pytest.mark.parametrize(("width", "most_pt"), [("article", 345), ("column", 246), ("page", 506)])
def test_a_file_is_as_wide_as_a_line_of_an_article_or_of_the_narrowest_journal(width, most_pt, tmp_path):
    """345 pt: LaTeX's article on A4; 246 pt: a column of APS, of whom IEEE's have 252; 506 pt: pages of two columns."""
    save_chart(chart_of(Series("a", [1, 2], [3, 4])), tmp_path / "a.svg", width=width)
    found = re.search(r'width="([0-9.]+)pt"', (tmp_path / "a.svg").read_text())
    assert found is not None
    big_points = float(found[1])
    assert 0.97 * most_pt <= big_points * 72.27 / 72 <= most_pt


def test_the_legend_stands_beside_the_panels_and_names_every_series():
    figure = draw_chart(chart_of(*(Series(f"solver {place}", [1, 2], [place, 1], place) for place in range(9))))
    FigureCanvasAgg(figure).draw()
    (legend,) = figure.legends
    assert legend.get_window_extent().y1 <= figure.axes[0].get_tightbbox().y0
    assert [text.get_text() for text in legend.get_texts()] == [f"solver {place}" for place in range(9)]


@pytest.mark.parametrize("width", list(WIDTHS_IN))
def test_long_names_below_a_panel_leave_it_its_height(width):
    names = [f"message_passing[num_steps={place},damping=0.78299,replicas=18]" for place in range(6)]
    line = Series("virtual best", names, [1.0] * 6, 1, "line")
    figure = draw_chart(chart_of(Series("s", names, [2.0] * 6, 0, "points"), line), width=width)
    FigureCanvasAgg(figure).draw()
    assert figure.axes[0].get_window_extent().height / figure.dpi >= 0.9


def test_rows_are_as_tall_as_three_marks_that_stand_in_them():
    names = [f"simulated_annealing[num_sweeps={place}]" for place in range(9)]
    series = tuple(Series(f"s{place}", names, [1.0] * 9, place, "above") for place in range(3))
    figure = draw_chart(chart_of(*series), width="column")
    FigureCanvasAgg(figure).draw()
    axes = figure.axes[0]
    tops = [axes.transData.transform((1.0, line.get_ydata()[0]))[1] for line in axes.lines]
    marks = [line.get_markersize() * figure.dpi / 72 for line in axes.lines]
    assert all(abs(first - second) >= mark for first, second, mark in zip(tops, tops[1:], marks, strict=False))


def test_points_of_one_number_stand_beside_each_other_and_nearer_to_it_than_to_the_next():
    series = tuple(Series(f"s{place}", [11, 21, 41], [1.0, 1.0, 1.0], place, "points") for place in range(3))
    lines = draw_chart(chart_of(*series)).axes[0].lines
    first, last = (sorted(line.get_xdata()[place] for line in lines) for place in (0, 1))
    assert len(set(first)) == 3
    assert first[1] == pytest.approx(11)
    assert first[-1] - 11 < last[0] - first[-1]


def test_points_above_one_name_stand_beside_each_other_and_a_bound_where_its_point_would():
    series = (Series("a", ["s"], [1.0], 0, "points"), Series("b", ["s"], [1.0], 1, "points"),
              Series("", ["s"], [2.0], 1, "above"))  # fmt: skip
    figure = draw_chart(Chart("c", "", "", (Panel("", "", "", series),)))
    first, second, bound = (line.get_xdata()[0] for line in figure.axes[0].lines)
    assert first < second == bound


def sides_of(figure):
    """Return the middle of each mark on each axes, in points, with the number of the axes."""
    FigureCanvasAgg(figure).draw()
    return [
        (place, *(axes.transData.transform(point) * 72 / figure.dpi))
        for place, axes in enumerate(figure.axes)
        for line in axes.lines
        for point in line.get_xydata()
        if np.isfinite(point).all()
    ]


def test_twelve_marks_of_one_number_do_not_touch_and_stand_in_line_over_panels():
    names = [f"formulation[penalty={place}.0,merge=false]" for place in range(9)]
    crowded = [Series(f"s{k}", names, [1.0] * 9 if k < 2 else [1.0] + [math.nan] * 8, k, "points") for k in range(12)]
    sparse = [Series("s0", names, [2.0] * 9, 0, "points")]
    chart = Chart("mine", "Mine", "", tuple(Panel(n, "", "y", tuple(s)) for n, s in (("a", crowded), ("b", sparse))))

    found = sides_of(draw_chart(chart))

    heights = sorted(y for place, _, y in found if place == 0)
    assert len(heights) == 12 + 8 * 2
    assert min(np.diff(heights)) >= 3.2, "a mark is 3.2 points high"
    assert {y for place, _, y in found if place == 1} < set(heights)


def test_marks_are_moved_apart_on_screen_by_the_rule_of_paper():
    named = tuple(Series(f"s{k}", ["a", "b"], [1.0, 1.0 if k < 2 else math.nan], k, "points") for k in range(5))
    counted = tuple(Series(f"s{k}", [11, 21], [1.0, 1.0], k, "points") for k in range(3))
    for series in (named, counted):
        chart = chart_of(*series)
        on_paper = [line.get_xdata().tolist() for line in draw_chart(chart).axes[0].lines]

        figure = panel_figures(chart)[0]

        on_screen = [trace["x"] for trace in figure["data"]]
        assert on_screen == [pytest.approx(places, rel=1e-5) for places in on_paper]
        assert len({places[0] for places in on_screen}) == len(series)
        assert figure["data"][0]["customdata"] == list(series[0].x), "a touch tells the name or number itself"
