"""Certificates: what is known about an optimum, in a file that anybody can check again.

The checks share no code with the search. The optimal weights are put through the plain forward pass. Small networks are
enumerated, one weight vector after another. For larger ones CP-SAT is asked for a network of lower loss; that it
proves there is none confirms the optimum, and a network that it finds refutes it.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from threading import Event, Thread
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from bnnbench.errors import CheckError, InputError, system_errors
from bnnbench.hashing import content_hash
from bnnbench.optimum.truth import Truth, TruthKind
from bnnbench.problem.problem import Problem, integer_prices

ENUMERATION_LIMIT = 2**21
"""Weight settings times samples up to which everything is tried one by one."""
WORDS, FORWARD = "words", "forward pass"
PROOFS = ("enumeration", "refutation by CP-SAT")
"""Names of the checks; only a proof says that no loss is lower."""
_CHUNK = 2**12
_MAX_DIGITS = 4000  # Python reads no longer numbers, and no network of so many weights is searched
_MAX_CHARACTERS = 2**24  # a certificate has some hundred; a device has no end

Verdict = Literal["agreed", "disagreed", "out of time", "unavailable", "not checked"]


@dataclass(frozen=True)
class Check:
    """One check of a certificate: what was done, what came of it, and how long it took (seconds)."""

    name: str
    verdict: Verdict
    detail: str
    seconds: float


@dataclass(frozen=True)
class Certificate:
    """A claim about the optimum, how it was found, and what checks said.

    Parameters
    ----------
    problem_hash
        Content hash of the problem.
    problem, network, loss_name, num_samples
        The same in words.
    kind, loss, lower_bound, num_optima, method, nodes, seconds
        As in `bnnbench.optimum.truth.Truth`; the number is text, because it can exceed what JSON readers keep exactly.
    weights
        One optimal weight setting, a ``+`` or ``-`` each.
    parameters
        Of the search.
    version
        Of bnnbench.
    checks
        See `Check`.
    """

    problem_hash: str
    problem: str
    network: str
    loss_name: str
    num_samples: int
    kind: TruthKind
    loss: float
    lower_bound: float
    num_optima: str | None
    weights: str
    method: str
    parameters: dict[str, float | int | str | None]
    nodes: int
    seconds: float
    version: str
    checks: tuple[Check, ...] = ()

    @property
    def digest(self) -> str:
        """Content hash of everything above."""
        return content_hash("certificate", asdict(self))

    @property
    def is_confirmed(self) -> bool:
        """Return whether a check confirmed that no loss is below the bound, and none disagreed."""
        proofs = [check for check in self.checks if check.name in PROOFS]
        return not self.failed and any(check.verdict == "agreed" for check in proofs)

    @property
    def failed(self) -> list[Check]:
        """Checks that disagreed."""
        return [check for check in self.checks if check.verdict == "disagreed"]


def certify(problem: Problem, truth: Truth, *, limit_s: float = 60.0) -> Certificate:
    """Put a truth into a certificate, and check it; see `verify`."""
    plain = replace(plain_certificate(problem, truth), parameters={"limit_s": limit_s})
    return verify(problem, plain, limit_s=limit_s)


def plain_certificate(problem: Problem, truth: Truth) -> Certificate:
    """Put a truth into a certificate that was not checked."""
    return Certificate(
        problem_hash=truth.problem_hash,
        problem=problem.name,
        network=str(problem.network),
        loss_name=problem.loss,
        num_samples=problem.num_samples,
        kind=truth.kind,
        loss=float(truth.loss),
        lower_bound=float(truth.loss if truth.lower_bound is None else truth.lower_bound),
        num_optima=None if truth.num_optima is None else str(truth.num_optima),
        weights=signs(truth.optima[0]),
        method=truth.method,
        parameters={},
        nodes=truth.nodes,
        seconds=round(truth.seconds, 6),  # of 17 digits, the last can change without another number
        version=version("bnnbench"),
    )


def verify(problem: Problem, certificate: Certificate, *, limit_s: float = 60.0) -> Certificate:
    """Check a certificate against its problem.

    Parameters
    ----------
    limit_s
        Seconds that CP-SAT has to prove that there is no lower loss.

    Returns
    -------
    Certificate
        With the checks that were made now; see `Certificate.failed`.

    Raises
    ------
    CheckError
        If the certificate is about another problem.
    """
    if certificate.problem_hash != problem.hash:
        raise CheckError(
            f"the certificate is about the problem {certificate.problem} with the hash {certificate.problem_hash}, but "
            f"{problem.name} has the hash {problem.hash}; give the problem that it was made for."
        )
    words = _timed(WORDS, _check_words, problem, certificate)
    checks = [_timed(FORWARD, _check_weights, problem, certificate)]
    if words.verdict == checks[0].verdict == "agreed":
        if problem.num_samples << problem.network.num_weights <= ENUMERATION_LIMIT:
            checks.append(_timed(PROOFS[0], _check_by_enumeration, problem, certificate))
        else:
            checks.append(_timed(PROOFS[1], _check_by_refutation, problem, certificate, limit_s))
            if certificate.num_optima is not None:
                checks.append(_timed("number of optimal settings", _leave_count, problem, certificate))
    checks.append(words)
    return replace(certificate, checks=tuple(checks))


def write_certificate(certificate: Certificate, path: Path) -> None:
    """Write a certificate as JSON, with its digest.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with system_errors(InputError, f"{path} cannot be written", "give another file"):
        path.write_text(_text(certificate), encoding="utf-8")


