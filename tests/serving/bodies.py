"""Malformed and hostile bodies, by their fault."""

from __future__ import annotations

import json
from typing import Any

from tests.serving.running import POD, review

DEEP = 100_000
CONTAINER: dict[str, Any] = POD["spec"]["containers"][0]


def spec(**fields: object) -> bytes:
    """Return the review of a Pod with these fields in its spec."""
    return json.dumps(review(POD | {"spec": POD["spec"] | fields})).encode()


def container(**fields: object) -> bytes:
    """Return the review of a Pod with these fields in its container."""
    return spec(containers=[CONTAINER | fields])


def request(**fields: object) -> bytes:
    """Return a review with these fields in its request."""
    return json.dumps(review(**fields)).encode()  # type: ignore[arg-type] # hostile on purpose


def raw(old: bytes, new: bytes) -> bytes:
    """Return a good review with one text put in place of another."""
    body = json.dumps(review(POD | {"metadata": {"name": "web", "x": "HERE"}})).encode()
    assert old in body
    return body.replace(old, new)


NOT_ANSWERABLE = {
    "nothing": b"",
    "not JSON": b"hello",
    "half of a review": request()[:100],
    "not UTF-8": b'{"request": {"uid": "\xff"}}',
    "a byte order mark": b"\xef\xbb\xbf" + request(),
    "a null": b"null",
    "a list": b"[]",
    "a number": b"1e999",
    "a list too deep": b"[" * DEEP,
    "an object too deep": b'{"a":' * DEEP,
    "no request": b"{}",
    "a request of null": b'{"request": null}',
    "a request that is a text": b'{"request": "x"}',
    "no uid": b'{"request": {}}',
    "a uid of null": b'{"request": {"uid": null}}',
    "a uid that is a number": b'{"request": {"uid": 5}}',
    "an empty uid": b'{"request": {"uid": ""}}',
    "a second document": request() + b"{}",
    "a lone surrogate": raw(b"HERE", rb"\ud800"),
    "NaN": raw(b'"HERE"', b"NaN"),
    "Infinity": raw(b'"HERE"', b"-Infinity"),
    "deep inside the Pod": raw(b'"HERE"', b"[" * DEEP + b"]" * DEEP),
}
UNTOUCHED = {
    "another apiVersion": raw(b"admission.k8s.io/v1", b"admission.k8s.io/v1beta1"),
    "another kind": raw(b"AdmissionReview", b"TokenReview"),
    "no kind and no apiVersion": b'{"request": {"uid": "u"}}',
    "an object of null": request(pod=None),
    "an object that is a list": request(pod=[]),
    "an object that is a text": request(pod="Pod"),
    "an object that is empty": request(pod={}),
    "not a Pod": request(kind={"group": "apps", "version": "v1", "kind": "Deployment"}),
    "a Pod of another group": request(kind={"group": "example.com", "version": "v1", "kind": "Pod"}),
    "a kind that is a text": request(kind="Pod"),
    "a kind of null": request(kind=None),
    "an UPDATE": request(operation="UPDATE"),
    "a DELETE": request(operation="DELETE", pod=None),
    "a CONNECT": request(operation="CONNECT", pod={"kind": "PodExecOptions"}),
    "a subresource": request(subResource="ephemeralcontainers"),
    "an operation that is a number": request(operation=5),
    "a dryRun that is a text": request(dryRun="yes"),
    "a namespace that is a list": request(namespace=[]),
    "annotations that are a list": request(pod=POD | {"metadata": {"annotations": []}}),
    "an annotation that is a number": request(pod=POD | {"metadata": {"annotations": {"a": 1}}}),
    "owners that are a text": request(pod=POD | {"metadata": {"ownerReferences": "me"}}),
    "no spec": request(pod={"metadata": {}}),
    "a spec of null": request(pod=POD | {"spec": None}),
    "a spec that is a list": request(pod=POD | {"spec": [1]}),
    "containers of null": spec(containers=None),
    "no containers": spec(containers=[]),
    "containers of a list in a list": spec(containers=[[]]),
    "a container of null": spec(containers=[None]),
    "a container without a name": spec(containers=[{"image": "x"}]),
    "a command that is a text": container(command="npm start"),
    "a command with a number": container(command=["npm", 5]),
    "a command with a null": container(command=["npm", None]),
    "a command with a list": container(command=[["npm"]]),
    "a lifecycle that is a list": container(lifecycle=[]),
    "a sleep without seconds": container(lifecycle={"preStop": {"sleep": {}}}),
    "a sleep of a text": container(lifecycle={"preStop": {"sleep": {"seconds": "5"}}}),
    "a grace of a text": spec(terminationGracePeriodSeconds="30"),
    "a grace of a fraction": spec(terminationGracePeriodSeconds=30.5),
    "a grace below zero": spec(terminationGracePeriodSeconds=-1),
    "a grace above any": spec(terminationGracePeriodSeconds=2**63),
    "a grace of a thousand digits": spec(terminationGracePeriodSeconds=10**1000),
    "a grace of ten thousand digits": raw(b'Seconds": 30', b'Seconds": ' + b"9" * 10_000),
    "a grace of an exponent": raw(b'Seconds": 30', b'Seconds": 1e400'),
    "an integer of a million digits": raw(b'"HERE"', b"9" * 1_000_000),
}
"""Not the creation of a Pod, or not a Pod: answered without a patch."""
STRANGE = {
    "no metadata": request(pod={"spec": POD["spec"]}),
    "metadata of null": request(pod=POD | {"metadata": None}),
    "annotations of null": request(pod=POD | {"metadata": {"annotations": None, "labels": None}}),
    "a forged status": request(pod=POD | {"metadata": {"annotations": {"lastcall.webhook/status": "[" * 9999}}}),
    "two containers of one name": spec(containers=[CONTAINER, CONTAINER]),
    "initContainers of null": spec(initContainers=None),
    "a command of null": container(command=None, args=None),
    "an empty command": container(command=[]),
    "an empty word": container(command=["", "npm"]),
    "a word of one mebibyte": container(command=["sh", "-c", "npm start " + "x" * 2**20]),
    "a shell string with a NUL": container(command=["sh", "-c", "npm\0start"]),
    "a lifecycle of null": container(lifecycle=None),
    "a preStop of null": container(lifecycle={"preStop": None}),
    "a preStop with two actions": container(lifecycle={"preStop": {"sleep": {"seconds": 1}, "exec": {}}}),
    "a sleep below zero": container(lifecycle={"preStop": {"sleep": {"seconds": -5}}}),
    "a settings annotation of nonsense": request(
        pod=POD | {"metadata": {"annotations": {"lastcall.webhook/pre-stop-sleep-seconds": "9" * 5000}}}
    ),
    "duplicate keys": raw(b'"uid"', b'"uid": "first", "uid"'),
    "200,000 keys": raw(b'"HERE"', b"{" + b",".join(b'"%d":0' % n for n in range(200_000)) + b"}"),
    "500 containers": spec(containers=[CONTAINER | {"name": f"c{n}"} for n in range(500)]),
    "a Pod of three mebibytes": container(env=[{"name": "BIG", "value": "x" * (3 * 2**20)}]),
}
"""Pods that are patched as any other; where one is invalid, the API server says so itself."""
ANSWERED = UNTOUCHED | STRANGE
