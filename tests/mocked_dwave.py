"""The adapter `dwave` with a mock of a QPU in it, as a file that a worker process of a campaign can load."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal

import requests
from dwave.cloud import exceptions
from mock_qpu import Mock, timed

from bnnbench.plugins.entries import load_module

DWave: Any = load_module("solver", "dwave").DWave  # type: ignore[attr-defined]

TOKEN = "SECRET-0123456789abcdef"

FAILURES = {
    "network": requests.exceptions.ConnectionError("name resolution failed"),
    "token": exceptions.SolverAuthenticationError(f"token {TOKEN} is expired"),
    "offline": exceptions.SolverOfflineError("solver is offline"),
}


class Failing(Mock):
    """Fails from its second submission on."""

    def sample(self, bqm: Any, **keywords: Any) -> Any:
        if self.asked:
            raise FAILURES["offline"]
        return super().sample(bqm, **keywords)


@dataclass(frozen=True, kw_only=True)
class Mocked(DWave):  # type: ignore[misc]
    """`dwave` on a mock, whose connection or second submission may fail."""

    connection: Literal["good", "network", "token", "offline", "small", "breaks"] = "good"

    def unavailable(self) -> str | None:
        return None

    def sampler(self) -> Any:
        os.environ["DWAVE_API_TOKEN"] = TOKEN  # a worker has the environment of the first campaign of all tests
        if self.connection == "small":
            return Mock(topology_shape=[2], broken_nodes=list(range(30)))
        if self.connection == "breaks":
            return timed(Failing)
        if self.connection != "good":
            raise FAILURES[self.connection]
        return timed()
