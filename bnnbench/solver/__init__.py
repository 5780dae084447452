"""The contract of a solver, and nothing else."""

from bnnbench.solver.contract import Batch as Batch
from bnnbench.solver.contract import Budget as Budget
from bnnbench.solver.contract import Objective as Objective
from bnnbench.solver.contract import Positive as Positive
from bnnbench.solver.contract import Solver as Solver
from bnnbench.solver.contract import WorksOn as WorksOn
from bnnbench.solver.dimod import DimodSolver as DimodSolver
from bnnbench.solver.dimod import bits_of as bits_of
from bnnbench.solver.stream import stream_of as stream_of
