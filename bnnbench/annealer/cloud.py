"""D-Wave's cloud: whether there is a token, and failures as sentences that do not hold it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bnnbench.errors import UnavailableError

_ADVICE = (
    "get a token at https://cloud.dwavesys.com/leap, then run: export DWAVE_API_TOKEN=<token>, or: dwave config create."
)


def missing_token(name: str) -> str | None:
    """Return why there is no token that can be sent to D-Wave's cloud, as a sentence; None if there is one.

    Parameters
    ----------
    name
        What the sentence calls the solver.
    """
    if token := os.environ.get("DWAVE_API_TOKEN"):
        return _flaw(name, token)
    from dwave.cloud.config import load_config
    from dwave.cloud.config.exceptions import ConfigFileError

    try:
        token = load_config().get("token")
        return _flaw(name, token) if token else f"{name}: no token for D-Wave's cloud; {_ADVICE}"
    except (ConfigFileError, ValueError) as error:  # ValueError: DWAVE_PROFILE names no profile
        return f"{name}: the configuration of D-Wave's cloud cannot be used: {error}; {_ADVICE}"


def _flaw(name: str, token: str) -> str | None:
    """Return why a token can be none, without showing it; the library would quote it as the value of a header."""
    if token.isprintable() and not any(map(str.isspace, token)) and token.isascii():
        return None
    return (
        f"{name}: the token for D-Wave's cloud holds a line end, a blank or another character that no token has, so "
        "nothing was sent; write DWAVE_API_TOKEN, or token in dwave.conf, again as one word."
    )


@contextmanager
def cloud_errors(name: str, doing: str) -> Iterator[None]:
    """Turn errors of the cloud into `UnavailableError`, with a sentence that does not hold the token."""
    from dwave.cloud import exceptions
    from dwave.cloud.config import load_config
    from requests.exceptions import RequestException  # also the root of the errors that D-Wave's cloud answers

    try:
        yield
    except (
        RequestException,
        exceptions.CanceledFutureError,
        exceptions.ConfigFileError,
        exceptions.PollingTimeout,
        exceptions.ProblemUploadError,
        exceptions.UseAfterCloseError,
        ValueError,  # an invalid problem, or an invalid setting in the configuration
    ) as error:
        reason = f"{type(error).__name__}: {error}".rstrip(".")
        with suppress(exceptions.ConfigFileError, ValueError):
            reason = reason.replace(load_config().get("token") or "\0", "<token>")
        # `from None`: the original may hold the token, and would be printed with its traceback.
        raise UnavailableError(
            f"{name}: {doing} failed ({reason}); check the token, the solver's status at "
            "https://cloud.dwavesys.com/leap, and the network."
        ) from None
