"""A second opinion on a patch: the jsonpatch library must get the same Pod from it as the core.

The core applies patches with code of its own (``core/patch.py``). https://python-json-patch.readthedocs.io
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsonpatch

if TYPE_CHECKING:
    from webhook.core.decision import Report


def difference(report: Report) -> str:
    """Return why jsonpatch does not get the Pod after from the Pod before and the patch; "" if it does."""
    try:
        result = jsonpatch.apply_patch(report.before, list(report.operations))
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        return f"jsonpatch cannot apply the patch ({' '.join(str(error).split())})"
    return "" if result == report.after else "jsonpatch gets a different Pod from the patch"
