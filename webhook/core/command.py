"""The argv of a container: what its Pod says, and what the Pod declares of its image.

https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from webhook.core.argv import Start
    from webhook.core.pod import Container


class Command(NamedTuple):
    """A container's argv and the field that each part of it stands in."""

    argv: list[str]
    command_length: int
    """How many elements stand in ``command``, or in the image's ENTRYPOINT; the rest stands in ``args``. 0: nothing is
    known of the ENTRYPOINT, which ``args`` alone are given to."""

    def with_launcher(self, start: Start, elements: Sequence[str]) -> tuple[str, int, list[str]]:
        """Return the field to write, where in it the launcher stands, and its new value."""
        if start.at < self.command_length:
            field, at, old = "command", start.at, self.argv[: self.command_length]
        else:
            field, at, old = "args", start.at - self.command_length, self.argv[self.command_length :]
        return field, at, [*old[:at], *elements, *old[at:]]


def command_of(container: Container, image_commands: Mapping[str, list[str]]) -> Command:
    """Compose the argv as the kubelet does.

    ``image_commands``: container name -> what its image starts, where the Pod's annotation declares it: ENTRYPOINT and
    CMD, or the ENTRYPOINT alone where the Pod has ``args``, which replace the CMD.
    """
    command, args = container.command or [], container.args or []
    if not command:
        # The kubelet expands $(VAR) in a Pod's command, but not in an image's: a doubled $ is a plain one.
        command = [word.replace("$", "$$") for word in image_commands.get(container.name, [])]
    return Command([*command, *args], len(command))
