"""Programs that SIGTERM harms: those whose handler cuts, those without one, and parents that only start the server."""

import shlex
from pathlib import Path

import pytest

from tests.launcher import hook, lab, tools

CHILD = shlex.join(hook.stand_in("handler", "child"))
NAMES = (
    *("nginx", "php-fpm", "php-fpm8.2", "apache2", "httpd", "uwsgi", "php", "java", "ruby", "node", "perl", "npm"),
    *("unicorn", "haproxy", "lighttpd", "envoy", "make", "runsvdir"),
)
TOLD = {
    "nginx handler": "QUIT",
    "php-fpm handler": "QUIT",
    "php-fpm8.2 handler": "QUIT",
    "apache2 handler": "WINCH",
    "httpd handler": "WINCH",
    "unicorn handler": "QUIT",
    "haproxy handler": "USR1",
    "lighttpd handler": "INT",
    "uwsgi handler": "",
    "envoy handler": "",
    "make handler": "",
    "runsvdir handler": "",
    "php -S handler": "",
    "php handler": "TERM",
    "node handler": "TERM",
    "perl handler": "TERM",
    "perl deaf": "",
    "perl ignores": "",
    "httpd deaf": "",
}
PARENTS = ("node", "java", "ruby", "php")
START = f"""
const child = require("child_process").spawn({CHILD.split()[0]!r}, {CHILD.split()[1:]!r}, {{ stdio: "inherit" }});
process.on("SIGTERM", () => child.kill());
"""


@pytest.fixture(name="programs", scope="module")
def _programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hook.links(tmp_path_factory.mktemp("programs") / "bin", *NAMES)


def kills(text: str, programs: Path, *labels: str, argv: tuple[str, ...] = ("/bin/sh", "-c")) -> list[str]:
    """Return what the hook sends in a container that runs the shell text: signals, and the labels of who gets them."""
    path = f"{programs}:{tools.SYSTEM_PATH}"
    with lab.container([*argv, f"{text}; true"], cwd=programs, path=path) as box:
        for label in labels:
            assert box.wait_for(f"ready {label} ")
        ended = hook.run(box, hook.WATCHED)
        assert ended.hook_code in {0, 137}
    names = {event.split()[2]: event.split()[1] for event in box.outcome.events if event.startswith("ready")}
    return sorted(f"{kill.split()[0]} {names[kill.split()[1]]}" for kill in ended.kills)


@pytest.mark.parametrize("program", TOLD)
@pytest.mark.parametrize("path", ["", "{}/"])
def test_each_program_gets_the_signal_that_lets_it_finish(program: str, path: str, programs: Path) -> None:
    """Whether by its name or its path, a server gets what lets it finish requests; one that would cut them, nothing."""
    name, *options, mode = program.split()
    # perl knows -S too; it means nothing for a file that is given with its folder
    text = shlex.join(hook.stand_in(mode, "app", name=f"{path.format(programs)}{name}", options=options))
    assert kills(text, programs, "app") == ([f"-{TOLD[program]} app"] if TOLD[program] else [])


@pytest.mark.parametrize("name", PARENTS)
def test_a_parent_of_a_language_that_always_shows_a_handler_is_left_alone(name: str, programs: Path) -> None:
    """Under a shell that drops SIGTERM the child finishes its requests today: neither it nor its parent is told."""
    text = shlex.join(hook.stand_in("handler", "parent", *CHILD.split(), name=name))
    assert kills(text, programs, "parent", "child") == []
    # ... and where npm would end with its requests in flight, it is
    npm = shlex.join(hook.stand_in("busy", "npm", "/bin/sh", "-c", f"{text}; true", name="npm"))
    assert kills(f"exec {npm}", programs, "npm", "parent", "child") == ["-TERM parent"]


def test_a_real_node_parent_is_left_alone(programs: Path) -> None:
    """The same with node itself, by whatever name its threads have, and a server that it spawned."""
    text = shlex.join([tools.program("node"), "-e", START])
    assert kills(text, programs, "child") == []


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
@pytest.mark.parametrize("script", ["#!/bin/sh", "#!/bin/bash", "#!/bin/sh -e", "#!/usr/bin/env bash"])
def test_a_script_is_a_shell_whatever_its_name(script: str, shell: str, programs: Path, tmp_path: Path) -> None:
    """A script has its own name; what it starts is told, and so behind two of them."""
    for name in ("serve", "push.pl"):
        (tmp_path / name).write_text(f'{script}\n"$@"\nexit $?\n')
        (tmp_path / name).chmod(0o755)
    text = f"{tmp_path}/serve {tmp_path}/push.pl {shlex.join(hook.stand_in('handler'))}"
    assert kills(text, programs, "app", argv=(shell, "-c")) == ["-TERM app"]


def test_a_container_that_is_fed_by_a_pipe_is_told(programs: Path) -> None:
    """With `stdin: true` the application's stdin is a pipe, its parent's own: it is no member of a pipeline."""
    text = f"{shlex.join(hook.stand_in('deaf', 'side'))} & {shlex.join(hook.stand_in('handler'))}"
    fed = ("/bin/bash", "-c", 'exec /bin/sh -c "$0" < <(sleep 100)')
    assert kills(text, programs, "app", "side", argv=fed) == ["-TERM app"]
