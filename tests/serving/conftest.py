"""Fixtures: a certificate and a running server; tests that change neither share them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.serving.running import SERVE, Pair, Running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """Issue a CA and files that no test changes."""
    return Pair.issue(tmp_path_factory.mktemp("pair"))


@pytest.fixture
def own_pair(tmp_path: Path) -> Pair:
    """Issue a CA and files that the test may change."""
    folder = tmp_path / "pair"
    folder.mkdir()
    return Pair.issue(folder)


@pytest.fixture(scope="session")
def shared(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Start a server for tests that do not depend on its state."""
    running = Running.start(tmp_path_factory.mktemp("server"), pair.client(), *SERVE, "--port", "0", *pair.options)
    yield running
    running.end()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start servers that end with the test: ``start(tls context or None, *arguments of Python)``."""
    with contextlib.ExitStack() as stack:

        def start(*arguments: Any) -> Running:
            running = Running.start(tmp_path, *arguments)
            stack.callback(running.end)
            return running

        yield start


@pytest.fixture
def server(pair: Pair, start: Callable[..., Running]) -> Running:
    """Start a server for this test only."""
    return start(pair.client(), *SERVE, "--port", "0", *pair.options)
