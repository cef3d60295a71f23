"""The contents of the images, and their lists of it (SBOM)."""

from __future__ import annotations

import json
import re
import sys
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.cluster.installed import build_images
from tests.cluster.lab.build import demand
from tests.cluster.lab.common import LabError
from tests.support.paths import ROOT
from webhook import __version__

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
SBOM = "sbom.cdx.json"
MEGABYTE = 1_000_000
LOCKS = [
    pytest.param("lastcall", "webhook.txt", id="lastcall"),
    pytest.param("lastcall-certs", "certs.txt", id="certs"),
]


@pytest.fixture(scope="session")
def archives() -> dict[str, Path]:
    """Build the images; name -> archive."""
    try:
        demand()
        return build_images()
    except LabError as error:
        pytest.exit(str(error), returncode=1)


def files(archive: Path) -> dict[str, int]:
    """Return path and size of each file that an image adds to its base, which is the first layer."""
    with tarfile.open(archive) as tar:
        added: dict[str, int] = {}
        for layer in json.load(opened(tar, "manifest.json"))[0]["Layers"][1:]:
            with tarfile.open(fileobj=opened(tar, layer)) as content:
                added |= {member.name: member.size for member in content}
        return added


def sbom(archive: Path) -> dict[str, Any]:
    """Return the list that an image carries; it is the last layer."""
    with tarfile.open(archive) as tar:
        layer = json.load(opened(tar, "manifest.json"))[0]["Layers"][-1]
        with tarfile.open(fileobj=opened(tar, layer)) as content:
            return dict(json.load(opened(content, SBOM)))


def opened(tar: tarfile.TarFile, name: str) -> Any:
    """Open a file of an archive."""
    found = tar.extractfile(name)
    assert found
    return found


def locked(name: str) -> set[tuple[str, str]]:
    """Return name and version of every package that a lock file has for this kind of machine."""
    lines = re.findall(r"^(\S+==[^\\\n]+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE)
    found = [Requirement(line.strip()) for line in lines]
    chosen = [package for package in found if package.marker is None or package.marker.evaluate()]
    return {(canonicalize_name(package.name), str(package.specifier)[2:]) for package in chosen}


@pytest.mark.parametrize(("image", "lock"), LOCKS)
def test_an_images_sbom_is_its_lock(archives: dict[str, Path], image: str, lock: str) -> None:
    """The SBOM, the lock file and the packages installed in /app are the same set; each has its license."""
    listed = sbom(archives[image])
    packages = {(canonicalize_name(found["name"]), found["version"]) for found in listed["components"]}
    names = [re.fullmatch(r"app/(.+)-([^-]+)\.dist-info/?", path) for path in files(archives[image])]
    installed = {(canonicalize_name(found[1]), found[2]) for found in names if found}
    assert packages == locked(lock) == installed
    assert all(found["licenses"] and found["purl"] for found in listed["components"])
    product = listed["metadata"]["component"]
    assert (product["name"], product["version"]) == ("lastcall", __version__)


def test_the_serving_image_is_small(archives: dict[str, Path]) -> None:
    """It is at most 40 MB larger than its base, and has nothing that only development needs."""
    added = files(archives["lastcall"])
    total = sum(added.values()) / MEGABYTE
    sys.stdout.write(f"\nserving image: {total:.1f} MB over its base\n")
    assert total <= 40
    assert not [path for path in added if "node_modules" in path or path.startswith(("app/tests", "app/certs"))]
