"""A campaign loses nothing: whatever a solver does, there is a row, and the run goes on."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from textwrap import dedent

import numpy as np
import psutil
import pytest

from bnnbench.errors import CheckError, InputError, StoreError, UnavailableError
from bnnbench.harness import campaign, executor, worker, worker_process
from bnnbench.harness.campaign import Campaign, find_truths, pending
from bnnbench.harness.executor import Ending, LocalExecutor
from bnnbench.harness.isolation import control_group
from bnnbench.harness.isolation.log import make_log
from bnnbench.harness.journal import Record, read_journal
from bnnbench.harness.task import task_of
from bnnbench.harness.worker import execute
from bnnbench.optimum import certificate
from bnnbench.optimum.find import ground_truth
from bnnbench.plugins.registry import load_problem
from bnnbench.problem.problem import Problem
from bnnbench.store.store import open_store, read_store
from bnnbench.store.verify import verify
from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan

FAILING = Path(__file__).parent / "solvers_that_fail"

SUITE = """
seed = 7
repetitions = {repetitions}
[budget]
reads = 20
seconds = 2
[limits]
grace_s = {grace_s}
memory_gb = 1.0
[[problems]]
name = "majority"
[[problems]]
name = "random_function"
samples = 3
[[formulations]]
name = "compact"
[[formulations]]
name = "soft"
"""


def write_suite(folder, solvers, *, repetitions=1, grace_s=20.0):
    """A suite with these solvers; files are put beside it."""
    for solver in solvers:
        if solver.endswith(".py"):
            shutil.copy(solver, folder)
    solvers = [Path(solver).name for solver in solvers]
    text = SUITE.format(repetitions=repetitions, grace_s=grace_s)
    path = folder / "suite.toml"
    path.write_text(text + "".join(f'[[solvers]]\nname = "{solver}"\n' for solver in solvers))
    return path


def run_suite(path, out, *, jobs=2, stop_after=None):
    """Run a suite file into a folder and return the rows; with `stop_after`, as if interrupted after so many runs."""
    planned = plan(read_suite(path), path.parent)
    with open_store(out) as store:
        cells = pending(list(planned.cells()), store.finished())
        truths = {problem.hash: truth for problem, truth in find_truths(planned.problems, store)}
        runs = Campaign(store, planned.suite.limits, truths, executor=LocalExecutor(jobs)).run(cells)
        for number, _ in enumerate(runs, start=1):
            if number == stop_after:
                runs.close()
                break
    with read_store(out) as store:
        return store.runs()


@pytest.mark.parametrize(
    ("solver", "status", "sentence"),
    [
        ("segfault", "crash", "SIGSEGV"),
        ("quiet_exit", "crash", "exit code 3"),
        ("succeeds_early", "crash", "exit code 0"),
        ("becomes_another", "crash", "the worker process died"),
        ("exits", "error", "raised SystemExit: 0"),
        ("silences", "error", "raised ValueError: said to nobody (silences.py, line"),
        ("interrupts", "error", "raised Speechless: (no message)"),
        ("hang", "timeout", "killed after"),
        ("raises", "error", "seven is not a spin"),
        ("eat_memory", "memory", "1 GB"),
        ("spins", "error", "other than 0 and 1"),
        ("refuses", "refused", "does not apply"),
        ("absent", "unavailable", "pip install a-distribution-that-nobody-has"),
        ("aborts", "crash", "signal SIGABRT"),
        ("kills_itself", "crash", "signal SIGKILL"),
        ("stops_itself", "timeout", "killed after 2 s of wall-clock time"),
        ("native_hang", "timeout", "killed after 2 s of wall-clock time"),
        ("bombs", "timeout", "killed after 2 s of wall-clock time"),
        ("recurses", "error", "raised RecursionError: maximum recursion depth exceeded"),
        ("closes_everything", "crash", "the worker process died"),
        ("floods_for_ever", "error", "wrote more than the limit of 0.001 GB to one file"),
    ],
)
def test_a_failing_solver_leaves_its_row_and_the_next_solver_runs(tmp_path, solver, status, sentence):
    is_late = status == "timeout"
    path = write_suite(tmp_path, [str(FAILING / f"{solver}.py"), "random"], grace_s=1.0 if is_late else 60.0)
    text = path.read_text().replace("memory_gb = 1.0", "memory_gb = 1.0\nfile_gb = 0.001")
    text = text.replace('[[problems]]\nname = "random_function"\nsamples = 3\n', "")
    path.write_text(text.replace("seconds = 2", "seconds = 1") if is_late else text)
    rows = run_suite(path, tmp_path / "out").set_index("solver")
    assert set(rows.loc[[solver], "status"]) == {status}
    assert rows.loc[[solver], "message"].str.contains(sentence, regex=False).all()
    assert set(rows.loc[["random"], "status"]) == {"ok"}
    assert len(rows) == 4
    if status not in ("refused", "unavailable"):
        assert (rows.loc[[solver], "num_reads"] == 1).all(), "the batch before is kept"


def test_a_solver_that_leaves_its_directory_harms_no_later_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write_suite(tmp_path, [str(FAILING / "moves.py")], repetitions=2)
    rows = run_suite(path, Path("out"), jobs=1)
    assert set(rows["status"]) == {"ok"}
    assert len(rows) == 8


def test_a_solver_that_changes_its_instance_is_not_judged_by_it_and_harms_no_later_run(tmp_path):
    path = write_suite(tmp_path, [str(FAILING / "cheats.py"), str(FAILING / "moves.py")], repetitions=2)
    rows = run_suite(path, tmp_path / "mixed", jobs=1).set_index("solver")
    cheated = rows.loc["cheats"]
    assert set(cheated["status"]) == {"error"}
    assert cheated["message"].str.contains("changed the instance").all()
    assert (cheated["num_reads"] == 0).all()
    path = write_suite(tmp_path, [str(FAILING / "moves.py")], repetitions=2)
    alone = run_suite(path, tmp_path / "alone", jobs=1)
    assert sorted(rows.loc["moves", "energy"]) == sorted(alone["energy"])


def test_what_cannot_be_encoded_or_is_too_long_is_stored_in_part(tmp_path):
    folder = tmp_path / "out"
    rows = run_suite(write_suite(tmp_path, [str(FAILING / "babbles.py")]), folder)
    sentence = r"the solver raised ValueError: half a pair: \? \(babbles\.py, line \d+\)"
    assert rows["message"].str.fullmatch(sentence).all()
    assert set(rows["fact.list"]) == {"[1, 2]"}
    assert set(rows["fact.?"].str.len()) == {1000}
    assert rows["flag_texts"].str.startswith("claimed the time ?_s = nan s").all()


def test_garbage_in_a_spool_ends_its_reading_and_nothing_else(tmp_path):
    path = write_suite(tmp_path, [str(FAILING / "scribbles.py"), "random"])
    rows = run_suite(path, tmp_path / "out").set_index("solver")
    assert set(rows.loc["scribbles", "status"]) == {"crash"}
    assert (rows.loc["scribbles", "num_reads"] == 1).all()
    assert set(rows.loc["random", "status"]) == {"ok"}


@pytest.mark.parametrize(
    "line",
    [
        '{"kind": "StartLine", "at": "2026-01-01T00:00:00+00:00", "load": NaN, "processors": null}',
        '{"kind": "StartLine", "at": "2026-01-01T00:00:00", "load": 1, "processors": null}',
        '{"kind": "StartLine", "at": "soon", "load": 1, "processors": null}',
        '{"kind": "StartLine", "at": "2026-01-01T00:00:00+00:00", "load": 1, "processors": [-1]}',
        '{"kind": "SpeedProbe", "at": Infinity, "seconds": 1}',
        '{"kind": "SpeedProbe", "at": 1, "seconds": 0}',
        '{"kind": "Features", "hash": "", "qubo_hash": "", "num_variables": -1, "num_couplings": 0, "is_sound": 1}',
        '{"kind": "EstimateLine", "qpu_s": NaN}',
        '{"kind": "EndLine", "status": "ok", "message": "", "timings": {"sample_s": NaN}}',
        '{"kind": "EndLine", "status": "ok", "message": "", "timings": {"nonsense": 1}}',
    ],
)
def test_a_line_that_no_store_can_hold_ends_the_reading_of_its_spool(tmp_path, line):
    (tmp_path / "spool").write_text(line + "\n" + '{"kind": "EstimateLine", "qpu_s": 1}\n')
    assert read_journal(tmp_path / "spool") == Record()


def test_an_error_while_a_task_is_made_loses_no_finished_run(tmp_path, monkeypatch):
    path, made, make = write_suite(tmp_path, ["random"], repetitions=3), [], campaign.task_of

    def fail_late(*arguments):
        made.append(arguments)
        if len(made) > 2:
            raise StoreError("no more")
        return make(*arguments)

    monkeypatch.setattr(campaign, "task_of", fail_late)
    with pytest.raises(StoreError, match="no more"):
        run_suite(path, tmp_path / "out", jobs=1)
    with read_store(tmp_path / "out") as store:
        assert len(store.runs()) == 2


def test_a_run_that_the_kernel_kills_for_want_of_memory_is_told_so(tmp_path, monkeypatch):
    counts = iter(range(1000))
    monkeypatch.setattr(worker_process, "num_oom_kills", lambda: next(counts))
    path = write_suite(tmp_path, [str(FAILING / "kills_itself.py"), str(FAILING / "segfault.py")])
    rows = run_suite(path, tmp_path / "out").set_index("solver")
    assert set(rows.loc["kills_itself", "status"]) == {"memory"}
    assert rows.loc["kills_itself", "message"].str.contains("out of memory and killed the run").all()
    assert set(rows.loc["segfault", "status"]) == {"crash"}


def test_a_run_whose_spool_is_removed_has_a_row_and_harms_no_other(tmp_path):
    path = write_suite(tmp_path, [str(FAILING / "removes_its_spool.py"), "random"])
    rows = run_suite(path, tmp_path / "out", jobs=1).set_index("solver")
    assert set(rows.loc["removes_its_spool", "status"]) == {"crash"}
    assert set(rows.loc["random", "status"]) == {"ok"}


def test_a_solver_that_is_edited_after_planning_is_not_run_under_the_old_version(tmp_path):
    path = write_suite(tmp_path, [str(FAILING / "liar.py")])
    planned = plan(read_suite(path), path.parent)
    (tmp_path / "liar.py").write_text((tmp_path / "liar.py").read_text() + "\n# another version\n")
    with open_store(tmp_path / "out") as store:
        outcomes = [outcome for _, outcome in Campaign(store, planned.suite.limits, {}).run(list(planned.cells()))]
    assert {outcome.status for outcome in outcomes} == {"error"}
    assert all(outcome.message.startswith("liar.py was changed after the campaign had begun") for outcome in outcomes)


def test_runs_of_a_solver_whose_file_is_removed_are_made_up_for_when_it_is_back(tmp_path):
    path = write_suite(tmp_path, [str(FAILING / "liar.py")])
    planned = plan(read_suite(path), path.parent)
    (tmp_path / "liar.py").unlink()

    with open_store(tmp_path / "out") as store:
        outcomes = [outcome for _, outcome in Campaign(store, planned.suite.limits, {}).run(list(planned.cells()))]
        finished = store.finished()

    assert {outcome.status for outcome in outcomes} == {"unavailable"}
    assert all("liar.py was removed after the campaign had begun; put it back" in o.message for o in outcomes)
    assert not finished


def group_of(controller):
    """The folder of real control groups."""
    control = control_group._controls().get(controller)
    return control.folder if control else pytest.skip("this process may not make control groups")


def test_processes_of_a_run_together_have_one_limit_of_memory(tmp_path):
    folder = group_of("memory")
    rows = run_suite(write_suite(tmp_path, [str(FAILING / "shares_memory.py")], grace_s=30.0), tmp_path / "out")
    assert set(rows["status"]) == {"memory"}
    assert rows["message"].str.contains("with all its processes needed more memory").all()
    assert not list(folder.glob(f"bnnbench-{os.getpid()}-*")), "and no group is left"


def test_a_run_cannot_start_more_processes_than_its_limit_whoever_it_is(tmp_path):
    folder = group_of("pids")
    path = write_suite(tmp_path, [str(FAILING / "forks.py")], grace_s=30.0)
    path.write_text(path.read_text().replace("memory_gb = 1.0", "memory_gb = 1.0\nprocesses = 40"))
    rows = run_suite(path, tmp_path / "out")
    assert set(rows["status"]) == {"error"}
    assert rows["message"].str.contains("(a run may start 40 processes)", regex=False).all()
    assert not list(folder.glob(f"bnnbench-{os.getpid()}-*")), "and no group is left"


def test_no_process_of_a_bomb_outlives_its_run(tmp_path):
    path = write_suite(tmp_path, [str(FAILING / "bombs.py")], grace_s=1.0)
    LocalExecutor()  # starts the server of which workers are forked, which stays
    before = set(psutil.pids())
    run_suite(path, tmp_path / "out")
    alive = [process for process in psutil.process_iter(["cmdline"]) if process.pid not in before]
    alive = [process for process in alive if not comes_from_other_tests(process)]
    assert not [process for process in alive if "forkserver" in " ".join(process.info["cmdline"] or ())]


def comes_from_other_tests(process):
    """Tests that run beside this one have servers too; all that a test starts has the name of its process."""
    try:
        return process.environ().get("PYTEST_XDIST_WORKER") != os.environ.get("PYTEST_XDIST_WORKER")
    except psutil.Error:
        return True


@pytest.mark.parametrize("solver", ["leaves_children", "hangs_with_children"])
def test_no_process_that_a_solver_started_outlives_its_run(tmp_path, solver):
    path = write_suite(tmp_path, [str(FAILING / f"{solver}.py")], grace_s=1.0)
    run_suite(path, tmp_path / "out")
    alive = [p for p in psutil.process_iter(["cmdline"]) if "7654.25" in (p.info["cmdline"] or ())]
    assert not [process for process in alive if not comes_from_other_tests(process)]


def test_an_endless_stream_is_cut_by_the_budget_and_keeps_its_batches(tmp_path):
    path = write_suite(tmp_path, [str(FAILING / "endless.py")])
    rows = run_suite(path, tmp_path / "out")
    assert (rows["status"] == "ok").all()
    assert (rows["num_reads"] == 20).all()


def test_a_cell_that_runs_for_long_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(campaign, "REPORT_S", 0.5)
    path = write_suite(tmp_path, [str(FAILING / "hang.py")], grace_s=1.0)
    planned = plan(read_suite(path), path.parent)
    cells, told = list(planned.cells())[:1], []
    with open_store(tmp_path / "out") as store:
        waiting = Campaign(store, planned.suite.limits, {}, on_wait=lambda *report: told.append(report)).run(cells)
        list(waiting)
    assert {cell for cell, _ in told} == set(cells)
    times = [elapsed_s for _, elapsed_s in told]
    assert len(times) >= 3
    assert times == sorted(times)
    assert times[0] >= 0.5


def test_a_lie_is_flagged_and_not_believed(tmp_path):
    rows = run_suite(write_suite(tmp_path, [str(FAILING / "liar.py")]), tmp_path / "out")
    assert rows["flag_texts"].str.contains("claimed the lower bound").all()
    assert not rows["proved"].astype(bool).any()


def test_output_of_a_solver_does_not_reach_the_terminal(tmp_path, capfd):
    run_suite(write_suite(tmp_path, [str(FAILING / "flood.py")]), tmp_path / "out")
    assert "xxx" not in capfd.readouterr().out


ANSWERS = ["problem", "formulation", "solver", "repetition", "status", "num_reads", "energy", "loss", "violations"]


def answers(rows):
    return rows[ANSWERS].sort_values(ANSWERS[:4]).reset_index(drop=True)


def test_the_same_suite_twice_gives_the_same_answers(tmp_path):
    path = write_suite(tmp_path, ["random", "simulated_annealing", "tabu", "steepest_descent", "exhaustive"])
    text = path.read_text().replace("reads = 20", "reads = 5")
    path.write_text(text.replace("seconds = 2", "seconds = 60"))  # reads end the runs, on any machine
    first, second = (run_suite(path, tmp_path / name, jobs=jobs) for name, jobs in (("a", 1), ("b", 2)))
    assert answers(first).equals(answers(second))


def test_an_interrupted_and_resumed_suite_has_the_rows_of_an_undisturbed_one(tmp_path):
    path = write_suite(tmp_path, ["random", "simulated_annealing"], repetitions=2)
    path.write_text(path.read_text().replace("seconds = 2", "seconds = 60"))
    partial = run_suite(path, tmp_path / "a", stop_after=5)
    assert 5 <= len(partial) < 16
    assert answers(run_suite(path, tmp_path / "a")).equals(answers(run_suite(path, tmp_path / "b")))


def test_a_finished_suite_runs_nothing_again(tmp_path):
    path = write_suite(tmp_path, ["random"])
    run_suite(path, tmp_path / "out")
    planned = plan(read_suite(path), tmp_path)
    with open_store(tmp_path / "out") as store:
        assert pending(list(planned.cells()), store.finished()) == []


def test_every_truth_is_checked_once_and_its_certificate_stored(tmp_path, monkeypatch):
    problem, checked = load_problem("parity"), []

    def certify(problem, truth, **options):
        checked.append(problem.name)
        return certificate.certify(problem, truth, **options)

    monkeypatch.setattr(campaign, "certify", certify)
    with open_store(tmp_path) as store:
        store.add_truth(ground_truth(problem))  # as a store of schema 1 has it
        for _ in range(2):
            assert [truth.loss for _, truth in find_truths([problem], store)] == [ground_truth(problem).loss]
        assert store.certificates()[problem.hash]["checks"][1]["verdict"] == "agreed"
    assert len(checked) == 1


def test_a_truth_that_replaces_another_gets_a_certificate_of_its_own(tmp_path, monkeypatch):
    problem = load_problem("parity")
    poor = replace(ground_truth(problem), kind="best_known", lower_bound=0.0, num_optima=None)
    with open_store(tmp_path) as store:
        for truth in (poor, ground_truth(problem)):
            monkeypatch.setattr(campaign, "ground_truth", lambda problem, truth=truth: truth)
            list(find_truths([problem], store))
            assert store.certificates()[problem.hash]["kind"] == truth.kind


@pytest.mark.parametrize("poor_comes", ["first", "last", "first, and none after it"])
def test_runs_are_measured_against_the_best_truth_whenever_it_comes(tmp_path, monkeypatch, poor_comes):
    path = write_suite(tmp_path, ["random"])
    path.write_text(path.read_text().replace('[[problems]]\nname = "random_function"\nsamples = 3\n', ""))
    (problem,) = plan(read_suite(path), tmp_path).problems
    good = ground_truth(problem)
    weights = -good.optima[:1]
    loss = float(problem.training_loss(weights[0]))
    assert loss > good.loss
    poor = replace(good, loss=loss, kind="best_known", optima=weights, num_optima=None, lower_bound=0.0)
    first, last = (poor, good) if poor_comes.startswith("first") else (good, poor)
    monkeypatch.setattr(campaign, "ground_truth", lambda _problem: first)
    run_suite(path, tmp_path / "out")
    none = poor_comes == "first, and none after it"
    monkeypatch.setattr(campaign, "ground_truth", hungry if none else lambda _problem: last)
    path.write_text(path.read_text().replace("repetitions = 1", "repetitions = 2"))
    rows = run_suite(path, tmp_path / "out")
    assert len(rows) == 4
    assert rows["loss_gap"].equals(rows["loss"] - rows["optimum"])
    # Where no truth is certified, the least loss of all runs is the best known one.
    assert set(rows["optimum"]) == {min(poor.loss, rows["loss"].min()) if none else good.loss}
    with read_store(tmp_path / "out") as store:
        assert list(verify(store)) == []


def hungry(_problem):
    raise MemoryError


@pytest.mark.parametrize("changes", [{"loss": 9.0}, {"num_optima": 1}])
def test_a_truth_that_a_check_refutes_ends_the_campaign_and_is_not_stored(tmp_path, monkeypatch, changes):
    problem = load_problem("parity")
    wrong = replace(ground_truth(problem), **changes)
    monkeypatch.setattr(campaign, "ground_truth", lambda problem: wrong)
    with open_store(tmp_path) as store:
        with pytest.raises(CheckError, match=r"parity.*: the optimal loss .* is wrong: (forward pass|enumeration): "):
            list(find_truths([problem], store))
        assert store.truths() == {}


@pytest.mark.parametrize(
    ("error", "reason"),
    [(MemoryError(), "parity-3 3-3-1: the search ran out of memory."), (InputError("too large."), "too large.")],
)
def test_a_problem_without_a_truth_is_run_all_the_same(tmp_path, monkeypatch, error, reason):
    def fail(_problem):
        raise error

    problem, reasons = load_problem("parity"), []
    monkeypatch.setattr(campaign, "ground_truth", fail)
    with open_store(tmp_path) as store:
        assert list(find_truths([problem], store, on_none=reasons.append)) == [(problem, None)]
    assert reasons == [reason]


@pytest.mark.parametrize("num_deaths", [1, 2])
def test_a_server_of_workers_that_is_killed_is_started_again_once(tmp_path, monkeypatch, num_deaths):
    start, deaths = executor.start_worker, iter(range(num_deaths))

    def start_worker(*arguments):
        if next(deaths, None) is not None:
            raise EOFError
        return start(*arguments)

    monkeypatch.setattr(executor, "start_worker", start_worker)
    path = write_suite(tmp_path, ["random"])
    if num_deaths == 1:
        assert set(run_suite(path, tmp_path / "out", jobs=1)["status"]) == {"ok"}
    else:
        with pytest.raises(UnavailableError, match=r"no worker process starts, .* the same command goes on from here"):
            run_suite(path, tmp_path / "out", jobs=1)


def test_a_limit_of_the_size_of_files_is_a_sentence_and_costs_no_row(tmp_path):
    path = write_suite(tmp_path, ["random", "steepest_descent"], repetitions=25)
    line = f"ulimit -f 150; {sys.executable} -m bnnbench run {path} --out {tmp_path / 'out'} 2>&1 | tail -1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)

    assert "ulimit -f" in done.stdout
    with read_store(tmp_path / "out") as store:
        assert set(store.runs()["status"]) == {"ok"}
    assert len(run_suite(path, tmp_path / "out")) == 200


def test_a_folder_of_the_user_in_the_results_is_left_alone(tmp_path):
    path = write_suite(tmp_path, ["random"])
    for name in ("spool", "journals"):
        (tmp_path / "out" / name).mkdir(parents=True)
        (tmp_path / "out" / name / "x.jsonl").write_text("mine")
    rows = run_suite(path, tmp_path / "out")
    assert set(rows["status"]) == {"ok"}
    for name in ("spool", "journals"):
        assert (tmp_path / "out" / name / "x.jsonl").read_text() == "mine"


def test_a_folder_of_journals_that_is_gone_is_no_fault_of_a_solver(tmp_path, monkeypatch):
    path = write_suite(tmp_path, ["random"])
    planned = plan(read_suite(path), tmp_path)
    with_places(monkeypatch, journal=tmp_path / "gone" / "journal")
    with open_store(tmp_path / "out") as store, pytest.raises(StoreError, match="gone cannot be written: No such file"):
        list(Campaign(store, planned.suite.limits).run(list(planned.cells())))
    with read_store(tmp_path / "out") as store:
        assert store.run_keys() == [], "such cells run again"


REMOVER = """
    import os, shutil, time
    from dataclasses import dataclass
    from pathlib import Path
    import numpy as np
    import bnnbench as bb

    @dataclass(frozen=True, kw_only=True)
    class Remover(bb.Solver):
        removes: bool = False

        def sample(self, prepared, *, seed, budget):
            bits = np.zeros((1, prepared.qubo.num_variables), dtype=np.int8)
            yield bb.Batch(bits)
            if self.removes:
                links = [os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.exists()]
                (journal,) = (link for link in links if link.endswith(".jsonl"))
                shutil.rmtree(Path(journal).parent)
            else:
                time.sleep(1)
            yield bb.Batch(bits)
