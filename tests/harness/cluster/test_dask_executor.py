"""The same campaign on a Dask cluster: a real scheduler, real worker processes, one of which is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="pip install 'bnnbench[distributed]'")

from distributed import Client, LocalCluster

from bnnbench import cli
from bnnbench.errors import InputError, UnavailableError
from bnnbench.harness.campaign import Campaign, find_truths, pending
from bnnbench.harness.cluster import dask_executor, remote
from bnnbench.harness.cluster.address import tls_security
from bnnbench.harness.cluster.dask_executor import DaskExecutor
from bnnbench.harness.cluster.slurm import slurm_cluster
from bnnbench.harness.executor import LocalExecutor
from bnnbench.spec import Spec
from bnnbench.store.store import open_store, read_store
from bnnbench.suite.file import SlurmTable, read_suite
from bnnbench.suite.planning import plan

FAILING = Path(__file__).parents[1] / "solvers_that_fail"

SUITE = """
seed = 7
repetitions = {repetitions}
[budget]
reads = 20
[limits]
wall_s = 20
[slurm]
cores = 2
memory = "2GB"
[[problems]]
name = "majority"
[[problems]]
name = "random_function"
samples = 3
[[formulations]]
name = "compact"
"""

SLEEPER = """
import time, numpy as np
from dataclasses import dataclass
import bnnbench as bb

@dataclass(frozen=True, kw_only=True)
class Sleeper(bb.Solver):
    def sample(self, prepared, *, seed, budget):
        time.sleep(0.3)
        yield bb.Batch(np.random.default_rng(seed).integers(2, size=(2, prepared.qubo.num_variables), dtype=np.int8))
