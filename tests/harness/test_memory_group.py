"""The memory of a run is that of all its processes, where the system lets one say so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bnnbench.harness import memory_group
from bnnbench.harness.memory_group import Parent, find_parent, make_group

VERSION_1 = ["4:memory:/jobs/mine", "1:cpu:/", "0::/"]
VERSION_2 = ["0::/user.slice/run.scope"]


def hierarchy(folder, **files):
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name.replace("_", ".", 1)).write_text(content)
    return folder


def test_version_1_gives_groups_to_who_may_write(tmp_path):
    assert find_parent(VERSION_1, tmp_path) is None
    own = hierarchy(tmp_path / "memory" / "jobs" / "mine")
    assert find_parent(VERSION_1, tmp_path) == Parent(
        own, "memory.usage_in_bytes", "memory.limit_in_bytes", "memory.oom_control"
    )


def test_version_2_moves_its_own_processes_below_first(tmp_path):
    own = hierarchy(
        tmp_path / "user.slice" / "run.scope",
        cgroup_subtree_control="", cgroup_controllers="cpu memory pids", cgroup_procs=f"{os.getpid()}\n",
    )  # fmt: skip
    assert find_parent(VERSION_2, tmp_path) == Parent(own, "memory.current", "memory.max", "memory.events")
    assert (own / "bnnbench-coordinator" / "cgroup.procs").read_text() == str(os.getpid())
    assert (own / "cgroup.subtree_control").read_text() == "+memory"


def test_version_2_takes_no_group_from_others(tmp_path):
    own = hierarchy(
        tmp_path / "user.slice" / "run.scope",
        cgroup_subtree_control="", cgroup_controllers="memory", cgroup_procs=f"1\n{os.getpid()}\n",
    )  # fmt: skip
    with pytest.raises(OSError, match="others"):
        find_parent(VERSION_2, tmp_path)
    assert (own / "cgroup.subtree_control").read_text() == ""


def test_version_2_without_the_controller_has_none(tmp_path):
    hierarchy(tmp_path / "user.slice" / "run.scope", cgroup_subtree_control="", cgroup_controllers="cpu")
    assert find_parent(VERSION_2, tmp_path) is None


def test_groups_are_left_out_where_none_can_be_made(monkeypatch, tmp_path):
    monkeypatch.setattr(memory_group, "_parent", lambda: None)
    assert make_group(os.getpid()) is None
    monkeypatch.setattr(memory_group, "_parent", lambda: Parent(tmp_path / "none", "used", "limit", "events"))
    assert make_group(os.getpid()) is None


@pytest.fixture
def groups():
    """The folder of real groups."""
    found = memory_group._parent()
    if found is None:
        pytest.skip("this process may not make control groups")
    return found.folder


def test_groups_of_killed_coordinators_are_removed(groups):
    program = """
import os
from bnnbench.harness.memory_group import make_group

print(make_group(os.getpid()).folder, flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    left = Path(done.stdout.strip())
    assert left.is_dir()
    memory_group._parent.cache_clear()
    memory_group._parent()
    assert not left.exists()
