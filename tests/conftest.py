"""Settings of all tests: Hypothesis draws the same examples on every machine, and has no clock; no user's cache."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import pytest
from commands import call
from hypothesis import HealthCheck, settings

from bnnbench.plugins.entries import entries
from bnnbench.problem.network import Network
from bnnbench.spec import Spec

os.environ.setdefault("OMP_NUM_THREADS", "1")
"""As in campaigns: on a busy machine, reads of OpenJij wait a hundred times as long for the threads of OpenMP."""

settings.register_profile(
    "bnnbench",
    derandomize=True,
    deadline=None,  # the first example pays for just-in-time compilation
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("bnnbench")


LONG = (
    "test_campaign", "test_cli", "test_dask_executor", "test_docs", "test_docs_tutorial", "test_every_solver",
    "test_formats", "test_kills", "test_packaging", "test_processes", "test_reference_results",
)  # fmt: skip
"""Files that take long: last, they would leave the other process without work."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: item.path.stem not in LONG)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Compile the kernels of all solvers once, on two cores: each process of xdist would compile them for itself."""
    from bnnbench.harness.warm_up import Need, helped, warm_up

    networks = tuple(Network(widths) for widths in ((13, 1), (5, 3, 1), (3, 3, 2, 1)))
    needs = [Need(Spec(name), networks) for name in sorted(entries("solver"))]
    with helped(needs):
        warm_up(needs[::-1])


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the tests find is not kept for the user, and what the user has found before is not asked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BNNBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Let processes that a test starts take interrupts, which are ignored in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def bnnbench_(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """A function that calls one command in this process: exit code, standard output, standard error."""

    def answer(*arguments: object) -> tuple[int, str, str]:
        return call(*arguments), *capfd.readouterr()

    return answer
