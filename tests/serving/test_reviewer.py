"""Equivalent Pods are decided about once, and cached answers equal those without a cache."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from tests.serving.running import POD
from tests.serving.test_review_key import LAYERS, NPM, body, key, uncached, with_container, with_metadata, with_spec
from tests.support.strategies import PODS
from webhook.core.mutate import PodReason
from webhook.core.review import parse, respond, review
from webhook.core.settings import PROFILES
from webhook.serving.cached_answer import MAX_ANSWERS, CachedAnswer
from webhook.serving.metrics import Telemetry
from webhook.serving.review_key import MAX_BODY_BYTES
from webhook.serving.reviewer import Reviewer


def cached(reviewer: Reviewer) -> float | None:
    return reviewer.telemetry.registry.get_sample_value("lastcall_cached_answers_total")


@given(PODS)
def test_a_cached_answer_is_the_uncached_one(made: dict[str, Any]) -> None:
    """The second review of a Pod gets the uncached answer with its own uid."""
    reviewer = Reviewer(PROFILES, Telemetry())
    assert reviewer.answer(body(made, "u"), "default") == uncached(made, "u")
    assert reviewer.answer(body(made, 'v"\\'), "default") == uncached(made, 'v"\\')


@pytest.mark.parametrize("text", ['""', "\0", '"uid":"u"', "é"])
def test_the_uid_is_written_in_its_place(text: str) -> None:
    """With any names of a Pod and any uid, the cached answer has the same bytes as that of ``respond``."""
    report = review(*parse(body(with_container(name=text, command="npm"))), LAYERS)
    assert CachedAnswer.of(report).write(text) == respond(text, report)
    assert CachedAnswer.of(report).write(text) != respond("", report)


def test_the_pods_of_a_workload_are_equivalent() -> None:
    """Names, hashes, the token's volume, other labels and other annotations do not change the key."""
    first, second = (
        {
            "metadata": {
                "generateName": f"web-{n}-",
                "labels": {"pod-template-hash": n},
                "annotations": {"example.org/revision": n},
                "ownerReferences": [{"kind": "ReplicaSet", "name": f"web-{n}", "uid": n, "controller": True}],
            },
            "spec": {"containers": [{**NPM, "image": f"web:{n}"}], "volumes": [{"name": f"kube-api-access-{n}"}]},
        }
        for n in "ab"
    )
    assert key(first) == key(second) is not None
    telemetry = Telemetry()
    reviewer = Reviewer(PROFILES, telemetry)
    answers = [reviewer.answer(body(one, "u"), "default") for one in (first, second, first)]
    assert len(set(answers)) == 1
    assert cached(reviewer) == 2
    assert b'lastcall_reviews_total{outcome="patched"} 3.0' in telemetry.exposition()


def test_each_profile_has_its_own_answers() -> None:
    """The same Pod gets another answer under another profile."""
    reviewer = Reviewer({"default": {}, "long": {"pre-stop-sleep-seconds": 20}}, Telemetry())
    assert reviewer.answer(body(POD), "default") != reviewer.answer(body(POD), "long")


def test_the_least_recently_used_answer_is_dropped() -> None:
    """The cache holds MAX_ANSWERS answers; one that was just used stays, an older one is dropped."""
    reviewer = Reviewer(PROFILES, Telemetry())

    def ask(*names: str) -> float | None:
        for name in names:
            reviewer.answer(body(with_container(name=name)), "default")
        return cached(reviewer)

    assert ask("kept", "old") == 0
    assert ask("kept", *(f"c{n}" for n in range(MAX_ANSWERS - 1))) == 1
    assert ask("kept") == 2
    assert ask("old") == 2


LARGE = with_metadata(annotations={"example.org/text": "x" * MAX_BODY_BYTES})
MANY = with_spec(containers=[NPM | {"name": f"c{n}"} for n in range(20)])
LINES = with_spec(containers=[{"name": ""}] * 2000) | {
    "metadata": {"annotations": {"lastcall.webhook/pre-stop-sleep-seconds": "0"}}
}
PROBLEMS = with_metadata(annotations={f"lastcall.webhook/{n:x}": "" for n in range(800)})
KEY = with_spec(containers=[{}] * 10000)


@pytest.mark.parametrize("made", [LARGE, MANY, LINES, PROBLEMS, KEY], ids=["Pod", "answer", "lines", "problems", "key"])
def test_a_large_answer_is_not_cached(made: dict[str, Any]) -> None:
    """A Pod with a large body, answer or key is decided about each time."""
    reviewer = Reviewer(PROFILES, Telemetry())
    for _ in range(2):
        assert reviewer.answer(body(made), "default") == uncached(made)
    assert cached(reviewer) == 0


def test_the_answer_to_a_shed_review_is_not_cached() -> None:
    """The next review of the same Pod gets its patch."""
    reviewer = Reviewer(PROFILES, Telemetry())
    assert b"was not handled" in reviewer.answer(body(POD), "default", PodReason.TOO_BUSY)
    assert reviewer.answer(body(POD), "default") == uncached(POD)
    assert b"was not handled" in reviewer.answer(body(POD), "default", PodReason.TOO_BUSY)


@pytest.mark.parametrize("image", [b"1e999", b'"\xff"'], ids=["a number out of range", "no UTF-8"])
def test_an_invalid_review_is_not_cached(image: bytes) -> None:
    """An invalid review may have the key of a valid one, which gets its patch after it."""
    reviewer = Reviewer(PROFILES, Telemetry())
    broken = body(with_container(image="@")).replace(b'"@"', image)
    assert b"cannot be read" in reviewer.answer(broken, "default")
    assert reviewer.answer(body(with_container(image="web")), "default") == uncached(with_container(image="web"))
    assert cached(reviewer) == 0
