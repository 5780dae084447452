"""Formulations, one per file; they are loaded by name, see `bnnbench.plugins.registry`."""
