"""Everything about a run that a rewritten command has to do as the package manager does it."""

import re
import shlex
from pathlib import Path
from typing import Any

from tests.launcher import cases, lab, shapes
from tests.launcher.cases import Form


def normal(text: str) -> str:
    """Replace what is made up anew in every run."""
    text = re.sub(r"/tmp/lc[\w-]+", "RUN", text)
    return re.sub(r"(yarn--|xfs-|pnpm-|_npx/)[\w.-]+", r"\1X", text)


def observe(form: Form, line: str, manager: str, shell: str, top: Path) -> dict[str, Any]:
    """Run a form and return everything that has to be the same."""
    words = shlex.split(line)
    folder = top / words.pop(0)[1:] if words[0].startswith("@") else top
    options = {"cwd": folder, "path": shapes.path(manager), "shell": shell, "stdin": "some input\n"}
    seen = lab.run(
        cases.wrapped(form, words), env={"my_var": "a b'c\"d$e\nf", "NODE_OPTIONS": "--no-warnings"}, **options
    )
    found: dict[str, Any] = {"events": seen.events}
    if seen.record:
        found |= {key: seen.record[key] for key in ("argv", "cwd", "execArgv")}
        found |= {f"${name}": normal(value) for name, value in seen.record["env"].items()}
    else:
        found |= {"code": seen.code, "output": re.sub(r"\d+(\.\d+)?", "N", normal(seen.output))}
    return found
