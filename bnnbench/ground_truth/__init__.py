"""Ground truth: the optimal training loss, how it is known, and the weights that reach it."""

from bnnbench.ground_truth.find import ground_truth as ground_truth
from bnnbench.ground_truth.spectrum import spectrum as spectrum
from bnnbench.ground_truth.truth import Truth as Truth
from bnnbench.ground_truth.truth import TruthKind as TruthKind
