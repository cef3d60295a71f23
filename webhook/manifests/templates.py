"""Pod templates in, Pods out: what the API server would send to the webhook for a workload."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from webhook.manifests.kinds import LEFT_ALONE, OWNERS, TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.manifests.kinds import Templates

Path: TypeAlias = "tuple[str | int, ...]"
_DEPTH = 8


@dataclass
class Workload:
    """One Pod that a document would create."""

    kind: str
    name: str
    namespace: str
    path: Path
    """Where the Pod, or its template, is in the document: keys and indexes."""
    pod: dict[str, Any]
    """The Pod as the webhook would see it: defaults filled in, owner named."""


@dataclass
class Note:
    """An object that makes Pods, perhaps, and is not looked at."""

    title: str
    message: str
    unknown: bool = False
    """Whether it has a Pod template inside, and no table says where."""

    def __str__(self) -> str:
        """Return the line for people."""
        return f"{self.title}: {self.message}"


def workloads(data: Any, templates: Templates = TEMPLATES) -> Iterator[Workload]:
    """Return the Pods that an object, or a List of them, would create; raise ValueError as ``examine`` does."""
    return (found for found in examine(data, templates) if isinstance(found, Workload))


def examine(data: Any, templates: Templates = TEMPLATES, path: Path = ()) -> Iterator[Workload | Note]:
    """Return the Pods of an object, or of a List, and notes; ``path`` is its place in its document.

    Raises ValueError for an object of a known kind without a Pod template.
    """
    if not isinstance(data, dict):
        return
    kind, items = data.get("kind"), data.get("items")
    if not isinstance(kind, str):
        return
    if kind.endswith("List") and isinstance(items, list):
        # The items of a PodList, as the API answers, have no kind of their own.
        common = {"apiVersion": data.get("apiVersion"), "kind": kind.removesuffix("List")} if kind != "List" else {}
        for index, item in enumerate(items):
            typed = common | item if isinstance(item, dict) else item
            yield from examine(typed, templates, (*path, "items", index))
        return
    group = str(data.get("apiVersion") or "").rpartition("/")[0]
    name = f"{kind}.{group}" if group else kind
    if name in LEFT_ALONE and name not in templates:
        yield Note(_title(kind, data), f"left alone: {LEFT_ALONE[name]}")
    elif name in templates and data.get("apiVersion"):
        yield from _known(kind, data, templates[name], path)
    elif _has_template(data, _DEPTH):
        yield Note(_title(kind, data), f"not looked at: add --template-path {name}=.spec.template", unknown=True)


def _known(kind: str, data: dict[str, Any], places: tuple[str, ...], path: Path) -> Iterator[Workload | Note]:
    metadata = data.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise ValueError(f"{kind} has no metadata")  # noqa: TRY004 - not a type of ours
    name = str(metadata.get("name") or metadata.get("generateName") or "(no name)")
    spec = data.get("spec")
    reference = spec.get("workloadRef") if isinstance(spec, dict) else None
    if isinstance(reference, dict) and "template" not in data["spec"]:
        other = f"{reference.get('kind')} {reference.get('name')}"
        yield Note(_title(kind, data), f"its Pod template is that of {other}")
        return
    for place in places:
        for inner, template in _at(data, parts(place)):
            if _is_patch(data, template):
                yield Note(_title(kind, data), "passed over: a patch without containers, as kustomize has them")
            elif not isinstance(template, dict):
                raise ValueError(f"{kind} has no {place.removeprefix('.')}")
            else:
                pod = _pod(template, name, OWNERS.get(kind, kind))
                yield Workload(kind, name, str(metadata.get("namespace") or ""), (*path, *inner), pod)


def parts(place: str) -> tuple[str, ...]:
    """Return the keys of a path like ``.spec.pods[*]``; ``*`` is every item of a list."""
    return tuple(part for part in place.replace("[*]", ".*").split(".") if part)


def _at(node: Any, keys: tuple[str, ...], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if not keys:
        yield path, node
    elif keys[0] != "*":
        yield from _at(node.get(keys[0]) if isinstance(node, dict) else None, keys[1:], (*path, keys[0]))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _at(item, keys[1:], (*path, index))


def _is_patch(data: dict[str, Any], template: Any) -> bool:
    """Return whether a known kind has a name, and nothing that says what runs: a strategic merge patch."""
    if not (data.get("metadata") or {}).get("name") or not isinstance(data.get("spec", {}), dict):
        return False
    if template is None:
        return "template" not in (data.get("spec") or {})
    spec = template.get("spec") if isinstance(template, dict) else ""
    return spec is None or (isinstance(spec, dict) and "containers" not in spec)


def _has_template(node: Any, depth: int) -> bool:
    """Return whether there is a list of containers somewhere inside."""
    if not depth or not isinstance(node, dict | list):
        return False
    if isinstance(node, list):
        return any(_has_template(item, depth - 1) for item in node)
    listed = node.get("containers")
    if (
        isinstance(listed, list)
        and listed
        and all(isinstance(c, dict) and {"name", "image"} & c.keys() for c in listed)
    ):
        return True
    return any(_has_template(item, depth - 1) for item in node.values())


def _title(kind: str, data: dict[str, Any]) -> str:
    metadata = data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return f"{kind} {name or '(no name)'}"


def _pod(template: dict[str, Any], name: str, owner: str) -> dict[str, Any]:
    """Make the Pod that the API server would send, with the defaults that decisions depend on.

    https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/, SetDefaults_PodSpec
    """
    pod = dict(template)
    metadata = pod["metadata"] = dict(pod["metadata"]) if isinstance(pod.get("metadata"), dict) else {}
    if owner:
        metadata["generateName"] = f"{name}-"
        metadata["ownerReferences"] = [{"kind": owner, "name": name, "controller": True}]
    if isinstance(spec := pod.get("spec"), dict):
        spec = pod["spec"] = dict(spec)
        for field_name, default in (("restartPolicy", "Always"), ("terminationGracePeriodSeconds", 30)):
            if spec.get(field_name) is None:
                spec[field_name] = default
    return pod
