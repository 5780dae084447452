"""Formulations: the ways to write the training problem as a QUBO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from bnnbench.errors import InputError, UnknownNameError
from bnnbench.problem.network import Network
from bnnbench.problem.problem import LossWeights, Problem
from bnnbench.spec import Spec, parse_spec

MAX_PENALTY = 1e12
"""Energies must be exact in float64: squares of counts times λ stay below 2^53."""
EXACT_FAN_IN = 3
"""Up to which a sign needs no counter."""
Counter = Literal["binary", "unary", "paired", "none"]


@dataclass(frozen=True, kw_only=True)
class Formulation:
    r"""How agreement counters are encoded, what is fixed, and how much a violation costs.

    A neuron with agreement count s ∈ [0, m] and threshold T = ⌈m/2⌉ has the activation bit α = [s ≥ T], enforced by
    ``λ·(s − T·α − r)²`` with a bounded integer r. See `bnnbench.qubo.encoding` for the whole objective.

    Parameters
    ----------
    name
        The named setting that this one derives from: one of `FORMULATIONS`.
    counter
        How r ∈ [0, M] is written in bits: ``binary`` (1, 2, 4, …, and a last weight that makes the sum M) or ``unary``
        (M equal bits, so that one flip moves the count by one); or ``paired``: only every second r is written, and
        the penalty does not distinguish it from the next one; or ``none``: r is the middle of [0, M].
    penalty
        λ > 0: one number for all layers, or one number per layer. A named setting may also hold a pair (hidden,
        output) that stands for networks of any depth.
    fix_signs
        Whether the sign symmetry of hidden neurons is removed by fixing weights to +1.
    published
        Whether products are written as the authors wrote them: a product bit per edge and sample in the first layer
        too, XNOR products with one ancilla each in later layers, and a loss bit.
    beta_range
        First and last inverse temperature, in units of one error, at which it anneals best; None: the solver decides.
        No parameter of the formulation: solvers have one of this name.
    shown
        Parameters that its label has even where they have their defaults.

    References
    ----------
    M. Sasdelli and T.-J. Chin, "Quantum Annealing Formulation for Binary Neural Networks", arXiv 2107.02751, 2021.
    """

    name: str
    counter: Counter = "binary"
    penalty: float | tuple[float, ...] = 2.0
    fix_signs: bool = False
    published: bool = False
    beta_range: tuple[float, float] | None = field(default=None, compare=False)
    shown: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if self.counter not in get_args(Counter):
            raise UnknownNameError(f"counter for the formulation {self.name}", str(self.counter), get_args(Counter))
        given = self.penalty if isinstance(self.penalty, Sequence) else [self.penalty]
        if not given or not all(isinstance(p, (int, float)) and not isinstance(p, bool) for p in given):
            raise InputError(
                f"formulation {self.name}: the penalty must be a number or one number per layer, "
                f"but {self.penalty!r} came."
            )
        if not all(0 < p < MAX_PENALTY for p in given):
            raise InputError(
                f"formulation {self.name}: the penalty λ must be positive and below 10^12, but {self.penalty!r} came; "
                "with λ of at least the bound (see bnnbench.penalty_bound) the formulation is exact."
            )
        value = tuple(map(float, given)) if isinstance(self.penalty, Sequence) else float(self.penalty)
        object.__setattr__(self, "penalty", value)

    def __str__(self) -> str:
        return str(self._spec_with(self.shown))

    @property
    def spec(self) -> Spec:
        """Name and the parameters that differ from the named setting."""
        return self._spec_with(())

    def _spec_with(self, shown: Sequence[str]) -> Spec:
        default = FORMULATIONS[self.name]
        values = {key: getattr(self, key) for key in _PARAMETERS}
        kept = {key: value for key, value in values.items() if key in shown or value != getattr(default, key)}
        return Spec(self.name, {k: list(v) if isinstance(v, tuple) else v for k, v in kept.items()})

    def penalties(self, network: Network) -> tuple[float, ...]:
        """λ_1, …, λ_L.

        Raises
        ------
        InputError
            If λ was given per layer for another number of layers.
        """
        layers = network.num_layers
        if not isinstance(self.penalty, tuple):
            return (self.penalty,) * layers
        if self.penalty == FORMULATIONS[self.name].penalty:
            hidden, output = self.penalty
            return (hidden,) * (layers - 1) + (output,)
        if len(self.penalty) != layers:
            raise InputError(
                f"formulation {self}: {len(self.penalty)} penalties came for the {layers} layers of the network "
                f"{network}; give one number, or {layers}."
            )
        return self.penalty

    def is_sound(self, problem: Problem) -> bool:
        """Whether the minimum energy is the minimum training loss for certain.

        It is if every λ_l ≥ `penalty_bound` and, for the counter ``none``, no fan-in where a sign is needed is above 3.
        """
        network, loss = problem.network, problem.loss_weights
        signed = range(1, network.num_layers + (loss.errors > 0))
        if self.counter == "none" and any(network.fan_in(layer) > EXACT_FAN_IN for layer in signed):
            return False
        return min(self.penalties(network)) >= penalty_bound(network, loss)

    def refuses(self, problem: Problem) -> str | None:
        """Why this formulation does not apply to a problem; None if it does."""
        network = problem.network
        try:
            self.penalties(network)
        except InputError as error:
            return str(error)
        if not self.published:
            return None
        if network.bias:
            return f"{self.name}: the published encoding has no bias, but {network} has; use compact or reduced."
        wrong = [m for m in map(network.fan_in, range(1, network.num_layers + 1)) if m not in (3, 7, 15)]
        if wrong:
            return (
                f"{self.name}: the published encoding takes the most significant bit of the agreement count as the "
                f"sign, which is right only for fan-in 3, 7 and 15, but {network} has fan-in {wrong[0]}; "
                "use compact or reduced."
            )
        if problem.loss != "zero_one":
            return f"{self.name}: the published loss is zero_one, but {problem.loss} came; use compact or reduced."
        return None


_PARAMETERS = ("counter", "penalty")

FORMULATIONS = {
    "compact": Formulation(name="compact"),
    "reduced": Formulation(name="reduced", fix_signs=True),
    "sasdelli": Formulation(name="sasdelli", penalty=50.0, published=True),
    "soft": Formulation(name="soft", counter="none", penalty=(0.06, 0.35), fix_signs=True, beta_range=(4.0, 25.0)),
}
"""Named settings. `soft` is not exact on purpose: it is made to be annealed, see docs/penalties.md."""


def formulation(spec: str | Spec | Formulation, /, **parameters: Any) -> Formulation:
    """Build a formulation from its name, ``formulation("reduced", penalty=1)``, or from ``"reduced[penalty=1]"``.

    Raises
    ------
    UnknownNameError
        If there is no such formulation or parameter.
    InputError
        If a parameter has a wrong value.
    """
    if isinstance(spec, Formulation):
        return replace(spec, **parameters)
    spec = parse_spec(spec)
    if spec.name not in FORMULATIONS:
        raise UnknownNameError("formulation", spec.name, FORMULATIONS)
    known = () if FORMULATIONS[spec.name].published else _PARAMETERS
    changes = {**spec.parameters, **parameters}
    for name in changes:
        if name not in known:
            raise UnknownNameError(f"parameter of the formulation {spec.name}", name, known)
    if isinstance(changes.get("penalty"), list):
        changes["penalty"] = tuple(changes["penalty"])
    return replace(FORMULATIONS[spec.name], **changes)


def penalty_bound(network: Network, loss: LossWeights) -> float:
    r"""Smallest λ for which the minimum energy is proved to be the minimum training loss.

    With e the price of an error and c that of a unit of margin, one sample's loss spans Δ = d_L·(e + c·m_L). For fixed
    weights, violating anything in a sample lowers its loss by at most Δ, with one exception: a wrong product p at the
    output moves the agreement w ⊙ a = 1 − w − a + 2p by 2, so it can also leave the range of the loss, by 2c beside
    the error that it hides. Every violated penalty costs at least λ. Hence ``λ ≥ max(Δ, e + 2c)`` suffices (the second
    term matters only for one output of fan-in 1), and for λ above it every ground state violates nothing.
    """
    span = network.num_outputs * (loss.errors + loss.margin * network.fan_in(network.num_layers))
    return max(span, loss.errors + 2 * loss.margin) if network.num_layers > 1 else span