"""


def write_suite(folder, solvers, repetitions=1):
    path = folder / "suite.toml"
    for solver in solvers:
        if Path(solver).is_absolute():  # a suite's files lie beside it
            shutil.copy(solver, folder)
    solvers = "".join(f'[[solvers]]\nname = "{Path(solver).name}"\n' for solver in solvers)
    path.write_text(SUITE.format(repetitions=repetitions) + solvers)
    return path


def run_suite(path, out, executor_of, during=lambda _number: None):
    planned = plan(read_suite(path), path.parent)
    with open_store(out) as store:
        cells = pending(list(planned.cells()), store.finished())
        truths = {problem.hash: truth for problem, truth in find_truths(planned.problems, store)}
        executor = executor_of([solver.spec for solver in planned.solvers])
        runs = Campaign(store, planned.suite.limits, truths, executor=executor).run(cells)
        for number, _ in enumerate(runs, start=1):
            during(number)
    with read_store(out) as store:
        return store.runs()


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as running:
        yield running


def on(cluster):
    return lambda solvers: DaskExecutor(cluster.scheduler_address, solvers)


ANSWERS = ["key", "status", "energy", "loss", "energy_gap", "loss_gap", "num_reads", "violations", "seed", "optimum"]


def test_the_rows_are_those_of_one_machine(cluster, tmp_path):
    path = write_suite(tmp_path, ["random", "tabu", "exhaustive", "dwave"], repetitions=2)
    there = run_suite(path, tmp_path / "there", on(cluster))
    here = run_suite(path, tmp_path / "here", lambda _: LocalExecutor())
    assert there[ANSWERS].equals(here[ANSWERS])
    assert there["machine"].notna().all()
    assert set(there["cpu"]) == set(here["cpu"])
    assert (there["peak_mib"].dropna() > 0).all()


def test_a_finished_suite_is_not_run_again(cluster, tmp_path):
    path = write_suite(tmp_path, ["random"])
    first = run_suite(path, tmp_path / "out", on(cluster))
    assert run_suite(path, tmp_path / "out", on(cluster))["started_at"].equals(first["started_at"])


@pytest.mark.parametrize(
    ("solver", "status", "sentence"),
    [
        ("segfault", "crash", "SIGSEGV"),
        ("hang", "timeout", "killed after 2 s"),
        ("raises", "error", "seven is not a spin"),
        ("refuses", "refused", "does not apply"),
        ("absent", "unavailable", "pip install a-distribution-that-nobody-has"),
    ],
)
def test_a_failing_solver_leaves_its_row_and_takes_no_worker_with_it(cluster, tmp_path, solver, status, sentence):
    path = write_suite(tmp_path, [str(FAILING / f"{solver}.py"), "random"])
    path.write_text(path.read_text().replace("wall_s = 20", "wall_s = 2" if solver == "hang" else "wall_s = 20"))
    with Client(cluster, set_as_default=False) as client:
        before = set(client.run(os.getpid).values())
        rows = run_suite(path, tmp_path / "out", on(cluster)).set_index("solver")
        assert set(client.run(os.getpid).values()) == before
    assert set(rows.loc[[solver], "status"]) == {status}
    assert rows.loc[[solver], "message"].str.contains(sentence, regex=False).all()
    assert set(rows.loc[["random"], "status"]) == {"ok"}


def test_runs_of_a_worker_that_is_killed_happen_elsewhere(cluster, tmp_path):
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    path = write_suite(tmp_path, ["sleeper.py"], repetitions=6)
    with Client(cluster, set_as_default=False) as client:
        victim = next(iter(client.run(os.getpid).values()))

    def kill(number):
        if number == 2:
            os.kill(victim, signal.SIGKILL)

    rows = run_suite(path, tmp_path / "out", on(cluster), during=kill)
    assert len(rows) == 12
    assert set(rows["status"]) == {"ok"}
    here = run_suite(path, tmp_path / "here", lambda _: LocalExecutor())
    assert rows[ANSWERS].equals(here[ANSWERS])


def test_an_interrupted_campaign_leaves_nothing_running(cluster, tmp_path):
    (tmp_path / "lasting.py").write_text(SLEEPER.replace("0.3", "30").replace("Sleeper", "Lasting"))
    path = write_suite(tmp_path, ["lasting.py"], repetitions=2)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs us in the background ignores it

    start = time.monotonic()
    threading.Timer(5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        run_suite(path, tmp_path / "out", on(cluster))
    assert time.monotonic() - start < 15
    with Client(cluster, set_as_default=False) as client:
        deadline = time.monotonic() + 10
        while any(client.processing().values()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not any(client.processing().values()), "the 30 s of a run that nobody waits for are not waited for"


def test_the_end_of_a_campaign_leaves_the_runs_of_another_alone(cluster, tmp_path):
    (tmp_path / "sleeper.py").write_text(SLEEPER.replace("0.3", "3"))
    path = write_suite(tmp_path, ["sleeper.py"])

    def end_another():
        time.sleep(1.5)
        DaskExecutor(cluster.scheduler_address, []).close()

    other = threading.Thread(target=end_another)
    other.start()
    rows = run_suite(path, tmp_path / "out", on(cluster))
    other.join()
    assert list(rows["status"]) == ["ok", "ok"]


def test_a_solver_that_was_edited_since_another_campaign_runs_as_it_is_now(cluster, tmp_path):
    for number in (2, 3):
        (tmp_path / "sleeper.py").write_text(SLEEPER.replace("size=(2,", f"size=({number},"))
        rows = run_suite(write_suite(tmp_path, ["sleeper.py"]), tmp_path / f"out{number}", on(cluster))
        assert set(rows["num_reads"] // number * number) == set(rows["num_reads"])
        assert set(rows["status"]) == {"ok"}
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)


def test_lanes_of_killed_campaigns_do_not_pile_up():
    lanes = remote.Lanes()
    for number in range(5):
        lanes.of(f"campaign {number}")
    assert lanes.campaigns == ["campaign 3", "campaign 4"]
    lanes.close("campaign 3")
    lanes.close("campaign 4")
    assert not lanes.campaigns


def test_a_solver_that_a_worker_does_not_have_is_a_sentence(tmp_path):
    gone = Spec(str(tmp_path / "gone.py"))
    assert remote.differences([(gone, {"file": "1"})]) == [
        f"{tmp_path}/gone.py is FileNotFoundError: No such file or directory there and None here",
        "file is None there and 1 here",
    ]


@pytest.mark.parametrize("address", ["nonsense", "foo://127.0.0.1:1", "tcp://127.0.0.1", "tcp://127.0.0.1:x"])
def test_what_is_no_address_is_a_sentence_at_once(address):
    start = time.monotonic()
    with pytest.raises(UnavailableError, match="no Dask scheduler answers at"):
        DaskExecutor(address, [])
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--dask", "tcp://127.0.0.1:1", "--slurm"], "give one of them"),
        (["--dask", ""], "the address is empty"),
        (["--account", "physics"], "--account is for SLURM jobs, but 'physics' came without --slurm"),
        (["--queue", "short", "--dask", "tcp://127.0.0.1:1"], "--queue is for SLURM jobs"),
        (["--tls", "a", "b", "c"], "give --dask or --slurm too"),
    ],
)
def test_options_of_clusters_that_say_nothing_together_are_refused(tmp_path, capsys, monkeypatch, options, sentence):
    path = write_suite(tmp_path, ["random"])
    monkeypatch.setattr(sys, "argv", ["bnnbench", "run", str(path), "--out", str(tmp_path / "out"), *options])
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    assert sentence in capsys.readouterr().err


def test_workers_of_other_versions_are_refused_with_both_named(cluster, monkeypatch):
    versions = remote.versions_here(Spec("tabu", {}))
    monkeypatch.setattr(dask_executor, "versions_here", lambda _: versions | {"dwave-samplers": "0.0.1"})
    with pytest.raises(InputError, match=r"tcp://.* dwave-samplers is \S+ there and 0.0.1 here; install the same"):
        DaskExecutor(cluster.scheduler_address, [Spec("tabu", {})])


def test_a_worker_that_joins_late_is_checked_too(cluster, tmp_path, monkeypatch):
    versions = remote.versions_here(Spec("random", {}))
    monkeypatch.setattr(dask_executor, "versions_here", lambda _: versions | {"bnnbench": "0.0.1"})
    monkeypatch.setattr(DaskExecutor, "_compare", lambda _self: None)
    with pytest.raises(InputError, match=r"bnnbench is .* there and 0.0.1 here"):
        run_suite(write_suite(tmp_path, ["random"]), tmp_path / "out", on(cluster))


def test_threads_that_share_cores_are_not_timed(cluster, monkeypatch):
    executor = DaskExecutor(cluster.scheduler_address, [])
    executor.close()
    with Client(cluster, set_as_default=False) as client:
        cores = next(iter(client.run(dask_executor.machine_info).values()))["physical_cores"]
    assert executor.is_timed == ((cores or 1) >= 2)


def test_solvers_of_many_threads_on_few_cores_are_not_timed(cluster):
    executor = DaskExecutor(cluster.scheduler_address, [], threads=1000)
    executor.close()
    assert not executor.is_timed


def test_a_worker_whose_disk_is_full_ends_the_campaign_and_blames_no_solver(cluster, tmp_path):
    def break_disk():  # within the test, so that it is shipped by value
        from bnnbench.harness.cluster import remote

        def full(*_, **__):
            raise OSError(28, "No space left on device")

        remote.whole, remote.tempfile.TemporaryDirectory = remote.tempfile.TemporaryDirectory, full

    def mend_disk():
        from bnnbench.harness.cluster import remote

        remote.tempfile.TemporaryDirectory = remote.whole

    path = write_suite(tmp_path, ["random"])
    with Client(cluster, set_as_default=False) as client:
        client.run(break_disk)
        try:
            with pytest.raises(UnavailableError, match=r"a Dask worker can run nothing: .*No space left on device"):
                run_suite(path, tmp_path / "out", on(cluster))
        finally:
            client.run(mend_disk)
    with read_store(tmp_path / "out") as store:
        assert store.run_keys() == []


def test_no_scheduler_is_a_sentence(monkeypatch):
    monkeypatch.setattr(dask_executor, "WAIT_S", 2.0)
    with pytest.raises(UnavailableError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9"):
        DaskExecutor("tcp://127.0.0.1:9", [])
    with pytest.raises(UnavailableError, match=r"no Dask scheduler answers at nonsense://x"):
        DaskExecutor("nonsense://x", [])


def test_a_scheduler_that_dies_is_a_sentence_and_costs_no_finished_run(tmp_path):
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    path = write_suite(tmp_path, ["sleeper.py"], repetitions=10)
    file = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    dask = [sys.executable, "-m", "dask"]
    options = ["--scheduler-file", str(file), "--no-dashboard"]
    scheduler = subprocess.Popen([*dask, "scheduler", "--port", "0", *options], **quiet)
    worker = None
    try:
        for _ in range(300):
            if file.is_file():
                break
            time.sleep(0.1)
        worker = subprocess.Popen([*dask, "worker", "--nthreads", "1", *options], cwd=tmp_path, **quiet)
        address = json.loads(file.read_text())["address"]

        def kill(number):
            if number == 2:
                scheduler.kill()

        with pytest.raises(UnavailableError, match=r"was lost(?!.*Cancelled).* the same command goes on"):
            run_suite(path, tmp_path / "out", lambda solvers: DaskExecutor(address, solvers), during=kill)
    finally:
        for process in (worker, scheduler):
            if process:
                process.kill()
                process.wait()
    with read_store(tmp_path / "out") as store:
        assert len(store.runs()) >= 2
    rows = run_suite(path, tmp_path / "out", lambda _: LocalExecutor())
    assert len(rows) == 20
    assert set(rows["status"]) == {"ok"}


def test_a_cluster_that_loses_all_workers_is_a_sentence_and_costs_no_finished_run(tmp_path):
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    path = write_suite(tmp_path, ["sleeper.py"], repetitions=10)
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=":0") as own:

        def leave(number):
            if number == 2:
                own.scale(0)

        with pytest.raises(UnavailableError, match=r"has had no worker for 2 s; .* the same command goes on"):
            run_suite(path, tmp_path / "out", lambda s: DaskExecutor(own.scheduler_address, s, wait_s=2), during=leave)
    with read_store(tmp_path / "out") as store:
        assert len(store.runs()) >= 2


def test_files_of_tls_are_looked_for_before_anything_is_sent(tmp_path):
    with pytest.raises(InputError, match=r"--tls: .* is no file"):
        tls_security(tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem")
    for name in ("ca", "cert", "key"):
        (tmp_path / f"{name}.pem").touch()
    security = tls_security(tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem")
    assert security.require_encryption
    assert security.get_tls_config_for_role("client")["cert"] == str(tmp_path / "cert.pem")


# --- SLURM ----------------------------------------------------------------------------------------------------------

SBATCH = """#!/bin/sh
cp "$1" {folder}/job.sh
setsid sh {folder}/job.sh > /dev/null 2>&1 &
echo $! >> {folder}/pids
echo "Submitted batch job 17"
"""
SCANCEL = """#!/bin/sh
for pid in $(cat {folder}/pids); do kill -- -$pid; done
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A SLURM that runs the job's script on this machine; the path of the script that it was given last."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        path = folder / name
        path.write_text(text.format(folder=tmp_path))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "job.sh"


