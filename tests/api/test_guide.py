"""The guide to Python runs from its first line to its last, in one script as it would be typed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "python.md"

pytestmark = pytest.mark.skipif(not GUIDE.is_file(), reason="guides are in the repository")


def test_the_guide_runs_as_one_script(tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / "guide.py").write_text("".join(blocks), encoding="utf-8")

    done = subprocess.run([sys.executable, "guide.py"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert len(blocks) == 6
    assert done.stdout.startswith("<Outcome of simulated_annealing: ok, loss 0 in 100 reads, 0 above the optimum")
    assert done.stdout.count("<Outcome of") == 1, "the workers do not run the script again"
    assert (tmp_path / "gap.svg").stat().st_size > 1000
