"""Charts: a figure turns the data of a store into a chart, and a chart is drawn on paper or on screen.

A chart holds numbers only, so that the figure of a paper and that of a report show the same ones.
"""

from bnnbench.charts.chart import Chart as Chart
from bnnbench.charts.chart import Matrix as Matrix
from bnnbench.charts.chart import Panel as Panel
from bnnbench.charts.chart import Series as Series
from bnnbench.charts.draw import save_chart as save_chart
from bnnbench.charts.figure import Figure as Figure
from bnnbench.charts.figure import figure as figure
from bnnbench.charts.plot_data import PlotData as PlotData
from bnnbench.charts.plot_data import read_plot_data as read_plot_data
