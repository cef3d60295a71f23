"""Let the real process receive SIGTERM: put the launcher in front of npm, npx, yarn and pnpm.

npm signals only the shell that it started, yarn exits at once, ``sh -c`` does not forward at all: the server is killed
in mid-request. The launcher starts what the package manager would have started, without it.
https://github.com/npm/cli/issues/6547, https://github.com/yarnpkg/yarn/issues/4667
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from webhook import launcher
from webhook.core import room
from webhook.core.argv import NoStart, Start, find_start
from webhook.core.command import command_of
from webhook.core.decision import Reason, patched, skipped
from webhook.core.shell_proof import shell_word
from webhook.core.signal_hook import shell_may_stay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.core.command import Command
    from webhook.core.decision import Decision
    from webhook.core.patch import Path
    from webhook.core.pod import Container, Pod
    from webhook.core.settings import Resolved, Settings


class Entrypoint(Reason):
    """Why a container starts through the launcher, or as before."""

    LAUNCHER_ADDED = (
        "starts {tool} through the launcher ({mode}), so that the real process receives SIGTERM",
        "Nothing to do. Another way: annotation lastcall.webhook/entrypoint: init, exec, supervise or off.",
    )
    LAUNCHER_ADDED_WITHOUT_SLEEP = (
        "starts {tool} through the launcher ({mode}), but without a sleep it may lose more requests than before",
        "A server that drains well exits sooner, so more requests fail on its old address. Set pre-stop-sleep-seconds"
        " to more than 0, or entrypoint to off.",
        True,
    )
    IMAGE_COMMAND_UNKNOWN = (
        "names no command, and its image's CMD is invisible at admission"
        " (lastcall.webhook/image-command.{name} declares it)",
        'Nothing to do for a program that receives SIGTERM itself. Otherwise set lastcall.webhook/image-shell: "yes",'
        " or the profile shell, if the image has /bin/sh: a signal hook then reaches the real process. To have npm,"
        " yarn or pnpm replaced instead, declare the image's ENTRYPOINT and CMD:"
        ' lastcall.webhook/image-command.web: \'["docker-entrypoint.sh", "npm", "start"]\'.',
    )
    IMAGE_ENTRYPOINT_UNKNOWN = (
        "keeps its args: they go to its image's ENTRYPOINT, which is invisible at admission"
        " (lastcall.webhook/image-command.{name} declares it)",
        "Put the whole command into `command`, or declare the ENTRYPOINT: the annotation is a JSON list, as in"
        " lastcall.webhook/image-command.web: '[\"docker-entrypoint.sh\"]'. An unknown ENTRYPOINT may inspect its"
        " arguments, or take them as its own options.",
    )
    NO_PACKAGE_MANAGER = (
        "does not start npm, npx, yarn or pnpm",
        "Nothing to change in its command. Whether SIGTERM reaches the server: `lastcall timeline`.",
    )
    SHELL_STAYS = (
        "starts no package manager, but a shell, which may keep SIGTERM from the real process",
        "Put `exec` in front of the last command, or name the program without a shell. If a shell is proven or"
        " declared, a signal hook reaches the real process: see the decision of pre-stop. Otherwise requests are lost.",
    )
    ONE_SHOT = (
        "runs a package manager command that ends by itself",
        "Nothing to do.",
    )
    NOT_RESTARTED = (
        "keeps its command: restartPolicy is {policy}, so it ends by itself",
        "Nothing to do: it serves no requests (KEP-5307).",
    )
    NOT_NODE = (
        "starts another program of the same name (Apache Hadoop's yarn)",
        "Nothing to do.",
    )
    BUN = (
        "starts bun, which is not changed",
        "Start the server itself (`bun server.js`) where `bun run` does not forward SIGTERM.",
    )
    ALREADY_LAUNCHED = (
        "starts through the launcher already",
        "Nothing to do: the API server calls again when another webhook has changed the Pod.",
    )
    UNCERTAIN = (
        "keeps its command: what it starts, or what handles its signals, is unknown",
        "Name the program itself in command to start it through the launcher. A script that sets its own trap is not"
        " changed.",
    )
    SHELL_NOT_PROVEN = (
        "keeps its command: nothing in the Pod proves that a shell can be started there",
        "Put npm, yarn, pnpm or a shell by name first in command: args alone may go to an interpreter, and an image may"
        ' have no shell. If it has /bin/sh, declare it: annotation lastcall.webhook/image-shell: "yes".',
    )
    SHELL_DENIED = (
        "keeps its command: its image has no shell, as {origin} says",
        "Nothing to do. To have the command rewritten, set image-shell to unknown or yes.",
    )
    LAUNCHER_TURNED_OFF = (
        "commands are not changed: {origin} turns the launcher off",
        "Nothing to do. To change it, set entrypoint to init, exec or supervise.",
    )
    WINDOWS = (
        "commands are not changed on Windows: the launcher needs a POSIX shell",
        "Nothing to do.",
    )
    POD_TOO_LARGE = (
        "keeps its command: the Pod would grow beyond {limit} bytes",
        "Put fewer containers or annotations into the Pod; etcd refuses objects of 1.5 MiB.",
        True,
    )


def decide(pod: Pod, resolved: Resolved) -> Iterator[Decision]:
    """Put the launcher in front of every package manager that app containers and sidecars start."""
    settings = resolved.settings
    if settings.entrypoint == "off":
        yield skipped("pod", Entrypoint.LAUNCHER_TURNED_OFF, origin=resolved.origins["entrypoint"])
        return
    if pod.on_windows:
        yield skipped("pod", Entrypoint.WINDOWS)
        return
    size = room.Size(pod)
    for path, container in (*pod.containers(), *pod.native_sidecars()):
        decision = _decide(pod, path, container, resolved)
        if decision.operations and not size.try_add(decision.operations):
            decision = skipped(container.target, Entrypoint.POD_TOO_LARGE, limit=room.MAX_POD_BYTES)
        yield decision


def _decide(pod: Pod, path: Path, container: Container, resolved: Resolved) -> Decision:
    if (policy := pod.restart_policy(container)) != "Always":
        return skipped(container.target, Entrypoint.NOT_RESTARTED, policy=policy)
    command = command_of(container, resolved.image_commands)
    if not command.argv:
        return skipped(container.target, Entrypoint.IMAGE_COMMAND_UNKNOWN, name=container.name)
    start = find_start(command.argv)
    if not command.command_length and (isinstance(start, Start) or start is NoStart.NO_PACKAGE_MANAGER):
        return skipped(container.target, Entrypoint.IMAGE_ENTRYPOINT_UNKNOWN, name=container.name)
    if start is NoStart.NO_PACKAGE_MANAGER and shell_may_stay(command.argv):
        return skipped(container.target, Entrypoint.SHELL_STAYS)
    if isinstance(start, NoStart):
        return skipped(container.target, Entrypoint[start.name])
    image_shell, origin = resolved.image_shell(container.name)
    if image_shell == "no":
        return skipped(container.target, Entrypoint.SHELL_DENIED, origin=origin)
    shell = shell_word(command.argv, start, image_shell)
    if not shell:
        return skipped(container.target, Entrypoint.SHELL_NOT_PROVEN)
    return _patched(pod, path, container, resolved.settings, command, start, shell)


def _patched(
    pod: Pod, path: Path, container: Container, settings: Settings, command: Command, start: Start, shell: str
) -> Decision:
    mode = _mode(start, settings)
    parting = ["--"] if start.behind_options else []
    field, at, value = command.with_launcher(start, [*parting, *launcher.wrap(mode, [], shell)])
    sleepless = settings.pre_stop_sleep_seconds == 0 and not container.pre_stop
    reason = Entrypoint.LAUNCHER_ADDED_WITHOUT_SLEEP if sleepless else Entrypoint.LAUNCHER_ADDED
    undo = {"field": field, "remove": [at, at + len(value) - len(command.argv)]}
    operations = pod.put((*path, field), value)
    return patched(container.target, reason, operations, undo, tool=start.tool, mode=mode)


def _mode(start: Start, settings: Settings) -> Any:
    return "supervise" if start.supervise else settings.entrypoint
