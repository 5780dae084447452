"""Compare a text with the claims that it should quote."""

from __future__ import annotations

from collections.abc import Iterable

from bnnbench.claims.evaluate import Verdict


def misquoted(verdicts: Iterable[Verdict], text: str) -> list[Verdict]:
    """Return the claims whose sentence, numbers included, does not stand in a text; line ends and `*` do not count."""
    plain = _plain(text)
    return [verdict for verdict in verdicts if _plain(verdict.sentence) not in plain]


def _plain(text: str) -> str:
    return " ".join(text.replace("*", "").split())
