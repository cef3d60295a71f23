"""Where in a container's argv the launcher goes, and where it does not."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.core.argv import NoStart, Start, find_start
from webhook.launcher import MODES, wrap

# Sentence: the argv, its words separated by blanks, with ^ where the launcher goes.
LAUNCHED = {
    "npm is a start": "^npm start",
    "a script of any name is one": "^npm run start:prod",
    "an absolute path is the same program": "^/usr/local/bin/npm start",
    "a path with a variable in its directory is, too": "^$(NODE_HOME)/bin/npm start",
    "npm's aliases of run are known": "^npm rum worker",
    "npm's flag with a value is not the command": "^npm --prefix d start",
    "npm's short flag with a value is not the command": "^npm -C d run x",
    "a workspace is not the command": "^npm -w a start",
    "npm's flags without a value take none": "^npm -s --if-present run x",
    "two dashes end npm's flags": "^npm -- start",
    "arguments for the script do not matter": "^npm start -- --port 3000 install",
    "a script's name may be a variable": "^npm run $(SCRIPT)",
    "a flag's value may be a variable": "^npm --prefix $(DIR) start",
    "npm exec is a start": "^npm exec -- serve",
    "npx is a start, whatever it runs": "^npx prisma migrate deploy",
    "yarn starts a script": "^yarn start",
    "yarn starts a script of any name": "^yarn worker:prod",
    "yarn's flags may come first": "^yarn --silent --cwd d serve",
    "yarn starts a workspace's script": "^yarn workspace api start",
    "yarn starts the scripts of all workspaces": "^yarn workspaces foreach -A run start",
    "yarn node and yarn exec are starts": "^yarn node server.js",
    "what may be Hadoop's or a script is left to the launcher": "^yarn queue",
    "a yarn release in the project is yarn": "^node .yarn/releases/yarn-4.1.0.cjs start",
    "pnpm starts a script": "^pnpm start",
    "pnpm's filter is not the command": "^pnpm --filter api -r dev",
    "pnpm's directory is not the command": "^pnpm -C d run x",
    "pnpm runs recursively": "^pnpm recursive run start",
    "pnpx is a start": "^pnpx serve",
    "corepack starts a package manager": "^corepack yarn start",
    "corepack starts a version of one": "^corepack npm@10 run start",
    "node with npm's own file is npm": "^node /usr/lib/node_modules/npm/bin/npm-cli.js start",
    "node's options come before the file": "^node --max-old-space-size=9 -r ./trace.js -- /opt/yarn.js start",
    "npm's own file runs without node": "^/usr/lib/node_modules/npm/bin/npm-cli.js start",
    "the official image's entrypoint is seen through": "docker-entrypoint.sh ^npm start",
    "the official image's entrypoint has a path": "/usr/local/bin/docker-entrypoint.sh ^yarn start",
    "tini is seen through": "tini -- ^npm start",
    "tini's options are known": "/sbin/tini -s -g -p SIGTERM -vv -e143 ^npm start",
    "a cluster of options ends with one that takes the next word": "tini -gp SIGTERM -- ^npm start",
    "dumb-init is seen through": "dumb-init ^npm start",
    "dumb-init's options are known": "dumb-init -c --rewrite 15:2 -r 1:15 --rewrite=2:3 -v -- ^npm start",
    "catatonit is seen through": "catatonit -g -- ^npm start",
    "su-exec and gosu have a user in front": "su-exec node:node gosu node ^npm start",
    "setpriv's options are known": "setpriv --reuid 1000 --regid=1000 --clear-groups ^npm start",
    "env's variables are no programs": "env -i A=b PATH=$(P) ^npm start",
    "env unsets and changes directories": "/usr/bin/env -u A -uB --unset=C --chdir d ^npm start",
    "nice, nohup, ionice and stdbuf are seen through": "nice -n 5 nohup ionice -c2 -n 7 stdbuf -oL -e 0 ^npm start",
    "wrappers stack up": "docker-entrypoint.sh tini -- su-exec node env A=b ^npm start",
    "a variable before the program does not matter": "su-exec $(USER) ^npm start",
}
# Sentence: the argv; only supervised, as a whole.
SUPERVISED = {
    "an unknown entrypoint may look at what it starts": "./entrypoint.sh npm start",
    "a docker-entrypoint.sh of the application is unknown": "/app/docker-entrypoint.sh npm start",
    "an unknown wrapper may have arguments of its own": "dockerize -wait tcp://db:5432 npm start",
    "an unknown wrapper may stand behind a known one": "tini -- ./wait-for-it.sh db:5432 -- yarn start",
    "a script given to a shell is an unknown wrapper": "bash -e ./entrypoint.sh npm start",
    "a wrapper's unknown option may have a value": "tini -x y npm start",
    "what npm does is in a variable": "npm $(COMMAND)",
    "what yarn does is in a variable": "yarn --cwd d $(SCRIPT)",
    "what corepack's npm does is in a variable": "corepack npm@10 $(COMMAND)",
    "npm knows abbreviations": "npm rest",
    "a flag unknown to us may have a value": "npm --fetch-retries 3 start",
    "nobody nests so deep": "corepack corepack corepack npm start",
    "runuser stays in front of what it starts": "runuser -u node -- npm start",
    "an unknown wrapper may start a shell": "./entrypoint.sh node_or sh -c npm\tstart",
    "busybox is an unknown wrapper": "busybox sh -c npm\tstart",
    "su runs a string": "su node -s /bin/sh -c npm\tstart",
    "su with a program behind it is an unknown wrapper": "su node npm start",
}
NOT_LAUNCHED = {
    NoStart.NO_PACKAGE_MANAGER: {
        "nothing is started": "",
        "another program is started": "nginx -g npm",
        "node starts a file": "node server.js npm start",
        "node reads a program from its arguments": "node -e npm start",
        "node has options only": "node --inspect",
        "a wrapper stands alone": "tini --",
        "a wrapper lacks its program": "su-exec node",
        "a word in an argument is no program": "echo npm start",
        "a process manager looks after what it starts": "pm2-runtime start npm -- start",
        "a program's name only begins like a package manager's": "npm-check start",
        "a shell runs a script": "sh ./start.sh",
        "a shell has no string": "sh -c",
        "su starts a login shell": "su - node",
        "a variable in an argument is no program": "./server $(MODE)",
    },
    NoStart.ONE_SHOT: {
        "npm installs": "npm ci",
        "npm installs with a flag's value in front": "npm --prefix d i",
        "npm's typos are npm's commands": "npm isntall",
        "npm tests": "npm tst",
        "npm prints its usage": "npm --version",
        "yarn alone installs": "yarn",
        "yarn takes the next word for the value of --production": "yarn --production start",
        "yarn installs in a workspace": "yarn workspace api add left-pad",
        "yarn lists workspaces": "yarn workspaces list",
        "pnpm installs": "pnpm --filter api i",
        "corepack prepares": "corepack enable",
        "corepack's npm installs": "corepack npm@10 ci",
        "npm installs behind a wrapper": "docker-entrypoint.sh npm ci",
        "npm installs behind an unknown wrapper": "./entrypoint.sh npm ci",
        "only the value of a flag stands behind": "npm --prefix",
    },
    NoStart.NOT_NODE: {
        "Hadoop's daemons are no scripts": "yarn resourcemanager",
        "Hadoop's flags are not yarn's": "yarn --config /etc/hadoop nodemanager",
        "Hadoop's tools are no scripts": "yarn jar app.jar",
        "Hadoop's directory names it": "/opt/hadoop/bin/yarn app",
    },
    NoStart.UNCERTAIN: {
        "the program is a variable": "$(PROGRAM) start",
        "the program behind a wrapper is a variable": "tini -- $(PROGRAM) npm start",
        "env splits a string": "env -S npm start",
        "env splits a string among other options": "env -iS npm start",
        "env splits a long option's string": "env --split-string=npm start",
    },
    NoStart.BUN: {
        "bun is left alone": "bun run start",
        "bunx is left alone": "bunx serve",
    },
}
# Sentence: the string of sh -c, in front of which the launcher goes.
STRINGS_LAUNCHED = {
    "one command": "npm start",
    "exec": "exec yarn start",
    "the last of a list": "cd /app && exec npm run serve -- --port 1",
    "behind an installation": "npm install && npm start",
    "in front of another program": "npm run migrate; node server.js",
    "an installation in front of another program": "npm ci --omit=dev && node server.js",
    "an installation in front of exec": "npm ci && exec node server.js",
    "an installation in front of something that lasts": "npm install; sleep infinity",
    "behind a sourced file": '. "$HOME/.nvm/nvm.sh" && nvm use 18 && npm start',
    "behind a wait": "/wait && npm start",
    "with variables in front": 'NODE_ENV=production A="b c" npm start',
    "with redirections": "2>&1 npm start >log",
    "in the background": "npm start & wait",
    "into a pipe": "npm start | tee log",
    "in a subshell": "(cd app; npm start)",
    "in a group": "{ npm start; }",
    "in a branch": "if [ -f x ]; then npm start; else exit 1; fi",
    "in a loop": "while ! npm run ready; do sleep 1; done",
    "in a case": "case $1 in web) npm start;; esac",
    "in a function": "main() { npm start; }; main",
    "negated": "! npm start",
    "on a line of its own": "set -e\nnpm run migrate\n\nexec npm start\n",
    "over two lines": "npm \\\n  start",
    "with a line's end within the word": "np\\\nm start",
    "in quotes": "\"npm\" 'start'",
    "with an escaped letter": "\\npm start",
    "behind wrappers": "exec su-exec node env A=b nohup npm start",
    "behind an unknown program and known ones": "./a.sh npm start; npm start",
    "in a string of its own": 'sh -c "cd x && npm start"',
    "in eval": 'eval "exec npm start"',
    "with a substitution in an argument": "npm start -- $(cat args) `cat more`",
    "behind a substitution": "export A=$(npm root) B=${C:-3} D=$((1+2)); npm start",
    "with an unfinished quote": "npm start 'x",
    "behind nested quotes": 'cd "$(dirname "$0")" && npm start',
    "near a here-document": "cat >x <<END\nEND\nnpm start",
    "with bash's redirection": "npm start &>log",
    "deep in strings": "eval eval eval eval eval npm start",
}
STRINGS_SUPERVISED = {
    "behind an unknown program": "exec ./entrypoint.sh npm start",
    "a command in a variable": "npm $COMMAND",
    "a command in a substitution": "yarn `cat command`",
}
STRINGS_NOT_LAUNCHED = {
    NoStart.NO_PACKAGE_MANAGER: {
        "another program": "node server.js",
        "an argument": "echo npm start",
        "an argument in quotes": "node 'npm start'",
        "a comment": "# npm start\nnode server.js # && npm start",
        "a redirection's file": "node server.js > npm start",
        "a variable's value": "A=npm",
        "a substitution": "export PATH=$(npm bin):$PATH; node server.js",
        "a program of the project's, found by npm": "$(npm bin)/next start",
        "a longer word": "npm-start",
        "nothing": "",
        "unclear, and no package manager": "node 'x",
        "words of a loop": "for x in npm start; do node $x; done",
    },
    NoStart.ONE_SHOT: {
        "an installation": "npm ci",
        "an installation somewhere": "cd /app && npm ci && echo done",
        "a test": "exec npm test",
    },
    NoStart.UNCERTAIN: {
        "a program in a variable": "cd /app && exec $COMMAND",
        "a program in a substitution": "`cat command` start",
        "a program of the kubelet's": "$(COMMAND)",
        "a trap of its own": "trap 'kill $child' TERM; npm start & child=$!; wait",
        "a trap of its own, unclear": "trap \"kill $(cat 'pid')\" TERM; npm start & wait",
    },
    NoStart.NOT_NODE: {"Hadoop": "exec yarn nodemanager"},
    NoStart.BUN: {"bun": "cd /app && bun start"},
}
# Sentence: the argv with a shell; NPM is its string.
SHELLS = {
    "a path": "/bin/bash -c NPM",
    "a login shell": "bash -lc NPM",
    "options together": "sh -ec NPM",
    "options apart": "ash -e -c NPM",
    "options behind -c": "dash -c -e NPM",
    "options that end": "sh -c -- NPM",
    "options with a value": "bash -euxo pipefail -O extglob -c NPM",
    "long options": "bash --login --rcfile f --noprofile -c NPM",
    "options that switch off": "zsh +x -c NPM",
    "arguments of its own": "sh -c NPM sh x",
}


def cases(table: dict[str, str]) -> Iterable[Any]:
    """One parameter set for each sentence."""
    return [pytest.param(value, id=sentence) for sentence, value in table.items()]


def flat(table: dict[NoStart, dict[str, str]]) -> Iterable[Any]:
    """One parameter set for each sentence of each reason."""
    return [
        pytest.param(value, reason, id=sentence) for reason, rows in table.items() for sentence, value in rows.items()
    ]


def split(line: str) -> list[str]:
    """Return the words of a row; a tab stands for a blank in a word."""
    return [word.replace("\t", " ") for word in line.split(" ") if word]


@pytest.mark.parametrize("line", cases(LAUNCHED))
def test_the_launcher_goes_in_front_of_the_package_manager(line: str) -> None:
    """Behind the wrappers, in front of npm, yarn, pnpm or their shell."""
    at = next(index for index, word in enumerate(split(line)) if word.startswith("^"))
    start = find_start(split(line.replace("^", "")))
    assert isinstance(start, Start)
    assert (start.at, start.supervise) == (at, False)


@pytest.mark.parametrize(
    ("line", "tool"),
    [
        ("node /x/npm-cli.js start", "npm"),
        ("yarnpkg start", "yarn"),
        ("corepack pnpm start", "corepack"),
        ("./entrypoint.sh pnpm start", "pnpm"),
        ("/bin/bash -c npx\tserve", "bash"),
    ],
)
def test_the_tool_is_named(line: str, tool: str) -> None:
    """A start names the package manager, or the shell that starts it."""
    start = find_start(split(line))
    assert isinstance(start, Start)
    assert start.tool == tool


@pytest.mark.parametrize("line", cases(SUPERVISED))
def test_what_is_not_known_is_supervised_as_a_whole(line: str) -> None:
    """In doubt about what lies in front, or what is started, the whole argv stays as it is."""
    start = find_start(split(line))
    assert isinstance(start, Start)
    assert (start.at, start.supervise) == (0, True)


@pytest.mark.parametrize(("line", "reason"), flat(NOT_LAUNCHED))
def test_nothing_is_launched(line: str, reason: NoStart) -> None:
    """No start, and the reason for it."""
    assert find_start(split(line)) is reason


@pytest.mark.parametrize("text", cases(STRINGS_LAUNCHED))
def test_the_launcher_goes_in_front_of_the_shell(text: str) -> None:
    """A package manager in command position in a shell's string is a start."""
    assert find_start(["tini", "--", "sh", "-c", text]) == Start(2, "sh")


