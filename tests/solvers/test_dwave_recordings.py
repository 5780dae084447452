"""Recordings of `dwave`: what is kept, that it replays offline, and that nothing else passes for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dimod
import numpy as np
import pytest
from dwave.cloud import exceptions
from mock_qpu import Mock, planted

from bnnbench.annealer.recording import read_recording
from bnnbench.errors import InputError, RefusedError, UnavailableError
from bnnbench.harness.campaign import Campaign, pending
from bnnbench.plugins.registry import load_solver
from bnnbench.qubo.qubo import Qubo
from bnnbench.solver.contract import Batch, Budget, Solver
from bnnbench.store.store import open_store, read_store
from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan

pytestmark = pytest.mark.usefixtures("machine")

QUBO = planted([0, 1, 1, 0, 1, 0, 0, 1])
BUDGET = Budget(reads=25)
GIVEN: dict[str, Any] = {"reads_per_call": 10, "spin_reversal": True, "annealing_time_us": 20.0}
MOCKED = Path(__file__).parents[1] / "mocked_dwave.py"


class Talkative(Mock):
    """A sampler whose answers say whose account it is."""

    def sample(self, bqm: dimod.BinaryQuadraticModel, **keywords: Any) -> dimod.SampleSet:
        answer = super().sample(bqm, **keywords)
        said = {"problem_id": "ID-5e31", "problem_label": "of ada-lovelace", "endpoint": "https://secret.example"}
        answer.info.update(said)
        answer.info["timing"]["account"] = "ada-lovelace@example.org"
        return answer


def ask(solver: Solver, qubo: Qubo = QUBO, seed: int = 3, budget: Budget = BUDGET) -> list[Batch]:
    return list(solver.sample(solver.prepare(qubo), seed=seed, budget=budget))


def facts(batch: Batch) -> dict[str, Any]:
    return {key: value for key, value in batch.facts.items() if key not in ("replayed", "recorded_seed")}


def test_copies_are_replayed_as_they_were_read(connect: Callable[..., Solver], tmp_path: Path) -> None:
    path = tmp_path / "copies.jsonl"
    given = {**GIVEN, "copies": 2}
    seen = ask(connect(Mock(), record=str(path), **given))

    again = ask(load_solver("dwave", replay=str(path), **given))

    assert [batch.bits.tolist() for batch in again] == [batch.bits.tolist() for batch in seen]
    assert sum(len(batch.bits) for batch in again) == 25
    assert again[0].facts["num_copies"] == 2


@pytest.fixture
def file(connect: Callable[..., Solver], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recording; afterwards, no sampler can be had."""
    path = tmp_path / "run.jsonl"
    ask(connect(Mock(), record=str(path), **GIVEN))

    def gone(_: object) -> None:
        pytest.fail("connected")

    monkeypatch.setattr(type(load_solver("dwave")), "sampler", gone)
    return path


def replaying(path: Path, **changes: Any) -> Solver:
    return load_solver("dwave", replay=str(path), **GIVEN | changes)


@pytest.mark.parametrize("chain_breaks", ["majority_vote", "minimize_energy"])
def test_a_replay_gives_the_same_batches_clocks_and_facts(
    connect: Callable[..., Solver], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chain_breaks: str
) -> None:
    path = tmp_path / "run.jsonl"
    weak = GIVEN | {"chain_strength": 0.5, "chain_breaks": chain_breaks}
    original = ask(connect(Mock(), record=str(path), **weak))
    assert original[-1].facts["chain_break_fraction"] > 0
    solver = load_solver("dwave", replay=str(path), **weak)
    monkeypatch.setattr(type(solver), "sampler", lambda _: pytest.fail("connected"))

    replay = ask(solver, seed=77)

    assert [batch.bits.tolist() for batch in replay] == [batch.bits.tolist() for batch in original]
    assert [batch.bits.dtype for batch in replay] == [np.int8] * 3
    assert [batch.clocks for batch in replay] == [batch.clocks for batch in original]
    assert [facts(batch) for batch in replay] == [batch.facts for batch in original]


