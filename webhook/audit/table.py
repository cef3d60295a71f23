"""An audit for people: blocks on a terminal, plain lines in a pipe, and the numbers for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from webhook.audit import Harm
from webhook.audit.summary import summarize
from webhook.core.decision import Outcome
from webhook.predict import Harm as Reasons
from webhook.predict import Verdict
from webhook.report import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from webhook.audit import Entry

SHOWN_ON_PAGE = 2000
SIGNS = {
    Harm.BOTH: ("✘✘ both", "bold red"),
    Harm.REQUESTS: ("✘ requests", "red"),
    Harm.CONNECTIONS: ("✘ connections", "red"),
    Harm.UNKNOWN: ("? unknown", "yellow"),
    Harm.NONE: ("✔ safe", "green"),
}
STYLES = {Verdict.LOSES: "red", Verdict.SAFE: "green", Verdict.UNKNOWN: "yellow"}
WORDS = {Verdict.LOSES: "lose requests", Verdict.SAFE: "safe", Verdict.UNKNOWN: "unknown"}
REMEDIES = {Verdict.LOSES: "still loses", Verdict.SAFE: "loses nothing", Verdict.UNKNOWN: "unknown"}
_SHORT = {
    Reasons.SIGNAL_DROPPED: "the package manager does not forward SIGTERM",
    Reasons.SIGNAL_KEPT: "a shell or launcher does not forward SIGTERM",
    Reasons.SIGNAL_CUT: "SIGTERM ends it without a drain",
    Reasons.COMMAND_UNKNOWN: "its command stands in the image only",
    Reasons.PROGRAM_UNKNOWN: "a script or launcher of which nothing is known",
    Reasons.STOP_SIGNAL_UNKNOWN: "its image's STOPSIGNAL is unknown",
    Reasons.ENDS_BEFORE_TRAFFIC: "stops before its endpoint is withdrawn",
    Reasons.KILLED_IN_DRAIN: "killed during its drain",
    Reasons.IGNORES_SIGNAL: "ignores its stop signal",
    Reasons.SIDECAR_ENDS_FIRST: "a sidecar ends first",
    Reasons.HOOK_CUT: "its hook is cut",
    Reasons.HOOK_EATS_GRACE: "its hook takes the whole grace period",
    Reasons.HOOK_FAILED: "its hook fails",
    Reasons.HOOK_NOT_RUN: "its hook is not run",
    Reasons.SIGNAL_HOOK_FAILED: "its signal hook fails",
    Reasons.CAUSE_TOO_SHORT: "the cause is shorter than its grace period",
    Reasons.HOOK_LENGTH_ASSUMED: "hook length assumed",
    Reasons.HELD_BY_SLEEP: "its sleep continues after its exit",
}
SHORT = {reason.code: words for reason, words in _SHORT.items()}
"""Reason -> a few words, for a cell."""


def blocks(entries: Iterable[Entry], width: int, *, live: bool) -> Iterator[Text]:
    """Show a block for each workload: what it loses, each reason with a few words, and what lastcall does."""
    for entry in entries:
        sign, style = SIGNS[entry.harm]
        place = f"Pods with lastcall: {_pods(entry)}" if live else f"{entry.source}:{entry.line}"
        fits = len(sign) + len(entry.title) + len(place) + 4 <= width
        yield Text.assemble((sign, style), "  ", (entry.title, "bold"), (f"  {place}" if fits else "", "dim"))
        if not fits:
            yield Text(f"    {place}", "dim")
        reasons, rest = _why(entry)
        for code in reasons:
            first, *others = render.wrap(f"{code:<18} {SHORT[code]}", 4, width)
            yield Text.assemble("    ", (code, "red" if entry.loses else "yellow"), first[4 + len(code) :])
            yield from map(Text, others)
        yield from map(Text, render.wrap(rest, 4, width))
        yield Text.assemble(
            "    with lastcall: ", (remedy(entry), "dim" if entry.is_outside else STYLES[entry.with_lastcall])
        )


def plain(entry: Entry) -> str:
    """Return an entry as one line of fields separated by tabs."""
    where = f"{entry.source}:{entry.line}" if entry.source else _pods(entry)
    return "\t".join((str(entry.harm), entry.title, where, why(entry), remedy(entry)))


def why(entry: Entry) -> str:
    """Return in a few words what goes wrong, each with its reason, starting with what loses requests."""
    reasons, rest = _why(entry)
    return "; ".join([f"{SHORT[code]} ({code})" for code in reasons] + ([rest] if rest else []))


def _why(entry: Entry) -> tuple[list[str], str]:
    """Return the reasons, starting with those that lose requests, and what else there is to say."""
    lines = sorted((e for e in entry.findings if entry.loses or e.unknown), key=lambda line: not line.loses)
    reasons = list(dict.fromkeys(line.code for line in lines))
    if entry.killed:
        return reasons, f"{entry.killed} exited with 137"
    return reasons, "" if reasons else entry.note or entry.sentence


def remedy(entry: Entry) -> str:
    """Return the verdict with lastcall, and in a few words what lastcall does."""
    words = f"{entry.with_lastcall.symbol} {_remedy(entry)}"
    return f"{entry.opt_in}; if opted in: {words}" if entry.is_outside else words


def _remedy(entry: Entry) -> str:
    if entry.outcome is Outcome.REFUSED:
        return f"refused ({', '.join(entry.reasons)})"
    if entry.outcome is Outcome.SKIPPED and entry.today is Verdict.SAFE:
        return "nothing to do"
    if entry.outcome is Outcome.SKIPPED:
        return f"not changed ({', '.join(entry.reasons)})"
    waits = ", after a rollout" if entry.waits_for_rollout else ""
    return REMEDIES[entry.with_lastcall] + waits


def _pods(entry: Entry) -> str:
    return f"{entry.patched_pods}/{entry.pods}" if entry.pods else "-"


def summary(entries: Sequence[Entry], skipped: int = 0) -> str:
    """Return the audit in one sentence."""
    s = summarize(entries)
    words = [
        f"{s.workloads} workload{'' if s.workloads == 1 else 's'}",
        f"today {_counts(s.today)}",
        f"with lastcall {_counts(s.with_lastcall)}",
    ]
    words += [f"lastcall fixes {s.fixed}"]
    words += [f"{s.refused} refused"] if s.refused else []
    words += [f"{s.killed} containers exited with 137"] if s.killed else []
    words += [f"{skipped} Pods terminating or finished"] if skipped else []
    return "; ".join(words)


def _counts(counts: Mapping[Verdict, int]) -> str:
    words = WORDS | ({Verdict.LOSES: "loses requests"} if counts[Verdict.LOSES] == 1 else {})
    return ", ".join(f"{count} {words[verdict]}" for verdict, count in counts.items())


def for_page(entries: Sequence[Entry], *, live: bool) -> dict[str, Any]:
    """Return what the page shows of an audit: at most ``SHOWN_ON_PAGE`` rows."""
    s = summarize(entries)
    tiles = [
        [s.workloads, "workloads", ""],
        [s.today[Verdict.LOSES], "lose requests", "bad"],
        [s.today[Verdict.UNKNOWN], "unknown", "unsure"],
        [s.today[Verdict.SAFE], "safe", "good"],
        [s.with_lastcall[Verdict.LOSES], "lose requests with lastcall", "bad"],
        [s.with_lastcall[Verdict.UNKNOWN], "unknown with lastcall", "unsure"],
        [s.fixed, "fixed by lastcall", "good"],
    ]
    tiles += (
        [[s.need_rollout, "need a rollout", ""], [s.killed, "exited with 137", ""]]
        if live
        else [[s.refused, "refused", ""]]
    )
    where = "Pods with lastcall" if live else "where"
    columns = ["today", "workload", where, "why", "with lastcall"]
    rows = [
        {
            "cells": [SIGNS[e.harm][0], e.title, _pods(e) if live else f"{e.source}:{e.line}", why(e), remedy(e)],
            "kind": e.today.tone,
            "after": "faint" if e.is_outside else e.with_lastcall.tone,
        }
        for e in entries[:SHOWN_ON_PAGE]
    ]
    more = f"{len(entries) - SHOWN_ON_PAGE} more, less harmful: see -o json" if len(entries) > SHOWN_ON_PAGE else ""
    return {"tiles": tiles, "columns": columns, "rows": rows, "more": more}
