"""Python's side of the command line: run a suite, and read results as frames, charts and pages of a notebook."""

from bnnbench.api.results import Results as Results
from bnnbench.api.results import read_results as read_results
from bnnbench.api.suite import run_suite as run_suite