def test_a_replay_says_that_it_is_one_and_needs_no_token(file: Path) -> None:
    solver = replaying(file)

    assert load_solver("dwave").unavailable() is not None
    assert solver.unavailable() is None
    assert solver.refuses(QUBO) is None
    assert all(batch.facts["replayed"] is True and batch.facts["recorded_seed"] == 3 for batch in ask(solver))


def test_a_recording_holds_the_run_and_the_raw_answers(file: Path) -> None:
    recording = read_recording(file)
    run = recording.run

    assert (run.qubo_hash, run.seed, run.reads, run.chip_id) == (QUBO.hash, 3, 25, "MockDWaveSampler")
    assert run.topology == {"type": "pegasus", "shape": [3]}
    assert run.parameters["annealing_time_us"] == 20.0
    assert "dwave-system" in run.versions
    assert [len(submission.bits) for submission in recording.submissions] == [10, 10, 5]
    assert any(submission.gauge.any() for submission in recording.submissions)
    assert recording.submissions[0].timing["qpu_access_time"] == 8550.28
    assert recording.is_complete


def test_nothing_in_it_tells_whose_account_it_was(
    connect: Callable[..., Solver], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {
        "DWAVE_API_TOKEN": "SECRET-0123456789abcdef",
        "DWAVE_API_ENDPOINT": "https://secret.example",
        "USER": "ada-lovelace",
        "LOGNAME": "ada-lovelace",
        "HOME": "/home/ada-lovelace",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "ada-lovelace"

    ask(connect(Talkative(), record=str(folder), **GIVEN))

    (path,) = folder.iterdir()
    text = path.read_text(encoding="utf-8")
    for secret in (*secrets.values(), "SECRET", "secret", "https:", "ID-5e31", str(tmp_path), "token", "endpoint"):
        assert secret not in text


def test_a_secret_that_the_qpu_repeats_is_not_recorded_and_the_recording_is_replayed(
    connect: Callable[..., Solver], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "DEV-0123456789abcdef0123456789abcdef01234567"
    monkeypatch.setenv("DWAVE_API_TOKEN", token)
    mock = Mock()
    mock.properties["chip_id"] = f"Advantage of {token}"
    path = tmp_path / "run.jsonl"

    ask(connect(mock, record=str(path), **GIVEN))

    assert token not in path.read_text(encoding="utf-8")
    assert read_recording(path).run.chip_id == "Advantage of <DWAVE_API_TOKEN>"
    assert ask(replaying(path))


def test_it_is_compact(connect: Callable[..., Solver], tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    solver = connect(Mock(), record=str(path))
    num_physical = solver.prepare(QUBO).embedding.num_physical

    ask(solver, budget=Budget(reads=10_000))

    assert path.stat().st_size < 10_000 * num_physical / 8 * 4 / 3 + 10_000


# What does not fit


def test_another_instance_is_refused(file: Path) -> None:
    other = planted([1, 1, 1, 0, 1, 0, 0, 1])
    solver = replaying(file)

    reason = solver.refuses(other)

    assert reason is not None
    assert f"is of the QUBO {QUBO.hash[:12]}…, but the instance has the QUBO {other.hash[:12]}…" in reason
    with pytest.raises(RefusedError, match="is of the QUBO"):
        ask(solver, other)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"reads_per_call": 7}, "was made with reads_per_call=10, but 7 came"),
        ({"spin_reversal": False}, "was made with spin_reversal=true, but false came"),
        ({"annealing_time_us": 30}, "was made with annealing_time_us=20.0, but 30.0 came"),
        ({"chain_strength": 1}, "was made with chain_strength=null, but 1.0 came"),
        ({"embedding_seed": 1}, "was made with embedding_seed=0, but 1 came"),
        ({"topology": "zephyr"}, 'was made with topology="pegasus", but "zephyr" came'),
    ],
)
def test_other_parameters_are_refused(file: Path, change: dict[str, Any], sentence: str) -> None:
    assert sentence in str(replaying(file, **change).refuses(QUBO))


