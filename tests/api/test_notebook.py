"""The notebook of the guides runs from its first cell to its last, and is kept without outputs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.ipynb"

pytestmark = pytest.mark.skipif(not NOTEBOOK.is_file(), reason="guides are in the repository")


def test_the_notebook_holds_no_outputs():
    code = [cell for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]

    assert len(code) == 5
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


EXECUTE = """
import sys
import nbclient, nbformat

notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": "."}}).execute()
nbformat.write(notebook, "executed.ipynb")
"""


def test_the_notebook_runs_in_a_kernel(tmp_path):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")

    # In a process of its own: what the libraries of notebooks warn of is no error of these tests.
    done = subprocess.run([sys.executable, "-c", EXECUTE, NOTEBOOK], cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    cells = json.loads((tmp_path / "executed.ipynb").read_text(encoding="utf-8"))["cells"]
    summary, figure, outcome, prediction = [cell["outputs"][-1] for cell in cells if cell["cell_type"] == "code"][1:]
    assert "simulated_annealing" in "".join(summary["data"]["text/html"])
    assert "image/png" in figure["data"]
    assert (tmp_path / "gap_over_time.svg").stat().st_size > 1000
    assert "text/html" in outcome["data"]
    assert "".join(prediction["text"]).endswith(": 100% of 32 samples are right\n")
