"""Programs that start the server, or that end on SIGTERM without a drain, and what SIGTERM to them does.

As measured, with the program as PID 1 and a server that drains. Where releases, options or the image's ``/bin/sh`` make
a difference, the delivery is unknown. A program that is not here and starts nothing else receives its signals.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from webhook.core.programs import MANAGERS, SU
from webhook.predict.delivery import RECEIVED, SignalDelivery, SignalPath, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DRAINS_ON: Mapping[str, str] = {
    **dict.fromkeys(("nginx", "openresty", "php-fpm"), "SIGQUIT"),
    **dict.fromkeys(("apache2", "httpd", "apache2-foreground", "httpd-foreground"), "SIGWINCH"),
}
"""Program -> the signal on which it finishes its requests; SIGTERM cuts them. The official images set STOPSIGNAL.

https://nginx.org/en/docs/control.html, https://httpd.apache.org/docs/2.4/stopping.html, php-fpm(8)
"""
_CUT, _KEPT, _UNKNOWN = SignalDelivery.CUT, SignalDelivery.KEPT, SignalDelivery.UNKNOWN
_FORWARDS = SignalDelivery.RECEIVED
MEASURED: Mapping[str, SignalDelivery] = {
    **dict.fromkeys(("bundle exec", "pdm run", "pipenv run", "poetry run", "uv run"), _FORWARDS),
    **dict.fromkeys(("concurrently", "honcho", "s6-svscan", "supervisord"), _FORWARDS),
    **dict.fromkeys(("flock", "forever", "hatch run", "php -S"), _KEPT),
    **dict.fromkeys(("mvn", "runsvdir"), _CUT),
    **dict.fromkeys(("gradle", "make", "nodemon", "pm2-runtime", "timeout", "uwsgi"), _UNKNOWN),
}
"""A program, alone or with its first argument -> what SIGTERM to it does."""
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
_VERSION = re.compile(r"[\d.]+$")


def launcher_path(words: Sequence[str]) -> SignalPath:
    """Return what becomes of SIGTERM to the program ``words[0]`` in exec form, which is no shell and no wrapper.

    A launcher that forwards it leaves open what it starts: see ``started``.
    """
    name = program_name(words[0])
    pair = f"{name} {words[1]}" if len(words) > 1 else ""
    found = MEASURED.get(pair) or MEASURED.get(name)
    if found is not None:
        return unknown(name) if found is _UNKNOWN else SignalPath(found, name if found is not _FORWARDS else "")
    others = _OTHERS | SU | (MANAGERS - {"node", "nodejs", "deno"})
    if name in others or pair in _RUNNERS or _SCRIPT.fullmatch(name) or _starts_another(words):
        return unknown(name)
    return RECEIVED


def started(words: Sequence[str]) -> Sequence[str]:
    """Return the command that a launcher forwards its signals to, such as that behind ``uv run``; else nothing."""
    at = 2 if len(words) > 1 and f"{program_name(words[0])} {words[1]}" in MEASURED else len(words)
    while at < len(words) and words[at].startswith("-"):
        at += 1
    return words[at:]


def program_name(word: str) -> str:
    """Return a program's name without its directory, and without a version as in ``php-fpm8.2``."""
    name = word.rpartition("/")[2]
    return _VERSION.sub("", name) or name


def _starts_another(words: Sequence[str]) -> bool:
    """Tell whether ``--`` and a command follow, as for ``vault-env -- node server.js``."""
    at = list(words).index("--") + 1 if "--" in words else len(words)
    return at < len(words) and not words[at].startswith("-")
