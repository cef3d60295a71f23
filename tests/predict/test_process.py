"""Whether a container's process receives the stop signal, as its command says."""

from __future__ import annotations

import pytest

from tests.predict.pods import make, timeline
from webhook.predict import SignalDelivery

COMMANDS = [
    pytest.param(["node", "server.js"], SignalDelivery.RECEIVED, "", id="the server itself"),
    pytest.param([], SignalDelivery.RECEIVED, "", id="the image's command is assumed to handle it"),
    pytest.param(["npm", "start"], SignalDelivery.DROPPED, "npm", id="npm"),
    pytest.param(["tini", "--", "yarn", "start"], SignalDelivery.DROPPED, "yarn", id="yarn behind tini"),
    pytest.param(["sh", "-c", "npm start"], SignalDelivery.KEPT, "sh", id="npm in a shell's string"),
    pytest.param(["/bin/sh", "-c", "java -jar app.jar"], SignalDelivery.KEPT, "sh", id="anything in a shell's string"),
    pytest.param(["tini", "--", "sh", "-c", "java -jar a.jar"], SignalDelivery.KEPT, "sh", id="a shell behind tini"),
    pytest.param(
        ["sh", "-c", "cd /app && exec java -jar app.jar"], SignalDelivery.RECEIVED, "", id="a shell that execs"
    ),
    pytest.param(
        ["sh", "-c", "trap 'kill $!' TERM; java & wait"], SignalDelivery.RECEIVED, "", id="a shell with a trap"
    ),
    pytest.param(
        ["sh", "-c", 'java "$(cat "$F")"'], SignalDelivery.RECEIVED, "", id="a shell's string that cannot be read"
    ),
    pytest.param(["bash", "-c", "java -jar app.jar"], SignalDelivery.RECEIVED, "", id="bash execs its last command"),
    pytest.param(["env", "-S", "sh -c x"], SignalDelivery.RECEIVED, "", id="a wrapper that hides its program"),
]


@pytest.mark.parametrize(("command", "delivery", "program"), COMMANDS)
def test_signal_delivery(command: list[str], delivery: SignalDelivery, program: str) -> None:
    """A package manager drops the signal, a shell does not forward it; otherwise it counts as received."""
    (container,) = timeline(make(30, {"name": "app", "command": command})).containers
    assert (container.signal_delivery, container.program) == (delivery, program)


def test_image_command() -> None:
    """What the annotation declares of the image's command counts where the Pod names none."""
    pod = make(30, {"name": "app"}, annotations={"lastcall.webhook/image-command.app": '["npm", "start"]'})
    assert timeline(pod).containers[0].signal_delivery is SignalDelivery.DROPPED
