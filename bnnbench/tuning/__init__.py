"""Tuning: search the parameters of each pair of solver and formulation with the same budget."""
