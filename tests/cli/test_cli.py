"""The command line: preview, explain, settings, launcher."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.support.paths import ROOT
from webhook.cli import COMMANDS, main
from webhook.core.mutate import REASONS
from webhook.core.settings import NAMES

if TYPE_CHECKING:
    from click.testing import Result

EXAMPLES = ROOT / "examples"
WEB = str(EXAMPLES / "npm-deployment.yaml")


def lastcall(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=stdin, catch_exceptions=False)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_a_first_sentence(name: str) -> None:
    """`--help` answers for every command that `lastcall --help` lists."""
    result = lastcall(name, "--help")
    assert result.exit_code == 0
    assert "Usage: " in result.stdout
    assert f"  {name} " in lastcall("--help").stdout


def test_version_is_reported() -> None:
    """`--version` prints name and version."""
    assert lastcall("--version").stdout.startswith("lastcall 0.")


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_is_explained(code: str) -> None:
    """`lastcall explain` knows every reason and says what to do."""
    result = lastcall("explain", code.lower())
    assert result.exit_code == 0
    assert code in result.stdout
    assert "what to do" in result.stdout
    assert code in lastcall("explain").stdout


def test_a_misspelt_reason_gets_a_hint() -> None:
    """Exit 2 with the nearest name."""
    result = lastcall("explain", "SleepAded")
    assert result.exit_code == 2
    assert "did you mean SleepAdded?" in result.stderr


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_shown_with_its_origin(name: str) -> None:
    """`lastcall settings` shows each one in each profile."""
    assert name in lastcall("settings").stdout
    shown = json.loads(lastcall("settings", "-o", "json").stdout)
    assert set(shown[name]) == {"default", "shell", "ingress", "alb", "nlb"}
    assert "(profile ingress)" in lastcall("settings", "--profile", "ingress").stdout


def test_the_launcher_can_be_read() -> None:
    """`lastcall launcher` prints the text as in a Pod; `--raw` prints what the shell reads."""
    doubled, raw = lastcall("launcher", "exec").stdout, lastcall("launcher", "exec", "--raw").stdout
    assert doubled.replace("$$", "$") == raw != doubled


def test_offline_commands_do_not_import_what_they_do_not_need() -> None:
    """`preview` starts without Flask, gunicorn, cryptography or the Kubernetes client."""
    code = (
        "import sys; from click.testing import CliRunner; from webhook.cli import main;"
        f"r = CliRunner().invoke(main, ['preview', '-f', {WEB!r}]); assert r.exit_code == 0, r.output;"
        "heavy = ('flask', 'gunicorn', 'cryptography', 'kubernetes', 'prometheus_client');"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
