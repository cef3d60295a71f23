"""Whether a container's process receives the stop signal, as its command says."""

from __future__ import annotations

import pytest

from tests.predict.pods import make, timeline
from webhook.predict import Scenario, SignalDelivery
from webhook.predict.forecast import forecast

COMMANDS = [
    pytest.param(["node", "server.js"], SignalDelivery.RECEIVED, "", id="the server itself"),
    pytest.param(["/app/server", "--port=80"], SignalDelivery.RECEIVED, "", id="any program in exec form"),
    pytest.param(["python", "-m", "uvicorn", "app:app"], SignalDelivery.RECEIVED, "", id="an interpreter"),
    pytest.param(["java", "-jar", "app.jar"], SignalDelivery.RECEIVED, "", id="java"),
    pytest.param(["deno", "run", "x.ts"], SignalDelivery.RECEIVED, "", id="deno"),
    pytest.param(
        ["sh", "-c", "cd /app && exec java -jar app.jar"], SignalDelivery.RECEIVED, "", id="a shell that execs"
    ),
    pytest.param(["sh", "-ec", "exec java $OPTS -jar app.jar"], SignalDelivery.RECEIVED, "", id="options of the shell"),
    pytest.param(
        ["sh", "-c", "if [ -f x ]; then exec a; else exec b; fi"],
        SignalDelivery.RECEIVED,
        "",
        id="a shell that execs in each branch",
    ),
    pytest.param(
        ["sh", "-c", "trap 'kill $!' TERM; java & wait; wait"],
        SignalDelivery.RECEIVED,
        "",
        id="a trap that kills, and a second wait",
    ),
    pytest.param(["bash", "-c", "java -jar app.jar"], SignalDelivery.RECEIVED, "", id="bash execs its last command"),
    pytest.param(["ash", "-c", "true && java"], SignalDelivery.RECEIVED, "", id="ash, behind &&"),
    pytest.param(["ksh", "-c", "java"], SignalDelivery.RECEIVED, "", id="mksh, a single command"),
    pytest.param(["uv", "run", "--no-sync", "uvicorn", "app:app"], SignalDelivery.RECEIVED, "", id="uv run, measured"),
    pytest.param(["bundle", "exec", "puma"], SignalDelivery.RECEIVED, "", id="bundle exec"),
    pytest.param(["supervisord", "-n"], SignalDelivery.UNKNOWN, "supervisord", id="its server stands in a file"),
    pytest.param(["timeout", "1h", "java"], SignalDelivery.RECEIVED, "", id="timeout, measured"),
    pytest.param(["timeout", "1h", "./run.sh"], SignalDelivery.UNKNOWN, "run.sh", id="a script behind timeout"),
    pytest.param(["concurrently", "npm start"], SignalDelivery.UNKNOWN, "concurrently", id="a string"),
    pytest.param(
        ["uv", "run", "--with", "x", "bash", "y.sh"], SignalDelivery.UNKNOWN, "bash", id="an option with a value"
    ),
    pytest.param(["uwsgi", "--master"], SignalDelivery.CUT, "uwsgi", id="uwsgi: no measurement drains"),
    pytest.param(["apache2", "-DFOREGROUND"], SignalDelivery.UNKNOWN, "apache2", id="Apache"),
    pytest.param(["tini", "--", "gunicorn", "app:app"], SignalDelivery.RECEIVED, "", id="an init"),
    pytest.param(
        ["bash", "--norc", "-o", "pipefail", "-c", "java"], SignalDelivery.RECEIVED, "", id="long options of the shell"
    ),
    pytest.param(["php", "-v"], SignalDelivery.RECEIVED, "", id="php otherwise"),
    pytest.param(["npm", "start"], SignalDelivery.DROPPED, "npm", id="npm"),
    pytest.param(["tini", "--", "yarn", "start"], SignalDelivery.DROPPED, "yarn", id="yarn behind tini"),
    pytest.param(
        ["dumb-init", "--", "npm", "start"], SignalDelivery.DROPPED, "npm", id="npm behind dumb-init, measured"
    ),
    pytest.param(["sh", "-c", "npm start"], SignalDelivery.KEPT, "sh", id="npm in a shell's string"),
    pytest.param(["/bin/sh", "-c", "java -jar app.jar"], SignalDelivery.KEPT, "sh", id="anything in a shell's string"),
    pytest.param(["sh", "-c", "java; true"], SignalDelivery.KEPT, "sh", id="a list"),
    pytest.param(["bash", "-c", "java | tee log"], SignalDelivery.KEPT, "bash", id="a pipeline: bash stays"),
    pytest.param(["bash", "-c", "java & wait"], SignalDelivery.KEPT, "bash", id="a job of bash"),
    pytest.param(["bash", "-c", "java; true"], SignalDelivery.KEPT, "bash", id="bash with a command behind the server"),
    pytest.param(["hatch", "run", "serve"], SignalDelivery.KEPT, "hatch", id="hatch run, measured"),
    pytest.param(["php", "-S", "0.0.0.0:80"], SignalDelivery.KEPT, "php", id="the server of PHP, measured"),
    pytest.param(
        ["tini", "--", "sh", "-c", "java -jar a.jar"], SignalDelivery.CUT, "sh", id="a shell behind tini, measured"
    ),
    pytest.param(["mvn", "-q", "exec:exec"], SignalDelivery.CUT, "mvn", id="mvn, measured"),
    pytest.param([], SignalDelivery.UNKNOWN, "", id="the command of the image"),
    pytest.param(["pm2-runtime", "server.js"], SignalDelivery.UNKNOWN, "pm2-runtime", id="pm2-runtime, measured"),
    pytest.param(["nodemon", "x.js"], SignalDelivery.UNKNOWN, "nodemon", id="nodemon, measured"),
    pytest.param(["uv", "run", "bash", "start.sh"], SignalDelivery.UNKNOWN, "start.sh", id="a script behind uv run"),
    pytest.param(["uv", "run", "make", "start"], SignalDelivery.UNKNOWN, "make", id="a launcher behind a launcher"),
    pytest.param(["./start.sh"], SignalDelivery.UNKNOWN, "start.sh", id="a script"),
    pytest.param(
        ["/docker-entrypoint.sh", "nginx"], SignalDelivery.UNKNOWN, "docker-entrypoint.sh", id="the script of an image"
    ),
    pytest.param(["/entrypoint"], SignalDelivery.UNKNOWN, "entrypoint", id="a script without an ending"),
    pytest.param(["bash", "/app/run.sh"], SignalDelivery.UNKNOWN, "run.sh", id="a script as an argument"),
    pytest.param(["sh", "--", "x.sh"], SignalDelivery.UNKNOWN, "x.sh", id="... behind --"),
    pytest.param(["bash"], SignalDelivery.UNKNOWN, "bash", id="a shell alone"),
    pytest.param(
        ["sh", "-c", "trap 'kill $!' TERM; java & wait"],
        SignalDelivery.UNKNOWN,
        "sh",
        id="one wait: the shell ends before the server",
    ),
    pytest.param(["sh", "-c", "trap : TERM; java"], SignalDelivery.UNKNOWN, "sh", id="a trap that does nothing"),
    pytest.param(["sh", "-c", 'java "$(cat "$F")"'], SignalDelivery.UNKNOWN, "sh", id="a string that cannot be read"),
    pytest.param(
        ["sh", "-c", 'exec "$@"', "x", "java"], SignalDelivery.UNKNOWN, "$@", id="a program that is an argument"
    ),
    pytest.param(["sh", "-c", "exec java | tee log"], SignalDelivery.UNKNOWN, "sh", id="exec in a pipeline"),
    pytest.param(["sh", "-c", "exec java & wait"], SignalDelivery.UNKNOWN, "sh", id="exec in a job"),
    pytest.param(["bash", "-c", "cd /app; java"], SignalDelivery.UNKNOWN, "bash", id="bash behind ;, unmeasured"),
    pytest.param(["zsh", "-c", "java"], SignalDelivery.UNKNOWN, "zsh", id="zsh, unmeasured"),
    pytest.param(["env", "-S", "sh -c x"], SignalDelivery.UNKNOWN, "env", id="a wrapper that hides its program"),
    pytest.param(["$(PROGRAM)"], SignalDelivery.UNKNOWN, "$(PROGRAM)", id="a variable"),
    pytest.param(["vault-env", "--", "node", "x.js"], SignalDelivery.UNKNOWN, "vault-env", id="an unknown launcher"),
    pytest.param(["foreman", "start"], SignalDelivery.UNKNOWN, "foreman", id="a launcher without a measurement"),
    pytest.param(["go", "run", "."], SignalDelivery.UNKNOWN, "go", id="go run"),
    pytest.param(["gosu", "app", "./run"], SignalDelivery.UNKNOWN, "run", id="a script behind a wrapper"),
    pytest.param(
        ["bash", "-c", "exec bash -c \"exec bash -c 'exec bash -c java'\""],
        SignalDelivery.UNKNOWN,
        "java",
        id="shells in shells",
    ),
    pytest.param(
        ["nginx", "-g", "daemon off;"],
        SignalDelivery.UNKNOWN,
        "nginx",
        id="nginx: the STOPSIGNAL of its image is unknown",
    ),
    pytest.param(["php-fpm8.2", "-F"], SignalDelivery.UNKNOWN, "php-fpm", id="php-fpm"),
]


