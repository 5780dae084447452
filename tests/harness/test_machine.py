"""Which commit of which checkout made a row."""

from __future__ import annotations

import shutil
import subprocess

import pytest

import bnnbench
from bnnbench.harness.machine import machine_info

NOBODY = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_rows_name_the_commit_of_the_checkout_that_holds_the_package(tmp_path, monkeypatch):
    package = tmp_path / "bnnbench" / "__init__.py"
    package.parent.mkdir()
    package.touch()
    for arguments in (["init", "-q"], ["add", "."], [*NOBODY, "commit", "-qm", "Begin"]):
        subprocess.run(["git", "-C", tmp_path, *arguments], check=True)
    commit = subprocess.check_output(["git", "-C", tmp_path, "rev-parse", "HEAD"], text=True).strip()
    monkeypatch.setattr(bnnbench, "__file__", str(package))

    clean = machine_info.__wrapped__()
    package.write_text("changed")
    changed = machine_info.__wrapped__()

    assert (clean["commit"], clean["dirty"]) == (commit, False)
    assert (changed["commit"], changed["dirty"]) == (commit, True)
