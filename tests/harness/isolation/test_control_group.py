"""Memory and processes of a run are those of all that it starts, where the system lets one say so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bnnbench.harness.isolation import control_group
from bnnbench.harness.isolation.control_group import FILES, Control, ControlGroup, find_controls, make_group

VERSION_1 = ["4:memory:/jobs/mine", "3:pids:/", "1:cpu:/", "0::/"]
VERSION_2 = ["0::/user.slice/run.scope"]


def hierarchy(folder, **files):
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name.replace("_", ".", 1)).write_text(content)
    return folder


def test_version_1_gives_groups_to_who_may_write(tmp_path):
    assert find_controls(VERSION_1, tmp_path) == {}
    own = hierarchy(tmp_path / "memory" / "jobs" / "mine")
    memory = Control(own, "memory.usage_in_bytes", "memory.limit_in_bytes", "memory.oom_control")
    assert find_controls(VERSION_1, tmp_path) == {"memory": memory}
    pids = Control(hierarchy(tmp_path / "pids"), "pids.current", "pids.max", "pids.events")
    assert find_controls(VERSION_1, tmp_path) == {"memory": memory, "pids": pids}


@pytest.mark.parametrize("names", [["memory", "pids"], ["memory"], ["pids"]])
def test_version_2_moves_its_own_processes_below_first(tmp_path, names):
    own = hierarchy(
        tmp_path / "user.slice" / "run.scope",
        cgroup_subtree_control="", cgroup_controllers=f"cpu {' '.join(names)}", cgroup_procs=f"{os.getpid()}\n",
    )  # fmt: skip
    every = {
        "memory": Control(own, "memory.current", "memory.max", "memory.events"),
        "pids": Control(own, "pids.current", "pids.max", "pids.events"),
    }
    assert find_controls(VERSION_2, tmp_path) == {name: every[name] for name in names}
    assert (own / "bnnbench-coordinator" / "cgroup.procs").read_text() == str(os.getpid())
    assert (own / "cgroup.subtree_control").read_text() == " ".join(f"+{name}" for name in names)


def test_a_limit_is_what_is_used_and_more(tmp_path):
    (tmp_path / "memory.current").write_text("1000\n")
    (tmp_path / "pids.current").write_text("3\n")
    controls = {name: Control(tmp_path, *files) for name, files in FILES[2].items()}
    ControlGroup(controls).limit(2.5, 40)
    assert (tmp_path / "memory.max").read_text() == "2500001000"
    assert (tmp_path / "pids.max").read_text() == "43"


def test_version_2_takes_no_group_from_others(tmp_path):
    own = hierarchy(
        tmp_path / "user.slice" / "run.scope",
        cgroup_subtree_control="", cgroup_controllers="memory", cgroup_procs=f"1\n{os.getpid()}\n",
    )  # fmt: skip
    with pytest.raises(OSError, match="others"):
        find_controls(VERSION_2, tmp_path)
    assert (own / "cgroup.subtree_control").read_text() == ""


def test_version_2_without_the_controller_has_none(tmp_path):
    hierarchy(tmp_path / "user.slice" / "run.scope", cgroup_subtree_control="", cgroup_controllers="cpu")
    assert find_controls(VERSION_2, tmp_path) == {}


def test_groups_are_left_out_where_none_can_be_made(monkeypatch, tmp_path):
    monkeypatch.setattr(control_group, "_controls", dict)
    assert make_group(os.getpid()) is None
    monkeypatch.setattr(control_group, "_controls", lambda: {"pids": Control(tmp_path / "none", *FILES[2]["pids"])})
    assert make_group(os.getpid()) is None


def test_groups_of_killed_coordinators_are_removed():
    if not control_group._controls():
        pytest.skip("this process may not make control groups")
    program = """
import os
from bnnbench.harness.isolation.control_group import make_group

print(*(control.folder for control in make_group(os.getpid()).controls.values()), flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    left = [Path(text) for text in done.stdout.split()]
    assert left
    assert all(folder.is_dir() for folder in left)
    control_group._controls.cache_clear()
    control_group._controls()
    assert not any(folder.exists() for folder in left)
