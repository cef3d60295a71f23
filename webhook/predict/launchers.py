"""Programs that start the server, or that end on SIGTERM without a drain, and what SIGTERM to them does.

As measured (``programs.tsv``), with the program as PID 1 and a server that drains. Where releases, options or the
image's ``/bin/sh`` make a difference, or the server stands in a file of the image, the delivery is unknown. A program
that is not here and starts nothing else receives its signals.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from webhook.core.package_managers import tool_of
from webhook.core.programs import MANAGERS, SHELLS, SU
from webhook.core.wrappers import wrapper_of
from webhook.predict import programs
from webhook.predict.delivery import RECEIVED, SignalDelivery, SignalPath, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DRAINS_ON: Mapping[str, str] = {
    **dict.fromkeys(("nginx", "openresty", "php-fpm", "unicorn", "unicorn_rails"), "SIGQUIT"),
    **dict.fromkeys(("apache2", "httpd", "apache2-foreground", "httpd-foreground"), "SIGWINCH"),
    "haproxy": "SIGUSR1",
    "lighttpd": "SIGINT",
}
"""Program -> the signal on which it finishes its requests; SIGTERM cuts them. The official images set STOPSIGNAL.

https://nginx.org/en/docs/control.html, https://httpd.apache.org/docs/2.4/stopping.html, php-fpm(8), haproxy(1),
lighttpd(8), https://yhbt.net/unicorn/SIGNALS.html
"""
_VERSION = re.compile(r"\d+(?:\.\d+)+$")
_BY_ARGUMENT = frozenset(("bundle", "hatch", "pdm", "php", "pipenv", "poetry", "uv"))
"""Programs that start a server only with the first argument that was measured, such as ``uv run``."""


def program_name(word: str) -> str:
    """Return a program's name without its directory, and without a version as in ``php-fpm8.2``."""
    name = word.rpartition("/")[2]
    return _VERSION.sub("", name) or name


def _measured() -> dict[str, SignalDelivery]:
    """Return a program, alone or with its first argument -> what SIGTERM to it does."""
    found: dict[str, set[SignalDelivery]] = {}
    for row in programs.PROGRAMS:
        name, *rest = row.argv.split()
        name = program_name(name)
        # The server decides, not java: one row has a server without a shutdown hook.
        if name not in SHELLS | DRAINS_ON.keys() | {"java"} and not wrapper_of(name) and not tool_of(name):
            key = f"{name} {rest[0]}" if name in _BY_ARGUMENT else name
            in_a_file = programs.SERVER in row.script and row.pid1.delivery is SignalDelivery.RECEIVED
            delivery = SignalDelivery.UNKNOWN if in_a_file else row.pid1.delivery
            found.setdefault(key, set()).add(delivery)
    return {key: _joined(deliveries) for key, deliveries in found.items()}


def _joined(deliveries: set[SignalDelivery]) -> SignalDelivery:
    """Return what all measurements of a program have in common."""
    if len(deliveries) == 1:
        return next(iter(deliveries))
    return SignalDelivery.CUT if deliveries <= {SignalDelivery.CUT, SignalDelivery.KEPT} else SignalDelivery.UNKNOWN


_MEASURED: Mapping[str, SignalDelivery] = _measured()
_OPERANDS: Mapping[str, int] = {
    **dict.fromkeys(("bundle exec", "pdm run", "pipenv run", "poetry run", "timeout", "uv run"), 2),
    "concurrently": 1,
}
"""A launcher that forwards signals -> how many words, without options, its command is behind."""
_OTHERS = frozenset(
    """
    air apache2ctl apachectl bunx catalina chamber chroot chronic circusd cargo cross-env docker-php-entrypoint doppler
    dotenv dotnet-watch envconsul foreman goreman hivemind infisical just lerna multirun npm-run-all nx overmind pm2
    pm2-dev pm2-docker python-entrypoint rake rerun run-p run-s sbt script sg start-stop-daemon strace sudo systemd task
    ts-node-dev tsnd turbo unshare watchexec watchmedo xargs xvfb-run
    """.split()
)
_RUNNERS = frozenset(("cargo run", "deno task", "dotnet run", "dotnet watch", "go run", "bun run", "flask run"))
"""Programs that start others, unmeasured."""
_SCRIPT = re.compile(
    r".+\.(?:sh|ash|bash|ksh|zsh)|(?:docker[-_])?(?:entrypoint|entry|start|run|boot|bootstrap|launch|init)(?:[-_.].*)?"
)


def launcher_path(words: Sequence[str]) -> SignalPath:
    """Return what becomes of SIGTERM to the program ``words[0]`` in exec form, which is no shell and no wrapper.

    A launcher that forwards it leaves open what it starts: see ``started``.
    """
    name = program_name(words[0])
    pair = f"{name} {words[1]}" if len(words) > 1 else ""
    found = _MEASURED.get(pair) or _MEASURED.get(name)
    if found is not None:
        return (
            unknown(name)
            if found is SignalDelivery.UNKNOWN
            else SignalPath(found, name if found is not SignalDelivery.RECEIVED else "")
        )
    others = _OTHERS | SU | (MANAGERS - {"node", "nodejs", "deno"})
    if name in others or pair in _RUNNERS or _SCRIPT.fullmatch(name) or _starts_another(words):
        return unknown(name)
    return RECEIVED


def started(words: Sequence[str]) -> Sequence[str]:
    """Return the command that a launcher forwards its signals to, such as that behind ``uv run``; else nothing."""
    left = _OPERANDS.get(f"{program_name(words[0])} {words[1]}" if len(words) > 1 else "") or _OPERANDS.get(
        program_name(words[0]), len(words)
    )
    at, options = 1, 0
    while at < len(words) and (words[at].startswith("-") or left > 1):
        options += words[at].startswith("-")
        left -= not words[at].startswith("-")
        at += 1
    behind = words[at:]
    # An option may take a value, which is no program: then no word behind it may be one that keeps the signal.
    odd = (word for word in behind[1:] if program_name(word) in SHELLS or launcher_path([word]) != RECEIVED)
    return next(([word] for word in odd if options), behind)


def _starts_another(words: Sequence[str]) -> bool:
    """Tell whether ``--`` and a command follow, as for ``vault-env -- node server.js``."""
    at = list(words).index("--") + 1 if "--" in words else len(words)
    return at < len(words) and not words[at].startswith("-")
