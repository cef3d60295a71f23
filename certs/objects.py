"""Parse and write the Kubernetes objects: the only module that knows their keys and annotations.

| Secret | keys | content |
| --- | --- | --- |
| `lastcall-tls` | `tls.crt`, `tls.key`, `ca.crt` | pair and bundle, which the webhook mounts; keys as cert-manager's |
| `lastcall-ca` | `state.json`, `ca-N-ID.crt`, `ca-N-ID.key` | the ledger; no webhook Pod can read it |

So an attacker in a webhook Pod gets the key of a leaf, which expires within weeks, and never that of a CA.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from datetime import datetime, timedelta
from typing import Any

from certs.pem import is_pair, read_bundle, verifies, write_bundle
from certs.state import Certificate, Configuration, Generation, Ledger, Phase, Serving

Object = dict[str, Any]
PREFIX = "lastcall.webhook/"
REVISION, ROTATE, CERTIFICATES = f"{PREFIX}revision", f"{PREFIX}rotate", f"{PREFIX}certificates"
INJECTORS = tuple(f"cert-manager.io/inject-{what}" for what in ("ca-from", "ca-from-secret", "apiserver-ca"))


def read_ledger(secret: Object | None) -> Ledger | None:
    """Return the ledger; None if it is missing or cannot be parsed: both are handled in the same way."""
    if secret is None:
        return None
    try:
        state = json.loads(_data(secret, "state.json"))
        return Ledger(
            revision=int(state["revision"]),
            phase=Phase(state["phase"]),
            since=datetime.fromisoformat(state["since"]),
            issuer=state["issuer"],
            generations=tuple(_generation(secret, entry) for entry in state["generations"]),
            rotate=ROTATE in _annotations(secret),
        )
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def read_keys(secret: Object | None) -> dict[str, bytes]:
    """Return the private keys in the ledger's Secret, by fingerprint."""
    ledger = read_ledger(secret)
    if secret is None or ledger is None:
        return {}
    certificates = [generation.certificate for generation in ledger.generations if generation.has_key]
    return {each.fingerprint: _data(secret, f"{_name(each)}.key") for each in certificates}


def write_ledger(secret: Object, ledger: Ledger, keys: dict[str, bytes]) -> Object:
    """Return the Secret with this ledger, and with the keys of those generations that have one."""
    entries = []
    files: dict[str, bytes] = {}
    for generation in ledger.generations:
        certificate, longest = generation.certificate, generation.longest_leaf
        name = _name(certificate)
        seconds = longest and longest.total_seconds()
        entries.append({"name": name, "subject": certificate.subject, "longestLeafSeconds": seconds})
        files[f"{name}.crt"] = certificate.pem
        if generation.has_key:
            files[f"{name}.key"] = keys[certificate.fingerprint]
    state = {
        "revision": ledger.revision,
        "phase": ledger.phase,
        "since": ledger.since.isoformat(),
        "issuer": ledger.issuer,
        "generations": entries,
    }
    files["state.json"] = json.dumps(state, indent=1).encode()
    changed = _annotated(secret, {ROTATE: "requested" if ledger.rotate else None})
    return changed | {"data": {name: b64encode(content).decode() for name, content in files.items()}}


def read_serving(secret: Object | None, ledger: Ledger | None) -> Serving | None:
    """Return leaf and bundle of the webhook's Secret; a leaf that names a CA of ours without its signature is None."""
    if secret is None:
        return None
    chain, key = _data(secret, "tls.crt"), _data(secret, "tls.key")
    leaf = read_bundle(chain)[0] if is_pair(chain, key) else None
    known = [generation.certificate for generation in ledger.generations] if ledger else []
    if leaf and any(ca.signed(leaf) and not verifies(leaf, ca) for ca in known):
        leaf = None
    annotations = _annotations(secret)
    bundle = read_bundle(_data(secret, "ca.crt"))
    return Serving(leaf, bundle, _number(annotations.get(REVISION)), rotate=ROTATE in annotations)


def write_serving(
    secret: Object, bundle: tuple[Certificate, ...], revision: int, pair: tuple[bytes, bytes] | None = None
) -> Object:
    """Return the Secret with this bundle and, if `pair` is set, with this chain and key."""
    files = {"ca.crt": write_bundle(bundle)}
    rotate = _annotations(secret).get(ROTATE)
    if pair:
        files |= {"tls.crt": pair[0], "tls.key": pair[1]}
        rotate = None
    changed = _annotated(secret, {REVISION: str(revision), ROTATE: rotate})
    data = (secret.get("data") or {}) | {name: b64encode(content).decode() for name, content in files.items()}
    return changed | {"data": data}


def read_configuration(configuration: Object | None, live_for: timedelta) -> Configuration | None:
    """Return the live bundles; `managed_by` is set if an annotation says that another program manages them."""
    if configuration is None:
        return None
    annotations = _annotations(configuration)
    managed_by = "cert-manager" if any(name in annotations for name in INJECTORS) else None
    mode = annotations.get(CERTIFICATES, "self-managed")
    clients = [webhook["clientConfig"] for webhook in configuration.get("webhooks") or []]
    return Configuration(
        bundles=tuple(read_bundle(_decode(client.get("caBundle"))) for client in clients),
        revision=_number(annotations.get(REVISION)),
        live_for=live_for,
        managed_by=managed_by or (mode if mode != "self-managed" else None),
    )


def write_configuration(configuration: Object, bundle: tuple[Certificate, ...], revision: int) -> Object:
    """Return the configuration with this bundle in every webhook."""
    text = b64encode(write_bundle(bundle)).decode()
    webhooks = [
        webhook | {"clientConfig": webhook["clientConfig"] | {"caBundle": text}}
        for webhook in configuration.get("webhooks") or []
    ]
    return _annotated(configuration, {REVISION: str(revision)}) | {"webhooks": webhooks}


def request_rotation(secret: Object) -> Object:
    """Return the Secret with the annotation that requests a new leaf or CA; the controller removes it."""
    return _annotated(secret, {ROTATE: "requested"})


def _generation(secret: Object, entry: Object) -> Generation:
    pem = _data(secret, f"{entry['name']}.crt")
    seconds = entry["longestLeafSeconds"]
    return Generation(
        certificate=read_bundle(pem)[0],
        has_key=is_pair(pem, _data(secret, f"{entry['name']}.key")),
        longest_leaf=None if seconds is None else timedelta(seconds=seconds),
    )


def _name(certificate: Certificate) -> str:
    return f"ca-{certificate.generation}-{certificate.fingerprint[:8]}"


def _data(secret: Object, key: str) -> bytes:
    return _decode((secret.get("data") or {}).get(key))


def _decode(text: str | None) -> bytes:
    try:
        return b64decode(text or "")
    except Base64Error:
        return b""


def _annotations(manifest: Object) -> dict[str, str]:
    return manifest["metadata"].get("annotations") or {}


def _annotated(manifest: Object, changes: dict[str, str | None]) -> Object:
    annotations = {name: value for name, value in (_annotations(manifest) | changes).items() if value is not None}
    return manifest | {"metadata": manifest["metadata"] | {"annotations": annotations}}


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() else 0
