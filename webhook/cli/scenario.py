"""The options that set what is assumed, shared by every command that predicts."""

from __future__ import annotations

import functools
import re
import signal
from typing import TYPE_CHECKING, Any

import click

from webhook.cli import layers
from webhook.predict import FAILS, IGNORES, PROPAGATION, Cause, Scenario, SignalDelivery

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

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


def _named(allowed: Collection[str], word: str) -> Callable[..., dict[str, str]]:
    """Read ``VALUE`` (for all, under the name "") and ``NAME=VALUE``."""

    def read(_context: click.Context, _param: click.Parameter, values: Sequence[str]) -> dict[str, str]:
        named: dict[str, str] = {}
        for each in values:
            name, _, value = each.rpartition("=")
            if value not in allowed:
                raise click.BadParameter(f"{each}: write {word}; for one container, web={min(allowed)}")
            named[name] = value
        return named

    return read


_DELIVERIES = ("cut", "kept", "received")
_SIGNALS = sorted(each.name for each in signal.Signals)
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
        "--signal-delivery",
        "deliveries",
        multiple=True,
        callback=_named(_DELIVERIES, "received, kept or cut"),
        metavar="[NAME=]received|kept|cut",
        help="What becomes of the stop signal, where the manifest does not show it. Repeatable.",
    ),
    click.option(
        "--stop-signal",
        "stop_signals",
        multiple=True,
        callback=_named(_SIGNALS, "a signal, as in SIGQUIT"),
        metavar="NAME=SIGNAL",
        help="The STOPSIGNAL of a container's image. Repeatable.",
    ),
    click.option(
        "--kubelet-version",
        "kubelet",
        default="1.34",
        callback=_kubelet,
        help="Kubernetes version of the nodes (1.34).",
    ),
)


def _containers(
    drains: dict[str, float],
    hooks: dict[str, float | None],
    deliveries: dict[str, str],
    stop_signals: dict[str, str],
) -> dict[str, Any]:
    """Return the scenario's fields that have a value for each container, and those for all of them."""
    if "" in hooks:
        raise click.UsageError("--hook: name the container, as in web=20")
    if "" in stop_signals:
        raise click.UsageError("--stop-signal: name the container, as in web=SIGQUIT")
    delivered = {name: SignalDelivery(value) for name, value in deliveries.items()}
    for_all: dict[str, Any] = {"delivery": delivered.pop("", None)}
    for_all |= {"drain": drains.pop("")} if "" in drains else {}
    return for_all | {"drains": drains, "hooks": hooks, "deliveries": delivered, "stop_signals": stop_signals}


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
        containers = _containers(**{name: more.pop(name) for name in ("drains", "hooks", "deliveries", "stop_signals")})
        scenario = Scenario(
            cause=cause[0],
            cause_seconds=cause[1],
            kubelet=more.pop("kubelet"),
            propagation=PROPAGATION.get(profile, 3.0) if propagation is None else propagation,
            **containers,
        )
        command(scenario=scenario, layer=layers.choose(known, profile), **more)

    for option in reversed(_OPTIONS):
        called = option(called)
    return called