@pytest.mark.parametrize(("command", "delivery", "program"), COMMANDS)
def test_signal_delivery(command: list[str], delivery: SignalDelivery, program: str) -> None:
    """What was measured, or follows from the command, decides; the rest is unknown."""
    (container,) = timeline(make(30, {"name": "app", "command": command})).containers
    assert (container.signal_delivery, container.program) == (delivery, program)


def test_image_command() -> None:
    """What the annotation declares of the image's command counts where the Pod names none."""
    pod = make(30, {"name": "app"}, annotations={"lastcall.webhook/image-command.app": '["npm", "start"]'})
    assert timeline(pod).containers[0].signal_delivery is SignalDelivery.DROPPED


STOP_SIGNALS = [
    pytest.param("nginx", None, "unknown", id="nothing is known"),
    pytest.param("nginx", "SIGQUIT", "received", id="nginx drains on SIGQUIT"),
    pytest.param("nginx", "SIGTERM", "cut", id="nginx does not drain on SIGTERM"),
    pytest.param("httpd", "SIGWINCH", "received", id="Apache drains on SIGWINCH"),
    pytest.param("php-fpm", "SIGTERM", "cut", id="php-fpm does not drain on SIGTERM"),
]


@pytest.mark.parametrize(("program", "signal", "delivery"), STOP_SIGNALS)
def test_programs_that_drain_on_another_signal(program: str, signal: str | None, delivery: str) -> None:
    """The image's STOPSIGNAL decides, where the scenario names it."""
    signals = {"app": signal} if signal else {}
    found = timeline(make(30, {"name": "app", "command": [program]}), stop_signals=signals, propagation=0)
    assert found.containers[0].signal_delivery == delivery
    assert found.verdict == {"unknown": "unknown", "received": "safe", "cut": "loses"}[delivery]


def test_the_user_says_what_becomes_of_the_signal() -> None:
    """What the scenario says of one container comes before what it says of all, and before the command."""
    pod = make(30, {"name": "app"}, {"name": "b", "command": ["npm", "start"]})
    found = timeline(pod, delivery=SignalDelivery.KEPT, deliveries={"b": SignalDelivery.RECEIVED})
    assert [c.signal_delivery for c in found.containers] == ["kept", "received"]
    assert any(f.message.startswith("its command does not forward SIGTERM") for f in found.findings)


@pytest.mark.parametrize("declared", [False, True])
def test_the_signal_hook_makes_the_command_irrelevant(declared: bool) -> None:
    """With lastcall an image's unknown command is safe if a shell is declared, and unknown otherwise."""
    annotations = {"lastcall.webhook/image-shell": "yes"} if declared else {}
    found = forecast(make(30, {"name": "app"}, annotations=annotations).document, Scenario())
    assert (found.today, found.with_lastcall) == ("loses", "safe" if declared else "unknown")
