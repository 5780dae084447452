"""Rows of runs, as a store gives them."""

from __future__ import annotations


def row(**changes):
    return {
        "problem": "p",
        "problem_hash": "0" * 64,
        "formulation": "compact",
        "solver": "s",
        "status": "ok",
        "optimum": 0.0,
        "truth_kind": "exhaustive",
        "is_sound": 1,
        "energy_gap": 0.0,
        "loss_gap": 0.0,
        "mean_loss": 1.5,
        "violations": 0,
        "train_accuracy": 1.0,
        "test_accuracy": None,
        "sample_s": 1.0,
        "num_reads": 10,
        "budget_reads": 10,
        "num_variables": 10,
        "proved": 0,
        "flag_texts": "",
    } | changes


FAILED = dict.fromkeys(("energy_gap", "loss_gap", "mean_loss", "violations", "train_accuracy", "sample_s"))
