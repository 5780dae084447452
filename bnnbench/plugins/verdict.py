"""The verdict of a check: passed, failed, or nothing to say."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

from bnnbench.errors import CheckError, told


class DoesNotApply(Exception):  # noqa: N818  it is no error
    """The reason that a check says nothing about a plugin."""


@dataclass(frozen=True)
class Result:
    """The result of a check, with a sentence where it did not pass, and its duration (seconds)."""

    check: str
    verdict: Literal["passed", "failed", "does not apply"]
    sentence: str
    seconds: float
    stack: str = ""
    """Traceback of what was raised."""


def judged(check: str, call: Callable[[], None]) -> Result:
    """Run a check, and say what became of it; whatever the plugin raises is a failure."""
    start = perf_counter()
    verdict: Literal["passed", "failed", "does not apply"] = "passed"
    sentence = stack = ""
    try:
        call()
    except DoesNotApply as reason:
        verdict, sentence = "does not apply", str(reason)
    except CheckError as error:
        verdict, sentence = "failed", str(error)
    except BaseException as error:  # noqa: BLE001  a plugin can raise anything
        verdict, sentence, stack = "failed", f"it raised {told(error)}", traceback.format_exc()
    return Result(check, verdict, sentence, perf_counter() - start, stack)
