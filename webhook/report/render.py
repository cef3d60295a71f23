"""A report for people and for programs: blocks, lines, diff, patch, report."""

from __future__ import annotations

import difflib
import re
import textwrap
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import Group
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.core.decision import Report
    from webhook.manifests import Document, Workload
    from webhook.predict import Scenario

STYLES = {"patched": "green", "skipped": "dim", "refused": "bold red", "ignored": "yellow"}
"""Outcome, or ``ignored`` for a setting that could not be read -> its style."""
_INDENT = 13
"""Of messages: they begin below the outcome's end."""
_WIDEST = 110
"""Columns."""


def name(workload: Workload) -> str:
    """Return the workload's kind, namespace and name."""
    return f"{workload.kind} {workload.namespace + '/' if workload.namespace else ''}{workload.name}"


def title(document: Document, workload: Workload) -> str:
    """Return the workload's kind and name, and its place: file and document."""
    return f"{name(workload)} ({document.where})"


def blocks(document: Document, workload: Workload, report: Report, width: int) -> Group:
    """Show a workload for a terminal of ``width`` columns: a block for each target, no reason is broken."""
    parts = heading(document, workload, width)
    found = list(_rows(report))
    for target in dict.fromkeys(row.target for row in found):
        parts.append(Text(f"  {target}"))
        for row in found:
            if row.target == target:
                words = ((f"    {row.outcome:<8} ", STYLES[row.outcome]), f"{row.mutation:<13} ", (row.code, "bold"))
                parts += [Text.assemble(*words), *map(Text, wrap(row.message, _INDENT, width))]
    return Group(*parts)


def heading(document: Document, workload: Workload, width: int) -> list[Text]:
    """Name the workload and its place, on two lines where one is too narrow."""
    title, place = (name(workload), "bold"), (f"  {document.where}", "dim")
    both = Text.assemble(title, place)
    return [both] if len(both) <= width else [Text(*title), Text(*place)]


def plain(document: Document, workload: Workload, report: Report) -> Iterator[str]:
    """Return a line for each decision and each problem: fields separated by tabs."""
    for row in _rows(report):
        fields = (row.outcome, row.code, name(workload), row.target, row.mutation, row.message, document.where)
        yield "\t".join("".join(c if c.isprintable() else " " for c in field) for field in fields)


def wrap(text: str, indent: int, width: int) -> list[str]:
    """Break a text between words into lines of at most ``width`` columns, each with the indentation."""
    margin = " " * indent
    lines = textwrap.wrap(
        re.sub(r"(\d) s\b", "\\1\N{NO-BREAK SPACE}s", text),
        max(min(width, _WIDEST), 2 * indent + 20),
        initial_indent=margin,
        subsequent_indent=margin,
        break_on_hyphens=False,
    )
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


class _Row(NamedTuple):
    """A decision or a problem, as it is shown."""

    outcome: str
    mutation: str
    target: str
    code: str
    message: str


def _rows(report: Report) -> Iterator[_Row]:
    for d in report.decisions:
        yield _Row(str(d.outcome), d.mutation, d.target, d.reason.code, d.message)
    for problem in report.problems:
        yield _Row("ignored", "settings", "pod", problem.reason.code, problem.message)


def lines(report: Report) -> Iterator[str]:
    """Return one line for each decision and each problem."""
    for row in _rows(report):
        yield f"{row.outcome:<8} {row.mutation:<13} {row.target}: {row.message} [{row.code}]"


def assumptions(scenario: Scenario) -> str:
    """Return in one line what a prediction assumes."""
    limit = "" if scenario.cause_seconds is None else f" ({scenario.cause_seconds} s)"
    major, minor = scenario.kubelet
    return (
        f"{scenario.cause}{limit}, kubelet {major}.{minor}; assumed: endpoint withdrawn after "
        f"{scenario.propagation:g} s, drain {scenario.drain:g} s unless set"
    )


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
