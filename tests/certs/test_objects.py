"""Objects are written and parsed without loss, and with any content that other clients write into them."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import timedelta
from typing import Any

import pytest

from certs.authority import Authority, service_names
from certs.objects import (
    read_configuration,
    read_keys,
    read_ledger,
    read_serving,
    request_rotation,
    write_configuration,
    write_ledger,
    write_serving,
)
from certs.pem import is_pair, read_bundle
from certs.state import CA_NAME, Generation, Ledger, Phase
from tests.certs.servers import DAY, HOUR, NOW

Object = dict[str, Any]
OLD, NEW, FAKE = (Authority.create(f"{CA_NAME} {number}", NOW, DAY) for number in (1, 2, 1))
(OLD_CA,), (NEW_CA,) = read_bundle(OLD.certificate_pem), read_bundle(NEW.certificate_pem)
LEAF = OLD.issue(service_names("lastcall", "lastcall"), NOW, HOUR)
PAIR = LEAF.chain_pem, LEAF.key_pem
KEYS = {OLD_CA.fingerprint: OLD.key_pem, NEW_CA.fingerprint: NEW.key_pem}
LEDGER = Ledger(
    revision=5,
    phase=Phase.SOAKING,
    since=NOW,
    issuer=OLD_CA.fingerprint,
    generations=(
        Generation(OLD_CA, has_key=True, longest_leaf=None),
        Generation(NEW_CA, has_key=True, longest_leaf=30 * DAY),
    ),
)
BLANK: Object = {"metadata": {"name": "one", "resourceVersion": "1"}}


def secret(**data: bytes | str) -> Object:
    encoded = {
        name.replace("_", "."): text if isinstance(text, str) else b64encode(text).decode()
        for name, text in data.items()
    }
    return BLANK | {"data": encoded}


def test_a_ledger_is_parsed_as_it_was_written() -> None:
    """Generations, keys, phase and the unknown length of leaves come back, through real JSON."""
    stored = json.loads(json.dumps(write_ledger(BLANK, LEDGER, KEYS)))
    assert read_ledger(stored) == LEDGER
    assert read_keys(stored) == KEYS


def test_a_ledger_keeps_the_keys_of_generations_with_one() -> None:
    """The key of a generation without one is removed from the Secret."""
    without = LEDGER.next_revision(generations=(LEDGER.generations[0].without_key(), LEDGER.newest))
    stored = write_ledger(write_ledger(BLANK, LEDGER, KEYS), without, KEYS)
    assert list(read_keys(stored)) == [NEW_CA.fingerprint]
    assert sum(name.endswith(".key") for name in stored["data"]) == 1


@pytest.mark.parametrize(
    "broken",
    [
        None,
        BLANK,
        secret(state_json=b"{"),
        secret(state_json=b"[]"),
        secret(state_json=b'{"revision": 1}'),
        secret(state_json="not base64 at all!"),
        secret(state_json=json.dumps({"revision": 1, "phase": "dancing"}).encode()),
    ],
    ids=["missing", "empty", "no JSON", "another shape", "half of it", "no base64", "an unknown phase"],
)
def test_a_ledger_that_cannot_be_read_is_none(broken: Object | None) -> None:
    """It counts as deleted, from which the rollover recovers."""
    assert read_ledger(broken) is None
    assert read_keys(broken) == {}


def test_a_ledger_with_a_foreign_key_cannot_sign() -> None:
    """An overwritten key counts as none."""
    stored = write_ledger(BLANK, LEDGER, KEYS | {NEW_CA.fingerprint: FAKE.key_pem})
    read = read_ledger(stored)
    assert read
    assert [generation.has_key for generation in read.generations] == [True, False]


def test_a_pair_is_parsed_as_it_was_written() -> None:
    """The webhook's Secret has leaf, bundle and revision, under cert-manager's three keys."""
    stored = write_serving(BLANK, (OLD_CA, NEW_CA), 5, PAIR)
    serving = read_serving(stored, LEDGER)
    assert set(stored["data"]) == {"tls.crt", "tls.key", "ca.crt"}
    assert b64decode(stored["data"]["ca.crt"]) == OLD.certificate_pem + NEW.certificate_pem
    assert serving
    assert serving.leaf is not None
    assert serving.leaf == read_bundle(LEAF.chain_pem)[0]
    assert serving.leaf.hosts == set(service_names("lastcall", "lastcall"))
    assert (serving.bundle, serving.revision, serving.rotate) == ((OLD_CA, NEW_CA), 5, False)


def test_the_mirrored_bundle_leaves_the_pair_alone() -> None:
    """A write of ca.crt keeps certificate, key, other keys, annotations and an open request."""
    stored = write_serving(request_rotation(secret(extra=b"1")), (OLD_CA,), 5, PAIR)
    again = write_serving(request_rotation(stored), (NEW_CA,), 6)
    serving = read_serving(again, LEDGER)
    assert serving
    assert (serving.leaf, serving.bundle, serving.revision, serving.rotate) == (
        read_bundle(LEAF.chain_pem)[0],
        (NEW_CA,),
        6,
        True,
    )
    assert "extra" in again["data"]


@pytest.mark.parametrize(
    "pair",
    [(b"", b""), (b"x", LEAF.key_pem), (LEAF.chain_pem, b"x"), (LEAF.chain_pem, OLD.key_pem)],
    ids=["empty", "a broken certificate", "a broken key", "the key of another certificate"],
)
def test_files_that_are_no_pair_are_no_leaf(pair: tuple[bytes, bytes]) -> None:
    """The rollover then issues a new one."""
    serving = read_serving(secret(tls_crt=pair[0], tls_key=pair[1]), LEDGER)
    assert serving
    assert serving.leaf is None
    assert not is_pair(*pair)


def test_a_leaf_with_a_forged_issuer_is_none() -> None:
    """The key identifier is not enough: the signature is verified."""
    impostor = read_bundle(FAKE.certificate_pem)[0]
    claimed = Ledger(
        1, Phase.STEADY, NOW, None, (Generation(_renamed(impostor, OLD_CA.key_id), has_key=True, longest_leaf=None),)
    )
    serving = read_serving(write_serving(BLANK, (), 1, PAIR), claimed)
    assert serving
    assert serving.leaf is None


def _renamed(certificate: Any, key_id: str) -> Any:
    return type(certificate)(**{**vars(certificate), "key_id": key_id})


def webhooks(*bundles: bytes | None, **annotations: str) -> Object:
    clients = [{"service": {"name": "a"}} | ({"caBundle": b64encode(b).decode()} if b else {}) for b in bundles]
    named = [{"name": str(n), "clientConfig": client} for n, client in enumerate(clients)]
    return {"metadata": {"name": "lastcall", "annotations": annotations}, "webhooks": named}


def test_every_webhook_gets_the_bundle_and_keeps_its_other_fields() -> None:
    """Only caBundle and our annotation change."""
    before = webhooks(None, NEW.certificate_pem)
    after = write_configuration(before, (OLD_CA, NEW_CA), 9)
    live = read_configuration(after, timedelta(0))
    assert live
    assert live.bundles == ((OLD_CA, NEW_CA), (OLD_CA, NEW_CA))
    assert (live.revision, live.managed_by) == (9, None)
    for old, new in zip(before["webhooks"], after["webhooks"], strict=True):
        assert new["clientConfig"]["service"] == old["clientConfig"]["service"]
    assert "caBundle" not in before["webhooks"][0]["clientConfig"]


def test_a_configuration_may_have_no_bundle_or_a_broken_one() -> None:
    """Both are an empty bundle, which is repaired."""
    live = read_configuration(webhooks(None, b"not PEM"), timedelta(0))
    assert live
    assert live.bundles == ((), ())
    assert read_configuration(None, timedelta(0)) is None


@pytest.mark.parametrize(
    ("annotation", "manager"),
    [
        ("cert-manager.io/inject-ca-from", "cert-manager"),
        ("cert-manager.io/inject-ca-from-secret", "cert-manager"),
        ("lastcall.webhook/certificates", "bring-your-own"),
    ],
)
def test_an_annotation_names_the_manager_of_the_bundle(annotation: str, manager: str) -> None:
    """The controller then does not write it."""
    live = read_configuration(webhooks(None, **{annotation: "bring-your-own"}), timedelta(0))
    assert live
    assert live.managed_by == manager


@pytest.mark.parametrize("text", ["", "x", "-1", "\u0663", "1e3"])
def test_a_revision_that_is_no_number_is_zero(text: str) -> None:
    """A wrong annotation does not stop the controller."""
    live = read_configuration(webhooks(**{"lastcall.webhook/revision": text}), timedelta(0))
    assert live
    assert live.revision == 0
