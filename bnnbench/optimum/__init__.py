"""Ground truth: the optimal training loss, how it is known, and the weights that reach it."""

from bnnbench.optimum.find import ground_truth as ground_truth
from bnnbench.optimum.spectrum import spectrum as spectrum
from bnnbench.optimum.truth import Truth as Truth
from bnnbench.optimum.truth import TruthKind as TruthKind
