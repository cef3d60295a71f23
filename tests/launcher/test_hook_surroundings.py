"""The hook where it is given little: another user, few capabilities, no /proc, no cat, no fractions of a second."""

import shutil
from pathlib import Path

import pytest

from tests.launcher import hook, lab, tools

SERVE = hook.stand_in("serve")
SHELL = ["/bin/sh", "-c", " ".join(SERVE) + "; exit $?"]
# By its path: busybox would take its own, which knows no such options.
SETPRIV = shutil.which("setpriv") or "setpriv"
OTHER = [SETPRIV, "--reuid=54321", "--regid=54321", "--clear-groups"]
# What Docker and containerd give root by default, and what nothing of it may be.
DEFAULT = "-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+net_bind_service,+sys_chroot"
NONE = "-all"


def mounted(options: str, *argv: str) -> list[str]:
    """Return a command that mounts /proc otherwise first."""
    return ["/bin/sh", "-c", f'mount -o remount,{options} /proc && exec "$@"', "-", *argv]


def limited(capabilities: str) -> list[str]:
    return [SETPRIV, f"--bounding-set={capabilities}", f"--inh-caps={capabilities}", *hook.WATCHED]


def stop(argv: list[str], tmp_path: Path, **options: object) -> hook.Ended:
    """Stop a stand-in whose own exit code is 7, so that it is known from others'."""
    shutil.chown(tmp_path, 54321)
    given = {"cwd": tmp_path, "path": tools.SYSTEM_PATH, "env": {"PROBE_CODE": "7"}, **options}
    return hook.stop(argv, **given)  # type: ignore[arg-type]


READ_ONLY = 'd=${PROBE_SOCKET%/*}; mount --bind $d $d && mount -o remount,bind,ro / && exec "$@"'
GIVEN = {
    "hidepid=2": (mounted("hidepid=2"), []),
    "a read-only /proc": (mounted("ro"), []),
    "a read-only root": (["/bin/sh", "-c", READ_ONLY, "-"], []),
    "another user": (OTHER, OTHER),
    "another user and hidepid=2": (mounted("hidepid=2", *OTHER), OTHER),
    "root, and the application another user": (OTHER, []),
}


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("shell", lab.SHELLS)
def test_an_application_that_is_given_little_is_told(given: str, shell: str, tmp_path: Path) -> None:
    """The hook needs no disk, no user's name, and of /proc only its own user's processes."""
    application, user = GIVEN[given]
    ended = stop([*application, *SHELL], tmp_path, shell=shell, hook=[*user, *hook.HOOK])
    assert (ended.verdict, ended.hook_code) == ((1, True, 7), 0)


def test_root_without_ptrace_tells_another_user(tmp_path: Path) -> None:
    """With a container runtime's default capabilities root tells an application that has another user."""
    ended = stop([*OTHER, *SHELL], tmp_path, hook=limited(DEFAULT))
    assert (ended.verdict, len(ended.kills)) == ((1, True, 7), 1)


def test_root_without_kill_gives_up(tmp_path: Path) -> None:
    """Without CAP_KILL root cannot signal another user's process: the hook ends, and all is as without it."""
    ended = stop([*OTHER, *SHELL], tmp_path, hook=limited(NONE), grace=1)
    assert (ended.hook_code, ended.signalled_early, ended.container.killed) == (0, [], True)


@pytest.mark.parametrize("way", ["mount --bind {} /proc", "umount -l /proc"], ids=["none", "the node's"])
def test_without_its_own_proc_nobody_is_told(way: str, tmp_path: Path) -> None:
    """Without /proc, or with the one of another namespace, whose numbers are other processes, the hook ends."""
    argv = ["/bin/sh", "-c", f'{way.format(tmp_path)}; "$@"; exit $?', "-", *SERVE]
    ended = stop(argv, tmp_path, hook=hook.WATCHED, grace=1)
    assert (ended.hook_code, ended.kills, ended.container.told) == (0, [], 0)


FOLDER = {"no cat": ("sleep",), "no sleep with fractions": ("sleep",), "no sleep": ()}


@pytest.mark.parametrize("without", FOLDER)
@pytest.mark.parametrize("shell", lab.SHELLS)
def test_an_image_with_few_programs_is_enough(without: str, shell: str, tmp_path: Path) -> None:
    """It needs no program but sleep, which may know whole seconds only; without sleep it fails, and says why."""
    (tmp_path / "bin").mkdir()
    for name in FOLDER[without]:
        script = '#!/bin/bash\ncase $1 in *.*) exit 1 ;; esac\n/usr/bin/sleep "$1"\n'
        (tmp_path / "bin" / name).write_text(script if "fractions" in without else '#!/bin/bash\n/usr/bin/sleep "$1"\n')
        (tmp_path / "bin" / name).chmod(0o755)
    seconds = "0" if "fractions" in without else hook.SLEEP
    environ = {"PATH": str(tmp_path / "bin")}
    own = shell == "ash" and without == "no sleep"  # busybox has it built in
    ended = stop(SHELL, tmp_path, shell=shell, hook=[*hook.WATCHED[:-1], seconds], environ=environ, grace=1)
    expected = (0, 127) if without == "no sleep" and not own else (1, 0)
    assert (len(ended.kills), ended.hook_code) == expected


def test_a_process_that_goes_on_is_waited_for(tmp_path: Path) -> None:
    """Where the application outlasts the hook's time the kubelet ends the hook; the application has been told once."""
    npm = str(hook.links(tmp_path / "bin", "npm") / "npm")
    argv = hook.stand_in("busy", "npm", *hook.stand_in("busy", "app"), name=npm)
    with lab.container(argv, cwd=tmp_path, path=tools.SYSTEM_PATH) as box:
        assert box.wait_for("ready npm")
        assert box.wait_for("ready app")
        ended = hook.run(box, hook.HOOK, seconds=1.5)
    assert (ended.signalled_early, ended.hook_code) == (["told SIGTERM app"], 137)


def test_a_process_that_ignores_sigterm_is_left_alone(tmp_path: Path) -> None:
    """Nobody is told where there is no handler, and nobody is waited for: the kubelet's time is not used up."""
    for mode in ("ignores", "deaf"):
        argv = ["/bin/sh", "-c", " ".join(hook.stand_in(mode)) + "; true"]
        with lab.container(argv, cwd=tmp_path, path=tools.SYSTEM_PATH) as box:
            assert box.wait_for("ready app")
            ended = hook.run(box, hook.WATCHED)
            assert (ended.kills, ended.hook_code, box.process.poll()) == ([], 0, None), mode


def test_a_process_that_ends_during_the_sleep_is_not_missed(tmp_path: Path) -> None:
    """Where the application has ended before the hook looks, it finds nobody and ends."""
    argv = ["/bin/sh", "-c", f"{' '.join(hook.stand_in('handler'))}; sleep 100; true"]
    with lab.container(argv, cwd=tmp_path, path=tools.SYSTEM_PATH) as box:
        assert box.wait_for("ready app")
        with hook.session(box, ["/bin/sh", "-c", "kill 2"]):
            ended = hook.run(box, hook.WATCHED)
            assert (ended.kills, ended.hook_code) == ([], 0)
