"""Fixtures: one cluster per session, lastcall in it, and namespaces per test: see README.md."""

from __future__ import annotations

import itertools
import os
import signal
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.cluster import manifests
from tests.cluster.existing import Cluster, existing
from tests.cluster.installed import build_images, install, overlay, uninstall
from tests.cluster.lab import cluster as lab
from tests.cluster.lab import images
from tests.cluster.lab.api import Api
from tests.cluster.lab.build import demand
from tests.cluster.lab.common import LabError, kubectl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROPAGATION_SECONDS = 3


def pytest_sessionstart() -> None:
    """Handle SIGTERM and SIGHUP like Ctrl-C: fixtures are torn down, so nothing of the cluster is left."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Give a cluster without lastcall: the lab's own or, with USE_EXISTING_CLUSTER=true, KUBECONFIG's."""
    if os.environ.get("USE_EXISTING_CLUSTER", "").lower() == "true":
        with existing() as found:
            yield found
        return
    try:
        demand()
        with lab.cluster(PROPAGATION_SECONDS):
            for name in ("dash", "ash"):
                images.load(images.recipe(name))
            with closing(Api(lab.API_SOCKET)) as api:
                yield Cluster(api, kubectl, is_lab=True)
    except LabError as error:
        pytest.exit(str(error), returncode=1)


@pytest.fixture(scope="session")
def lastcall(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Give the cluster with lastcall installed from deploy/, with its images."""
    if cluster.is_lab:
        for archive in build_images().values():
            images.load(archive)
    install(cluster, overlay(tmp_path_factory.mktemp("deploy")))
    yield cluster
    if not cluster.is_lab:
        uninstall(cluster)


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[Callable[..., str]]:
    """Give a function that creates namespaces with a label (`inject="enabled"`); they are deleted after the test."""
    made: list[str] = []

    def make(inject: str | None = None) -> str:
        name = f"test-{next(NUMBERS)}"
        made.append(name)
        cluster.namespace(name, **({manifests.INJECT: inject} if inject else {}))
        return name

    yield make
    for name in made:
        cluster.api.delete("Namespace", name)


NUMBERS = itertools.count(int(time.time()))
