"""Settings: layers, origins, and values that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from webhook.core.layers import Layer
from webhook.core.settings import DEFAULTS, InvalidSetting, parse, resolve
from webhook.install import profiles

if TYPE_CHECKING:
    from pathlib import Path

NAME = "pre-stop-sleep-seconds"
ANNOTATION = f"lastcall.webhook/{NAME}"


@pytest.mark.parametrize(
    ("profile", "annotations", "override", "value", "origin"),
    [
        pytest.param({}, {}, None, 5, None, id="nobody says anything"),
        pytest.param({NAME: 10}, {}, None, 10, "profile x", id="the profile alone"),
        pytest.param({NAME: 10}, {ANNOTATION: "20"}, None, 20, "the Pod's annotation", id="the Pod is stronger"),
        pytest.param({NAME: 10}, {ANNOTATION: "20"}, Layer("--set", {NAME: 30}), 30, "--set", id="--set is strongest"),
        pytest.param(
            {NAME: 10}, {ANNOTATION: "soon"}, None, 10, "profile x", id="a broken value keeps the layer below"
        ),
    ],
)
def test_the_last_layer_wins(profile: Any, annotations: Any, override: Any, value: int, origin: str | None) -> None:
    """The table of precedence in the docstring of the module."""
    resolved = resolve([Layer.of_profile("x", profile)], annotations, override)
    assert resolved.settings.pre_stop_sleep_seconds == value
    assert resolved.origins.get(NAME) == origin


@pytest.mark.parametrize("text", ["soon", "-1", "1.5", "", " 5", "5s", "1e3", "99999999", "٣", True])
def test_seconds_are_whole_and_plain(text: Any) -> None:
    """Anything but a few digits is refused, and the accepted form is named."""
    with pytest.raises(InvalidSetting, match="pre-stop-sleep-seconds must be whole seconds, as in 30"):
        parse(NAME, text)


def test_a_broken_value_and_an_unknown_name_are_told() -> None:
    """Each problem names the annotation and what would be accepted; none of the value is repeated."""
    resolved = resolve([], {ANNOTATION: "s3cret", "lastcall.webhook/drian-seconds": "5", "other/thing": "x"})
    assert [problem.message for problem in resolved.problems] == [
        "the Pod's annotation: pre-stop-sleep-seconds must be whole seconds, as in 30",
        "the Pod's annotation: there is no setting drian-seconds",
    ]
    assert resolved.settings == DEFAULTS


def test_the_image_command_is_a_json_list_of_strings() -> None:
    """A good declaration is taken, a broken one is told."""
    key = "lastcall.webhook/image-command."
    resolved = resolve([], {f"{key}a": '["npm", "start"]', f"{key}b": "npm start", f"{key}c": "[1]"})
    assert resolved.image_commands == {"a": ["npm", "start"]}
    assert [problem.message.split(" must")[0] for problem in resolved.problems] == [
        "the Pod's annotation: image-command.b",
        "the Pod's annotation: image-command.c",
    ]


def test_a_profile_file_is_laid_over_the_built_in_profiles(tmp_path: Path) -> None:
    """New names are added, built-in ones keep what the file does not mention."""
    path = tmp_path / "profiles.yaml"
    path.write_text("ingress:\n  drain-seconds: 20\nslow:\n  pre-stop-sleep-seconds: 45\nplain:\n")
    known = profiles.load(path)
    assert known["ingress"] == {"pre-stop-sleep-seconds": 10, "drain-seconds": 20}
    assert known["slow"] == {"pre-stop-sleep-seconds": 45}
    assert known["plain"] == {}
    assert set(known) >= {"default", "alb", "nlb"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("default: {pre-stop-sleep-seconds: soon}", "default: pre-stop-sleep-seconds must be whole seconds"),
        ("default: {sleep: 5}", "default: there is no setting sleep"),
        ("disabled: {}", "'disabled' is not a valid profile name"),
        ("Upper: {}", "'Upper' is not a valid profile name"),
        ("5: {}", "5 is not a valid profile name"),
        ("default: 5", "default must be a mapping"),
        ("[a]", "must be a mapping"),
        ("a: [", "while parsing"),
    ],
)
def test_a_broken_profile_file_is_refused_with_the_place(tmp_path: Path, text: str, message: str) -> None:
    """The file, the profile and the setting are named."""
    path = tmp_path / "profiles.yaml"
    path.write_text(text)
    with pytest.raises(profiles.BadProfiles, match=message) as raised:
        profiles.load(path)
    assert str(raised.value).startswith(f"{path}: ")


def test_a_missing_profile_file_is_told(tmp_path: Path) -> None:
    """A file that is not there is an error, not an empty one."""
    with pytest.raises(profiles.BadProfiles, match="No such file"):
        profiles.load(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("value", "expected"), [("yes", "yes"), ("no", "no"), ("unknown", "unknown"), (True, "yes"), (False, "no")]
)
def test_image_shell_takes_what_yaml_makes_of_yes(value: Any, expected: str) -> None:
    """A profile's yes and no are taken as words and as the booleans that YAML 1.1 makes of them."""
    assert resolve([Layer.of_profile("x", {"image-shell": value})]).image_shell("web") == (expected, "profile x")


@pytest.mark.parametrize("value", ["true", "Yes", "", "1", None, 1, []])
def test_image_shell_takes_nothing_else(value: Any) -> None:
    """The accepted words are named."""
    with pytest.raises(InvalidSetting, match="image-shell must be yes, no or unknown"):
        parse("image-shell", value)


def test_one_containers_image_shell_is_stronger_than_the_setting() -> None:
    """image-shell.<container> wins for its container; one that cannot be read changes nothing and is told."""
    key = "lastcall.webhook/image-shell"
    resolved = resolve([], {key: "no", f"{key}.a": "yes", f"{key}.b": "maybe"})
    assert {name: resolved.image_shell(name)[0] for name in "abc"} == {"a": "yes", "b": "no", "c": "no"}
    assert [problem.message for problem in resolved.problems] == [
        "the Pod's annotation: image-shell.b must be yes, no or unknown"
    ]
    assert resolve([]).image_shell("a") == ("unknown", "the default")
