"""Whether a container's process receives the stop signal, as its command says."""

from __future__ import annotations

import pytest

from tests.predict.pods import make, timeline
from webhook.predict import Fate

COMMANDS = [
    pytest.param(["node", "server.js"], Fate.HEARD, "", id="the server itself"),
    pytest.param([], Fate.HEARD, "", id="the image's command is taken to be good"),
    pytest.param(["npm", "start"], Fate.DROPPED, "npm", id="npm"),
    pytest.param(["tini", "--", "yarn", "start"], Fate.DROPPED, "yarn", id="yarn behind tini"),
    pytest.param(["sh", "-c", "npm start"], Fate.KEPT, "sh", id="npm in a shell's string"),
    pytest.param(["/bin/sh", "-c", "java -jar app.jar"], Fate.KEPT, "sh", id="anything in a shell's string"),
    pytest.param(["tini", "--", "sh", "-c", "java -jar a.jar"], Fate.KEPT, "sh", id="a shell behind tini"),
    pytest.param(["sh", "-c", "cd /app && exec java -jar app.jar"], Fate.HEARD, "", id="a shell that execs"),
    pytest.param(["sh", "-c", "trap 'kill $!' TERM; java & wait"], Fate.HEARD, "", id="a shell with a trap"),
    pytest.param(["sh", "-c", 'java "$(cat "$F")"'], Fate.HEARD, "", id="a shell's string that cannot be read"),
    pytest.param(["bash", "-c", "java -jar app.jar"], Fate.HEARD, "", id="bash execs its last command"),
    pytest.param(["env", "-S", "sh -c x"], Fate.HEARD, "", id="a wrapper that hides its program"),
]


@pytest.mark.parametrize(("command", "fate", "program"), COMMANDS)
def test_who_hears_the_signal(command: list[str], fate: Fate, program: str) -> None:
    """A package manager drops the signal, a shell keeps it, and where nothing is known nothing is claimed."""
    (lane,) = timeline(make(30, {"name": "app", "command": command})).lanes
    assert (lane.fate, lane.program) == (fate, program)


def test_image_command() -> None:
    """What the annotation declares of the image's command counts where the Pod names none."""
    pod = make(30, {"name": "app"}, annotations={"lastcall.webhook/image-command.app": '["npm", "start"]'})
    assert timeline(pod).lanes[0].fate is Fate.DROPPED
