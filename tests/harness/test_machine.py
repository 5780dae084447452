"""Which commit of which checkout made a row."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from bnnbench.harness import machine

NOBODY = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_rows_name_the_commit_of_the_checkout_that_holds_the_package(tmp_path, monkeypatch):
    module = tmp_path / "bnnbench" / "harness" / "machine.py"
    module.parent.mkdir(parents=True)
    module.touch()
    for arguments in (["init", "-q"], ["add", "."], [*NOBODY, "commit", "-qm", "Begin"]):
        subprocess.run(["git", "-C", tmp_path, *arguments], check=True)
    commit = subprocess.check_output(["git", "-C", tmp_path, "rev-parse", "HEAD"], text=True).strip()
    monkeypatch.setattr(machine, "__file__", str(module))

    clean = machine.machine_info.__wrapped__()
    module.write_text("changed")
    changed = machine.machine_info.__wrapped__()

    assert (clean["commit"], clean["dirty"]) == (commit, False)
    assert (changed["commit"], changed["dirty"]) == (commit, True)
