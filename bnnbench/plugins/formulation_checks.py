"""Conformance of formulations: whether what one says of itself is true.

Each check asks one thing of small networks of every kind, whose QUBOs are so small that all their energies are known:
one layer, hidden layers, a bias, even fan-in, two outputs, each loss. A check that fails raises a sentence for the
author.
"""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import CheckError, InputError
from bnnbench.hashing import canonical_json
from bnnbench.plugins.verdict import DoesNotApply, Result, judged
from bnnbench.problem.network import Network
from bnnbench.problem.problem import LossName, Problem
from bnnbench.qubo.decoder import Decoder
from bnnbench.qubo.formulation import Formulation, Soundness
from bnnbench.qubo.qubo import Qubo, all_energies

MAX_BITS = 15
"""Bits of a QUBO whose states are all visited."""
SHAPES = (
    ((1, 1), False), ((2, 1), False), ((3, 1), False), ((4, 1), False), ((5, 1), False), ((1, 1), True), ((2, 1), True),
    ((3, 1), True), ((1, 2), False), ((2, 2), False), ((3, 2), False), ((1, 1, 1), False), ((2, 1, 1), False),
    ((3, 1, 1), False), ((1, 2, 1), False), ((2, 2, 1), False), ((1, 1, 2), False), ((1, 1, 1), True),
    ((1, 1, 1, 1), False), ((2, 1, 1, 1), False),
)  # fmt: skip
"""Widths, and whether there is a bias."""
ROUNDING = 1e-9
"""Relative to the largest coefficient; energies that are no binary fractions round."""


@dataclass(frozen=True)
class Case:
    """A small problem, its QUBO, and all that can be known of it.

    Attributes
    ----------
    states
        All bits: int8 of shape (2^n, n).
    energies
        Of each state: float64 of shape (2^n,).
    """

    problem: Problem
    qubo: Qubo
    decoder: Decoder
    states: NDArray[np.int8]
    energies: NDArray[np.float64]

    @property
    def name(self) -> str:
        """Say which problem this is."""
        data = ", ".join(f"{x} → {y}" for x, y in zip(*map(np.ndarray.tolist, self._data), strict=True))
        return f"{self.problem.network} with the loss {self.problem.loss} on {data}"

    @property
    def tolerance(self) -> float:
        """Energies closer than this are equal."""
        sizes = np.abs(np.concatenate([self.qubo.linear, self.qubo.couplings, [self.qubo.offset, 1.0]]))
        return ROUNDING * float(sizes.max())

    @property
    def weights(self) -> NDArray[np.int8]:
        """All weight settings, (2^W, W)."""
        return 2 * _all_bits(self.problem.network.num_weights) - 1

    @property
    def optimum(self) -> float:
        """The least loss of all weights."""
        return float(self.problem.training_loss(self.weights).min())

    @property
    def _data(self) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
        return self.problem.inputs, self.problem.targets


def run_formulation_check(name: str, formulation: Formulation) -> Result:
    """Run one of `FORMULATION_CHECKS`; whatever the formulation raises is a failure."""
    return judged(name, lambda: FORMULATION_CHECKS[name](formulation))


def problems() -> Iterator[Problem]:
    """Yield small problems: random samples, and two that contradict each other."""
    random = np.random.default_rng(0)
    spins = np.array([-1, 1], dtype=np.int8)
    for (widths, bias), loss in ((shape, loss) for shape in SHAPES for loss in get_args(LossName)):
        for num_samples in (1, 2, 3):
            inputs = random.choice(spins, (num_samples, widths[0]))
            targets = random.choice(spins, (num_samples, widths[-1]))
            yield Problem(Network(widths, bias), inputs, targets, loss)
            if num_samples == 2:
                yield Problem(Network(widths, bias), inputs[[0, 0]], np.array([targets[0], -targets[0]]), loss)


