"""Real processes, real signals: who loses the request, and who answers it."""

import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.launcher import cases, lab, shapes
from tests.launcher.cases import Case, Form

Project = Callable[[str], Path]
MANAGERS = ("npm", "yarn1", "pnpm10")
SHELLS = ("dash", "ash")
REWRITTEN: tuple[Form, ...] = ("init", "exec", "supervise")
# dash does not exec the last command of a script and ash does, so npm and pnpm lose nothing in a plain script on ash.
LOSES = [(manager, "dash", "plain") for manager in MANAGERS]
LOSES += [(manager, "ash", "pipe") for manager in MANAGERS] + [("yarn1", "ash", "plain")]
SLICE = {
    "init": ("plain", "build-serve", "lifecycle", "pipe", "then"),
    "exec": ("plain", "cross-env"),
    "supervise": ("file",),
}
WORKERS = 6


def test_originals_lose_the_request(project: Project) -> None:
    """The negative control: without the launcher the container ends, or is killed, with the request unanswered."""
    chosen = [Case(manager, shell, "native", shape) for manager, shell, shape in LOSES]
    folders = {manager: project(manager) for manager in MANAGERS}
    outcomes = cases.run_all(chosen, folders, WORKERS, grace=4)
    assert [case for case, outcome in outcomes if outcome.answered] == []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("manager", MANAGERS)
def test_rewritten_answers_the_request(manager: str, shell: str, project: Project) -> None:
    """With the launcher the application is told once, answers what it began, and its exit code is the container's."""
    chosen = [Case(manager, shell, form, shape) for form in REWRITTEN for shape in SLICE[form]]
    assert cases.complaints(chosen, {manager: project(manager)}, WORKERS) == []


@pytest.mark.parametrize(("form", "place"), [("init", "ppid"), ("exec", "pid")])
def test_the_process_takes_the_package_managers_place(form: Form, place: str, project: Project) -> None:
    """Nobody stands between PID 1 and the application: in init mode it is its child, in exec mode PID 1 itself."""
    outcome = Case("npm", "dash", form, "plain").run(project("npm"))
    assert outcome.record[place] == 1


@pytest.mark.parametrize("form", REWRITTEN)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2])
def test_other_signals_are_passed_on_as_they_come(number: signal.Signals, form: Form, project: Project) -> None:
    """What lifecycle.stopSignal or STOPSIGNAL names reaches the application as that signal."""
    argv = cases.wrapped(form, ["npm", "run", "plain"])
    outcome = lab.stop_in_flight(argv, cwd=project("npm"), path=shapes.path("npm"), number=number)
    assert f"told {number.name}" in outcome.events
    assert outcome.answered


@pytest.mark.parametrize("form", REWRITTEN)
@pytest.mark.parametrize("code", [0, 7, 143])
def test_exit_code_after_the_signal_is_the_applications(code: int, form: Form, project: Project) -> None:
    """The code with which the application ends after SIGTERM is the container's."""
    argv = cases.wrapped(form, ["npm", "run", "plain"])
    env = {"PROBE_CODE": str(code)}
    outcome = lab.stop_in_flight(argv, cwd=project("npm"), path=shapes.path("npm"), env=env)
    assert outcome.told == 1
    if form == "supervise" and code:
        assert outcome.code != 0, "npm makes up its own"
    else:
        assert outcome.code == code


NAMES = ("a", "c", "f", "k", "l", "p", "s", "t", "_k", "_r", "_t", "_w", "e", "lastcall")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("form", REWRITTEN)
def test_variables_of_any_name_reach_the_application(form: Form, shell: str, project: Project) -> None:
    """Exported variables, even of names that the launcher uses in its subshells, arrive unchanged, and no others."""
    given = {name: f"the application's own {name}" for name in NAMES}
    argv = ["npm", "run", "semicolon"]
    native = _environment(argv, shell, given, project)
    rewritten = _environment(cases.wrapped(form, argv), shell, given, project)
    assert {name: rewritten.get(name) for name in NAMES} == given
    assert set(rewritten) == set(native)


def _environment(argv: list[str], shell: str, env: Mapping[str, str], project: Project) -> Mapping[str, str]:
    options = {"cwd": project("npm"), "path": shapes.path("npm"), "shell": shell, "env": env}
    found: Mapping[str, str] = lab.run(argv, **options).record["env"]
    return found
