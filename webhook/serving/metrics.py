"""Metrics, and the log line of each review."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from webhook import __version__
from webhook.serving.logs import write

if TYPE_CHECKING:
    from webhook.core.decision import Outcome, Reason, Report
    from webhook.core.review import Request
    from webhook.serving.review_key import KeyedRequest

disable_created_metrics()  # type: ignore[no-untyped-call] # they double the number of series

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0)
"""Seconds; a review takes about a millisecond, and the API server waits for five seconds."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What is counted and logged of a report."""

    outcome: Outcome
    decisions: tuple[tuple[str, Outcome, Reason], ...]
    """Mutation, outcome and reason of every decision."""
    problems: tuple[Reason, ...]
    decision_lines: tuple[str, ...]
    """For the log; 64 at most."""
    problem_lines: tuple[str, ...]
    """For the log; 16 at most, of 256 characters."""

    @classmethod
    def of(cls, report: Report) -> Self:
        """Return the summary of a report."""
        return cls(
            report.outcome,
            tuple((d.mutation, d.outcome, d.reason) for d in report.decisions),
            tuple(p.reason for p in report.problems),
            tuple(f"{d.mutation}: {d}" for d in report.decisions[:64]),
            tuple(p.message[:256] for p in report.problems[:16]),
        )


class Telemetry:
    """The counters of one process. Labels are closed sets: mutations, outcomes, reasons, HTTP codes."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter = partial(Counter, registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        self.reviews = counter("lastcall_reviews", "Reviews answered", ["outcome"])
        self.cached = counter("lastcall_cached_answers", "Reviews answered from the cache, as for an equivalent Pod")
        self.decisions = counter("lastcall_decisions", "Decisions made", ["mutation", "outcome", "reason"])
        self.problems = counter("lastcall_setting_problems", "Invalid settings", ["reason"])
        self.errors = counter("lastcall_internal_errors", "Reviews answered without a patch after an internal error")
        self.rejected = counter("lastcall_rejected_requests", "Requests rejected, by HTTP status", ["code"])
        self.stalled = counter("lastcall_stalled_connections", "Connections closed after a deadline")
        self.seconds = Histogram(
            "lastcall_review_duration_seconds", "Time to answer a review", buckets=BUCKETS, registry=self.registry
        )
        self.in_flight = gauge("lastcall_reviews_in_flight", "Reviews being answered")
        self.not_after = gauge("lastcall_certificate_not_after_seconds", "Expiry of the serving certificate, Unix time")
        self.ca_not_after = gauge("lastcall_ca_not_after_seconds", "Earliest expiry of a CA in the bundle, Unix time")
        self.loads = counter("lastcall_certificate_loads", "Certificates loaded")
        self.bundle_mismatch = gauge(
            "lastcall_certificate_bundle_mismatch",
            "1 unless the certificate in use verifies against the current bundle",
        )
        self.reload_errors = counter("lastcall_certificate_reload_errors", "Failed loads of the certificate files")
        self._counts: dict[tuple[str, Outcome, Reason], Counter] = {}
        gauge("lastcall_build_info", "Always 1", ["version"]).labels(__version__).set(1)

    def observe(self, request: Request | KeyedRequest, profile: str, summary: Summary, seconds: float) -> None:
        """Count a review and write its log line."""
        self.seconds.observe(seconds)
        self.reviews.labels(summary.outcome).inc()
        for key in summary.decisions:
            if key not in self._counts:  # the lookup by labels takes a fifth of the time of an answer
                mutation, outcome, reason = key
                self._counts[key] = self.decisions.labels(mutation, outcome, reason.code)
            self._counts[key].inc()
        for reason in summary.problems:
            self.problems.labels(reason.code).inc()
        write("info", "review", fields(request, profile, summary, seconds))

    def exposition(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        return generate_latest(self.registry)


def fields(request: Request | KeyedRequest, profile: str, summary: Summary, seconds: float) -> dict[str, Any]:
    """Return the fields of a review's log line, without anything of the Pod's env, command or args."""
    return {
        "uid": request.uid[:64],
        "namespace": request.namespace[:253],
        "pod": request.pod_name[:253],
        "profile": profile,
        "dry_run": bool(request.dry_run),
        "outcome": summary.outcome,
        "decisions": summary.decision_lines,
        "problems": summary.problem_lines,
        "milliseconds": round(seconds * 1000, 2),
    }
