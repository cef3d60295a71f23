"""kubectl reads what ``webhook.manifests`` reads. It needs no cluster, only the lab's kubectl."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.cluster.lab.build import demand
from tests.cluster.lab.common import binary
from tests.manifests.readings import HEAD, READ, REJECTED

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module", autouse=True)
def _lab() -> None:
    demand()


def kubectl(text: str) -> Any:
    """Return what kubectl holds; ``label`` needs no server, other than ``create``, and keeps the rest."""
    argv = (binary("kubectl"), "label", "--local", "--filename=-", "--output=json", "a=b")
    done = subprocess.run(argv, input=f"{HEAD}{text}\n", capture_output=True, text=True, check=True)
    return json.loads(done.stdout, parse_int=number)["spec"]["v"]


def number(digits: str) -> int | float:
    """Read an integer; what does not fit into 64 bits is a float for Kubernetes."""
    value = int(digits)
    return value if -(2**63) <= value < 2**63 else float(value)


@pytest.mark.parametrize("text", READ, ids=repr)
def test_kubectl_reads_the_same(text: str) -> None:
    """Every line of the table."""
    assert kubectl(text) == READ[text]


@pytest.mark.parametrize("text", REJECTED)
def test_kubectl_reads_none_of_these(text: str) -> None:
    """Nor does lastcall."""
    with pytest.raises(subprocess.CalledProcessError):
        kubectl(text)
