"""Servers in several languages under the hook: answered, told once, with their own exit code."""

import shlex
from pathlib import Path

import pytest

from tests.launcher import hook, lab, languages, tools

pytestmark = pytest.mark.matrix


@pytest.mark.parametrize("shell", lab.SHELLS)
@pytest.mark.parametrize("language", languages.LANGUAGES)
def test_a_server_in_any_language_answers(language: str, shell: str, tmp_path: Path) -> None:
    """As the first process it is told by the kubelet alone, below a shell or tini and a shell by the hook."""
    argv = languages.command(language, tmp_path)
    text = ["/bin/sh", "-c", f"{shlex.join(argv)}; exit $?"]
    given = {"cwd": tmp_path, "path": tools.SYSTEM_PATH, "shell": shell}
    early = []
    for started in (argv, text, [tools.program("tini"), "--", *text]):
        ended = hook.stop(started, hook=hook.WATCHED, **given)  # type: ignore[arg-type]
        assert ended.verdict == (1, True, languages.CODE), started
        early.append(len(ended.kills))
    assert early == [0, 1, 1]
    lost = hook.stop(text, hook=(), grace=1, **given)  # type: ignore[arg-type]
    assert not lost.container.answered, "control"
