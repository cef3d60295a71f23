"""Which kinds of objects make Pods, and where their Pod templates are."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Templates: TypeAlias = "Mapping[str, tuple[str, ...]]"
"""``Kind.group`` (``Kind`` for the core group) -> where its Pod templates are, as ``.spec.template``; ``[*]`` is every
item of a list."""

TEMPLATES: Templates = {
    "Pod": ("",),
    "PodTemplate": (".template",),
    "ReplicationController": (".spec.template",),
    "StatefulSet.apps": (".spec.template",),
    **{
        f"{kind}.{group}": (".spec.template",)
        for kind in ("Deployment", "ReplicaSet", "DaemonSet")
        for group in ("apps", "extensions")
    },
    "Job.batch": (".spec.template",),
    "CronJob.batch": (".spec.jobTemplate.spec.template",),
    # https://argo-rollouts.readthedocs.io/en/stable/features/specification/
    "Rollout.argoproj.io": (".spec.template",),
    # https://docs.openshift.com/container-platform/latest/rest_api/workloads_apis/
    "DeploymentConfig": (".spec.template",),
    "DeploymentConfig.apps.openshift.io": (".spec.template",),
    # https://openkruise.io/docs/
    "CloneSet.apps.kruise.io": (".spec.template",),
    "StatefulSet.apps.kruise.io": (".spec.template",),
    "DaemonSet.apps.kruise.io": (".spec.template",),
    # https://strimzi.io/docs/operators/latest/configuring.html
    "StrimziPodSet.core.strimzi.io": (".spec.pods[*]",),
    # https://agones.dev/site/docs/reference/
    "GameServer.agones.dev": (".spec.template",),
    "Fleet.agones.dev": (".spec.template.spec.template",),
    # https://docs.ray.io/en/latest/cluster/kubernetes/
    "RayCluster.ray.io": (".spec.headGroupSpec.template", ".spec.workerGroupSpecs[*].template"),
}
LEFT_ALONE = dict.fromkeys(
    # A sleep in queue-proxy breaks Knative's own drain: https://github.com/knative/serving/issues/13229
    [f"{kind}.serving.knative.dev" for kind in ("Service", "Configuration", "Revision")],
    "Knative drains its Pods itself",
)
OWNERS = {
    # kind -> the kind that will own its Pods, where it is another one
    "Pod": "",
    "PodTemplate": "",
    "Deployment": "ReplicaSet",
    "Rollout": "ReplicaSet",
    "DeploymentConfig": "ReplicationController",
    "CronJob": "Job",
}