def read_certificate(path: Path) -> Certificate:
    """Read a certificate.

    Raises
    ------
    InputError
        If the file cannot be read, or is no certificate.
    CheckError
        If its content does not have its digest.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read(_MAX_CHARACTERS)
        content: Any = json.loads(text)
        digest = content.pop("digest")
        certificate = TypeAdapter(Certificate).validate_python(content)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; give a certificate.") from error
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        reason = f"{error.error_count()} fields are wrong" if isinstance(error, ValidationError) else "no such JSON"
        raise InputError(
            f"{path} is not a certificate of bnnbench ({reason}); write one with bnnbench truth PROBLEM -o FILE."
        ) from error
    if certificate.digest != digest:
        raise CheckError(f"{path} was changed: its content has the digest {certificate.digest}, not {digest}.")
    if text != _text(certificate):
        raise CheckError(
            f"{path} was changed: it has the digest of its content, but fields, spaces or lines that bnnbench does not "
            "write; take the file as it was written."
        )
    return certificate


def _text(certificate: Certificate) -> str:
    """Return a certificate as JSON, as it stands in its file."""
    return json.dumps({**asdict(certificate), "digest": certificate.digest}, indent=2, ensure_ascii=False) + "\n"


def signs(weights: NDArray[np.int8]) -> str:
    """Return weights as text, a ``+`` or ``-`` each."""
    return "".join("+" if weight > 0 else "-" for weight in weights)


def from_signs(text: str) -> NDArray[np.int8]:
    """Undo `signs`."""
    return np.array([1 if sign == "+" else -1 for sign in text], dtype=np.int8)


def _timed(name: str, check: Any, *arguments: Any) -> Check:
    start = time.perf_counter()
    verdict, detail = check(*arguments)
    return Check(name, verdict, detail, round(time.perf_counter() - start, 3))


def _check_words(problem: Problem, certificate: Certificate) -> tuple[Verdict, str]:
    """Compare what a certificate says of its problem, and whether its claims fit together."""
    said = {
        "network": (certificate.network, str(problem.network)),
        "loss_name": (certificate.loss_name, problem.loss),
        "num_samples": (certificate.num_samples, problem.num_samples),
    }
    wrong = [f"{name} is {right} and not {claimed}" for name, (claimed, right) in said.items() if claimed != right]
    loss, bound = certificate.loss, certificate.lower_bound
    if certificate.kind == "attained" and loss != 0:
        wrong.append(f"a loss of {loss:g} is not attained as the least possible, which is 0")
    if not 0 <= bound <= loss or (certificate.kind != "best_known" and bound != loss):
        wrong.append(f"the lower bound {bound:g} does not fit the loss {loss:g} of the kind {certificate.kind}")
    count = certificate.num_optima
    is_number = count is not None and count.isascii() and count.isdecimal() and len(count) <= _MAX_DIGITS
    if count is not None and not (is_number and 1 <= int(count) <= 2**problem.network.num_weights):
        wrong.append(f"{count[:40]} is no number of optimal settings of {problem.network.num_weights} weights")
    if not (0 <= certificate.seconds < math.inf and certificate.nodes >= 0):
        wrong.append(f"{certificate.nodes} nodes in {certificate.seconds:g} s are no work of a search")
    if wrong:
        return "disagreed", "; ".join(wrong)
    unchecked = "name, method, parameters, nodes, seconds and version are not checked"
    return "agreed", f"network, loss, number of samples, kind and bound; {unchecked}"


def _leave_count(problem: Problem, certificate: Certificate) -> tuple[Verdict, str]:
    return "not checked", f"{certificate.num_optima} of 2^{problem.network.num_weights}: too many settings to enumerate"


def _check_weights(problem: Problem, certificate: Certificate) -> tuple[Verdict, str]:
    weights = certificate.weights
    if len(weights) != problem.network.num_weights or set(weights) - {"+", "-"}:
        return "disagreed", f"{len(weights)} signs where {problem.network.num_weights} are needed"
    loss = float(problem.training_loss(from_signs(weights)))
    detail = f"the weights have the loss {loss:g}"
    return "agreed" if loss == certificate.loss else "disagreed", detail


def _check_by_enumeration(problem: Problem, certificate: Certificate) -> tuple[Verdict, str]:
    least, count = np.inf, 0
    for settings in _all_settings(problem.network.num_weights):
        losses = problem.training_loss(settings)
        lowest = float(losses.min())
        if lowest < least:
            least, count = lowest, 0
        count += int(np.count_nonzero(losses == least))
    holds = certificate.lower_bound <= least <= certificate.loss
    if certificate.kind != "best_known":
        holds = least == certificate.loss and certificate.num_optima in (None, str(count))
    detail = f"{count:,} of 2^{problem.network.num_weights} settings have the least loss {least:g}"
    return "agreed" if holds else "disagreed", detail


def _all_settings(length: int) -> Iterator[NDArray[np.int8]]:
    low = min(length, _CHUNK.bit_length() - 1)
    tails = np.array(list(itertools.product((-1, 1), repeat=low)), dtype=np.int8)
    for head in itertools.product((-1, 1), repeat=length - low):
        yield np.hstack([np.tile(np.array(head, dtype=np.int8), (len(tails), 1)), tails])


def _contradictions(problem: Problem) -> float:
    """Return what equal inputs with opposite targets cost any network, sample by sample."""
    network, price = problem.network, problem.loss_weights
    tallies: dict[tuple[bytes, int], Counter[int]] = {}
    for row, targets in zip(problem.inputs, problem.targets.tolist(), strict=True):
        for output, target in enumerate(targets):
            tallies.setdefault((row.tobytes(), output), Counter())[target] += 1
    pairs = sum(min(tally[1], tally[-1]) for tally in tallies.values())
    return pairs * (price.errors + price.margin * network.fan_in(network.num_layers))


def _check_by_refutation(problem: Problem, certificate: Certificate, limit_s: float) -> tuple[Verdict, str]:
    try:
        from ortools.sat.python import cp_model

        from bnnbench.optimum.cpsat_model import network_model
    except ImportError:
        return "unavailable", "ortools is not installed"
    _, _, unit = integer_prices(problem)
    goal = round(certificate.lower_bound / unit) - 1
    if goal < 0:
        return "agreed", "no loss is below 0"
    if goal * unit < _contradictions(problem):
        return "agreed", f"samples that contradict each other cost {_contradictions(problem):g}"
    model, weights, objective, _ = network_model(problem)
    model.add(objective <= goal)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limit_s
    solver.parameters.num_workers = os.cpu_count() or 1
    solver.parameters.catch_sigint_signal = False  # it would leave the process without Python's handler
    solving: Future[Any] = Future()
    stopped = Event()

    def solve() -> None:
        try:
            solving.set_result(None if stopped.is_set() else solver.solve(model))
        except BaseException as error:  # noqa: BLE001 (whoever waits for the result gets it)
            solving.set_exception(error)

    thread = Thread(target=solve, daemon=True)
    try:  # an interrupt may come as early as in the start, which waits for the thread to run
        thread.start()
        status = solving.result()
    except BaseException:  # an interrupt, which a call of the library would keep waiting
        stopped.set()
        while thread.is_alive():  # a stop that comes before the search has begun is forgotten
            solver.stop_search()
            thread.join(0.05)
        raise
    if status == cp_model.INFEASIBLE:
        return "agreed", f"there is no network of loss {goal * unit:g} or less"
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        found = np.array([1 if solver.boolean_value(weight) else -1 for weight in weights], dtype=np.int8)
        return "disagreed", f"the weights {signs(found)} have the loss {float(problem.training_loss(found)):g}"
    return "out of time", f"no proof in {limit_s:g} s that there is no network of loss {goal * unit:g} or less"
