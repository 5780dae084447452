"""Secrets of the environment are taken out of what solvers say, before anything is kept of it."""

from __future__ import annotations

import os
import re

_NAMES = re.compile("TOKEN|SECRET|PASSWORD|PASSPHRASE|CREDENTIAL|API_?KEY|LICENSE_?KEY|LICENSEID", re.IGNORECASE)
LEAST_LENGTH = 8
"""Characters of a secret; shorter ones would be found in ordinary words and numbers."""


def redacted(text: str) -> str:
    """Replace the values of environment variables that are named as a token, password or key is, by ``<NAME>``.

    A secret that is written otherwise than in the environment, such as backwards, is not recognized.
    """
    secrets = {value: name for name, value in os.environ.items() if _NAMES.search(name) and len(value) >= LEAST_LENGTH}
    for value in sorted(secrets, key=len, reverse=True):  # one may be a part of another
        text = text.replace(value, f"<{secrets[value]}>")
    return text
