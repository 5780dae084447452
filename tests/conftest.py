"""Settings of all tests: Hypothesis draws the same examples on every machine, and has no clock."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "bnnbench",
    derandomize=True,
    deadline=None,  # the first example pays for just-in-time compilation
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("bnnbench")
