"""Scripts that nobody wrote: rewritten, they do what they did."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.launcher import cases, lab
from webhook import launcher

WORDS = ["args", "./args", "env A=1 args", "A=1 args", "cd sub", "cd sub && ../args", "export B=2", "exec args"]
WORDS += [
    "true",
    "false",
    ":",
    "echo 'a\\tb'",
    "test -d sub",
    "sh -c 'args x'",
    "B='x y' args",
    "set -e",
    "no-such-command",
]
ARGUMENTS = (
    "",
    "a",
    "'a  b'",
    '"$HOME/x"',
    "$B",
    "${B:-d}",
    "#no",
    "\\;",
    "'&&'",
    '"a;b"',
    "*.none",
    "é",
    "$(echo 1)",
    "`echo 2`",
)
ENDINGS = ("", "", "", " >out", " 2>&1", " </dev/null", " # end", ";", " \\\n more")
JOINS = (" && ", "; ", "\n", " || ", " | ", " & ", " && \\\n ", ";\n")

commands = st.builds(
    lambda word, arguments, ending: " ".join([word, *arguments]) + ending,
    st.sampled_from(WORDS),
    st.lists(st.sampled_from(ARGUMENTS), max_size=3),
    st.sampled_from(ENDINGS),
)
wholes = st.sampled_from(
    ("%s", "%s", "%s", "( %s )", "{ %s; }", "if true; then %s; fi", "for i in 1 2; do %s; done", "! %s")
)
scripts = st.builds(
    lambda whole, first, others: whole % (first + "".join(join + command for join, command in others)),
    wholes,
    commands,
    st.lists(st.tuples(st.sampled_from(JOINS), commands), max_size=3),
)

# Says with which arguments, where, and with which variables it was started.
ARGS = """#!/usr/bin/env node
require("fs").appendFileSync(process.env.SEEN, JSON.stringify(
  [process.argv.slice(2), process.cwd(), process.env.A, process.env.B]) + "\\n");
"""


# A shell says its own name and line before its complaints, and test(1) complains in other words than `test`.
SHELLS_OWN = re.compile(r"^(\S*sh|lastcall|test): ")


def behaviour(form: cases.Form, script: str, shell: str) -> tuple[int, list[str], str]:
    """Run `sh -c SCRIPT` and return exit code, what its programs saw (in any order), and stdout."""
    with tempfile.TemporaryDirectory(prefix="lcfuzz") as name:
        folder = Path(name)
        (folder / "sub").mkdir()
        (folder / "args").write_text(ARGS)
        (folder / "args").chmod(0o755)
        binary = [lab.shell_binary("ash"), "sh"] if shell == "ash" else ["/bin/dash"]
        argv = cases.wrapped(form, ["sh", "-c", script])
        environ = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": "/home/x", "SEEN": str(folder / "seen")}
        (folder / "sh").symlink_to(binary[0])
        done = subprocess.run(
            [*binary, *argv[1:]] if form != "native" else [*binary, "-c", script],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        seen = (folder / "seen").read_text().splitlines() if (folder / "seen").exists() else []
        said = [line for line in done.stdout.decode().splitlines() if not SHELLS_OWN.search(line)]
        return done.returncode, sorted(line.replace(name, "") for line in seen), "\n".join(said)


def check(script: str) -> None:
    for shell in ("dash", "ash"):
        native = behaviour("native", script, shell)
        assert behaviour("init", script, shell) == native, shell


@settings(max_examples=10, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(scripts)
def test_some_scripts_do_what_they_did(script: str) -> None:
    """A script under the launcher starts the same programs with the same arguments, directory, variables and code."""
    check(script)


@pytest.mark.matrix
@pytest.mark.timeout(1800)
@settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(scripts)
def test_many_scripts_do_what_they_did(script: str) -> None:
    """The same, of many more scripts, other ones in every run."""
    check(script)


SCANNER = """
var fs = require("fs"), cp = require("child_process");
eval(fs.readFileSync(process.argv[1], "utf8") + ";globalThis.scan = scan");
var kind = (word) => /^(args|.\\/args|..\\/args|sh|env|true|false|test)$/.test(word) ? (word == "sh" ? 3 : 2) : 0;
console.log(JSON.stringify(JSON.parse(fs.readFileSync(0, "utf8")).map((s) => scan(s, kind) || "")));
"""


def scan(texts: list[str]) -> list[str]:
    """Return what the scanner makes of the scripts; empty where it refuses."""
    source = Path(str(launcher.__file__)).parent / "src/scanner.js"
    done = subprocess.run(
        ["node", "-e", SCANNER, str(source)], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    answers: list[str] = json.loads(done.stdout)
    return answers


def parses(script: str) -> bool:
    return subprocess.run(["/bin/dash", "-n", "-c", script], capture_output=True, check=False).returncode == 0


@settings(max_examples=5, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(scripts | st.text("abc;&|<>()'\"\\$`{}#! \n=é", max_size=30), min_size=20, max_size=20))
def test_what_the_scanner_accepts_stays_grammar(texts: list[str]) -> None:
    """Of the scripts that dash parses the scanner accepts some, and what it makes of them dash parses too."""
    good = [text for text in texts if parses(text)]
    assert [made for made in scan(good) if made and not parses(made)] == []
