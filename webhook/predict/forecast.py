"""A Pod's end before and after lastcall: the mutation and both timelines, for every command that shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from webhook.core import pod
from webhook.core.mutate import decide
from webhook.core.settings import resolve
from webhook.predict import Timeline, Verdict, predict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from webhook.core.decision import Report
    from webhook.core.layers import Layer
    from webhook.predict import Finding, Scenario


@dataclass(frozen=True, slots=True)
class Forecast:
    """What happens to a Pod when it ends, as written and as lastcall would admit it."""

    report: Report
    before: Timeline
    after: Timeline

    @property
    def timelines(self) -> list[tuple[str, Timeline]]:
        """Return the timelines to show, with their headings: one where nothing changes."""
        if not self.report.operations:
            return [("as written; lastcall does not change it", self.before)]
        return [("as written", self.before), ("with lastcall", self.after)]

    @property
    def today(self) -> Verdict:
        """Whether requests are lost as written."""
        return self.before.verdict

    @property
    def with_lastcall(self) -> Verdict:
        """Whether requests are lost as lastcall would admit the Pod."""
        return self.after.verdict

    @property
    def findings(self) -> list[tuple[Finding, bool]]:
        """Return the findings as written, each with whether lastcall fixes it."""
        remaining = {(finding.code, finding.target) for finding in self.after.findings}
        return [(finding, (finding.code, finding.target) not in remaining) for finding in self.before.findings]


def forecast(
    document: Mapping[str, Any], scenario: Scenario, layers: Sequence[Layer] = (), override: Layer | None = None
) -> Forecast:
    """Predict; raise ``Malformed`` or ``Unpredictable`` (both are ValueErrors) if that is not possible.

    The settings are resolved once: the decision and both timelines use the same.
    """
    original = pod.read(document)
    resolved = resolve(layers, original.annotations, override)
    before = predict(original, scenario, resolved)
    report = decide(original, resolved)
    after = predict(pod.read(report.after), scenario, resolved) if report.operations else before
    return Forecast(report, before, after)


def as_data(timeline: Timeline) -> dict[str, Any]:
    """Return a timeline as JSON, with its verdict and events."""
    data: dict[str, Any] = msgspec.to_builtins(timeline)
    more = {"verdict": timeline.verdict, "sentence": timeline.sentence}
    more |= {"events": msgspec.to_builtins(timeline.events)}
    return data | more
