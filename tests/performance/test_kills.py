"""Fifty kills of coordinator and workers at random moments, in one campaign."""

from __future__ import annotations

import time

from killing import survive


def test_a_campaign_that_is_killed_fifty_times_ends_as_an_undisturbed_one(tmp_path):
    start = time.perf_counter()
    campaign = survive(tmp_path, num_kills=50, repetitions=150, seed=11)
    kills = ", ".join(f"{number} of {what}" for what, number in campaign.kills.items())
    print(f"\n{campaign.num_kills} kills ({kills}) survived in {time.perf_counter() - start:.0f} s")
    assert campaign.num_kills >= 50