def test_what_only_reads_the_answers_may_be_another(file: Path) -> None:
    assert len(ask(replaying(file, chain_breaks="minimize_energy", max_qpu_seconds=1e-9))) == 3


@pytest.mark.parametrize("budget", [Budget(reads=26), Budget(seconds=1, reads=25), Budget(seconds=1)])
def test_another_budget_is_refused(file: Path, budget: Budget) -> None:
    with pytest.raises(RefusedError, match=f"has a budget of 25 reads, but {budget} came"):
        ask(replaying(file), budget=budget)


def test_a_recording_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "cannot be read (No such file" in str(replaying(tmp_path / "none.jsonl").refuses(QUBO))
    assert "holds no recording" in str(replaying(tmp_path).refuses(QUBO))


@pytest.mark.parametrize("content", ["", "\n", "{}\n", "[]\n", "1\n", '{"format": 1, "digest": ""}\n', "\x80" * 9])
def test_what_is_no_recording_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_bytes(content.encode("latin-1"))

    assert str(path) in str(replaying(path).refuses(QUBO))


@pytest.mark.parametrize("line", range(5))
@pytest.mark.parametrize("change", ["swap", "drop", "repeat", "digit"])
def test_damage_is_refused_wherever_it_is(file: Path, line: int, change: str) -> None:
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    if change == "swap":
        lines[line], lines[line - 1] = lines[line - 1], lines[line]
    elif change == "drop":
        del lines[line]
    elif change == "repeat":
        lines.insert(line, lines[line])
    else:
        place = next(place for place, letter in enumerate(lines[line]) if letter.isdigit())
        lines[line] = lines[line][:place] + str((int(lines[line][place]) + 1) % 10) + lines[line][place + 1 :]
    file.write_text("".join(lines), encoding="utf-8")

    if (line, change) == (4, "drop"):  # the last line alone: the rest is whole, and is replayed
        with pytest.raises(InputError, match="ends after 3 submissions, before its run did"):
            ask(replaying(file))
    else:
        with pytest.raises(RefusedError, match=r"is damaged in line \d|does not begin as a recording"):
            ask(replaying(file))


def test_a_file_that_was_cut_is_replayed_as_far_as_it_goes_and_then_a_sentence(file: Path) -> None:
    whole = ask(replaying(file))
    text = file.read_bytes()
    ends = [place + 1 for place, byte in enumerate(text) if byte == ord("\n")]
    for end in (*range(ends[0], len(text), 37), *ends[:-1]):
        file.write_bytes(text[:end])
        solver = replaying(file)
        stream = solver.sample(solver.prepare(QUBO), seed=0, budget=BUDGET)
        num_whole = sum(line_end <= end for line_end in ends[1:4])

        seen = [next(stream).bits.tolist() for _ in range(num_whole)]

        assert seen == [batch.bits.tolist() for batch in whole[:num_whole]]
        with pytest.raises(InputError, match=f"ends after {num_whole} submissions, before its run did"):
            next(stream)


def test_a_file_that_was_cut_in_its_first_line_is_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:100])

    assert "does not begin as a recording" in str(replaying(file).refuses(QUBO))


# Recording


def test_a_recording_is_never_written_over(file: Path, connect: Callable[..., Solver]) -> None:
    before, mock = file.read_bytes(), Mock()

    with pytest.raises(InputError, match="exists; nothing was submitted"):
        ask(connect(mock, record=str(file), **GIVEN))

    assert file.read_bytes() == before
    assert mock.asked == []


