"""A certificate comes back as it was written, and what is wrong in it is found."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from strategies import random_problem

from bnnbench.errors import BnnbenchError, CheckError, InputError
from bnnbench.optimum import certificate
from bnnbench.optimum.certificate import (
    Certificate,
    certify,
    from_signs,
    read_certificate,
    signs,
    verify,
    write_certificate,
)
from bnnbench.optimum.find import ground_truth
from bnnbench.optimum.truth import Truth
from bnnbench.problem.problem import Problem


@pytest.fixture(scope="module")
def problem() -> Problem:
    return random_problem((3, 3, 1), 12, name="drei-ß")


@pytest.fixture(scope="module")
def truth(problem: Problem) -> Truth:
    return ground_truth(problem)


@pytest.fixture(scope="module")
def claim(problem: Problem, truth: Truth) -> Certificate:
    return certify(problem, truth)


@pytest.fixture
def by_refutation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small problems are left to CP-SAT too."""
    monkeypatch.setattr(certificate, "ENUMERATION_LIMIT", 0)


def verdicts(claimed: Certificate) -> list[tuple[str, str]]:
    return [(check.name, check.verdict) for check in claimed.checks]


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_certificate_comes_back_as_it_was_written(claim: Certificate, tmp_path: Path) -> None:
    path = tmp_path / "claim.json"

    write_certificate(claim, path)

    assert read_certificate(path) == claim
    assert read_certificate(path).digest == claim.digest == json.loads(path.read_text())["digest"]


@pytest.mark.parametrize("changes", [{"loss": 3}, {"lower_bound": 0, "kind": "best_known"}, {"num_optima": 2**200}])
def test_whole_numbers_and_large_ones_come_back(
    problem: Problem, truth: Truth, tmp_path: Path, changes: dict[str, Any]
) -> None:
    claimed = certify(problem, replace(truth, **changes), limit_s=60)

    write_certificate(claimed, tmp_path / "claim.json")

    assert read_certificate(tmp_path / "claim.json") == claimed


def test_a_character_that_is_changed_anywhere_is_noticed(claim: Certificate, tmp_path: Path) -> None:
    path = tmp_path / "claim.json"
    write_certificate(claim, path)
    content = path.read_bytes()
    silent, sentences = [], set()

    for place in range(len(content)):
        flipped = content[place] ^ (1, 2, 0x10)[place % 3]
        path.write_bytes(content[:place] + bytes([flipped]) + content[place + 1 :])
        try:
            read = read_certificate(path)
        except BnnbenchError as error:
            sentences.add(str(error))
            continue
        assert read == claim, "only what means the same may be taken"
        silent.append(content[place : place + 1])

    assert len(sentences) > 1
    assert all(str(path) in sentence for sentence in sentences)
    assert silent == []


@pytest.mark.parametrize("position", [0, 1, 100, -1])
def test_a_certificate_that_is_cut_is_refused(claim: Certificate, tmp_path: Path, position: int) -> None:
    path = tmp_path / "claim.json"
    write_certificate(claim, path)
    path.write_text(path.read_text().rstrip()[:position])

    with pytest.raises(InputError, match="is not a certificate of bnnbench"):
        read_certificate(path)


def test_a_field_more_is_refused(claim: Certificate, tmp_path: Path) -> None:
    path = tmp_path / "claim.json"
    write_certificate(claim, path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"author": "me"}))

    with pytest.raises(CheckError, match="was changed"):
        read_certificate(path)


@pytest.mark.parametrize(
    "text", ["", "[]", "3", '"digest"', "{}", '{"digest": 1}', "[" * 100_000, '{"digest": "x", "loss": NaN}', "\x00"]
)
def test_what_is_no_certificate_is_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)

    with pytest.raises(
        InputError, match=r"x.json is not a certificate of bnnbench \(.*\); write one with bnnbench truth"
    ):
        read_certificate(tmp_path / "x.json")


def test_bytes_that_are_no_text_are_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(InputError, match="is not a certificate"):
        read_certificate(tmp_path / "x.json")


def test_a_file_that_is_not_there_and_a_folder_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_certificate(tmp_path / "nowhere.json")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_certificate(tmp_path)


