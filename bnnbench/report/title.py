"""The title of a study, as its suite says it."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Mapping, Sequence


def suite_title(suites: Sequence[Mapping[str, str]]) -> str:
    """Return the title of the suite that ran last among those that have one, or else an empty text.

    Parameters
    ----------
    suites
        Rows of a store, whose ``text`` is TOML.
    """
    titles = []
    for suite in suites:
        with contextlib.suppress(tomllib.TOMLDecodeError):
            titles.append(tomllib.loads(suite["text"]).get("title"))
    return next((title for title in reversed(titles) if isinstance(title, str) and title), "")
