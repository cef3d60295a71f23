"""A container as the kubelet makes it of an image and a Pod, before and after lastcall has decided about the Pod."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.launcher import lab, roots
from tests.launcher.images import IMAGES
from tests.launcher.oracle import normal
from webhook.core.mutate import mutate

NAME: Final = "app"
WELL: Final = (1, True, (0,))
# Shells count themselves and note the last command, and ksh93 its version and directory.
SHELLS_OWN: Final = {"SHLVL", "_", "OLDPWD"}
_REFERENCE: Final = re.compile(r"\$(?:\$|\((?P<name>[^)]*)\))")


@dataclass(frozen=True)
class Start:
    """A row of the table: an image, a Pod, and the reason that lastcall gives. Words are spelled as in a shell."""

    image: str
    reason: str
    entrypoint: str = ""
    cmd: str = ""
    command: str = ""
    args: str = ""
    user: str = "root"
    given: str = ""
    """What the Pod has otherwise: one of `roots.GIVEN`."""
    env: Mapping[str, str] = field(default_factory=dict)
    says: Mapping[str, str] = field(default_factory=dict)
    """Annotations, without their prefix."""
    ends: tuple[int, bool, tuple[int, ...]] = WELL
    """How often the application is told to stop after the rewrite, whether it answers, and the codes there may be."""

    def pod(self) -> dict[str, Any]:
        """Return the Pod as the API server has it."""
        container: dict[str, Any] = {"name": NAME, "image": "example.org/app:1"}
        container |= {key: shlex.split(words) for key in ("command", "args") if (words := getattr(self, key))}
        container["env"] = [{"name": name, "value": value} for name, value in self.env.items()]
        said = {f"lastcall.webhook/{key}": value for key, value in self.says.items()}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "pod-0", "annotations": said},
            "spec": {"containers": [container]},
        }

    def argv(self, pod: Mapping[str, Any]) -> list[str]:
        """Return what the kubelet has the container runtime start.

        https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
        """
        (container,) = pod["spec"]["containers"]
        command, args = ([self._expand(word) for word in container.get(key) or []] for key in ("command", "args"))
        if command:
            return command + args
        return shlex.split(self.entrypoint) + (args or shlex.split(self.cmd))

    def _expand(self, word: str) -> str:
        return _REFERENCE.sub(lambda found: self.env.get(found["name"], found[0]) if found["name"] else "$", word)


@dataclass
class Verdict:
    """What lastcall made of a Pod."""

    pod: Mapping[str, Any]
    reason: str
    outcome: str


def decide(start: Start) -> Verdict:
    """Let the core decide about the Pod with the default settings."""
    report = mutate(start.pod())
    assert report.problems == ()
    (entrypoint,) = (d for d in report.decisions if d.mutation == "entrypoint")
    return Verdict(report.after, entrypoint.reason.code, str(entrypoint.outcome.value))


def run(start: Start, argv: list[str], root: Path, *, stop: bool = False) -> lab.Outcome:
    """Start this in the image; stop it with a request in flight, or kill it as soon as it is ready."""
    enter = roots.way_in(root, start.user, start.given)
    options: dict[str, Any] = {"cwd": root, "path": IMAGES[start.image].path, "env": start.env, "enter": enter}
    return (lab.stop_in_flight if stop else lab.run)(argv, **options)


def given(outcome: lab.Outcome) -> dict[str, Any]:
    """Return all that the application was given."""
    record = json.loads(normal(json.dumps(outcome.record)))
    environment = {name: value for name, value in record["env"].items() if name not in SHELLS_OWN}
    return {key: record[key] for key in ("argv", "cwd", "execArgv", "uid")} | {"env": environment}
