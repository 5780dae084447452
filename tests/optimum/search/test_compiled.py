import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

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


def test_processes_that_need_a_kernel_at_once_compile_it_once(tmp_path):
    begin = f"import time\ntime.sleep(max(0, {time.time() + 3} - time.time()))\nprint(count()"
    (tmp_path / "kernels.py").write_text(KERNEL.replace("print(count()", begin))
    (tmp_path / "parts.py").write_text(PART.format(number=1))

    with ThreadPoolExecutor() as threads:
        ended = sorted(threads.map(counted, [tmp_path] * 3))

    assert ended == [["2", "0"], ["2", "1"], ["2", "1"]]
