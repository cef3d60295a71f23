"""An audit: for every workload what it loses when it stops, why, and what lastcall would do about it.

An entry is small and holds no part of a manifest, so that 100,000 of them fit into memory.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from webhook.core.decision import Outcome
from webhook.core.mutate import PodReason, mutate
from webhook.core.status import STATUS
from webhook.predict import Verdict
from webhook.predict.forecast import forecast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from webhook.core.layers import Layer
    from webhook.predict import Scenario
    from webhook.predict.forecast import Forecast


class Harm(StrEnum):
    """What a workload loses when it stops, the worst first."""

    BOTH = "both"
    """New connections and in-flight requests are lost."""
    REQUESTS = "requests"
    """In-flight requests are lost."""
    CONNECTIONS = "connections"
    """New connections are lost."""
    UNKNOWN = "unknown"
    """A finding, or the entry's note, names what is missing."""
    NONE = "none"
    """Nothing is lost."""


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
    unknown: bool
    """Whether the verdict depends on what the message names as unknown."""
    line: int = 0
    """The line of the target in the file, from 1 on; 0 without a file."""


class Entry(msgspec.Struct, kw_only=True):
    """A workload and what is predicted for it."""

    kind: str
    namespace: str
    name: str
    source: str = ""
    """The file, or an empty string for a cluster."""
    line: int = 0
    profile: str = ""
    opt_in: str = ""
    """Why the webhook is not called in its namespace; empty for a file, and if it is called or that is not known.

    An installation for the whole cluster calls it without a label, too: then Pods are patched."""
    harm: Harm = Harm.UNKNOWN
    today: Verdict = Verdict.UNKNOWN
    """Whether requests are lost now."""
    with_lastcall: Verdict = Verdict.UNKNOWN
    """Whether requests would be lost if lastcall had admitted the Pods."""
    sentence: str = ""
    """The verdict of today in one sentence."""
    lost_seconds: float = 0
    """How long new connections are lost."""
    findings: tuple[Line, ...] = ()
    outcome: Outcome = Outcome.SKIPPED
    reasons: tuple[str, ...] = ()
    """Codes of what lastcall would do, or why it would not."""
    note: str = ""
    pods: int = 0
    """Running Pods; only a cluster has them."""
    patched_pods: int = 0
    """Running Pods that lastcall has patched."""
    killed: int = 0
    """Containers with exit code 137 (SIGKILL, not out of memory) in the Pods' current and last states."""

    @property
    def title(self) -> str:
        """Name the workload for people."""
        return f"{self.kind} {self.namespace + '/' if self.namespace else ''}{self.name}"

    @property
    def loses(self) -> bool:
        """Whether requests are lost now."""
        return self.today is Verdict.LOSES

    @property
    def fixed(self) -> bool:
        """Whether requests are lost now, and it is known that none are with lastcall."""
        return self.loses and self.with_lastcall is Verdict.SAFE

    @property
    def unknown(self) -> bool:
        """Whether one of the verdicts is unknown."""
        return Verdict.UNKNOWN in (self.today, self.with_lastcall)

    @property
    def is_outside(self) -> bool:
        """Whether lastcall is not called for it: its namespace has not opted in, and none of its Pods is patched."""
        return bool(self.opt_in) and not self.patched_pods

    @property
    def waits_for_rollout(self) -> bool:
        """Whether lastcall would patch Pods that run unpatched."""
        return self.outcome is Outcome.PATCHED and not self.is_outside and self.patched_pods < self.pods

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
    """Write the prediction for the Pod into the entry; ``lines`` is the line of each target in its file."""
    try:
        prediction = forecast(pod, scenario, layers, override)
    except ValueError as error:
        entry.harm, entry.note, entry.sentence = Harm.UNKNOWN, str(error), "unknown"
        entry.today = entry.with_lastcall = Verdict.UNKNOWN
        entry.lost_seconds, entry.findings = 0, ()
        report = mutate(pod, layers, override)
    else:
        report = prediction.report
        entry.harm, entry.sentence = _harm(prediction), sys.intern(prediction.before.sentence)
        entry.today, entry.with_lastcall = prediction.today, prediction.with_lastcall
        entry.lost_seconds, entry.note = prediction.before.lost_seconds, ""
        entry.findings = tuple(_lines(prediction, lines or {}))
    entry.outcome = report.outcome
    codes = (d.reason.code for d in report.decisions if d.outcome is report.outcome)
    entry.reasons = tuple(dict.fromkeys(sys.intern(code) for code in codes if code != PodReason.REFUSED_TOGETHER.code))


def _harm(prediction: Forecast) -> Harm:
    timeline = prediction.before
    if timeline.verdict is not Verdict.LOSES:
        return Harm.NONE if timeline.verdict is Verdict.SAFE else Harm.UNKNOWN
    if not timeline.lost_seconds:
        return Harm.REQUESTS
    only = all(not finding.loses or finding.seconds for finding in timeline.findings)
    return Harm.CONNECTIONS if only else Harm.BOTH


def _lines(prediction: Forecast, lines: Mapping[str, int]) -> Iterable[Line]:
    for f, fixed in prediction.findings:
        message, advice = sys.intern(f.message), sys.intern(f.advice)
        yield Line(f.code, sys.intern(f.target), message, advice, f.loses, fixed, f.unknown, lines.get(f.target, 0))


def is_patched(pod: Mapping[str, Any]) -> bool:
    """Return whether lastcall has patched this Pod."""
    return STATUS in ((pod.get("metadata") or {}).get("annotations") or {})
