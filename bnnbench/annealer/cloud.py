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
    """Why there is no token for D-Wave's cloud, as a sentence; None if there is one. Whether it is good, none is asked.

    Parameters
    ----------
    name
        What the sentence calls the solver.
    """
    if os.environ.get("DWAVE_API_TOKEN"):
        return None
    from dwave.cloud.config import load_config
    from dwave.cloud.config.exceptions import ConfigFileError

    try:
        return None if load_config().get("token") else f"{name}: no token for D-Wave's cloud; {_ADVICE}"
    except (ConfigFileError, ValueError) as error:  # ValueError: DWAVE_PROFILE names no profile
        return f"{name}: the configuration of D-Wave's cloud cannot be used: {error}; {_ADVICE}"


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
