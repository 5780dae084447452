"""Metrics: plain functions on numbers and data frames.

Runs that failed stay in every statistic as unsolved (censored); runs that were refused or unavailable are counted
apart, because the question was not put to the solver.

Three kinds of frame go in: runs, as `bnnbench.store.store.Store.runs` gives them; traces, the batches of all runs, as
`Store.trace` does; and costs, a row per problem and a column per solver, as `cost_table` makes them
of runs, in which infinite means failed and missing means not asked.
"""

from bnnbench.metrics.anytime import best_so_far as best_so_far
from bnnbench.metrics.averages import median_interval as median_interval
from bnnbench.metrics.averages import quartiles as quartiles
from bnnbench.metrics.censoring import NOT_ASKED as NOT_ASKED
from bnnbench.metrics.censoring import censored as censored
from bnnbench.metrics.censoring import cost_table as cost_table
from bnnbench.metrics.gaps import is_floor as is_floor
from bnnbench.metrics.gaps import normalized_gap as normalized_gap
from bnnbench.metrics.labels import differences as differences
from bnnbench.metrics.labels import disambiguated as disambiguated
from bnnbench.metrics.over_problems import level_of as level_of
from bnnbench.metrics.over_problems import median_over_problems as median_over_problems
from bnnbench.metrics.over_problems import pooled_share as pooled_share
from bnnbench.metrics.paired import compare_all as compare_all
from bnnbench.metrics.paired import compare_pair as compare_pair
from bnnbench.metrics.paired import holm as holm
from bnnbench.metrics.profiles import performance_profile as performance_profile
from bnnbench.metrics.running_time import expected_running_time as expected_running_time
from bnnbench.metrics.success import Interval as Interval
from bnnbench.metrics.success import success_probability as success_probability
from bnnbench.metrics.success import success_table as success_table
from bnnbench.metrics.success import time_to_solution as time_to_solution
from bnnbench.metrics.summary import SUMMARY as SUMMARY
from bnnbench.metrics.summary import summarize as summarize
