"""The one record: what was decided, about what, and why.

Patch, warnings, audit annotations, log, metrics, command line and documentation are all made from it.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from webhook.core.patch import Operations


class Outcome(StrEnum):
    """How a decision ends."""

    PATCHED = "patched"
    """The Pod is changed."""
    SKIPPED = "skipped"
    """Nothing is changed; the reason says whether somebody should act."""
    REFUSED = "refused"
    """A change was wanted but is not safe; the whole Pod is then admitted unchanged."""


class Reason(Enum):
    """Base of every table of reasons: ``NAME = sentence, advice[, warns]``.

    The sentence is a template that the decision fills; it is written nowhere else; the advice answers "what do I do
    now?"; ``warns`` marks a reason that is sent as a warning to the creator of the Pod.
    """

    def __init__(self, sentence: str, advice: str, warns: bool = False) -> None:
        self.sentence = sentence
        self.advice = advice
        self.warns = warns

    @cached_property
    def code(self) -> str:
        """The name in CamelCase, as the Kubernetes API conventions ask of a ``reason``."""
        return "".join(word.capitalize() for word in self.name.split("_"))


class Decision(msgspec.Struct, frozen=True):
    """One mutation's decision about one target."""

    outcome: Outcome
    target: str
    """``pod`` or ``container/<name>``."""
    reason: Reason
    message: str
    """The reason's sentence, filled in."""
    operations: Operations = ()
    """JSON Patch operations (RFC 6902) against the Pod as the mutations before this one left it."""
    undo: Any = None
    """What is needed to undo the operations; kept in the status annotation."""
    mutation: str = ""
    """The mutation's name; set by ``mutate``."""

    @property
    def warns(self) -> bool:
        """Whether the API server sends it as a warning to the creator of the Pod."""
        return self.reason.warns

    def __str__(self) -> str:
        """Return the decision in one line, for audit annotations and logs."""
        return f"{self.outcome} {self.reason.code} {self.target}"


def patched(target: str, reason: Reason, operations: Operations, undo: Any, /, **values: object) -> Decision:
    """Decide to change the target."""
    return Decision(Outcome.PATCHED, target, reason, reason.sentence.format(**values), operations, undo)


def skipped(target: str, reason: Reason, /, **values: object) -> Decision:
    """Decide that there is nothing to do."""
    return Decision(Outcome.SKIPPED, target, reason, reason.sentence.format(**values))


def refused(target: str, reason: Reason, /, **values: object) -> Decision:
    """Decide that the change that is wanted cannot be made safely."""
    return Decision(Outcome.REFUSED, target, reason, reason.sentence.format(**values))


class Problem(msgspec.Struct, frozen=True):
    """A setting that could not be read; the layer below it stayed in force."""

    reason: Reason
    message: str


class Report(msgspec.Struct, frozen=True):
    """All decisions about one Pod, and the Pod before and after."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    operations: Operations
    """The whole patch; empty where the Pod is admitted unchanged."""
    decisions: tuple[Decision, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The strongest outcome: refused, else patched, else skipped."""
        outcomes = {decision.outcome for decision in self.decisions}
        return next((o for o in (Outcome.REFUSED, Outcome.PATCHED) if o in outcomes), Outcome.SKIPPED)
