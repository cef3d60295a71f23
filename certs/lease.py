"""One writer at a time: a Lease, held as client-go's leader election holds it.

The holder renews it three times within its duration and trusts it for two thirds of the duration. A candidate measures
on its own clock how long the record has not changed, so clocks need not agree. If the holder is suspended and resumes
after its time, in the middle of a write, the resourceVersion stops that write.
https://pkg.go.dev/k8s.io/client-go/tools/leaderelection
"""

from __future__ import annotations

import time
from datetime import UTC
from typing import TYPE_CHECKING

from certs.store import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable

    from certs.objects import Object
    from certs.store import Store


class Lease:
    """The right to write, for `duration` seconds at a time; not for use by several threads."""

    def __init__(
        self, store: Store, identity: str, duration: float = 15, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.store = store
        self.identity = identity
        self.duration = duration
        self.clock = clock
        self._held_until = float("-inf")
        self._observed: tuple[str, float] = ("", float("-inf"))

    @property
    def held(self) -> bool:
        """Whether this process may write now."""
        return self.clock() < self._held_until

    def hold(self) -> bool:
        """Acquire or renew the Lease if it is free or held by this process; return whether this process may write."""
        asked = self.clock()
        lease = self.store.read("lease")
        spec = (lease or {}).get("spec") or {}
        holder = spec.get("holderIdentity")
        if lease and holder not in {None, "", self.identity} and not self._has_expired(lease, spec, asked):
            self._held_until = float("-inf")
            return False
        try:
            self._write(lease, self.identity)
        except Conflict:
            self._held_until = float("-inf")
            return False
        self._held_until = asked + self.duration * 2 / 3
        return True

    def release(self) -> None:
        """Release the Lease, so that the next writer need not wait until it expires."""
        lease = self.store.read("lease")
        if self.held and lease and lease["spec"].get("holderIdentity") == self.identity:
            self._write(lease, "")
        self._held_until = float("-inf")

    def _has_expired(self, lease: Object, spec: Object, now: float) -> bool:
        """Tell whether the record has not changed for the duration that its holder was granted."""
        version = lease["metadata"]["resourceVersion"]
        if self._observed[0] != version:
            self._observed = (version, now)
        return now - self._observed[1] > float(spec.get("leaseDurationSeconds") or self.duration)

    def _write(self, lease: Object | None, holder: str) -> None:
        spec = (lease or {}).get("spec") or {}
        now = self.store.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        changes = {"holderIdentity": holder, "renewTime": now, "leaseDurationSeconds": max(1, round(self.duration))}
        if spec.get("holderIdentity") != holder:
            changes |= {"acquireTime": now, "leaseTransitions": int(spec.get("leaseTransitions") or 0) + 1}
        self.store.write("lease", (lease or self.store.blank("lease")) | {"spec": spec | changes})
