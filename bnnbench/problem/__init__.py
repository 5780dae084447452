"""The subject of learning: a network, a data set and a loss."""

from bnnbench.problem.network import Network as Network
from bnnbench.problem.problem import Problem as Problem
