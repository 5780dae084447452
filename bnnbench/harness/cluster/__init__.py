"""Runs on the workers of Dask and SLURM."""