@lru_cache(maxsize=1)
def cases(formulation: Formulation) -> list[Case]:
    """Return the problems that a formulation takes and whose QUBO is small enough.

    Raises
    ------
    CheckError
        If there is none.
    """
    found = []
    for problem in problems():
        if formulation.refuses(problem) is None:
            qubo, decoder = formulation.build(problem)
            if not isinstance(qubo, Qubo):
                raise CheckError(f"compile gave {type(qubo).__name__}; give a bnnbench.Qubo.")
            if qubo.num_variables <= MAX_BITS:
                energies = all_energies(qubo.linear, qubo.symmetric(), qubo.offset)
                found.append(Case(problem, qubo, decoder, _all_bits(qubo.num_variables), energies))
    if not found:
        raise CheckError(
            f"it refuses every small network, or its QUBOs have more than {MAX_BITS} bits, so that nothing can be "
            "enumerated; take smaller parameters."
        )
    return found


@lru_cache(maxsize=MAX_BITS + 1)
def _all_bits(count: int) -> NDArray[np.int8]:
    """Return all assignments; bit i of a row's number is bit i. int8 of shape (2^count, count)."""
    bits = (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(np.int8)
    bits.setflags(write=False)
    return bits


def check_refusals(formulation: Formulation) -> None:
    """Check that the formulation refuses with a sentence."""
    for problem in problems():
        reason = formulation.refuses(problem)
        if reason is not None and not (isinstance(reason, str) and re.search(r"\w+ \w+", reason)):
            raise CheckError(f"{problem.network}: it refuses with {reason!r}; give None, or a sentence that says why.")
    cases(formulation)


def check_coefficients(formulation: Formulation) -> None:
    """Check that coefficients are finite, and the same when the problem is compiled again."""
    for case in cases(formulation):
        parts = (case.qubo.linear, case.qubo.couplings, np.array([case.qubo.offset]))
        if not all(np.isfinite(part).all() for part in parts):
            raise CheckError(f"{case.name}: a coefficient is not finite.")
        if formulation.build(case.problem)[0].hash != case.qubo.hash:
            raise CheckError(f"{case.name}: compiling it again gives another QUBO; draw no random numbers.")


def check_decoding(formulation: Formulation) -> None:
    """Check that each row of bits decodes to weights, −1 or +1, whatever the other rows are."""
    for case in cases(formulation):
        bits = case.states[:: max(1, len(case.states) // 32)]
        weights = formulation.decode(case.problem, bits)
        wanted = (len(bits), case.problem.network.num_weights)
        if np.shape(weights) != wanted:
            raise CheckError(f"{case.name}: decode gives the shape {np.shape(weights)}, but must give {wanted}.")
        if not np.isin(weights, (-1, 1)).all():
            raise CheckError(f"{case.name}: decode gives {np.unique(weights)[:3].tolist()}, but must give −1 and +1.")
        if not np.array_equal(weights[::-1], formulation.decode(case.problem, bits[::-1].copy())):
            raise CheckError(f"{case.name}: the weights behind a row of bits depend on the other rows.")


def check_completion(formulation: Formulation) -> None:
    """Check that bits that complete weights decode to a network that computes the same.

    Unless the formulation is unsound, no other bits that decode to it cost less.
    """
    for case in cases(formulation):
        weights = case.weights
        try:
            bits = case.decoder.complete(weights)
        except InputError as error:
            if "cannot complete" in str(error):
                raise DoesNotApply("it completes no weights.") from None
            raise
        decoded = case.decoder.decode(bits)
        asked, found = (case.problem.network.forward(w, case.problem.inputs) for w in (weights, decoded))
        if not np.array_equal(asked, found):
            place = int(np.argwhere((asked != found).any(axis=(1, 2)))[0, 0])
            raise CheckError(
                f"{case.name}: the weights {weights[place].tolist()} are completed to bits that decode to "
                f"{decoded[place].tolist()}, which compute something else; look at decode and complete."
            )
        if _claim(formulation, case) is Soundness.UNSOUND:
            continue  # it is judged by its weights alone
        own = case.qubo.energies(bits)
        costs = _least_energies(case)[_numbers(decoded)]
        if np.any(worse := own > costs + case.tolerance):
            place = int(np.flatnonzero(worse)[0])
            raise CheckError(
                f"{case.name}: the weights {weights[place].tolist()} are completed to bits of energy {own[place]:g}, "
                f"but others that decode to the same have {costs[place]:g}."
            )


def _least_energies(case: Case) -> NDArray[np.float64]:
    """Return the least energy of the states that decode to each weight setting, float64 of shape (2^W,)."""
    least = np.full(len(case.weights), math.inf)
    np.minimum.at(least, _numbers(case.decoder.decode(case.states)), case.energies)
    return least


def _numbers(weights: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return the place of each row among `Case.weights`."""
    return (weights > 0) @ (1 << np.arange(weights.shape[1]))


def check_soundness(formulation: Formulation) -> None:
    """Check a formulation that calls itself sound: the minimum energy is the minimum loss, at optimal weights."""
    claimed = [case for case in cases(formulation) if _claim(formulation, case) is Soundness.SOUND]
    for case in claimed:
        ground = float(case.energies.min())
        if abs(ground - case.optimum) > case.tolerance:
            raise CheckError(
                f"{case.name}: it says that it is sound, but the minimum energy is {ground:g} where the minimum loss "
                f"is {case.optimum:g}; say Soundness.UNSOUND there, or raise the penalty."
            )
        bits = case.states[case.energies <= ground + case.tolerance]
        if not np.any(case.problem.training_loss(case.decoder.decode(bits)) == case.optimum):
            raise CheckError(f"{case.name}: it says that it is sound, but no ground state decodes to optimal weights.")
    if not claimed:
        raise DoesNotApply("it does not say that it is sound.")


def check_one_sided(formulation: Formulation) -> None:
    """Check a one-sided formulation: every state of energy 0 or less has a loss of 0."""
    claimed = [case for case in cases(formulation) if _claim(formulation, case) is Soundness.ONE_SIDED]
    for case in claimed:
        bits = case.states[case.energies <= case.tolerance]
        losses = case.problem.training_loss(case.decoder.decode(bits)) if len(bits) else np.zeros(1)
        if losses.any():
            raise CheckError(
                f"{case.name}: it says that an energy of 0 proves a loss of 0, but a state of energy "
                f"{case.energies.min():g} has the loss {losses.max():g}."
            )
    if not claimed:
        raise DoesNotApply("it does not say that an energy of 0 proves a loss of 0.")


def _claim(formulation: Formulation, case: Case) -> Soundness:
    claim = formulation.soundness(case.problem)
    if not isinstance(claim, Soundness):
        raise CheckError(f"{case.name}: soundness gives {claim!r}; give a bnnbench.Soundness.")
    return claim


def check_violations(formulation: Formulation) -> None:
    """Check that violations are counts per row, and 0 for completed weights of a sound formulation."""
    counted = False
    for case in cases(formulation):
        bits = case.states[:8]
        for kind, counts in case.decoder.violations(bits).items():
            counted = True
            array = np.asarray(counts)
            if array.shape != (len(bits),) or array.dtype.kind not in "iu" or array.min() < 0:
                raise CheckError(f"{case.name}: violations of the kind {kind!r} are no whole number per row of bits.")
        if counted and _claim(formulation, case) is Soundness.SOUND:
            completed = case.decoder.violations(case.decoder.complete(case.weights))
            if any(np.any(count) for count in completed.values()):
                raise CheckError(f"{case.name}: it is sound, but completed weights violate something.")
    if not counted:
        raise DoesNotApply("it counts no violations.")


def check_identity(formulation: Formulation) -> None:
    """Check that it arrives as the same in another process, and that its parameters can be written down."""
    if pickle.loads(pickle.dumps(formulation)) != formulation:  # noqa: S301  it comes from here
        raise CheckError("it is another after pickling; keep to frozen dataclass fields.")
    try:
        canonical_json(dict(formulation.spec.parameters))
    except (TypeError, ValueError):
        raise CheckError("its parameters must be numbers, truth values, texts, or lists of them.") from None


FORMULATION_CHECKS: dict[str, Callable[[Formulation], None]] = {
    "refuses with a sentence": check_refusals,
    "coefficients": check_coefficients,
    "decodes": check_decoding,
    "completes": check_completion,
    "sound": check_soundness,
    "one-sided": check_one_sided,
    "violations": check_violations,
    "written down": check_identity,
}
"""What is asked, by name; the docstring of each says it in a sentence."""
