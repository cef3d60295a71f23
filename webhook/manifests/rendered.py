"""Charts and kustomizations in a directory: what has to be rendered before it is read, and with which program."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook.manifests import SUFFIXES, BadManifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

CHART = "Chart.yaml"
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_SECONDS = 120


@dataclass(frozen=True)
class Source:
    """A directory that holds a Helm chart or a kustomization."""

    path: Path
    commands: Sequence[Sequence[str]]
    """The commands that render it, the preferred one first."""

    @property
    def command(self) -> Sequence[str] | None:
        """The first command whose program is on PATH."""
        return next((command for command in self.commands if shutil.which(command[0])), None)

    @property
    def hint(self) -> str:
        """Why it is not looked at, and what to do."""
        programs = " or ".join(command[0] for command in self.commands)
        return (
            f"{self.path}: not looked at: install {programs}, or pipe: {' '.join(self.commands[0])} | lastcall audit -"
        )

    def render(self) -> str:
        """Return the manifests; raise ``BadManifest`` with the program's own words if it fails."""
        command = self.command or self.commands[0]
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BadManifest(f"{self.path}: {' '.join(command)}: {error}") from None
        if done.returncode:
            reason = " ".join(done.stderr.decode(errors="replace").split())
            raise BadManifest(f"{self.path}: {' '.join(command)}: {reason or f'exit code {done.returncode}'}")
        return done.stdout.decode(errors="replace")


def find(path: Path) -> Iterator[Path | Source]:
    """Return the manifests of a directory and those below it, sorted; a chart or a kustomization as one source.

    What lies in such a directory belongs to it, and is not returned by itself.
    """
    if not path.is_dir():
        yield path
        return
    if (path / CHART).is_file():
        yield Source(path, (("helm", "template", path.resolve().name, str(path)),))
        return
    if any((path / name).is_file() for name in KUSTOMIZATIONS):
        yield Source(path, (("kustomize", "build", str(path)), ("kubectl", "kustomize", str(path))))
        return
    for child in sorted(path.iterdir()):
        if child.is_dir():
            if not child.is_symlink():  # it may lead in a circle
                yield from find(child)
        elif child.suffix in SUFFIXES and child.is_file():
            yield child
