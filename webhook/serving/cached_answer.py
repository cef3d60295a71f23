"""A cache of answers, so that equivalent Pods need one decision."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeAlias

import msgspec

from webhook.core.review import respond
from webhook.serving.metrics import Summary

if TYPE_CHECKING:
    from webhook.core.decision import Report

CacheKey: TypeAlias = "tuple[str, bytes]"
"""A profile's name and a review key."""
MAX_ANSWERS = 128
"""Answers in the cache; that of an ordinary Pod takes 10 KiB."""
MAX_BYTES = 32 * 1024
"""Of one answer and its key."""
MAX_LINES = 64
"""Of one answer's decisions and problems."""
_UID = b"\0"
"""Placeholder of the uid: no JSON text has this byte (https://www.rfc-editor.org/rfc/rfc8259#section-7)."""


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """The answer to a review without its uid."""

    head: bytes
    """The JSON text before the uid."""
    tail: bytes
    """The JSON text after the uid."""
    summary: Summary
    """What is counted and logged each time the answer is sent."""

    @classmethod
    def of(cls, report: Report) -> Self:
        """Return the answer for a report."""
        head, _, tail = respond(msgspec.Raw(_UID), report).partition(_UID)
        return cls(head, tail, Summary.of(report))

    def write(self, uid: str) -> bytes:
        """Return the body that answers the review with this uid."""
        return b"".join((self.head, msgspec.json.encode(uid), self.tail))


class AnswerCache:
    """A least-recently-used cache of ``MAX_ANSWERS`` answers."""

    def __init__(self) -> None:
        self._answers: OrderedDict[CacheKey, CachedAnswer] = OrderedDict()

    def get(self, key: CacheKey) -> CachedAnswer | None:
        """Return the answer for a key, or None."""
        if key in self._answers:
            self._answers.move_to_end(key)
        return self._answers.get(key)

    def put(self, key: CacheKey, answer: CachedAnswer) -> None:
        """Add an answer, unless it is too large, and drop the least recently used one if the cache is full."""
        lines = len(answer.summary.decisions) + len(answer.summary.problems)
        if len(key[1]) + len(answer.tail) > MAX_BYTES or lines > MAX_LINES:
            return
        self._answers[key] = answer
        if len(self._answers) > MAX_ANSWERS:
            self._answers.popitem(last=False)
