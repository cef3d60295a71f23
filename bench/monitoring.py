"""Check the alerts of deploy/monitoring and run their unit tests, with promtool."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from ruamel.yaml import YAML

FOLDER = Path(__file__).resolve().parents[1] / "deploy/monitoring"


def main() -> int:
    yaml = YAML(typ="safe")
    with tempfile.TemporaryDirectory(prefix="lastcall-rules-") as name:
        folder = Path(name)
        # promtool needs the groups in Prometheus' own format, without the PrometheusRule around them.
        yaml.dump(yaml.load(FOLDER / "prometheus-rule.yaml")["spec"], folder / "rules.yaml")
        (folder / "tests.yaml").write_text((FOLDER / "tests.yaml").read_text())
        commands = (["promtool", "check", "rules", "rules.yaml"], ["promtool", "test", "rules", "tests.yaml"])
        return max(subprocess.run(command, cwd=folder, check=False).returncode for command in commands)


if __name__ == "__main__":
    sys.exit(main())
