"""Real servers whose handler for SIGTERM cuts requests, and languages that show a handler whatever the program does."""

import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launcher import hook, lab, servers, tools
from tests.launcher.test_hook_programs import CHILD, kills

pytestmark = pytest.mark.matrix
CUTTING = ("/bin/sh", "-c", hook.WATCHED[2].replace("QUIT", "TERM").replace("WINCH", "TERM"), *hook.WATCHED[3:])
MAIN = """class Main {
    public static void main(String[] argv) throws Exception { new ProcessBuilder(argv).inheritIO().start().waitFor(); }
}
"""
PARENTS = {
    "ruby": ["-e", f"system({CHILD!r})"],
    "php": ["-n", "-r", f"passthru({CHILD!r});"],
    "java": ["Main.java", *CHILD.split()],
}
GO = {"none": [], "term": ["-TERM app"], "all": ["-TERM app"]}


@pytest.fixture(name="folder")
def _folder() -> Iterator[Path]:
    """Return a folder that every user can read."""
    with tempfile.TemporaryDirectory(prefix="lcserver") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize(("name", "signal"), [("nginx", "QUIT"), ("apache2", "WINCH"), ("php-fpm", "QUIT")])
def test_a_server_finishes_the_request(name: str, signal: str, folder: Path) -> None:
    """It gets its own signal, answers and ends; SIGTERM would have cut the request."""
    ended = servers.stop(servers.server(name, folder), lambda box: hook.run(box, hook.WATCHED), lab.PATIENCE)
    assert [kill.split()[0] for kill in ended.kills] == [f"-{signal}"]
    assert (ended.container.answered, ended.container.killed) == (True, False)
    cut = servers.stop(servers.server(name, folder), lambda box: hook.run(box, CUTTING), lab.PATIENCE)
    assert not cut.container.answered, "control"


def test_phps_own_server_is_left_alone(folder: Path) -> None:
    """`php -S` finishes the request because nobody tells it; SIGTERM would have cut the request."""
    ended = servers.stop(servers.server("php", folder), lambda box: hook.run(box, hook.WATCHED), 2)
    assert (ended.kills, ended.container.answered) == ([], True)
    kill = ("/bin/sh", "-c", "kill 2")
    cut = servers.stop(servers.server("php", folder), lambda box: hook.run(box, kill), 2)
    assert not cut.container.answered, "control"


@pytest.mark.parametrize("name", PARENTS)
def test_a_real_parent_is_left_alone(name: str, folder: Path) -> None:
    """What starts a server below a shell that drops SIGTERM, and shows a handler as its language always does."""
    (folder / "Main.java").write_text(MAIN)
    if name == "java":
        argv = ["java", *PARENTS[name]]
    else:
        program, libraries = tools.server(name)
        argv = ["env", f"LD_LIBRARY_PATH={libraries}", str(program), *PARENTS[name]]
    assert kills(f"cd {folder}; {shlex.join(argv)}", folder, "child") == []


@pytest.mark.parametrize("asks", GO)
def test_a_go_program_is_told_if_it_asks_for_signals(asks: str, tmp_path: Path) -> None:
    """Go's runtime catches every signal: a program that asks for none is left alone."""
    assert kills(f"{servers.go_program(tmp_path)} {asks}", tmp_path, "app") == GO[asks]


def test_a_go_parent_is_left_alone(tmp_path: Path) -> None:
    """What starts a server below a shell that drops SIGTERM is left alone as in other languages that catch signals."""
    program = servers.go_program(tmp_path)
    for asks in ("none", "int", "term"):
        assert kills(f"{program} {asks} {CHILD}", tmp_path, "app", "child") == [], asks


def test_which_signals_a_go_program_asks_for_is_unknown(tmp_path: Path) -> None:
    """One that asks for SIGINT alone looks like one that asks for SIGTERM, and dies of it: a known limit."""
    assert kills(f"{servers.go_program(tmp_path)} int", tmp_path, "app") == ["-TERM app"]
