"""The verb for the spectral gap: its table, its picture, and what it refuses."""

from __future__ import annotations


def test_weights_and_qubo_stand_side_by_side(bnnbench_, tmp_path):
    picture = tmp_path / "gap.svg"

    code, out, _ = bnnbench_(
        "gap", "random_function[size=2,hidden=[],samples=2]", "--formulation", "compact", "--points", "5", "-o", picture
    )

    assert code == 0
    assert "weights" in out
    assert "compact" in out
    assert "least gap" in out
    assert picture.read_bytes().startswith(b"<?xml")


def test_what_is_too_large_is_refused_in_a_sentence(bnnbench_):
    code, _, err = bnnbench_("gap", "parity[size=7,hidden=7]")

    assert code == 2
    assert "qubits are more than 20" in err


def test_a_file_of_another_kind_is_not_overwritten(bnnbench_, tmp_path):
    path = tmp_path / "mine.svg"
    path.write_text("mine")

    code, _, err = bnnbench_("gap", "parity[size=2,hidden=2]", "-o", path)

    assert code == 2
    assert path.read_text() == "mine"
    assert "mine.svg" in err
