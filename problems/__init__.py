"""Problem families: one file per family, found by name through `bnnbench.load_problem`."""
