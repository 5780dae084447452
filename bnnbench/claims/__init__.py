"""Claims: sentences about solvers, each with the test on published rows that it has to pass."""

from bnnbench.claims.claim import Claim as Claim
from bnnbench.claims.claim import read_claims as read_claims
from bnnbench.claims.evaluate import Verdict as Verdict
from bnnbench.claims.evaluate import evaluate as evaluate
from bnnbench.claims.evaluate import evaluate_all as evaluate_all
from bnnbench.claims.quoted import misquoted as misquoted