@pytest.mark.parametrize("text", cases(STRINGS_SUPERVISED))
def test_what_a_string_starts_is_supervised_in_doubt(text: str) -> None:
    """Where every start in a string is in doubt, so is the string."""
    assert find_start(["tini", "--", "sh", "-c", text]) == Start(0, "sh", supervise=True)


@pytest.mark.parametrize(("text", "reason"), flat(STRINGS_NOT_LAUNCHED))
def test_nothing_is_launched_in_front_of_the_shell(text: str, reason: NoStart) -> None:
    """A package manager elsewhere than in command position, or one that is over soon, is no start."""
    assert find_start(["sh", "-c", text]) is reason


@pytest.mark.parametrize("line", cases(SHELLS))
def test_a_shells_string_is_found(line: str) -> None:
    """The string is the first operand if there is a -c among the options."""
    start = find_start(["npm start" if word == "NPM" else word for word in split(line)])
    assert isinstance(start, Start)
    assert not start.supervise


def test_a_string_may_start_its_own_arguments() -> None:
    """What stands behind sh -c 'exec "$@"' is started by something unknown: the string."""
    argv = ["sh", "-c", '. /env && exec "$@"', "--", "npm", "start"]
    assert find_start(argv) == Start(0, "npm", supervise=True)


WORDS = st.sampled_from(
    sorted(
        {word.lstrip("^") for line in (*LAUNCHED.values(), *SUPERVISED.values()) for word in split(line)}
        | {word for rows in NOT_LAUNCHED.values() for line in rows.values() for word in split(line)}
        | set(STRINGS_LAUNCHED.values())
        | {"", "-", "--", "-c", "+x", "eval", "exec", "/bin/sh", "lastcall", "npm", "=", "command"}
    )
)
ARGV = st.lists(WORDS | st.text(), max_size=12)


