"""Kills a campaign again and again, and looks whether anything was lost."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from suite_texts import suite_text

from bnnbench.errors import StoreError
from bnnbench.store.store import read_store
from bnnbench.store.verify import verify

SLOW = '''
"""Random bits, a read at a time and slowly, so that most kills come between two batches."""

import time
from dataclasses import dataclass

import numpy as np

from bnnbench import Batch, Solver


@dataclass(frozen=True, kw_only=True)
class Slow(Solver):
    def sample(self, prepared, *, seed, budget):
        generator = np.random.default_rng(seed)
        for _ in range(budget.reads):
            time.sleep(0.02)
            yield Batch(generator.integers(2, size=(1, prepared.qubo.num_variables), dtype=np.int8))
'''

SAME = ["problem", "formulation", "solver", "repetition", "seed", "status", "num_reads", "energy", "loss", "mean_loss",
        "energy_gap", "loss_gap", "violations", "train_accuracy"]  # fmt: skip
"""Columns that do not depend on time."""


def write_suite(folder: Path, repetitions: int) -> Path:
    (folder / "slow.py").write_text(SLOW)
    text = suite_text(
        {"name": "majority"},
        ["random", "slow.py"],
        formulations=["compact", "soft"],
        budget={"reads": 6},
        seed=5,
        repetitions=repetitions,
    )
    (folder / "suite.toml").write_text(text)
    return folder / "suite.toml"


def start(suite: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bnnbench", "run", str(suite), "--out", str(out), "--jobs", "2", "--untimed"]
    return subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def answers(out: Path) -> tuple[str, dict[str, tuple[object, ...]]]:
    """All rows of a store without what depends on time, and of each run the batches and samples."""
    with read_store(out) as store:
        rows = store.runs()
        traces = {
            key: (store.batches(key).drop(columns=["run", "time_s"]).to_csv(), store.samples(key))
            for key in rows["key"]
        }
    return rows[SAME].to_csv(), traces


@dataclass
class Campaign:
    """A campaign that is killed: what it reported, and what was ever seen in its store."""

    suite: Path
    out: Path
    chance: random.Random
    num_kills: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)

    def session(self) -> None:
        """One start: a process that works for it is killed, or not; then the coordinator, at any moment."""
        coordinator = start(self.suite, self.out, "--retry", "failed")
        reported: list[str] = []
        assert coordinator.stderr is not None
        if self.chance.random() < 0.3:
            time.sleep(self.chance.uniform(0, 2))  # while it starts
        else:
            num_lines = self.chance.randint(2, 8)  # the first says what is to be done
            reported += [coordinator.stderr.readline() for _ in range(num_lines)]
            time.sleep(self.chance.uniform(0, 0.1))
            if self.chance.random() < 0.5:
                self._kill_one_of(coordinator)
                time.sleep(self.chance.uniform(0, 0.3))
        if coordinator.poll() is None:
            self._count("coordinator")
        family = psutil.Process(coordinator.pid).children(recursive=True) if coordinator.poll() is None else []
        coordinator.kill()
        reported += coordinator.stderr.read().splitlines(keepends=True)
        coordinator.stderr.close()
        coordinator.wait()
        _, alive = psutil.wait_procs(family, timeout=20)
        assert not alive, "workers leave with their coordinator"
        self.check([line for line in reported if line.endswith("\n")])

    def _kill_one_of(self, coordinator: subprocess.Popen[str]) -> None:
        with contextlib.suppress(psutil.Error):
            family = psutil.Process(coordinator.pid).children(recursive=True)
            victim = self.chance.choice(sorted(family, key=lambda process: process.pid)) if family else None
            if victim is not None:
                victim.kill()
                self._count("worker or its server")

    def _count(self, what: str) -> None:
        self.num_kills += 1
        self.kills[what] = self.kills.get(what, 0) + 1

    def check(self, reported: list[str]) -> None:
        """What was reported or seen before is still there, every row is whole, and no run stands twice."""
        try:
            store = read_store(self.out)
        except StoreError:
            assert not self.seen
            assert not [line for line in reported if line.startswith("ok:")]
            return
        with store:
            assert list(store.unsealed()) == []
            rows = store.runs()
            digests = {key: store.rows("runs", "key", key)[0]["digest"] for key in store.run_keys()}
            for key, status in zip(rows.get("key", ()), rows.get("status", ()), strict=True):
                assert status != "ok" or len(store.batches(key)) > 0
        if not digests:
            assert not self.seen
            return
        assert not rows.duplicated(["problem", "formulation", "solver", "repetition"]).any()
        names = {f"{r.solver} on {r.problem} as {r.formulation}, repetition {r.repetition}:" for r in rows.itertuples()}
        lost = [line for line in reported if line.startswith("ok: ") and not any(name in line for name in names)]
        assert not lost
        kept = {key: digest for key, digest in self.seen.items() if digests.get(key) != digest}
        assert not kept, "a finished row is gone or was changed"
        ok = set(rows.loc[rows["status"] == "ok", "key"])
        self.seen = {key: digest for key, digest in digests.items() if key in ok}

    def finish(self) -> None:
        """Go on until all is done."""
        for _ in range(2):
            done = start(self.suite, self.out, "--retry", "failed")
            _, errors = done.communicate(timeout=300)
            assert done.returncode == 0, errors
        with read_store(self.out) as store:
            assert list(verify(store)) == []


def survive(folder: Path, *, num_kills: int, repetitions: int, seed: int) -> Campaign:
    """Kill a campaign so many times, let it finish, and compare it with an undisturbed one."""
    suite = write_suite(folder, repetitions)
    campaign = Campaign(suite, folder / "killed", random.Random(seed))
    while campaign.num_kills < num_kills:
        campaign.session()
    assert len(campaign.seen) < 4 * repetitions, "all was done before the last kill; take more repetitions"
    campaign.finish()
    undisturbed = start(suite, folder / "undisturbed")
    _, errors = undisturbed.communicate(timeout=300)
    assert undisturbed.returncode == 0, errors
    assert answers(campaign.out) == answers(folder / "undisturbed")
    return campaign
