import os
import subprocess
import sys

PART = """from bnnbench.optimum.search.compiled import part

@part
def step():
    return {number}
"""
KERNEL = """from bnnbench.optimum.search.compiled import kernel
from parts import step

@kernel
def count():
    return step() + step()

print(count(), sum(count.stats.cache_hits.values()))
"""


def counted(folder):
    paths = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    command, environment = [sys.executable, "kernels.py"], os.environ | {"PYTHONPATH": paths}
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, env=environment)
    return ended.stdout.split()


def test_a_kernel_is_compiled_again_when_a_part_in_another_file_changes(tmp_path):
    (tmp_path / "kernels.py").write_text(KERNEL)
    (tmp_path / "parts.py").write_text(PART.format(number=1))
    assert counted(tmp_path) == ["2", "0"]
    assert counted(tmp_path) == ["2", "1"]  # kept

    (tmp_path / "parts.py").write_text(PART.format(number=3))

    assert counted(tmp_path) == ["6", "0"]
