"""The mutations, in order. A new one is a module beside these and a line in ``MUTATIONS``.

A mutation is a name, its reasons, and a function from a Pod and the settings in force to decisions. It sees the Pod as
the mutations before it left it, never changes it, and makes one decision per target.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook.core.mutations import entrypoint, grace_period, pre_stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from webhook.core.decision import Decision, Reason
    from webhook.core.pod import Pod
    from webhook.core.settings import Resolved


@dataclass(frozen=True, slots=True)
class Mutation:
    """One kind of change to a Pod."""

    name: str
    reasons: type[Reason]
    decide: Callable[[Pod, Resolved], Iterator[Decision]]


MUTATIONS = (
    # first: which process receives SIGTERM
    Mutation("entrypoint", entrypoint.Entrypoint, entrypoint.decide),
    # then: SIGTERM waits until the endpoint is withdrawn
    Mutation("pre-stop", pre_stop.PreStop, pre_stop.decide),
    # last: room for the hook and for the process's own shutdown
    Mutation("grace-period", grace_period.GracePeriod, grace_period.decide),
)
