"""A machine on which D-Wave's cloud cannot be reached, and solvers with a mock in its place."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bnnbench.plugins.registry import load_solver
from bnnbench.solver.contract import Solver


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a cache of its own, no configuration of D-Wave, and no network."""

    connect = socket.socket.connect

    def no_network(*_: object, **__: object) -> None:
        pytest.fail("touched the network")

    def only_here(this: socket.socket, address: Any) -> None:
        if this.family != socket.AF_UNIX:  # by which worker processes are started
            no_network()
        connect(this, address)

    monkeypatch.setenv("BNNBENCH_CACHE", str(tmp_path / "cache"))
    for name in ("TOKEN", "SOLVER", "ENDPOINT", "REGION"):
        monkeypatch.delenv(f"DWAVE_API_{name}", raising=False)
    monkeypatch.delenv("DWAVE_PROFILE", raising=False)
    empty = tmp_path / "dwave.conf"
    empty.write_text("", encoding="utf-8")
    monkeypatch.setenv("DWAVE_CONFIG_FILE", str(empty))
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr(socket.socket, "connect", only_here)


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Solver]:
    """Build the solver with a mock behind it."""

    def build(sampler: Any, **parameters: Any) -> Solver:
        solver = load_solver("dwave", **parameters)
        monkeypatch.setattr(type(solver), "sampler", lambda _: sampler)
        return solver

    return build
