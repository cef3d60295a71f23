"""Images as people build them: which program lies where, which package managers are on PATH, and what is missing.

Nothing else can be seen from inside: no shell, no ``/usr/bin/env``, no ``setsid``, unless the image has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final


@dataclass(frozen=True)
class Image:
    """What is in an image."""

    programs: Mapping[str, str]
    """Path in the image: the program there, as `tools.program` finds it."""
    managers: str = ""
    """Those of npm, pnpm, yarn and yarn4 that are on PATH, as links in /usr/local/bin."""
    path: str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    files: Mapping[str, str] = field(default_factory=dict)
    """Path in the image: the text of an executable file."""

    def shell(self, program: str) -> "Image":
        """Return the same image with this program as /bin/sh."""
        return replace(self, programs={**self.programs, "/bin/sh": program})


def _in(folder: str, names: str, program: str = "") -> dict[str, str]:
    return {f"{folder}/{name}": program or name for name in names.split()}


_NODE: Final = {"/usr/local/bin/node": "node"}
_TOOLS: Final = "cat dirname env id ls mkdir nice readlink rm sed sleep touch uname"
_APPLETS: Final = f"sh {_TOOLS} ash date false stat test true setsid"
# What an entrypoint of the official image does: https://github.com/nodejs/docker-node
_OFFICIAL: Final = """#!/bin/sh
set -e
if [ "${1#-}" != "${1}" ] || [ -z "$(command -v "${1}")" ] || { [ -f "${1}" ] && ! [ -x "${1}" ]; }; then
  set -- node "$@"
fi
exec "$@"
"""
_ENTRYPOINTS: Final = {
    "/usr/local/bin/docker-entrypoint.sh": _OFFICIAL,
    "/exec.sh": '#!/bin/sh\nset -e\n: migrate\nexec "$@"\n',
    "/words.sh": "#!/bin/sh\nset -e\n: migrate\nexec $@\n",
    "/strict.sh": '#!/bin/sh\ncase $1 in\n  npm) exec "$@" ;;\n  *) echo "usage: npm ..." && exit 64 ;;\nesac\n',
}
_DISTROLESS: Final = Image({"/nodejs/bin/node": "node"}, path="/nodejs/bin:/usr/local/bin:/usr/bin:/bin")
_SMALL: Final = Image({**_NODE, "/bin/sh": "dash", "/usr/bin/env": "env"}, "npm")
_DEBIAN: Final = Image(
    {**_NODE, **_in("/usr/bin", f"{_TOOLS} bash setpriv setsid tini dumb-init catatonit"), "/bin/sh": "dash"},
    "npm pnpm yarn",
    files=_ENTRYPOINTS,
)


def _alpine(busybox: str) -> Image:
    programs = {**_NODE, **_in("/bin", _APPLETS, busybox), "/usr/bin/env": busybox}
    return Image(programs, "npm pnpm yarn", files=_ENTRYPOINTS)


IMAGES: Final[Mapping[str, Image]] = {
    "distroless": _DISTROLESS,
    "distroless:debug": replace(
        _DISTROLESS,
        programs={**_DISTROLESS.programs, **_in("/busybox", f"{_APPLETS} busybox", "busybox")},
        path="/nodejs/bin:/busybox",
    ),
    "scratch": replace(_DISTROLESS, programs={**_DISTROLESS.programs, "/tini": "tini-static"}),
    # What Nix or Bazel makes: a PATH of its own, and nothing in /bin.
    "sh on PATH": Image({"/nix/node": "node", "/nix/sh": "bash", "/usr/bin/env": "env"}, "npm", "/nix:/usr/local/bin"),
    "no sh, yarn 4": Image({"/nix/node": "node", "/usr/bin/env": "env"}, "yarn4", "/nix:/usr/local/bin"),
    "no sh, pnpm": Image({"/nix/node": "node", "/usr/bin/env": "env"}, "pnpm", "/nix:/usr/local/bin"),
    "debian": _DEBIAN,
    "debian, yarn 4": replace(_DEBIAN, managers="npm yarn4"),
    "alpine": _alpine("busybox"),
    "no setsid": _SMALL,
    "no setsid, tini": replace(_SMALL, programs={**_SMALL.programs, "/usr/bin/tini": "tini"}),
    **{f"{shell} as sh": _DEBIAN.shell(shell) for shell in ("bash", "mksh", "ksh93", "yash")},
}
