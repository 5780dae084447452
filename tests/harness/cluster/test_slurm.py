"""SLURM that refuses, hangs, babbles, or loses its jobs: each is a sentence, and nothing waits for ever."""

from __future__ import annotations

import gc
import os
import time
from types import SimpleNamespace

import pytest

pytest.importorskip("dask_jobqueue", reason="pip install 'bnnbench[distributed]'")

from bnnbench.cli._place import Place
from bnnbench.errors import InputError, UnavailableError
from bnnbench.harness.cluster import slurm, slurm_queue
from bnnbench.harness.cluster.slurm import slurm_cluster
from bnnbench.harness.cluster.slurm_queue import MAX_EMPTY, Queue, job_states
from bnnbench.suite.file import SlurmTable


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A folder on the path; a function that writes a program of SLURM into it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def write(name, script):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    write("scancel", f'echo "$@" >> {tmp_path}/canceled')
    return write


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("echo 'sbatch: error: Invalid account' >&2; exit 1", "sbatch: error: Invalid account; see docs"),
        ("exit 0", "sbatch named no job but said ''"),
        ("echo 'Welcome to the cluster'", "sbatch named no job but said 'Welcome to the cluster'"),
        (r"printf '\377\376 no text'", "sbatch named no job but said '.* no text'"),
        ("sleep 60", "sbatch did not answer within 2 s"),
    ],
)
def test_whatever_sbatch_does_instead_of_taking_jobs_is_a_sentence(programs, monkeypatch, script, sentence):
    monkeypatch.setattr(slurm, "ANSWER_S", 2)
    programs("sbatch", script)
    start = time.monotonic()

    with pytest.raises(UnavailableError, match=rf"SLURM did not take the jobs: .*{sentence}"):
        slurm_cluster(SlurmTable())
    gc.collect()  # warns of a cluster that was not closed

    assert time.monotonic() - start < 40


def test_jobs_that_were_taken_before_another_was_refused_are_canceled(programs, tmp_path):
    sbatch = f"mkdir {tmp_path}/one && echo 'Submitted batch job 17' && exit; echo 'QOS limit' >&2; exit 1"
    programs("sbatch", sbatch)

    with pytest.raises(UnavailableError, match="QOS limit"):
        slurm_cluster(SlurmTable(jobs=3))

    assert (tmp_path / "canceled").read_text() == "17\n"


def test_a_scancel_that_hangs_ends_after_a_while(programs, monkeypatch):
    monkeypatch.setattr(slurm, "ANSWER_S", 2)
    programs("sbatch", "echo 'Submitted batch job 17'")
    programs("scancel", "sleep 60")
    start = time.monotonic()

    slurm_cluster(SlurmTable()).close()

    assert time.monotonic() - start < 30


JOBS = SimpleNamespace(workers={0: SimpleNamespace(job_id="17"), 1: SimpleNamespace(job_id="18")})


def looked_at(cluster, times):
    """What is said when the queue is looked at so many times."""
    said = []
    queue = Queue(cluster, said.append)
    for number in range(1, times + 1):
        queue.look(number * slurm_queue.ASK_S)
    return said


def test_who_waits_is_told_what_the_jobs_wait_for(programs):
    programs("squeue", "echo 'PENDING (Priority)'; echo 'PENDING (Priority)'; echo 'RUNNING (None)'")
    assert looked_at(JOBS, 1) == ["still waiting for SLURM, 30 s: 2 PENDING (Priority), 1 RUNNING"]
    assert not looked_at(JOBS, 0)


@pytest.mark.parametrize("script", ["exit 0", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1"])
def test_jobs_that_end_without_a_worker_are_a_sentence(programs, script):
    programs("squeue", script)
    assert len(looked_at(JOBS, MAX_EMPTY - 1)) == MAX_EMPTY - 1
    with pytest.raises(UnavailableError, match=r"none of the jobs any more \(17, 18\).*slurm-17.out"):
        looked_at(JOBS, MAX_EMPTY)


def test_jobs_that_slurm_does_not_take_again_are_a_sentence():
    refused = SimpleNamespace(workers={0: SimpleNamespace(job_id=None)})
    with pytest.raises(UnavailableError, match="it refused to take them again"):
        looked_at(refused, MAX_EMPTY)


@pytest.mark.parametrize("script", ["exit 1", "sleep 60", None])
def test_a_squeue_that_does_not_answer_says_nothing_of_the_jobs(programs, monkeypatch, script):
    monkeypatch.setattr(slurm_queue, "ANSWER_S", 0.5)
    if script is not None:
        programs("squeue", script)
    assert job_states(["17"]) is None
    assert len(looked_at(JOBS, MAX_EMPTY)) == MAX_EMPTY


@pytest.mark.parametrize("name", ["", "two words", "physics\n#SBATCH --qos=free", "#physics"])
def test_an_account_that_would_be_more_than_a_name_is_refused(name):
    with pytest.raises(InputError, match="--account must be a name without blanks"):
        Place(jobs=1, dask=None, slurm=True, account=name, tls=None, untimed=False)
    with pytest.raises(ValueError, match="account"):
        SlurmTable(account=name)
