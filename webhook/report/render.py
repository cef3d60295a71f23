"""A report for people and for programs: table, diff, patch, report."""

from __future__ import annotations

import difflib
from io import StringIO
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from webhook.core.decision import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.core.decision import Report
    from webhook.manifests import Document, Workload

STYLES = {Outcome.PATCHED: "green", Outcome.SKIPPED: "dim", Outcome.REFUSED: "bold red"}


def title(document: Document, workload: Workload) -> str:
    """Return the workload's kind and name, and its place: file and document."""
    return f"{workload.kind} {workload.name} ({document.where})"


def table(heading: str, report: Report) -> Table:
    """Show every decision in a row."""
    result = Table(title=Text(heading), title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for column in ("mutation", "target", "outcome", "reason", "why"):
        result.add_column(column, no_wrap=column in ("mutation", "outcome"), overflow="fold")
    for decision in report.decisions:
        outcome = Text(decision.outcome, STYLES[decision.outcome])
        result.add_row(decision.mutation, Text(decision.target), outcome, decision.reason.code, Text(decision.message))
    for problem in report.problems:
        result.add_row("settings", "pod", Text("ignored", "yellow"), problem.reason.code, Text(problem.message))
    return result


def lines(report: Report) -> Iterator[str]:
    """Return one line for each decision and each problem."""
    for d in report.decisions:
        yield f"{d.outcome:<8} {d.mutation:<13} {d.target}: {d.message} [{d.reason.code}]"
    for problem in report.problems:
        yield f"{'ignored':<8} {'settings':<13} pod: {problem.message} [{problem.reason.code}]"


def diff(heading: str, before: str, after: str) -> str:
    """Return a unified diff of two YAML texts; the launcher's text is named, not shown."""
    names = (f"{heading} as written", f"{heading} as admitted")
    difference = difflib.unified_diff(before.splitlines(), shorten(after).splitlines(), *names, lineterm="")
    return "".join(f"{line}\n" for line in difference)


def file_diff(name: str, before: str, after: str) -> str:
    """Return a unified diff that applies with patch(1); empty if nothing changes."""
    old, new = (list(StringIO(text, newline="\n")) for text in (before, after))
    lines = difflib.unified_diff(old, new, name, name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def shorten(yaml: str) -> str:
    """Replace the launcher's text, a block scalar or one line, by a name."""
    result: list[str] = []
    block = -1
    for line in yaml.splitlines():
        indent = len(line) - len(line.lstrip())
        if block >= 0 and (indent > block or not line.strip()):
            continue
        block = -1
        result.append(line)
        if line.rstrip().endswith(("- |-", "- |")):
            block = indent
            result[-1] = line.rpartition("|")[0] + "<the launcher; `lastcall launcher` prints it>"
    return "\n".join(result)


def as_data(document: Document, workload: Workload, report: Report) -> dict[str, Any]:
    """Return a report as JSON: the decisions, and the patch against the Pod."""
    return {
        "source": document.source,
        "document": document.number,
        "kind": workload.kind,
        "name": workload.name,
        "namespace": workload.namespace,
        "outcome": str(report.outcome),
        "decisions": [
            {
                "mutation": d.mutation,
                "target": d.target,
                "outcome": str(d.outcome),
                "reason": d.reason.code,
                "message": d.message,
            }
            for d in report.decisions
        ],
        "problems": [problem.message for problem in report.problems],
        "patch": list(report.operations),
    }
