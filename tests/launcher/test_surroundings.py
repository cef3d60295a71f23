"""Containers that are given little: no writable disk, no user name, no HOME, another owner of the folder."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.launcher import cases, lab, shapes
from tests.launcher.cases import Form

REWRITTEN: tuple[Form, ...] = ("init", "exec", "supervise")
GRACE: dict[Form, float] = {"native": 4, **dict.fromkeys(REWRITTEN, lab.PATIENCE)}
SCRIPTS = {"start": "node probe.js", "piped": "node probe.js | cat"}
OWNER = 1000
# Only what the test itself looks at stays writable.
READ_ONLY = 'd=${PROBE_SOCKET%/*}; mount --bind $d $d && mount -o remount,bind,ro / && exec "$@"'
GIVEN = {
    "a read-only root file system": ["/bin/sh", "-c", READ_ONLY, "-"],
    "a user without a name": ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"],
    "no HOME": ["env", "-u", "HOME"],
}
GIVEN["neither disk nor name"] = GIVEN["a read-only root file system"] + GIVEN["a user without a name"]


@pytest.fixture(name="folder")
def _folder() -> Iterator[Path]:
    """Return a project that every user can read."""
    with tempfile.TemporaryDirectory(prefix="lcapp") as name:
        Path(name).chmod(0o755)
        yield shapes.project(Path(name), "npm", SCRIPTS)


@pytest.mark.parametrize("given", GIVEN)
def test_an_application_that_is_given_little_answers(given: str, folder: Path) -> None:
    """The launcher needs no disk, no user and no HOME; natively the request is lost."""

    def stop(job: tuple[Form, str]) -> tuple[int, bool]:
        form, script = job
        argv = GIVEN[given] + cases.wrapped(form, ["npm", "run", script])
        seen = lab.stop_in_flight(argv, cwd=folder, path=shapes.path("npm"), grace=GRACE[form])
        assert "ready" in seen.events, seen
        return seen.told, seen.answered

    jobs = [(form, script) for form in GRACE for script in SCRIPTS]
    with ThreadPoolExecutor(8) as pool:
        seen = dict(zip(jobs, pool.map(stop, jobs), strict=True))
    assert seen == {(form, script): (0, False) if form == "native" else (1, True) for form, script in jobs}


def test_what_is_given_is_little_indeed(folder: Path) -> None:
    """The control of the above: nothing can be written, and the user has no name."""
    argv = [*GIVEN["neither disk nor name"], "/bin/sh", "-c", f"touch {folder}/x || id -un"]
    seen = lab.run(argv, cwd=folder, path=shapes.path("npm"))
    assert seen.code != 0
    assert "Read-only file system" in seen.output


@pytest.mark.parametrize("form", REWRITTEN)
def test_npm_8_switches_to_the_owner_of_the_folder(form: Form, folder: Path) -> None:
    """As root npm 7 and 8 run a script as the owner of its folder, and so does the launcher."""
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, OWNER, OWNER) if not path.is_symlink() else os.lchown(path, OWNER, OWNER)
    native = lab.run(["npm", "start"], cwd=folder, path=shapes.path("npm8"))
    seen = lab.stop_in_flight(cases.wrapped(form, ["npm", "start"]), cwd=folder, path=shapes.path("npm8"))
    assert seen.record["uid"] == native.record["uid"] == OWNER
    assert (seen.told, seen.answered, seen.code) == (1, True, 0)
