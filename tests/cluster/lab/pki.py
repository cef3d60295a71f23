"""The cluster's certificates and kubeconfigs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .common import DIR, NAME, sh

if TYPE_CHECKING:
    from pathlib import Path

NODE_IP = "198.18.255.1"
API_IP = "198.19.0.1"
PKI = DIR / "pki"
CLIENTS = {  # kubeconfig -> certificate subject
    "admin": "/O=system:masters/CN=admin",
    "kubelet": f"/O=system:nodes/CN=system:node:{NAME}",
    "kube-proxy": "/CN=system:kube-proxy",
    "kube-controller-manager": "/CN=system:kube-controller-manager",
    "kube-scheduler": "/CN=system:kube-scheduler",
}
API_NAMES = (
    f"IP:127.0.0.1,IP:{NODE_IP},IP:{API_IP},"
    "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
)

LEAF = """basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
"""  # all that Python 3.13 asks of a certificate (VERIFY_X509_STRICT)


def write(path: Path, value: object) -> None:
    """Write a config file: JSON, which is YAML too."""
    path.write_text(json.dumps(value, indent=1))


def request(name: str, *rest: str | Path) -> None:
    """Make a P-256 key and a certificate or a request for one."""
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    sh("openssl", "req", *curve, "-keyout", PKI / f"{name}.key", *rest)


def sign(name: str, subject: str, alt: str) -> None:
    """Issue a certificate of the cluster's CA, good for servers and clients, for 30 days."""
    request(name, "-subj", subject, "-out", PKI / f"{name}.csr")
    (PKI / f"{name}.ext").write_text(f"subjectAltName={alt}\n{LEAF}")
    ca = ("-CA", PKI / "ca.crt", "-CAkey", PKI / "ca.key", "-CAcreateserial", "-days", "30")
    files = ("-in", PKI / f"{name}.csr", "-extfile", PKI / f"{name}.ext", "-out", PKI / f"{name}.crt")
    sh("openssl", "x509", "-req", *ca, *files)


def certificates() -> None:
    """Make a CA, the serving certificates, and one client certificate and kubeconfig per component."""
    usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    request("ca", "-x509", "-days", "30", "-subj", "/CN=lab-ca", *usage, "-out", PKI / "ca.crt")
    sh("openssl", "genrsa", "-out", PKI / "sa.key", "2048")
    sh("openssl", "rsa", "-in", PKI / "sa.key", "-pubout", "-out", PKI / "sa.pub")
    sign("apiserver", "/CN=kube-apiserver", API_NAMES)
    sign("node", f"/CN=system:node:{NAME}", f"DNS:{NAME},IP:{NODE_IP}")
    sign("front-proxy", "/CN=front-proxy", "DNS:client")
    for name, subject in CLIENTS.items():
        sign(name, subject, "DNS:client")
        write(DIR / f"{name}.kubeconfig", kubeconfig(name))


def kubeconfig(name: str) -> dict[str, object]:
    """Return the kubeconfig of one component."""
    server = {"server": "https://127.0.0.1:6443", "certificate-authority": f"{PKI}/ca.crt"}
    user = {"client-certificate": f"{PKI}/{name}.crt", "client-key": f"{PKI}/{name}.key"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "clusters": [{"name": "lab", "cluster": server}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": name}}],
    }
