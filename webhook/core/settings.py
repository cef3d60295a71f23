"""What can be set, where it was set, and what happens to a value that cannot be read.

Layers, the last one wins::

    built-in defaults  <  profile (chosen by the namespace's label)  <  Pod annotations  <  --set (preview only)

    profile says | Pod says  | in force
    -------------|-----------|--------------------------------------------
    nothing      | nothing   | the default
    10           | nothing   | 10, origin "profile ingress"
    10           | "20"      | 20, origin "the Pod's annotation"
    10           | "soon"    | 10, and a problem that names the annotation and the accepted form

A field ``pre_stop_sleep_seconds`` is spelled ``pre-stop-sleep-seconds`` in profiles, annotations and ``--set``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from webhook.core.decision import Problem, Reason
from webhook.core.layers import Layer
from webhook.launcher import Mode  # noqa: TC001 - msgspec reads the annotation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PREFIX = "lastcall.webhook/"
"""Of every label and annotation that is ours."""
INJECT = PREFIX + "inject"
"""Namespace label: opts in and names the profile. Pod label or annotation: ``disabled`` opts out."""
_IMAGE_COMMAND = "image-command."
_IMAGE_SHELL = "image-shell."
_NOT_SETTINGS = ("inject", "status", _IMAGE_COMMAND, _IMAGE_SHELL)
_ANNOTATION = "the Pod's annotation"
_ENTRYPOINTS = ("init", "exec", "supervise", "off")
_IMAGE_SHELLS = ("yes", "no", "unknown")
_YAML_BOOLEANS = {"image-shell": _IMAGE_SHELLS, "signal-hook": ("on", "off")}
_SECONDS = re.compile(r"[0-9]{1,7}")


class Settings(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """What the mutations read; every field is followed by what it means, its unit and why it has its default."""

    pre_stop_sleep_seconds: int = 5
    """Seconds between the Pod's deletion and SIGTERM, for the endpoint to be withdrawn everywhere. 0 adds no hook.
    5 covers kube-proxy in most clusters; ingress controllers and cloud load balancers need more: see the profiles."""
    drain_seconds: int | None = None
    """Seconds that the application needs after SIGTERM. Not set: the whole of the Pod's own
    terminationGracePeriodSeconds, since that is what it has today."""
    sidecar_drain_seconds: int = 0
    """Seconds that the native sidecars need, together, after the last app container has ended (KEP-753). 0, since most
    of them end at once, and the kubelet leaves each at least 2 s."""
    max_grace_seconds: int = 600
    """The largest terminationGracePeriodSeconds that is ever written; a Pod that would have to be raised beyond it is
    left as it came. Where the Pod's own is at or above it, it stays, and the sleep is taken out of it, if that leaves
    half. 600 is where the cluster autoscaler stops waiting (max-graceful-termination-sec)."""
    entrypoint: Literal[Mode, "off"] = "init"
    """How npm, npx, yarn, pnpm and corepack are replaced. init: a small shell stays PID 1 and the real process is its
    child. exec: the real process is PID 1, and ignores SIGTERM if it installs no handler. supervise: the package
    manager stays and signals bypass it. off: commands are not changed. In an annotation `"off"` needs quotes."""
    image_shell: Literal["yes", "no", "unknown"] = "unknown"
    """Whether the images have /bin/sh, which the launcher and the signal hook need. unknown: only a Pod that itself
    proves a shell gets them. yes: also containers whose command stands in the image, and commands such as
    `node .yarn/releases/yarn-4.cjs start`. no: neither is used. In an annotation it needs quotes: `"yes"`."""
    signal_hook: Literal["on", "off"] = "on"
    """Whether a container whose command may keep SIGTERM from the real process, and that the launcher does not start,
    gets a hook that sleeps and then signals that process itself. off: the native sleep. In an annotation it needs
    quotes: `"off"`."""


DEFAULTS = Settings()
NAMES: Mapping[str, msgspec.structs.FieldInfo] = {f.encode_name: f for f in msgspec.structs.fields(Settings)}
PROFILES: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "shell": {"image-shell": "yes"},
    "ingress": {"pre-stop-sleep-seconds": 10},
    "alb": {"pre-stop-sleep-seconds": 60},
    "nlb": {"pre-stop-sleep-seconds": 130},
}
"""Built in. ``shell``: the images have /bin/sh. ``ingress``: kube-proxy with 100+ nodes, polling ingress controllers.
``alb``: AWS ALB with IP targets, where 40 s still showed 502s (aws-load-balancer-controller#2106). ``nlb``: AWS NLB
with IP targets, which deregisters after 120 s whatever it is told (aws-load-balancer-controller#2366)."""


class SettingsReason(Reason):
    """Why a setting is not in force."""

    INVALID_SETTING = (
        "{name} must be {form}",
        "Correct the value; until then the lower layer stays in force (`lastcall settings` shows the layers).",
        True,
    )
    UNKNOWN_SETTING = (
        "there is no setting {name}",
        "Correct the name: `lastcall settings` lists them all.",
        True,
    )


class InvalidSetting(ValueError):
    """A value is not of the accepted form, or the name is not one of ours."""

    def __init__(self, reason: SettingsReason, **values: object) -> None:
        super().__init__(reason.sentence.format(**values))
        self.reason = reason


class Resolved(msgspec.Struct, frozen=True):
    """The settings in force for one Pod."""

    settings: Settings = DEFAULTS
    origins: Mapping[str, str] = {}
    """Kebab-case name -> the layer that set it; a name that is not in it has its default."""
    problems: tuple[Problem, ...] = ()
    image_commands: Mapping[str, list[str]] = {}
    """Container name -> what its image starts, as the Pod's annotations declare it."""
    image_shells: Mapping[str, str] = {}
    """Container name -> image-shell for it alone, as the Pod's annotations declare it; stronger than the setting."""

    def image_shell(self, container: str) -> tuple[str, str]:
        """Return the setting image-shell for a container, and where it was set."""
        if container in self.image_shells:
            return self.image_shells[container], _ANNOTATION
        return self.settings.image_shell, self.origins.get("image-shell", "the default")


def resolve(
    layers: Sequence[Layer], annotations: Mapping[str, str] | None = None, override: Layer | None = None
) -> Resolved:
    """Lay the layers, then the Pod's annotations, then the override over the defaults."""
    ours = {key.removeprefix(PREFIX): value for key, value in (annotations or {}).items() if key.startswith(PREFIX)}
    pod = {name: value for name, value in ours.items() if not name.startswith(_NOT_SETTINGS)}
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    problems: list[Problem] = []
    for layer in (*layers, Layer(_ANNOTATION, pod), *([override] if override else ())):
        for name, value in layer.values.items():
            try:
                parsed = parse(name, value)
                values[NAMES[name].name], origins[name] = parsed, layer.origin
            except InvalidSetting as error:
                problems.append(Problem(error.reason, f"{layer.origin}: {error}"))
    commands, shells = _image_commands(ours, problems), _image_shells(ours, problems)
    return Resolved(msgspec.structs.replace(DEFAULTS, **values), origins, tuple(problems), commands, shells)


def _image_commands(annotations: Mapping[str, str], problems: list[Problem]) -> dict[str, list[str]]:
    commands = {}
    for name, value in annotations.items():
        if name.startswith(_IMAGE_COMMAND):
            try:
                commands[name.removeprefix(_IMAGE_COMMAND)] = msgspec.json.decode(value, type=list[str])
            except (msgspec.DecodeError, RecursionError):
                error = InvalidSetting(
                    SettingsReason.INVALID_SETTING, name=name, form='a JSON list of strings, as in ["npm", "start"]'
                )
                problems.append(Problem(error.reason, f"{_ANNOTATION}: {error}"))
    return commands


def _image_shells(annotations: Mapping[str, str], problems: list[Problem]) -> dict[str, str]:
    shells = {}
    for name, value in annotations.items():
        if name.startswith(_IMAGE_SHELL):
            try:
                shells[name.removeprefix(_IMAGE_SHELL)] = _word(name, value, _IMAGE_SHELLS)
            except InvalidSetting as error:
                problems.append(Problem(error.reason, f"{_ANNOTATION}: {error}"))
    return shells


def parse(name: str, value: Any) -> Any:
    """Read one value, text or not; raise ``InvalidSetting`` that says the accepted form."""
    if name not in NAMES:
        raise InvalidSetting(SettingsReason.UNKNOWN_SETTING, name=name)
    if name == "entrypoint":
        return _word(name, value, _ENTRYPOINTS)
    if name in _YAML_BOOLEANS:  # YAML 1.1 reads yes and on as true, no and off as false
        words = _YAML_BOOLEANS[name]
        return _word(name, words[not value] if isinstance(value, bool) else value, words)
    if value is None and name == "drain-seconds":
        return None
    if isinstance(value, bool) or not _SECONDS.fullmatch(str(value)):
        raise InvalidSetting(SettingsReason.INVALID_SETTING, name=name, form="whole seconds, as in 30")
    return int(value)


def _word(name: str, value: Any, words: tuple[str, ...]) -> str:
    """Return one of the words; raise ``InvalidSetting`` that names them all."""
    if value not in words:
        raise InvalidSetting(SettingsReason.INVALID_SETTING, name=name, form=f"{', '.join(words[:-1])} or {words[-1]}")
    return str(value)
