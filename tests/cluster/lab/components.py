"""The components of the cluster and how each is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .common import CLIENT_NET, DIR, INSIDE, NAME, SOCKET, binary, sh
from .pki import NODE_IP, PKI, write
from .processes import start
from .teardown import cgroups

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

POD_CIDR, SERVICE_CIDR = "198.18.0.0/24", "198.19.0.0/24"
ETCD = "http://127.0.0.1:2379"


def network() -> None:
    """Make the namespace: a loopback, a node address, and a default route that leads nowhere."""
    sh("ip", "netns", "add", NAME)
    script = f"""set -e
        ip link set lo up
        ip link add node0 type bridge
        ip address add {NODE_IP}/32 dev node0
        ip link set node0 up
        ip route add default dev node0
        ip route add local {CLIENT_NET} dev lo
        sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.route_localnet=1
        sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || true"""
    sh(*INSIDE, "sh", "-c", script)


def etcd() -> None:
    """Start etcd; its data is deleted with the lab, so it does not sync to disk."""
    peers = "http://127.0.0.1:2380"
    addresses = (
        f"--listen-client-urls={ETCD}",
        f"--advertise-client-urls={ETCD}",
        f"--listen-peer-urls={peers}",
    )
    start("etcd", binary("etcd"), f"--data-dir={DIR}/etcd", "--unsafe-no-fsync", *addresses)


def containerd() -> None:
    """Start containerd; without CAP_SYS_RESOURCE no container starts unless restrict_oom_score_adj is on."""
    (DIR / "containerd" / "config.toml").write_text(f"""version = 2
root = "{DIR}/containerd/root"
state = "{DIR}/containerd/state"
[grpc]
  address = "{SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "lab/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{DIR}/cni"
""")
    ipam = {
        "type": "host-local",
        "dataDir": f"{DIR}/ipam",
        "ranges": [[{"subnet": POD_CIDR}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    plugins = [
        {"type": "ptp", "ipMasq": False, "ipam": ipam},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    write(DIR / "cni" / "10-lab.conflist", {"cniVersion": "0.4.0", "name": NAME, "plugins": plugins})
    start("containerd", "containerd", "-c", f"{DIR}/containerd/config.toml")


def apiserver(more: Mapping[str, str | Path] | None = None) -> None:
    """Start kube-apiserver with RBAC, with stop signals so that a Pod may name one, and with `more` options."""
    options = {
        "etcd-servers": ETCD,
        "secure-port": "6443",
        "advertise-address": NODE_IP,
        "tls-cert-file": f"{PKI}/apiserver.crt",
        "tls-private-key-file": f"{PKI}/apiserver.key",
        "client-ca-file": f"{PKI}/ca.crt",
        "service-account-key-file": f"{PKI}/sa.pub",
        "service-account-signing-key-file": f"{PKI}/sa.key",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-cluster-ip-range": SERVICE_CIDR,
        "authorization-mode": "Node,RBAC",
        "allow-privileged": "true",
        "enable-admission-plugins": "NodeRestriction",
        "kubelet-client-certificate": f"{PKI}/admin.crt",
        "kubelet-client-key": f"{PKI}/admin.key",
        "kubelet-preferred-address-types": "InternalIP",
        "requestheader-client-ca-file": f"{PKI}/ca.crt",
        "requestheader-allowed-names": "front-proxy",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "proxy-client-cert-file": f"{PKI}/front-proxy.crt",
        "proxy-client-key-file": f"{PKI}/front-proxy.key",
        "feature-gates": "ContainerStopSignals=true",
    }
    argv = [f"--{name}={value}" for name, value in (options | dict(more or {})).items()]
    start("kube-apiserver", binary("kube-apiserver"), *argv)


def controllers() -> None:
    """Start the controller manager and the scheduler."""
    for name in ("kube-controller-manager", "kube-scheduler"):
        config = f"{DIR}/{name}.kubeconfig"
        options = [f"--{kind}kubeconfig={config}" for kind in ("", "authentication-", "authorization-")]
        if name == "kube-controller-manager":
            options += [
                f"--service-account-private-key-file={PKI}/sa.key",
                f"--root-ca-file={PKI}/ca.crt",
                "--use-service-account-credentials",
                "--kube-api-qps=200",  # with the default the first service account takes 4 s longer
                "--kube-api-burst=400",
            ]
        start(name, binary(name), "--leader-elect=false", *options)


def kubelet() -> None:
    """Start the kubelet, in a cgroup of its own so that two labs do not clean up each other's Pods."""
    for group in cgroups():
        group.mkdir(exist_ok=True)
    write(DIR / "kubelet.yaml", _kubelet_configuration())
    files = (
        f"--config={DIR}/kubelet.yaml",
        f"--kubeconfig={DIR}/kubelet.kubeconfig",
        f"--root-dir={DIR}/kubelet",
    )
    start("kubelet", binary("kubelet"), *files, f"--hostname-override={NAME}", f"--node-ip={NODE_IP}", "--v=2")


def _kubelet_configuration() -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{PKI}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{PKI}/node.crt",
        "tlsPrivateKeyFile": f"{PKI}/node.key",
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{NAME}",
        "cgroupsPerQOS": True,
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        "podLogsDir": f"{DIR}/pods",
        "resolvConf": "",
        "clusterDNS": ["198.19.0.10"],
        "clusterDomain": "cluster.local",
        "maxPods": 250,
        "featureGates": {"ContainerStopSignals": True},
        "evictionHard": {"memory.available": "100Mi"},
        "imageGCHighThresholdPercent": 100,
        # Secrets reach Pods by watch (the default) and the next sync: a short one, as a test waits for it.
        "syncFrequency": "10s",
    }


def kube_proxy(propagation: float) -> None:
    """Start kube-proxy, which takes up to `propagation` seconds to follow; it leaves conntrack's limits alone."""
    config = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clientConnection": {"kubeconfig": f"{DIR}/kube-proxy.kubeconfig"},
        "clusterCIDR": POD_CIDR,
        "hostnameOverride": NAME,
        "iptables": {"minSyncPeriod": f"{propagation}s"},
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
    write(DIR / "kube-proxy.yaml", config)
    start("kube-proxy", binary("kube-proxy"), f"--config={DIR}/kube-proxy.yaml")
