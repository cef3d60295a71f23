"""The oracle: the package manager itself says what a rewritten command has to do.

Each form is run natively and rewritten, with a probe below it. What reached the probe (argv, cwd, node's own options,
every environment variable), the order of scripts, stdin, output and exit code have to be the same. What may differ, by
name: the run's own temporary folder, temporary names that package managers make up, process ids, times.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.launcher import forms
from tests.launcher.cases import Form
from tests.launcher.oracle import observe

MANAGERS = ("npm6", "npm8", "npm9", "npm10.2", "npm10", "npm11", "yarn1", "yarn4", "pnpm9", "pnpm10")
FORMS: Mapping[str, Sequence[Form]] = {"dash": ("init", "exec", "supervise"), "ash": ("init",), "bash": ("init",)}
WORKERS = 6
# pnpm turns the exit code of a command that is not found into one of its own, and then says more.
ALLOWED = {"pnpm nosuch": {"code", "output"}}
# Shells count themselves and note the last command; how many stand in between is what we change.
SHELLS_OWN = {"dash": set[str](), "ash": {"SHLVL"}, "bash": {"SHLVL", "_", "OLDPWD"}}
# Scripts that end before the package manager does: what it says after the last of them ("Done in 0.1s") is not said.
LAST_WORDS = {"steps", "code", "read"}
Workspace = Callable[[str], Path]


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return the workspace for a package manager, made once."""
    root = tmp_path_factory.mktemp("workspaces")
    made: dict[str, Path] = {}
    return lambda manager: (
        made.setdefault(manager, forms.workspace(root, manager)) if manager not in made else made[manager]
    )


def differences(line: str, chosen: Sequence[Form], manager: str, shell: str, top: Path) -> list[str]:
    """Return what the rewritten forms do differently."""
    native = observe("native", line, manager, shell, top)
    found = []
    for form in chosen:
        rewritten = observe(form, line, manager, shell, top)
        allowed = {f"${name}" for name in SHELLS_OWN[shell]} | ALLOWED.get(line, set())
        if line.rsplit(maxsplit=1)[-1] in LAST_WORDS and native["output"].startswith(rewritten["output"]):
            allowed.add("output")
        found += [
            f"{manager} {shell} {form}: {line}: {key}: {native.get(key)!r} -> {rewritten.get(key)!r}"
            for key in sorted((set(native) | set(rewritten)) - allowed)
            if native.get(key) != rewritten.get(key)
        ]
    return found


def check(lines: list[str], chosen: Sequence[Form], manager: str, shell: str, top: Path) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        found = list(pool.map(lambda line: differences(line, chosen, manager, shell, top), lines))
    assert [difference for some in found for difference in some] == []


SLICE = {
    "npm": (
        "npm start",
        "npm run steps",
        "npm start -w a",
        "npx cross-env X=1 node probe.js",
        "npm run nosuch",
        "npm run read",
    ),
    "yarn1": ("yarn start", "yarn steps", "yarn --cwd other start", "yarn code"),
    "pnpm10": ("pnpm start", "pnpm --filter a start", "pnpm exec node probe.js"),
}


@pytest.mark.parametrize("manager", SLICE)
def test_common_forms_are_the_package_managers_own(manager: str, workspace: Workspace) -> None:
    """The commonest forms reach the application exactly as the package manager would have it."""
    check(list(SLICE[manager]), ["init"], manager, "dash", workspace(manager))


def test_the_oracle_sees_a_difference(workspace: Workspace) -> None:
    """The negative control: a form with another argument is told from the first one."""
    top = workspace("npm")
    assert observe("native", "npm start", "npm", "dash", top) != observe("init", "npm start x", "npm", "dash", top)


@pytest.mark.matrix
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("shell", "chosen"), FORMS.items(), ids=FORMS)
@pytest.mark.parametrize("manager", MANAGERS)
def test_every_form_is_the_package_managers_own(
    manager: str, shell: str, chosen: Sequence[Form], workspace: Workspace
) -> None:
    """Every form does what the package manager does: in every mode on dash, and by default on ash and bash."""
    check(forms.of(manager), chosen, manager, shell, workspace(manager))
