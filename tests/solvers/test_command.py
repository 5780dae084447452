"""Any program is a solver, and nothing is left of it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

import bnnbench as bb
from bnnbench.errors import CheckError, InputError
from bnnbench.plugins.conformance import CHECKS
from bnnbench.qubo.formats import WRITERS
from bnnbench.solver.contract import Budget, Solver

GUIDE = Path(__file__).parents[2] / "docs" / "solvers.md"
INSTANCE = bb.compile(bb.load_problem("random_data", widths=[3, 1], samples=3), "compact")
N = INSTANCE.qubo.num_variables


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Make a program of shell lines, and return the solver that runs it with words behind it."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))

    def make(lines: str, words: str = "{file} {seed} {seconds} {reads}", **parameters: object) -> Solver:
        path = tmp_path / "program.sh"
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return bb.load_solver("command", program=f"'{path}' {words}", **parameters)

    yield make
    assert list(folder.iterdir()) == [], "nothing is left"


def asked(solver: Solver, budget: Budget, seed: int = 0):
    return list(solver.sample(solver.prepare(INSTANCE), seed=seed, budget=budget))


ZEROS, ONES = "0" * N, "1" * N


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler named cc")
def test_the_example_in_c_of_the_guide_keeps_the_contract_and_finds_optima(tmp_path):
    (code,) = re.findall(r"```c\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)
    (tmp_path / "descent.c").write_text(code)
    subprocess.run(["cc", "-O2", "-o", tmp_path / "descent", tmp_path / "descent.c"], check=True)
    solver = bb.load_solver("command", program=f"{tmp_path / 'descent'} {{file}} {{seed}}")

    outcome = bb.run(INSTANCE, solver, budget=Budget(reads=200), seed=3)

    assert (outcome.status, outcome.num_reads, outcome.loss_gap) == ("ok", 200, 0)
    assert list(solver.versions) == ["descent"]
    for name in ("bits", "order of variables", "same seed, same bits", "budget in reads", "no shared state"):
        CHECKS[name](solver)


def test_it_gets_the_file_the_seed_and_the_limits(script, tmp_path):
    told = tmp_path / "told"
    solver = script(f'cat "$1" > {tmp_path}/copy; echo "$2 $3 $4" > {told}; echo {ZEROS}')
    batches = asked(solver, Budget(seconds=7, reads=1), seed=1)
    assert [batch.bits.tolist() for batch in batches] == [[[0] * N]]
    assert (tmp_path / "copy").read_bytes() == WRITERS[".qubo"](INSTANCE.qubo)
    seed, seconds, reads = told.read_text().split()
    assert (int(seed), seconds, reads) == (int(np.random.default_rng(1).integers(2**31)), "7", "1")


@pytest.mark.parametrize("ending", sorted(WRITERS))
def test_every_format_can_be_asked_for_and_come_as_input(script, tmp_path, ending):
    solver = script(f"cat > {tmp_path}/copy; echo {ONES}", words="{reads}", format=ending.removeprefix("."))
    asked(solver, Budget(reads=1))
    assert (tmp_path / "copy").read_bytes() == WRITERS[ending](INSTANCE.qubo)


def test_blanks_comments_and_a_last_line_without_an_end_are_read(script):
    solver = script(f"echo '# hello'; echo; echo '{' '.join(ZEROS)}'; printf {ONES}")
    bits = np.vstack([batch.bits for batch in asked(solver, Budget(reads=2))])
    assert bits.tolist() == [[0] * N, [1] * N]


def test_reads_come_as_they_are_printed(script):
    solver = script(f"echo {ZEROS}; sleep 30")
    start = time.perf_counter()
    stream = solver.sample(solver.prepare(INSTANCE), seed=0, budget=Budget(seconds=60))
    assert next(stream).bits.tolist() == [[0] * N]
    stream.close()
    assert time.perf_counter() - start < 10


def test_more_reads_than_were_asked_are_not_answered(script):
    solver = script(f"while true; do echo {ZEROS}; done")
    assert sum(len(batch.bits) for batch in asked(solver, Budget(reads=7))) == 7


def test_a_program_that_answers_once_is_called_again_with_other_seeds(script, tmp_path):
    solver = script(f'echo "$2" >> {tmp_path}/seeds; echo {ZEROS}')
    assert sum(len(batch.bits) for batch in asked(solver, Budget(reads=3))) == 3
    assert len(set((tmp_path / "seeds").read_text().split())) == 3


def test_a_program_without_a_seed_is_called_once(script):
    solver = script(f"echo {ZEROS}", words="{file}")
    assert not solver.seeded
    assert sum(len(batch.bits) for batch in asked(solver, Budget(reads=3))) == 1


def test_a_program_that_hangs_is_killed_with_its_children(script, tmp_path):
    solver = script(f"sleep 600 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/parent; sleep 600")
    start = time.perf_counter()
    assert asked(solver, Budget(seconds=0.3)) == []
    assert time.perf_counter() - start < 10
    for name in ("child", "parent"):
        assert has_ended(int((tmp_path / name).read_text()))


def has_ended(pid, within_s=60):
    """Wait for the end of a process; one that was killed need not be gone at once, and init may collect it late."""
    deadline = time.monotonic() + within_s
    while psutil.pid_exists(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux alone ends orphans")
def test_a_program_dies_with_a_worker_that_is_killed(script, tmp_path):
    solver = script(f"echo $$ > {tmp_path}/pid; echo {ZEROS}; exec sleep 600")
    child = os.fork()
    if child == 0:
        next(solver.sample(solver.prepare(INSTANCE), seed=0, budget=Budget(seconds=600)))
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    pid = int((tmp_path / "pid").read_text())
    deadline = time.perf_counter() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.perf_counter() < deadline
        time.sleep(0.05)


def test_a_program_stands_still_while_its_reads_are_judged(script, tmp_path):
    count = tmp_path / "count"
    solver = script(f"echo {ZEROS}; while true; do echo x >> {count}; done")
    stream = solver.sample(solver.prepare(INSTANCE), seed=0, budget=Budget(seconds=60))
    next(stream)
    time.sleep(0.2)  # a signal takes a moment
    before = count.stat().st_size if count.exists() else 0
    time.sleep(0.3)
    after = count.stat().st_size if count.exists() else 0
    stream.close()
    assert before == after


def test_reads_before_an_error_are_kept(script):
    lines = "".join(f"echo {ZEROS}; " for _ in range(25))
    solver = script(f"{lines} exit 3")
    batches = []
    with pytest.raises(CheckError, match="after 25 reads"):
        batches.extend(solver.sample(solver.prepare(INSTANCE), seed=0, budget=Budget(reads=50)))
    assert sum(len(batch.bits) for batch in batches) == 25


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("echo 01", rf"line 1 of the output of .*program.sh, b'01', must be {N} characters 0 or 1"),
        (f"echo {ZEROS}; echo {'2' * N}", "line 2 of the output"),
        ("echo loading the model", "print other text on the standard error"),
        ("head -c 5000000 /dev/zero", "line 1 of the output"),
        ("exit 3", "ended with exit code 3 after 0 reads; its log may say why"),
        (f"echo {ZEROS}; kill -SEGV $$", "was ended by SIGSEGV after 1 reads"),
    ],
)
def test_what_is_no_read_is_an_error(script, lines, message):
    with pytest.raises(CheckError, match=message):
        asked(script(lines), Budget(reads=5))


def test_a_file_that_is_no_program_is_a_sentence(script, tmp_path):
    solver = script("")
    (tmp_path / "program.sh").write_bytes(b"\x7fELF")
    with pytest.raises(CheckError, match=r"program.sh cannot be run: .*; give a program"):
        asked(solver, Budget(reads=1))


def test_no_program_and_an_absent_one_are_unavailable():
    assert "no program was given" in (bb.load_solver("command").unavailable() or "")
    reason = bb.load_solver("command", program="./absent {file}").unavailable()
    assert reason == "command: there is no program './absent' that can be run; give its path, and make it executable."


def test_quotes_that_do_not_close_are_refused():
    with pytest.raises(InputError, match="is no command line: no closing quotation"):
        bb.load_solver("command", program="./solver '{file}")
