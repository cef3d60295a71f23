"""What all tests share: every test is a sentence, and nothing is skipped behind anyone's back."""

from __future__ import annotations

import os
import signal

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--update-cases``: write the expectations of tests/cases/ anew, to be read in the diff."""
    parser.addoption("--update-cases", action="store_true", help="write tests/cases/**/expected.* anew")


def pytest_configure() -> None:
    """Heed the signals that whoever started the tests ignores: what the tests start would ignore them, too.

    A shell's background job begins without SIGINT and SIGQUIT, one under nohup without SIGHUP.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Demand of every test a docstring that states the behaviour."""
    silent = {item.nodeid for item in items if not getattr(getattr(item, "obj", None), "__doc__", None)}
    if silent:
        raise pytest.UsageError("tests without a sentence: " + ", ".join(sorted(silent)))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in CI that skipped something: a skip hides."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped") and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line("skipped tests count as failures where CI is set", red=True)
