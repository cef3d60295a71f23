"""CPU and memory of `lastcall audit` on very many Pods, beside kube-score (Go) on the same file in the same run.

kube-score has no prediction, but it reads the same YAML and judges every Pod. It is built from its Go module.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from subprocess import DEVNULL, Popen, run
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

KUBE_SCORE = "github.com/zegl/kube-score/cmd/kube-score@v1.20.0"
POD = """\
---
apiVersion: v1
kind: Pod
metadata:
  name: web-{number}
  namespace: shop
  labels: {{app: web}}
spec:
  terminationGracePeriodSeconds: 30
  containers:
  - name: web
    image: registry.example/web:1.4.2
    command: [npm, start]
    ports:
    - containerPort: 8080
    env:
    - name: A
      value: "b"
    resources:
      limits: {{cpu: 100m, memory: 128Mi}}
"""


def measure(argv: Sequence[str], last: str) -> tuple[float, float]:
    """Return CPU seconds and the peak of memory in MB; the output has to name the last Pod."""
    with tempfile.TemporaryFile("w+") as output:
        process = Popen(argv, stdout=output, stderr=DEVNULL)
        result = _wait(process, argv[0])
        output.seek(0)
        assert any(last in line for line in output), f"{argv[0]}: {last} is not in its output"
    return result


def _wait(process: Popen[bytes], name: str) -> tuple[float, float]:
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 1), f"{name}: exit code {process.returncode}"
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pods", type=int, default=100_000)
    pods = parser.parse_args().pods
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(["go", "install", KUBE_SCORE], env={**os.environ, "GOBIN": name, "GOFLAGS": "-mod=mod"}, check=True)
        file = folder / "pods.yaml"
        file.write_text("".join(POD.format(number=number) for number in range(pods)))
        arms = {
            "lastcall audit": [str(Path(sys.executable).with_name("lastcall")), "audit", str(file)],
            "kube-score score": [str(folder / "kube-score"), "score", "-o", "ci", str(file)],
        }
        print(f"{pods} Pods, {file.stat().st_size / 1e6:.0f} MB of YAML")
        for title, argv in arms.items():
            seconds, memory = measure(argv, f"web-{pods - 1}")
            print(f"{title:<18} {seconds:8.1f} s of CPU  {memory:6.0f} MB")


if __name__ == "__main__":
    main()
