"""The whole flow: the gate, then each mutation in order, then the check of the result.

``mutate`` is pure: any replica, the command line and the tests give the same answer to the same Pod.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from webhook.core.decision import Outcome, Reason, Report, refused, skipped
from webhook.core.mutations import MUTATIONS
from webhook.core.patch import apply
from webhook.core.pod import Malformed, read
from webhook.core.rules import violations
from webhook.core.settings import INJECT, SettingsReason, resolve
from webhook.core.status import STATUS, record, with_recorded, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from webhook.core.decision import Decision
    from webhook.core.layers import Layer
    from webhook.core.patch import Operations
    from webhook.core.pod import Pod
    from webhook.core.settings import Resolved

MIRROR = "kubernetes.io/config.mirror"
KNATIVE = "serving.knative.dev/revision"
"""Label of every Pod that Knative Serving makes."""


class PodReason(Reason):
    """Why a whole Pod is admitted unchanged."""

    NOT_A_POD_CREATE = (
        "only the creation of a Pod is handled, not {what}",
        "Nothing to do: the fields that lastcall sets cannot change in an existing Pod.",
    )
    MALFORMED = (
        "cannot be read: {problem}",
        "Correct the manifest; the API server will say the same.",
    )
    OPTED_OUT = (
        "opted out by its {kind} {key}: disabled",
        f"Remove {INJECT} from the Pod template to opt in again.",
    )
    MIRROR_POD = (
        "is the mirror of a static Pod: the kubelet runs the file on the node",
        "Set preStop and terminationGracePeriodSeconds in the static Pod's file.",
    )
    OWNED_BY_JOB = (
        "belongs to a Job: it ends by itself and serves no traffic",
        "Nothing to do.",
    )
    OWNED_BY_DAEMON_SET = (
        "belongs to a DaemonSet: one Pod a node, updated one after the other, so a sleep would slow every update",
        "Set a preStop hook in the DaemonSet itself if its Pods serve traffic.",
    )
    KNATIVE_REVISION = (
        "belongs to a Knative Revision: its queue-proxy drains the requests itself and must receive SIGTERM at once",
        "Nothing to do: a preStop sleep would break Knative's own drain (knative/serving#13229).",
    )
    NOT_ALWAYS_RESTARTED = (
        "restartPolicy is {policy}: it ends by itself",
        "Nothing to do.",
    )
    NO_GRACE = (
        "terminationGracePeriodSeconds is {seconds}: the Pod asks to be killed at once",
        "Raise terminationGracePeriodSeconds if it should end gracefully.",
    )
    REFUSED_TOGETHER = (
        "not done, since another change was refused ({code})",
        "All or nothing: see the other refusal.",
    )
    OUT_OF_TIME = (
        "was not handled: the API server's timeout was too close",
        "Give the webhook more CPU or another replica; then create the Pod again.",
    )
    TOO_BUSY = (
        "was not handled: too many reviews are waiting",
        "Give the webhook more CPU or another replica; then create the Pod again.",
    )
    RESULT_REJECTED = (
        "the API server would reject the result: {problem}",
        "The Pod is admitted unchanged. This is most likely a defect of lastcall: please report it.",
        True,
    )


def mutate(document: Mapping[str, Any], layers: Sequence[Layer] = (), override: Layer | None = None) -> Report:
    """Decide about a Pod.

    ``document`` is the Pod as JSON, defaults filled in, and is not changed; ``layers`` are the settings above the
    built-in defaults, the strongest last; ``override`` is stronger than the Pod's own annotations.
    """
    try:
        pod = read(document)
    except Malformed as problem:
        return untouched(document, PodReason.MALFORMED, problem=problem)
    return decide(pod, resolve(layers, pod.annotations, override))


def decide(pod: Pod, resolved: Resolved) -> Report:
    """Decide about a Pod that is read already, with the settings that are in force for it."""
    document, pod = pod.document, with_recorded(pod)
    if found := _gate(pod):
        reason, values = found
        return untouched(document, reason, **values)
    result, decisions = _run(pod, resolved)
    if refusal := next((d for d in decisions if d.outcome is Outcome.REFUSED), None):
        return _refuse(document, decisions, refusal, resolved)
    operations = _operations(decisions)
    if operations:
        status = result.put(("metadata", "annotations", STATUS), write(result.recorded))
        operations, result = (*operations, *status), read(apply(result.document, status))
    if problems := violations(result) - violations(pod):
        rejected = refused("pod", PodReason.RESULT_REJECTED, problem="; ".join(sorted(map(str, problems))))
        return _refuse(document, [replace(rejected, mutation="pod"), *decisions], rejected, resolved)
    return Report(document, result.document, operations, tuple(decisions), resolved.problems)


def untouched(document: Mapping[str, Any], reason: PodReason, **values: object) -> Report:
    """Leave the whole Pod unchanged, for one reason."""
    return Report(document, document, (), (replace(skipped("pod", reason, **values), mutation="pod"),))


def _gate(pod: Pod) -> tuple[PodReason, dict[str, object]] | None:
    """Return why the whole Pod is admitted unchanged, with what fills the sentence; or None."""
    out = next((n for n in ("label", "annotation") if getattr(pod, n + "s").get(INJECT) == "disabled"), None)
    if out:
        return PodReason.OPTED_OUT, {"kind": out, "key": INJECT}
    if MIRROR in pod.annotations:
        return PodReason.MIRROR_POD, {}
    if pod.controller == "Job":
        return PodReason.OWNED_BY_JOB, {}
    if pod.controller == "DaemonSet":
        return PodReason.OWNED_BY_DAEMON_SET, {}
    if KNATIVE in pod.labels:
        return PodReason.KNATIVE_REVISION, {}
    if not pod.serves:
        return PodReason.NOT_ALWAYS_RESTARTED, {"policy": pod.restart_policy(pod.spec.containers[0])}
    if pod.grace_seconds <= 0:
        return PodReason.NO_GRACE, {"seconds": pod.grace_seconds}
    return None


def _run(pod: Pod, resolved: Resolved) -> tuple[Pod, list[Decision]]:
    """Let every mutation decide, each about the Pod as the ones before it left it; return the last such Pod."""
    decisions: list[Decision] = []
    for mutation in MUTATIONS:
        new = [replace(d, mutation=mutation.name) for d in mutation.decide(pod, resolved)]
        decisions += new
        if operations := _operations(new):
            pod = replace(read(apply(pod.document, operations)), recorded=record(pod.recorded, new))
    return pod, decisions


def _operations(decisions: Sequence[Decision]) -> Operations:
    return tuple(operation for decision in decisions for operation in decision.operations)


def _refuse(
    document: Mapping[str, Any], decisions: Sequence[Decision], refusal: Decision, resolved: Resolved
) -> Report:
    """Leave the Pod unchanged: a sleep without its grace period is worse than neither."""
    together = refused("pod", PodReason.REFUSED_TOGETHER, code=refusal.reason.code)
    kept = tuple(
        replace(together, target=d.target, mutation=d.mutation) if d.outcome is Outcome.PATCHED else d
        for d in decisions
    )
    return Report(document, document, (), kept, resolved.problems)


TABLES: tuple[type[Reason], ...] = (PodReason, *(mutation.reasons for mutation in MUTATIONS), SettingsReason)
REASONS: Mapping[str, Reason] = {reason.code: reason for table in TABLES for reason in table}
"""Every reason by its code: a closed set, for metrics, ``lastcall explain`` and the documentation."""
