"""Ten years of the controller in the simulated cluster, with faults at given turns."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from certs.state import Certificate, Configuration, Ledger, Phase, Serving
from certs.steps import Step, Wait
from tests.certs.model import CHECK, START, Cluster, Conflict, Controller, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tests.certs.model import Decide

TEN_YEARS = timedelta(days=3653)
TURNS = 20_000
"""More than ten years of any policy take."""


@dataclass(frozen=True)
class Fault:
    """One fault; `share` (0 to 1) says how late in a wait, or how long; `amount` (1 to 4) how many."""

    kind: str
    share: float = 0.5
    amount: int = 1


@dataclass
class History:
    """One controller in one cluster; a second writer writes what was read some turns before."""

    cluster: Cluster
    decide: Decide
    faults: Mapping[int, Fault]
    diary: list[tuple[datetime, Step, str]] = field(default_factory=list)
    late: dict[int, Callable[[], None]] = field(default_factory=dict)
    fit_again: datetime = START
    applied_again: datetime = START

    def live(self) -> Cluster:
        """Simulate ten years, turn by turn; AssertionError if the controller does not become stable."""
        self.controller = Controller(self.cluster, self.decide)
        self.apply()
        for turn in range(TURNS):
            self._turn(turn, self.faults.get(turn))
            if self.cluster.now >= START + TEN_YEARS:
                return self._settle(turn)
        raise AssertionError(f"not ten years in {TURNS} turns; the last: {self.diary[-10:]}")

    def _settle(self, last: int) -> Cluster:
        for turn in range(last + 1, last + 30):
            self._turn(turn, None)
        return self.cluster

    def _turn(self, turn: int, fault: Fault | None) -> None:
        kind = fault.kind if fault else ""
        if self.cluster.read("configuration").value is None and self.cluster.now >= self.applied_again:
            self.apply()
        read = self.controller.read({kind.removeprefix("stale "): fault.amount} if fault else {})
        step = self.controller.choose(read)
        self.diary.append((self.cluster.now, step, kind))
        if isinstance(step, Wait):
            self._sleep(step, fault.share if fault else 1)
        elif kind not in {"crash", "lost write"}:
            self.write(step, read)
        if fault and kind in EFFECTS:
            EFFECTS[kind](self, fault)
            self.cluster.now += CHECK
        if fault and kind == "second writer":
            self.late[turn + fault.amount] = lambda: self.write(step, read)
        if turn in self.late:
            self.late.pop(turn)()
        self.cluster.now += timedelta(seconds=1)

    def write(self, step: Step, read: dict[str, Version]) -> None:
        """Do one write; after a conflict the next turn reads again."""
        with suppress(Conflict):
            self.controller.perform(step, read)

    def _sleep(self, step: Wait, share: float) -> None:
        """Jump ahead: nothing changes before the wait is over, except what the replicas serve."""
        cluster, ledger = self.cluster, self.cluster.read("ledger").value
        left = max(step.until - self.controller.now, timedelta(0))
        if cluster.stuck and ledger.phase in {Phase.SWITCHING, Phase.RETIRING}:
            left = max(left, cluster.stuck.end - cluster.now)
        if cluster.read("configuration").value is None:
            left = min(left, self.applied_again - cluster.now)
        cluster.now += left * share

    def restart(self, fault: Fault) -> None:
        """Replace the process by one without its memory, up to a quarter of a leaf's life later.

        Within one leaf's life only the first outage is that long: certificates expire during a longer one.
        """
        self.controller = Controller(self.cluster, self.decide, self.controller.skew)
        outage = self.cluster.policy.leaf_lifetime / 4 * fault.share
        if self.cluster.now < self.fit_again:
            outage = timedelta(minutes=1) * fault.share
        self.cluster.now += outage
        self.fit_again = max(self.fit_again, self.cluster.now + self.cluster.policy.leaf_lifetime)

    def set_clock(self, fault: Fault) -> None:
        """Set the controller's clock up to four minutes ahead or back."""
        self.controller.skew = timedelta(minutes=8) * (fault.share - 0.5)

    def overwrite_bundle(self, fault: Fault) -> None:
        """Put a foreign CA, nothing, or an earlier state into the configuration."""
        live = self.cluster.read("configuration").value
        if live:
            foreign = self._foreign("CN=somebody")
            earlier = self.cluster.read("configuration", fault.amount).value or live
            bundles = {1: ((foreign,), live.bundles[1]), 2: ((), ()), 3: ((foreign,), (foreign,))}
            broken = replace(live, bundles=bundles.get(fault.amount, earlier.bundles), revision=0)
            self.cluster.write("configuration", broken, excused=True)

    def overwrite_pair(self, fault: Fault) -> None:
        """Put a broken or a foreign pair into the webhook's Secret."""
        serving = self.cluster.read("serving").value
        if serving:
            leaf = self._foreign("CN=somebody's leaf") if fault.amount == 1 else None
            self.cluster.write("serving", replace(serving, leaf=leaf), excused=True)

    def _foreign(self, subject: str) -> Certificate:
        return self.cluster.certificate(subject, TEN_YEARS, self.cluster.now)

    def delete(self, fault: Fault) -> None:
        """Delete a Secret, or the configuration, which is applied again some turns later."""
        name = fault.kind.removeprefix("delete ")
        self.cluster.write(name, None)
        if name == "configuration":
            self.applied_again = self.cluster.now + self.cluster.policy.leaf_lifetime / 4 * fault.share

    def apply(self) -> None:
        """Write the configuration as it is deployed: without a bundle."""
        self.cluster.write("configuration", Configuration(((), ()), 0, timedelta(0)), excused=True)

    def restore(self, fault: Fault) -> None:
        """Restore the CA Secret from a backup some versions old."""
        self.cluster.write("ledger", self.cluster.read("ledger", fault.amount).value)

    def stick(self, fault: Fault) -> None:
        """Cut one replica off from its Secret for up to a quarter of a leaf's life."""
        duration = self.cluster.policy.leaf_lifetime / 4 * fault.share
        self.cluster.stick(duration, visible=fault.kind == "stuck replica")

    def ask(self, fault: Fault) -> None:
        """Request a new CA or leaf, as `rotate` does."""
        name = "ledger" if fault.kind == "rotate ca" else "serving"
        value: Ledger | Serving | None = self.cluster.read(name).value
        if value:
            self.cluster.write(name, replace(value, rotate=True))


def nothing(_history: History, _fault: Fault) -> None:
    """Do nothing: the fault is in the turn itself."""


EFFECTS: dict[str, Callable[[History, Fault], None]] = {
    "crash": History.restart,
    "crash after the write": History.restart,
    "clock step": History.set_clock,
    "overwritten bundle": History.overwrite_bundle,
    "overwritten pair": History.overwrite_pair,
    "delete ledger": History.delete,
    "delete serving": History.delete,
    "delete configuration": History.delete,
    "restored ledger": History.restore,
    "stuck replica": History.stick,
    "unseen replica": History.stick,
    "rotate ca": History.ask,
    "rotate leaf": History.ask,
    "lost write": nothing,
    "stale ledger": nothing,
    "stale serving": nothing,
    "stale configuration": nothing,
    "second writer": nothing,
}
KINDS = tuple(EFFECTS)
