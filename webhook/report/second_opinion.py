"""A second opinion on a patch: the jsonpatch library must make the same Pod of it as the core.

The core applies patches with code of its own (``core/patch.py``). https://python-json-patch.readthedocs.io
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsonpatch

if TYPE_CHECKING:
    from webhook.core.decision import Report


def difference(report: Report) -> str:
    """Return how the patch, applied by jsonpatch to the Pod before, misses the Pod after; empty where it does not."""
    try:
        result = jsonpatch.apply_patch(report.before, list(report.operations))
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        return f"jsonpatch cannot apply the patch ({' '.join(str(error).split())})"
    return "" if result == report.after else "jsonpatch makes another Pod of the patch"
