"""The command line: `python -m certs issue`, and wrong options."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from certs.__main__ import main
from certs.authority import Leaf
from certs.pem import read_bundle
from tests.certs.servers import NOW, context, verify

if TYPE_CHECKING:
    from pathlib import Path


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_issued_files_serve_a_strict_client(tmp_path: Path) -> None:
    """The pair is valid for the Service and verifies against ca.crt; only the owner can read the files."""
    result = run("--namespace", "hooks", "issue", "--out", tmp_path)
    leaf = Leaf((tmp_path / "tls.crt").read_bytes(), (tmp_path / "tls.key").read_bytes(), NOW)
    assert verify(context(leaf), (tmp_path / "ca.crt").read_bytes(), "lastcall.hooks.svc")
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert "kubectl -n hooks create secret" in result.stdout


def test_a_second_issue_uses_the_same_ca(tmp_path: Path) -> None:
    """The new leaf verifies against the first CA, and has the requested host."""
    run("issue", "--out", tmp_path)
    before = (tmp_path / "ca.crt").read_bytes()
    run("issue", "--out", tmp_path, "--host", "127.0.0.1", "--leaf-lifetime", "90m")
    (leaf,) = read_bundle((tmp_path / "tls.crt").read_bytes())
    assert (tmp_path / "ca.crt").read_bytes() == before
    assert read_bundle(before)[0].signed(leaf)
    assert leaf.hosts == {"127.0.0.1"}


@pytest.mark.parametrize("text", ["", "30", "d", "1.5d", "-1d", "30 d", "999999d", "1w"])
def test_a_duration_is_a_number_and_a_unit(text: str) -> None:
    """Any other value is an error that shows the accepted form."""
    result = run("run", "--leaf-lifetime", text)
    assert result.exit_code == 2
    assert "30d, 12h, 90m or 20s" in result.stderr


@pytest.mark.parametrize("command", ["run", "status", "rotate"])
def test_without_a_cluster_the_error_is_one_line(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason, without a traceback, and exit status 1."""
    monkeypatch.setattr("kubernetes.config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none"))
    result = run(command)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: cannot connect to the API server: ")
    assert result.stderr.count("\n") == 1


def test_times_without_room_are_rejected() -> None:
    """A soak as long as a leaf's life is an error before the first request."""
    result = run("run", "--leaf-lifetime", "1m", "--soak", "1m")
    assert result.exit_code == 1
    assert "the soak must be shorter" in result.stderr
