"""The options that set what is assumed, shared by every command that predicts."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import click

from webhook.cli import layers
from webhook.predict import FAILS, IGNORES, PROPAGATION, Cause, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from webhook.cli.layers import Profiles

_CAUSES = ", ".join(Cause)
_SECONDS = r"\d{1,6}(?:\.\d{1,3})?"


def _cause(_context: click.Context, _param: click.Parameter, value: str) -> tuple[Cause, int | None]:
    name, colon, seconds = value.partition(":")
    if name not in set(Cause) or (colon and not re.fullmatch(r"-?\d{1,6}", seconds)):
        raise click.BadParameter(f"{value}: write one of {_CAUSES}; its seconds after a colon, as in delete:5")
    return Cause(name), int(seconds) if colon else None


def _kubelet(_context: click.Context, _param: click.Parameter, value: str) -> tuple[int, int]:
    version = re.fullmatch(r"v?(\d{1,3})\.(\d{1,3})(?:[.+-].*)?", value)
    if not version:
        raise click.BadParameter(f"{value}: write a version, as in 1.34")
    return int(version[1]), int(version[2])


def _lengths(word: str, special: float | None) -> Callable[..., dict[str, float | None]]:
    """Read ``SECONDS`` (for all, under the name "") and ``NAME=SECONDS``; ``word`` stands for ``special``."""

    def read(_context: click.Context, _param: click.Parameter, values: Sequence[str]) -> dict[str, float | None]:
        lengths: dict[str, float | None] = {}
        for value in values:
            name, _, seconds = value.rpartition("=")
            if seconds != word and not re.fullmatch(_SECONDS, seconds):
                raise click.BadParameter(f"{value}: write seconds or {word}; for one container, web=20")
            lengths[name] = special if seconds == word else float(seconds)
        return lengths

    return read


_OPTIONS = (
    layers.profile_option,
    layers.profiles_option,
    layers.override_option,
    click.option(
        "--cause",
        default="delete",
        callback=_cause,
        shell_complete=lambda _context, _param, typed: [cause for cause in Cause if cause.startswith(typed)],
        metavar="CAUSE[:SECONDS]",
        help=f"Set what ends the Pod: {_CAUSES}.",
    ),
    click.option(
        "--propagation",
        type=click.FloatRange(0, 86400),
        help="Seconds until no client uses the endpoint any more; 3, or the value of the profile's load balancer.",
    ),
    click.option(
        "--drain",
        "drains",
        multiple=True,
        callback=_lengths("ignore", IGNORES),
        metavar="[NAME=]SECONDS",
        help="Seconds that the process needs after SIGTERM (5), or `ignore`. Repeatable.",
    ),
    click.option(
        "--hook",
        "hooks",
        multiple=True,
        callback=_lengths("fail", FAILS),
        metavar="NAME=SECONDS",
        help="Seconds that a container's preStop hook takes, or `fail`. Repeatable.",
    ),
    click.option(
        "--kubelet-version",
        "kubelet",
        default="1.34",
        callback=_kubelet,
        help="Kubernetes version of the nodes (1.34).",
    ),
)


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command, and call it with ``scenario``, ``layer`` and ``override``."""

    @functools.wraps(command)
    def called(
        profile: str,
        known: Profiles,
        cause: tuple[Cause, int | None],
        propagation: float | None,
        **more: Any,
    ) -> None:
        drains, hooks = more.pop("drains"), more.pop("hooks")
        if "" in hooks:
            raise click.UsageError("--hook: name the container, as in web=20")
        for_all = {"drain": drains.pop("")} if "" in drains else {}
        scenario = Scenario(
            cause=cause[0],
            cause_seconds=cause[1],
            kubelet=more.pop("kubelet"),
            propagation=PROPAGATION.get(profile, 3.0) if propagation is None else propagation,
            drains=drains,
            hooks=hooks,
            **for_all,
        )
        command(scenario=scenario, layer=layers.choose(known, profile), **more)

    for option in reversed(_OPTIONS):
        called = option(called)
    return called