def test_resources_of_the_suite_stand_in_the_job(slurm):
    table = SlurmTable(
        jobs=2, cores=3, memory="6GB", walltime="1-00:00:00", queue="short", account="physics",
        directives=["--exclusive"], prologue=["module load python"],
    )  # fmt: skip
    with slurm_cluster(table) as cluster:
        script = cluster.job_script()
    for line in (
        "#SBATCH -p short", "#SBATCH -A physics", "#SBATCH --cpus-per-task=3", "#SBATCH --mem=6G",
        "#SBATCH -t 1-00:00:00", "#SBATCH --exclusive", "module load python",
    ):  # fmt: skip
        assert line in script.splitlines()
    assert "--nthreads 1 " in script
    assert "--nworkers 3" in script


def test_a_suite_runs_on_slurm_from_the_command_line(slurm, tmp_path, monkeypatch, capsys):
    path = write_suite(tmp_path, ["random", "tabu"])
    path.write_text(path.read_text().replace("[slurm]", '[slurm]\naccount = "chemistry"'))
    options = ["--slurm", "--account", "physics", "--queue", "short", "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["bnnbench", "run", str(path), *options])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert exit_.value.code == 0
    assert "waiting for SLURM" in capsys.readouterr().err
    assert "--nworkers 2" in slurm.read_text()
    assert {"#SBATCH -A physics", "#SBATCH -p short"} <= set(slurm.read_text().splitlines())
    with read_store(tmp_path / "out") as store:
        assert set(store.runs()["status"]) == {"ok"}


def test_a_job_that_ends_is_submitted_again(slurm, tmp_path):
    import dask

    pids = tmp_path / "pids"

    def jobs(number):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (pids.exists() and len(pids.read_text().split()) >= number):
            time.sleep(0.2)
        return pids.read_text().split()

    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1s"}),
        slurm_cluster(SlurmTable(jobs=1, cores=1, memory="1GB")) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        (first,) = jobs(1)
        client.wait_for_workers(1, timeout=60)
        os.killpg(int(first), signal.SIGKILL)
        assert len(jobs(2)) == 2


def test_without_slurm_it_is_a_sentence(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(UnavailableError, match="there is no sbatch on this machine"):
        slurm_cluster(SlurmTable())
