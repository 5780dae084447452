"""No file and no program that results name is run unless it is given on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stored_cells import add_everything, make_cell

from bnnbench.errors import InputError
from bnnbench.harness.rerun import rebuild
from bnnbench.runs.outcome import Outcome
from bnnbench.store.store import open_store
from bnnbench.store.stored_spec import stored_spec


@pytest.mark.parametrize("text", ["/tmp/evil.py", "./evil.py[penalty=1]", 'soft[inner="evil.py"]', "a[b=[1,'x.py']]"])
def test_a_spec_that_names_a_file_is_refused(text):
    with pytest.raises(InputError, match="no file that results name is run"):
        stored_spec(text)


def test_a_file_that_is_given_is_found_by_its_name():
    spec = stored_spec("mine[penalty=2]", [Path("/there/mine.py")])

    assert (spec.name, dict(spec.parameters)) == ("/there/mine.py", {"penalty": 2})
    assert stored_spec("reduced[penalty=2]").name == "reduced"


@pytest.mark.parametrize(
    ("solver", "parameters"),
    [
        ("/tmp/evil.py", {}),
        ("embedded", {"inner": "./evil.py"}),
        ("command", {"program": "touch sprung"}),
        ("embedded", {"inner": 'command[program="touch sprung"]'}),
    ],
)
def test_a_row_whose_solver_is_a_file_or_a_program_is_not_run_again(tmp_path, solver, parameters):
    with open_store(tmp_path) as store:
        add_everything(store, make_cell(), Outcome("ok"))
        (run,) = store.stored_runs()
        row = {**run.row, "solver": solver, "parameters": json.dumps(parameters)}

        with pytest.raises(InputError, match="that results name is run"):
            rebuild(store, row)


def test_a_program_that_is_given_as_it_stands_is_trusted(tmp_path):
    with open_store(tmp_path) as store:
        add_everything(store, make_cell(), Outcome("ok"))
        (run,) = store.stored_runs()
        row = {**run.row, "solver": "command", "parameters": json.dumps({"program": "true {file}"})}

        assert rebuild(store, row, program="true {file}").solver.parameters["program"] == "true {file}"
        with pytest.raises(InputError, match="--program"):
            rebuild(store, row, program="true")
