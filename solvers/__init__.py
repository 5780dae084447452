"""Solver adapters: one file per adapter, found by name through `bnnbench.load_solver`."""
