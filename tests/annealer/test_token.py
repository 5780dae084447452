"""A token that is none is refused before anything is sent, and is not shown."""

from __future__ import annotations

import pytest

from bnnbench.annealer.cloud import missing_token

TOKEN = "DEV-0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize("token", [TOKEN + "\r", TOKEN + "\n", f" {TOKEN}", f"{TOKEN[:9]}\n {TOKEN[9:]}", TOKEN + "é"])
def test_a_token_with_line_ends_or_blanks_is_refused(monkeypatch, token):
    monkeypatch.setenv("DWAVE_API_TOKEN", token)

    reason = missing_token("dwave")

    assert "so nothing was sent; write DWAVE_API_TOKEN" in reason
    assert TOKEN[:9] not in reason


def test_a_token_that_is_one_word_is_taken(monkeypatch):
    monkeypatch.setenv("DWAVE_API_TOKEN", TOKEN)

    assert missing_token("dwave") is None


def test_a_token_that_goes_on_in_the_next_line_of_the_configuration_is_refused(monkeypatch, tmp_path):
    (tmp_path / "dwave.conf").write_text(f"[defaults]\ntoken = {TOKEN[:20]}\n  {TOKEN[20:]}\n")
    monkeypatch.delenv("DWAVE_API_TOKEN", raising=False)
    monkeypatch.setenv("DWAVE_CONFIG_FILE", str(tmp_path / "dwave.conf"))

    assert "nothing was sent" in missing_token("dwave")