def test_a_recording_that_cannot_be_written_stops_the_run_before_it_costs(
    connect: Callable[..., Solver], tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    mock = Mock()

    with pytest.raises(InputError, match=r"cannot be written \(.*\); nothing was submitted"):
        ask(connect(mock, record=str(tmp_path / "taken" / "run.jsonl")))

    assert mock.asked == []


def test_a_run_that_is_killed_leaves_the_answers_that_had_come(connect: Callable[..., Solver], tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    solver = connect(Mock(), record=str(path), **GIVEN)
    stream = solver.sample(solver.prepare(QUBO), seed=3, budget=BUDGET)
    seen = [next(stream).bits.tolist() for _ in range(2)]
    left = read_recording(path)  # as a kill would leave it

    assert not left.is_complete
    assert [len(submission.bits) for submission in left.submissions] == [10, 10]
    again = replaying(path)
    replay = again.sample(again.prepare(QUBO), seed=3, budget=BUDGET)
    assert [next(replay).bits.tolist() for _ in range(2)] == seen
    with pytest.raises(InputError, match="ends after 2 submissions"):
        next(replay)


def test_a_run_whose_budget_of_seconds_ends_is_complete(connect: Callable[..., Solver], tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    solver = connect(Mock(), record=str(path), **GIVEN)
    stream: Any = solver.sample(solver.prepare(QUBO), seed=3, budget=Budget(seconds=1))
    next(stream)
    stream.close()

    assert len(ask(replaying(path), budget=Budget(seconds=1))) == 1


def test_a_run_that_fails_is_not_complete(connect: Callable[..., Solver], tmp_path: Path) -> None:
    class Failing(Mock):
        def sample(self, bqm: dimod.BinaryQuadraticModel, **keywords: Any) -> dimod.SampleSet:
            if self.asked:
                raise exceptions.SolverOfflineError("offline")
            return super().sample(bqm, **keywords)

    path = tmp_path / "run.jsonl"
    with pytest.raises(UnavailableError):
        ask(connect(Failing(), record=str(path), **GIVEN))

    with pytest.raises(InputError, match="ends after 1 submissions"):
        ask(replaying(path))


# Campaigns

SUITE = """
repetitions = 2
[budget]
reads = 20
[[problems]]
name = "majority"
[[problems]]
name = "random_function"
samples = 2
[[formulations]]
name = "reduced"
[[solvers]]
name = "{solver}"
topology = "pegasus"
reads_per_call = 10
spin_reversal = true
{also}
"""


def run_suite(folder: Path, name: str, also: str) -> Any:
    path = folder / f"{name}.toml"
    shutil.copy(MOCKED, folder)
    path.write_text(SUITE.format(solver=MOCKED.name, also=also), encoding="utf-8")
    planned = plan(read_suite(path), folder)
    with open_store(folder / name) as store:
        cells = pending(list(planned.cells()), store.finished())
        for _ in Campaign(store, planned.suite.limits, {}).run(cells):
            pass
    with read_store(folder / name) as store:
        return store.runs()


def test_a_campaign_is_replayed_from_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    original = run_suite(tmp_path, "original", f'record = "{folder}"')
    replay = run_suite(tmp_path, "replay", f'replay = "{folder}"')

    assert len(list(folder.iterdir())) == len(original) == 4
    assert replay["status"].tolist() == ["ok"] * 4, replay["message"].tolist()
    same = ["seed", "energy", "mean_loss", "loss", "num_reads", "clock.qpu_access_s", "clock.embed_s"]
    assert replay[same].to_numpy().tolist() == original[same].to_numpy().tolist()
    assert (replay["fact.replayed"] == 1).all()
    assert "fact.replayed" not in original
    assert all("recording" in json.loads(text) for text in replay["versions"])


def test_replaying_one_file_in_a_campaign_refuses_the_other_runs(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    run_suite(tmp_path, "original", f'record = "{folder}"')

    rows = run_suite(tmp_path, "replay", f'replay = "{next(folder.iterdir())}"')

    assert sorted(rows["status"]) == ["ok", "ok", "refused", "refused"]
    assert all("is of the QUBO" in message for message in rows[rows["status"] == "refused"]["message"])