@pytest.mark.parametrize(
    ("path", "reason"), [("/dev/full", "No space left"), ("/", "Is a directory"), ("/no/x", "No such")]
)
def test_what_cannot_be_written_is_a_sentence(claim: Certificate, path: str, reason: str) -> None:
    with pytest.raises(InputError, match=f"{path} cannot be written: {reason}.*; give another file"):
        write_certificate(claim, Path(path))


def test_weights_come_back_from_their_signs(truth: Truth) -> None:
    assert from_signs(signs(truth.optima[0])).tolist() == truth.optima[0].tolist()


# --- checks -----------------------------------------------------------------------------------------------------------


def test_a_right_claim_about_a_small_network_is_confirmed_by_enumeration(problem: Problem, claim: Certificate) -> None:
    assert verdicts(claim) == [("forward pass", "agreed"), ("enumeration", "agreed"), ("words", "agreed")]
    assert claim.failed == []
    assert verdicts(verify(problem, claim)) == verdicts(claim)


def test_a_claim_about_another_problem_is_refused(claim: Certificate) -> None:
    with pytest.raises(CheckError, match=r"about the problem drei-ß .* but other has the hash .*; give the problem"):
        verify(random_problem((3, 3, 1), 12, seed=1, name="other"), claim)


@pytest.mark.parametrize("change", [1.0, -1.0, 0.5, 1e300, float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("limit", [0, 2**21])
def test_a_wrong_loss_is_found(
    problem: Problem, truth: Truth, monkeypatch: pytest.MonkeyPatch, change: float, limit: int
) -> None:
    monkeypatch.setattr(certificate, "ENUMERATION_LIMIT", limit)

    assert certify(problem, replace(truth, loss=truth.loss + change)).failed


@pytest.mark.parametrize("weights", ["", "+", "+" * 11, "+" * 13, "x" * 12, "0" * 12])
def test_weights_of_a_wrong_form_are_found(problem: Problem, claim: Certificate, weights: str) -> None:
    failed = verify(problem, replace(claim, weights=weights)).failed

    assert failed[0].detail == f"{len(weights)} signs where 12 are needed"


def other_output(claim: Certificate) -> str:
    """Negating the output neuron of an odd network makes every right answer wrong."""
    weights = from_signs(claim.weights)
    return signs(np.concatenate([weights[:-3], -weights[-3:]]))


def test_weights_of_another_loss_are_found(problem: Problem, claim: Certificate) -> None:
    worse = other_output(claim)

    assert verify(problem, replace(claim, weights=worse)).failed[0].name == "forward pass"


@pytest.mark.parametrize("count", ["0", "-1", "", "many", "4097", "9" * 10_000])
def test_a_count_that_cannot_be_is_found(problem: Problem, claim: Certificate, count: str) -> None:
    (failed,) = verify(problem, replace(claim, num_optima=count)).failed

    assert failed.name == "words"
    assert "is no number of optimal settings of 12 weights" in failed.detail


@pytest.mark.parametrize("changes", [{"nodes": -1}, {"seconds": -0.5}, {"seconds": float("nan")}])
def test_work_that_cannot_be_is_found(problem: Problem, claim: Certificate, changes: Any) -> None:
    (failed,) = verify(problem, replace(claim, **changes)).failed

    assert (failed.name, "no work of a search" in failed.detail) == ("words", True)


@pytest.mark.parametrize("count", ["1", "4096"])
def test_a_wrong_count_is_found_by_enumeration(problem: Problem, claim: Certificate, count: str) -> None:
    failed = verify(problem, replace(claim, num_optima=count)).failed

    assert failed[0].name == "enumeration"
    assert f"{int(claim.num_optima or 0):,} of 2^12 settings" in failed[0].detail


@pytest.mark.parametrize(
    ("kind", "shift", "holds"),
    [("exhaustive", 0, True), ("exhaustive", -1, False), ("exhaustive", 1, False), ("best_known", -1, True),
     ("best_known", 1, False)],
)  # fmt: skip
def test_a_lower_bound_that_does_not_fit_the_loss_is_found(
    problem: Problem, claim: Certificate, kind: Any, shift: int, holds: bool
) -> None:
    claimed = replace(claim, kind=kind, lower_bound=claim.loss + shift)

    assert bool(verify(problem, claimed).failed) != holds


def poor(problem: Problem, claim: Certificate) -> Certificate:
    """A claim whose weights have the loss that it names, which is not the least."""
    worse = other_output(claim)
    loss = float(problem.training_loss(from_signs(worse)))
    assert loss > claim.loss
    return replace(claim, weights=worse, loss=loss, lower_bound=loss, num_optima=None)


def test_poor_weights_are_found_by_enumeration(problem: Problem, claim: Certificate) -> None:
    failed = verify(problem, poor(problem, claim)).failed

    assert [check.name for check in failed] == ["enumeration"]


@pytest.mark.usefixtures("by_refutation")
def test_poor_weights_are_refuted_by_a_better_network(problem: Problem, claim: Certificate) -> None:
    failed = verify(problem, poor(problem, claim)).failed

    assert [check.name for check in failed] == ["refutation by CP-SAT"]
    better = from_signs(failed[0].detail.split()[2])
    assert problem.training_loss(better) < poor(problem, claim).loss


@pytest.mark.parametrize("loss", ["zero_one", "margin", "zero_one_margin"])
@pytest.mark.usefixtures("by_refutation")
def test_cpsat_confirms_that_there_is_no_better_network(loss: str) -> None:
    small = random_problem((3, 2, 1), 6, loss=loss, seed=2)

    assert verdicts(certify(small, ground_truth(small)))[1] == ("refutation by CP-SAT", "agreed")


@pytest.mark.usefixtures("by_refutation")
def test_a_loss_of_zero_needs_no_refutation() -> None:
    small = random_problem((3, 3, 1), 1)

    check = certify(small, ground_truth(small), limit_s=0).checks[1]

    assert (check.verdict, check.detail) == ("agreed", "no loss is below 0")


def test_cpsat_may_run_out_of_time() -> None:
    large = random_problem((9, 9, 1), 60)
    weights = random_problem((90, 1), 1).inputs
    guess = Truth(large.hash, float(large.training_loss(weights[0])), "proved", "guess", weights)
    one_less = replace(guess, loss=guess.loss)

    check = certify(large, one_less, limit_s=0).checks[1]

    assert (check.name, check.verdict) == ("refutation by CP-SAT", "out of time")
    assert "no proof in 0 s" in check.detail


@pytest.mark.usefixtures("by_refutation")
def test_without_ortools_a_refutation_is_unavailable(
    problem: Problem, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)

    claimed = certify(problem, truth)

    assert verdicts(claimed)[1] == ("refutation by CP-SAT", "unavailable")
    assert claimed.failed == []


@pytest.mark.parametrize("limit", [0, 2**21])
def test_a_lower_bound_of_what_is_only_the_best_known_is_checked(
    problem: Problem, truth: Truth, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(certificate, "ENUMERATION_LIMIT", limit)
    weights = from_signs(other_output(certify(problem, truth)))
    known = replace(truth, kind="best_known", loss=float(problem.training_loss(weights)), optima=weights[None])
    known = replace(known, num_optima=None)

    right = certify(problem, replace(known, lower_bound=truth.loss))
    wrong = certify(problem, replace(known, lower_bound=truth.loss + 1))

    assert right.is_confirmed
    assert [check.name for check in wrong.failed] == ["enumeration" if limit else "refutation by CP-SAT"]


CLAIMS: dict[str, dict[str, Any]] = {
    "another network": {"network": "3-4-1"},
    "another loss": {"loss_name": "margin"},
    "another number of samples": {"num_samples": 13},
    "attained, and not 0": {"kind": "attained"},
    "a bound above the loss": {"kind": "best_known", "lower_bound": 9.0},
    "a bound below the optimum": {"lower_bound": 0.0},
    "a negative bound": {"kind": "best_known", "lower_bound": -1.0},
}


@pytest.mark.parametrize("changes", CLAIMS.values(), ids=CLAIMS)
def test_words_that_do_not_fit_the_problem_are_found(
    problem: Problem, claim: Certificate, changes: dict[str, Any]
) -> None:
    checked = verify(problem, replace(claim, **changes))

    assert [check.name for check in checked.failed] == ["words"]
    assert not checked.is_confirmed


@pytest.mark.usefixtures("by_refutation")
def test_a_count_that_is_too_large_to_enumerate_is_said_to_be_unchecked(problem: Problem, claim: Certificate) -> None:
    checked = verify(problem, replace(claim, num_optima="17"))

    assert ("number of optimal settings", "not checked") in verdicts(checked)
    assert checked.is_confirmed
    assert "nodes, seconds and version are not checked" in checked.checks[-1].detail


def test_a_proof_that_runs_out_of_time_confirms_nothing() -> None:
    large = random_problem((9, 9, 1), 60)
    weights = random_problem((90, 1), 1).inputs
    guess = Truth(large.hash, float(large.training_loss(weights[0])), "proved", "guess", weights)

    checked = certify(large, guess, limit_s=0)

    assert (checked.is_confirmed, checked.failed) == (False, [])


def test_what_contradictory_samples_cost_needs_no_refutation() -> None:
    one = random_problem((30, 3, 1), 6)
    inputs, targets = np.vstack([one.inputs] * 2), np.vstack([one.targets, -one.targets])
    clash = Problem(one.network, inputs, targets)

    checked = certify(clash, ground_truth(clash), limit_s=0)

    assert checked.is_confirmed
    assert checked.checks[1].detail == "samples that contradict each other cost 6"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + " ",
        lambda text: text.replace("{", "{ ", 1),
        lambda text: json.dumps(json.loads(text)),
        lambda text: text.replace("{", '{"loss": 0.0,', 1),
        lambda text: text.replace("\n", "\r\n"),
    ],
    ids=["a blank", "a blank inside", "one line", "a key twice", "line ends"],
)
def test_text_that_means_the_same_but_was_not_written_so_is_refused(
    claim: Certificate, tmp_path: Path, change: Any
) -> None:
    path = tmp_path / "claim.json"
    write_certificate(claim, path)
    path.write_bytes(change(path.read_text()).encode())

    with pytest.raises(CheckError, match=r"was changed: it has the digest of its content, but"):
        read_certificate(path)


INTERRUPTED = """
import os, signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # the background jobs of a shell ignore it
DELAY = {delay}
from dataclasses import replace
sys.path.insert(0, {tests!r})
from strategies import random_problem
import bnnbench
from bnnbench.optimum import Truth, certificate, ground_truth

small = random_problem((3, 2, 1), 6, seed=2)
certificate.ENUMERATION_LIMIT = 0
assert certificate.certify(small, ground_truth(small, cache=None)).checks[1].verdict == "agreed"
bnnbench.run(bnnbench.compile(small), bnnbench.load_solver("cpsat_network"), budget=bnnbench.Budget(seconds=5))
try:
    signal.raise_signal(signal.SIGINT)
    time.sleep(1)
except KeyboardInterrupt:
    print("raised after a check", flush=True)

large = random_problem((9, 9, 1), 300)
weights = random_problem((90, 1), 1).inputs
claim = certificate.certify(large, Truth(large.hash, -1.0, "proved", "guess", weights))
threading.Timer(DELAY, os.kill, (os.getpid(), signal.SIGINT)).start()
start = time.monotonic()
try:
    certificate._check_by_refutation(large, replace(claim, loss=60.0, lower_bound=60.0), 60.0)
except KeyboardInterrupt:
    print("raised in a check", time.monotonic() - start < 30, flush=True)
"""


@pytest.mark.parametrize("delay", [0.2, 3.0])
def test_an_interrupt_reaches_python_in_and_after_a_check(delay: float) -> None:
    """CP-SAT takes the signal's handler away unless told not to, and the next Ctrl-C would end the process at once."""
    code = INTERRUPTED.format(tests=str(Path(__file__).parents[1]), delay=delay)

    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=300)

    assert done.stdout.splitlines() == ["raised after a check", "raised in a check True"], done.stderr
