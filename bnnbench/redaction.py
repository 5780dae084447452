"""Secrets of the environment are taken out of what solvers say, before anything is kept of it."""

from __future__ import annotations

import os
import re
from functools import cache

_NAMES = re.compile(
    "TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|(API|ACCESS|PRIVATE|LICENSE)_?KEY|LICENSEID", re.IGNORECASE
)
LEAST_LENGTH = 8
"""Characters of a secret; shorter ones would be found in ordinary words and numbers."""


@cache
def _is_secret(name: str) -> bool:
    return _NAMES.search(name) is not None


def redacted(text: str) -> str:
    """Replace the values of environment variables that are named as a token, password or key is, by ``<NAME>``.

    A secret that is written otherwise than in the environment, such as backwards, is not recognized.
    """
    if not text:
        return text  # most runs print nothing, and looking through the environment takes time
    named = {os.environ[name]: name for name in os.environ if _is_secret(name)}
    secrets = {value: name for value, name in named.items() if len(value) >= LEAST_LENGTH}
    for value in sorted(secrets, key=len, reverse=True):  # one may be a part of another
        text = text.replace(value, f"<{secrets[value]}>")
    return text
