"""`lastcall preview` shows no patch that the jsonpatch library applies differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from tests.support.paths import ROOT
from webhook.cli import main
from webhook.cli.preview import OUTPUTS
from webhook.core.mutate import mutate
from webhook.core.patch import apply
from webhook.report.second_opinion import difference

if TYPE_CHECKING:
    from collections.abc import Callable

    from webhook.core.decision import Report

WEB = str(ROOT / "examples/npm-deployment.yaml")
GRACE = "/spec/terminationGracePeriodSeconds"
Broken = tuple[dict[str, Any], str]
BROKEN: dict[str, Broken] = {
    "an operation that the report does not have": (
        {"op": "replace", "path": GRACE, "value": 99},
        "gets a different Pod",
    ),
    "an operation without a target": ({"op": "remove", "path": "/spec/nothing"}, "cannot apply the patch"),
    "an operation without a parent": ({"op": "add", "path": "/a/b", "value": 1}, "cannot apply the patch"),
}


@pytest.fixture
def preview(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run `preview` with a core whose reports are changed on the way: ``preview(change, output)``."""

    def run(change: Callable[[Report], Report], output: str) -> Any:
        monkeypatch.setattr("webhook.cli.preview.mutate", lambda *given: change(mutate(*given)))
        return CliRunner().invoke(main, ["preview", "-f", WEB, "-o", output, "--exit-code"])

    return run


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_patch_on_which_both_agree_is_shown(preview: Callable[..., Any], output: str) -> None:
    """Two ways to apply it, one result."""
    result = preview(lambda report: report, output)
    assert result.exit_code == 1
    assert "internal error" not in result.stderr


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("name", BROKEN)
def test_a_patch_on_which_they_differ_is_an_internal_error(preview: Callable[..., Any], output: str, name: str) -> None:
    """The negative control: one operation too many; exit 3, the workload and the reason on stderr, no output."""
    operation, words = BROKEN[name]
    result = preview(lambda report: replace(report, operations=(*report.operations, operation)), output)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "internal error: Deployment web (" in result.stderr
    assert words in result.stderr


def test_a_result_that_the_patch_does_not_make_is_a_difference() -> None:
    """The Pod after is compared, not only whether the patch applies."""
    pod = {"metadata": {}, "spec": {"containers": [{"name": "a", "command": ["npm", "start"]}]}}
    report = mutate(pod)
    assert difference(report) == ""
    wrong = apply(report.after, [{"op": "add", "path": "/spec/hostNetwork", "value": True}])
    assert difference(replace(report, after=wrong)) == "jsonpatch gets a different Pod from the patch"