@given(ARGV)
def test_any_argv_has_an_answer(argv: list[str]) -> None:
    """Never an exception; a start is in range, and a program that can be launched stands there."""
    start = find_start(argv)
    if isinstance(start, Start):
        assert 0 <= start.at < len(argv)
        assert not (start.supervise and start.at)
        assert start.tool in {"npm", "npx", "yarn", "pnpm", "pnpx", "corepack"} | {
            "sh", "ash", "bash", "dash", "ksh", "zsh",
        }  # fmt: skip


@given(ARGV, st.sampled_from(MODES))
def test_what_was_launched_is_not_launched_again(argv: list[str], mode: Any) -> None:
    """With the launcher in front of the start, the answer is that it is there."""
    start = find_start(argv)
    if isinstance(start, Start):
        launched = [*argv[: start.at], *wrap(mode, argv[start.at :])]
        assert find_start(launched) is NoStart.ALREADY_LAUNCHED


@given(ARGV)
def test_a_wrapper_in_front_moves_the_start(argv: list[str]) -> None:
    """Behind an exec-style wrapper the answer is the same, one wrapper later."""
    start = find_start(argv)
    behind = find_start(["env", "A=b", "tini", "--", *argv])
    if isinstance(start, Start) and not start.supervise and "=" not in argv[0]:
        assert behind == Start(start.at + 4, start.tool)


@given(ARGV)
def test_arguments_of_a_script_do_not_matter(arguments: list[str]) -> None:
    """Whatever stands behind npm run x, it is npm's."""
    expected = {Start(0, "npm"), NoStart.ALREADY_LAUNCHED}
    assert find_start(["npm", "run", "x", *arguments]) in expected
