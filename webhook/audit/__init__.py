"""A fleet: for every workload what it loses when it ends, why, and what lastcall would do about it.

An entry is small and holds no part of a manifest, so that 100,000 of them fit where one manifest is read at a time.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from webhook.core.decision import Outcome
from webhook.core.mutate import PodReason, mutate
from webhook.core.status import STATUS
from webhook.predict.forecast import forecast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from webhook.core.layers import Layer
    from webhook.predict import Scenario
    from webhook.predict.forecast import Forecast


class Harm(StrEnum):
    """How bad a workload's end is, the worst first."""

    BOTH = "both"
    """New connections and requests under way are lost."""
    REQUESTS = "requests"
    """Requests under way are cut."""
    CONNECTIONS = "connections"
    """New connections meet a dead address."""
    NONE = "none"
    """Nothing is lost."""
    UNKNOWN = "unknown"
    """It cannot be told; the entry's note says why."""


ORDER = list(Harm)


class Line(msgspec.Struct, frozen=True):
    """One thing that goes wrong."""

    code: str
    target: str
    message: str
    advice: str
    loses: bool
    fixed: bool
    """Whether lastcall fixes it."""
    line: int = 0
    """Where in the file the target stands; 0 where there is none."""


class Entry(msgspec.Struct, kw_only=True):
    """A workload, judged."""

    kind: str
    namespace: str
    name: str
    source: str = ""
    """The file, or an empty string for a cluster."""
    line: int = 0
    profile: str = ""
    harm: Harm = Harm.UNKNOWN
    verdict: str = ""
    lost_seconds: float = 0
    findings: tuple[Line, ...] = ()
    outcome: Outcome = Outcome.SKIPPED
    reasons: tuple[str, ...] = ()
    """Codes of what lastcall would do, or why it would not."""
    fixed: bool = False
    """Whether requests are lost as things are, and none with lastcall."""
    note: str = ""
    pods: int = 0
    """Running Pods; only a cluster has them."""
    patched_pods: int = 0
    """Running Pods that lastcall has changed already."""
    killed: int = 0
    """Containers that ended with 137 (SIGKILL, not out of memory), as far as the cluster remembers."""

    @property
    def title(self) -> str:
        """Name the workload for people."""
        return f"{self.kind} {self.namespace + '/' if self.namespace else ''}{self.name}"

    @property
    def loses(self) -> bool:
        """Whether requests are lost as things are."""
        return self.harm in (Harm.BOTH, Harm.REQUESTS, Harm.CONNECTIONS)

    @property
    def rank(self) -> tuple[Any, ...]:
        """Sort by harm, the worst first."""
        return (ORDER.index(self.harm), -self.lost_seconds, -self.pods, self.namespace, self.kind, self.name)


def judge(
    entry: Entry,
    pod: Mapping[str, Any],
    scenario: Scenario,
    layers: Sequence[Layer],
    lines: Mapping[str, int] | None = None,
    override: Layer | None = None,
) -> None:
    """Fill in what happens to the Pod; ``lines`` says where in its file each target stands."""
    try:
        found = forecast(pod, scenario, layers, override)
    except ValueError as error:
        entry.harm, entry.note, entry.verdict = Harm.UNKNOWN, str(error), "cannot be told"
        entry.lost_seconds, entry.fixed, entry.findings = 0, False, ()
        report = mutate(pod, layers, override)
    else:
        report = found.report
        entry.harm, entry.verdict = _harm(found), sys.intern(found.before.verdict)
        entry.lost_seconds, entry.note = found.before.lost_seconds, ""
        entry.fixed = found.fixed
        entry.findings = tuple(_lines(found, lines or {}))
    entry.outcome = report.outcome
    codes = (d.reason.code for d in report.decisions if d.outcome is report.outcome)
    entry.reasons = tuple(dict.fromkeys(sys.intern(code) for code in codes if code != PodReason.REFUSED_TOGETHER.code))


def _harm(found: Forecast) -> Harm:
    timeline = found.before
    if not timeline.loses:
        return Harm.NONE
    if not timeline.lost_seconds:
        return Harm.REQUESTS
    only = all(not finding.loses or finding.seconds for finding in timeline.findings)
    return Harm.CONNECTIONS if only else Harm.BOTH


def _lines(found: Forecast, lines: Mapping[str, int]) -> Iterable[Line]:
    for f, fixed in found.findings:
        message, advice = sys.intern(f.message), sys.intern(f.advice)
        yield Line(f.code, sys.intern(f.target), message, advice, f.loses, fixed, lines.get(f.target, 0))


def is_patched(pod: Mapping[str, Any]) -> bool:
    """Tell whether lastcall has changed this Pod."""
    return STATUS in ((pod.get("metadata") or {}).get("annotations") or {})


class Summary(msgspec.Struct, frozen=True):
    """The fleet in numbers."""

    workloads: int
    losing: int
    fixed: int
    """... of which lose nothing with lastcall."""
    refused: int
    unknown: int
    need_rollout: int
    """Workloads that would gain from lastcall and whose running Pods do not have it yet."""
    killed: int


def summarize(entries: Sequence[Entry]) -> Summary:
    """Count."""
    return Summary(
        workloads=len(entries),
        losing=sum(e.loses for e in entries),
        fixed=sum(e.fixed for e in entries),
        refused=sum(e.outcome is Outcome.REFUSED for e in entries),
        unknown=sum(e.harm is Harm.UNKNOWN for e in entries),
        need_rollout=sum(e.outcome is Outcome.PATCHED and e.patched_pods < e.pods for e in entries),
        killed=sum(e.killed for e in entries),
    )