"""


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the solver finds its journal by /proc")
def test_a_solver_that_removes_the_journals_of_all_costs_no_row(tmp_path):
    file = tmp_path / "own" / "remover.py"
    file.parent.mkdir()
    file.write_text(dedent(REMOVER))
    path = write_suite(tmp_path, [str(file)])
    path.write_text(path.read_text() + "removes = [false, true]\n")

    rows = run_suite(path, tmp_path / "out", jobs=2)

    assert set(rows["status"]) == {"ok"}
    assert set(rows["num_reads"]) == {2}


def test_a_folder_of_results_that_is_renamed_under_way_costs_no_row(tmp_path):
    path = write_suite(tmp_path, ["random"])
    planned = plan(read_suite(path), tmp_path)
    with open_store(tmp_path / "out") as store:
        runs = Campaign(store, planned.suite.limits).run(list(planned.cells()))
        outcomes = [next(runs)[1]]
        (tmp_path / "out").rename(tmp_path / "moved")
        outcomes += [outcome for _, outcome in runs]
    assert {outcome.status for outcome in outcomes} == {"ok"}
    with read_store(tmp_path / "moved") as store:
        assert len(store.run_keys()) == len(outcomes)


def start_and_wait(path, out, *, rows):
    """Start a run in a process of its own, and return it once the store has so many rows."""
    command = [sys.executable, "-m", "bnnbench", "run", str(path), "--out", str(out), "--jobs", "2"]
    with (out.parent / "stderr.txt").open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
    deadline = time.monotonic() + 120  # a first start compiles kernels
    while time.monotonic() < deadline:
        time.sleep(0.1)
        with contextlib.suppress(StoreError), read_store(out) as store:
            if len(store.runs()) >= rows:
                return process
    process.kill()
    process.wait()
    raise AssertionError((out.parent / "stderr.txt").read_text())


def test_a_coordinator_that_is_killed_keeps_all_finished_rows(tmp_path):
    path = write_suite(tmp_path, ["simulated_annealing", "random"], repetitions=40)
    process = start_and_wait(path, tmp_path / "out", rows=5)
    process.kill()
    process.wait()
    with read_store(tmp_path / "out") as store:
        assert len(store.runs()) >= 5
    assert len(run_suite(path, tmp_path / "out")) == 2 * 2 * 2 * 40


def test_a_second_campaign_on_the_folder_is_refused_and_told_who_writes(tmp_path):
    path = write_suite(tmp_path, [str(FAILING / "endless.py")], repetitions=200)
    process = start_and_wait(path, tmp_path / "out", rows=1)
    try:
        command = [sys.executable, "-m", "bnnbench", "run", str(path), "--out", str(tmp_path / "out")]
        second = subprocess.run(command, capture_output=True, text=True)
        assert process.poll() is None, "the first goes on"
    finally:
        process.kill()
        process.wait()
    assert second.returncode == 2
    assert f"out is being written by process {process.pid}; wait for it to end" in second.stderr


@pytest.mark.usefixtures("interrupts")
def test_ctrl_c_says_that_finished_runs_are_kept(tmp_path):
    path = write_suite(tmp_path, [str(FAILING / "endless.py")], repetitions=200)
    process = start_and_wait(path, tmp_path / "out", rows=2)
    process.send_signal(signal.SIGINT)
    try:
        code = process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()
    errors = (tmp_path / "stderr.txt").read_text()
    assert code == 130
    assert "finished runs are kept" in errors
    assert "Traceback" not in errors


def test_a_disk_that_is_full_ends_the_campaign_and_the_same_command_goes_on(tmp_path):
    path = write_suite(tmp_path, ["random"], repetitions=25)
    command = f"{sys.executable} -m bnnbench run {path} --out {tmp_path / 'out'}"
    limited = subprocess.run(["bash", "-c", f"ulimit -f 300; {command}"], capture_output=True, text=True)
    assert limited.returncode == 2
    (sentence,) = [line for line in limited.stderr.splitlines() if line.startswith("bnnbench: ")]
    assert "runs.sqlite" in sentence
    assert "Traceback" not in limited.stderr
    with read_store(tmp_path / "out") as store:
        kept = set(store.run_keys())
        assert list(store.unsealed()) == []
    assert 0 < len(kept) < 100
    assert limited.stderr.count("\nok: ") <= len(kept)
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"100 runs of 2 s or 20 reads each; {len(kept)} of them done before" in done.stderr


def with_places(monkeypatch, **places):
    """Let every task of a campaign write its journal to another place."""
    make = campaign.task_of
    monkeypatch.setattr(campaign, "task_of", lambda *arguments: replace(make(*arguments), **places))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_of_a_worker_ends_the_campaign_and_blames_no_solver(tmp_path, monkeypatch):
    path = write_suite(tmp_path, ["random"])
    planned = plan(read_suite(path), tmp_path)
    with_places(monkeypatch, journal=Path("/dev/full"))
    with open_store(tmp_path / "out") as store, pytest.raises(StoreError, match="No space left on device; free some"):
        list(Campaign(store, planned.suite.limits, {}).run(list(planned.cells())))
    monkeypatch.undo()
    rows = run_suite(path, tmp_path / "out", jobs=1)
    assert "crash" not in set(rows["status"])
    assert len(rows) == len(list(planned.cells()))


def test_a_worker_that_does_not_start_is_no_timeout_of_the_solver(tmp_path, monkeypatch):
    monkeypatch.setattr(worker_process, "START_S", 0.0)
    planned = plan(read_suite(write_suite(tmp_path, ["random"])), tmp_path)
    with (
        open_store(tmp_path / "out") as store,
        pytest.raises(UnavailableError, match="did not start in 0 s; the machine or its disk is too busy"),
    ):
        list(Campaign(store, planned.suite.limits, {}).run(list(planned.cells())))
    with read_store(tmp_path / "out") as store:
        assert store.run_keys() == []


def test_a_large_task_for_a_worker_that_stands_still_does_not_hold_up_the_campaign(tmp_path, monkeypatch):
    planned = plan(read_suite(write_suite(tmp_path, ["random"])), tmp_path)
    cell = next(planned.cells())
    large = Problem(cell.problem.network, *random_signs(400_000), name="large")
    with LocalExecutor() as places:
        task = task_of(cell, planned.suite.limits, tmp_path)
        places.submit(task)
        while not list(places.finished(1.0)):
            pass
        os.kill(places._pool.idle[0].process.pid, signal.SIGSTOP)
        start = time.perf_counter()
        monkeypatch.setattr(worker_process, "START_S", 3.0)
        places.submit(replace(task, problem=large))
        assert time.perf_counter() - start < 2, "it is not waited for"
        monkeypatch.setattr(worker_process, "START_S", 120.0)
        ended = []
        while not ended:
            ended = list(places.finished(1.0))
        assert [ending.status for _, ending in ended] == [None], "a new worker did it"


def random_signs(number):
    random = np.random.default_rng(0)
    return random.choice([-1, 1], (number, 3)), random.choice([-1, 1], (number, 1))


def test_what_outlives_a_worker_that_crashed_is_killed_with_its_group(tmp_path):
    folder = group_of("pids")
    path = write_suite(tmp_path, [str(FAILING / "crashes_with_children.py")], grace_s=30.0)
    rows = run_suite(path, tmp_path / "out")
    assert set(rows["status"]) == {"crash"}
    assert not [p.pid for p in psutil.process_iter(["cmdline"]) if "8765.25" in (p.info["cmdline"] or ())]
    assert not list(folder.glob(f"bnnbench-{os.getpid()}-*")), "and no group is left"


def test_a_clock_that_jumps_back_dates_rows_and_changes_nothing_else(tmp_path, monkeypatch):
    path = write_suite(tmp_path, ["random"], repetitions=2)
    undisturbed = run_suite(path, tmp_path / "a")
    times = iter(range(2_000_000_000, 0, -100_000_000))

    class Backwards(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromtimestamp(next(times), tz)

    def execute_here(self, task):
        assert execute(task, None, make_log())
        self.here = task

    monkeypatch.setattr(worker, "datetime", Backwards)
    monkeypatch.setattr(campaign, "datetime", Backwards)
    monkeypatch.setattr(LocalExecutor, "submit", execute_here)
    monkeypatch.setattr(LocalExecutor, "has_room", property(lambda self: not hasattr(self, "here")))
    monkeypatch.setattr(LocalExecutor, "finished", lambda self, wait_s: [(self.__dict__.pop("here"), Ending(None))])
    rows = run_suite(path, tmp_path / "b", jobs=1)
    assert answers(rows).equals(answers(undisturbed))
    assert rows["started_at"].str[:4].nunique() > 5
    assert (rows[["compile_s", "sample_s", "judge_s"]] >= 0).all(axis=None)


def test_a_worker_is_not_told_the_planted_weights(tmp_path):
    (tmp_path / "s.toml").write_text(SUITE.format(repetitions=1, grace_s=10) + '[[solvers]]\nname = "random"\n')
    planned = plan(read_suite(tmp_path / "s.toml"), tmp_path)
    planted = load_problem("teacher")
    cell = replace(next(iter(planned.cells())), problem=planted)

    task = task_of(cell, planned.suite.limits, tmp_path)

    assert planted.planted is not None
    assert task.problem.planted is None
    assert task.problem == planted
