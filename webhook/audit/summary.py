"""The audit in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from webhook.core.decision import Outcome
from webhook.predict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from webhook.audit import Entry


class Summary(msgspec.Struct, frozen=True):
    """The audit in numbers."""

    workloads: int
    today: dict[Verdict, int]
    """Workloads by verdict."""
    with_lastcall: dict[Verdict, int]
    """The same, as lastcall would admit them."""
    fixed: int
    """Workloads that lose requests today and are safe with lastcall."""
    refused: int
    need_rollout: int
    """Workloads that lastcall would patch, with running Pods that it has not patched."""
    killed: int


def _count(verdicts: Iterable[Verdict]) -> dict[Verdict, int]:
    found = list(verdicts)
    return {verdict: found.count(verdict) for verdict in Verdict}


def summarize(entries: Sequence[Entry]) -> Summary:
    """Count the entries."""
    return Summary(
        workloads=len(entries),
        today=_count(e.today for e in entries),
        with_lastcall=_count(e.with_lastcall for e in entries),
        fixed=sum(e.fixed for e in entries),
        refused=sum(e.outcome is Outcome.REFUSED for e in entries),
        need_rollout=sum(e.waits_for_rollout for e in entries),
        killed=sum(e.killed for e in entries),
    )
