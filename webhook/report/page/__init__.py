"""The page: one file that needs no network. ``lastcall ui`` serves it, and HTML reports are such pages.

Its data is JSON inside it. A Content-Security-Policy has the hashes of its script and style, so that a browser runs and
loads nothing else, whatever a manifest contains.
"""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from webhook.report.chart.svg import STYLE, legend

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER = files("webhook.report.page")
_CSS = _FOLDER.joinpath("page.css").read_text(encoding="utf-8") + STYLE
_JS = _FOLDER.joinpath("page.js").read_text(encoding="utf-8")
_HTML = _FOLDER.joinpath("page.html").read_text(encoding="utf-8")


def html(data: Mapping[str, Any]) -> str:
    """Return the page with its data inside.

    ``mode`` is ``live`` or ``report``; a report has ``lines`` (see ``views``), maybe ``audit``, ``tagline``, ``note``.
    """
    # "<" as an escape: in JSON it can only stand in a text, and "</script>" would end the data.
    inside = json.dumps({"legend": legend(), **data}).replace("<", "\\u003c")
    policy = (
        f"default-src 'none'; script-src '{_hash(_JS)}'; style-src '{_hash(_CSS)}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    parts = {"@CSP@": policy, "@CSS@": _CSS, "@JS@": _JS, "@DATA@": inside}
    page = _HTML
    for mark, text in parts.items():  # the data last: it may hold a mark
        page = page.replace(mark, text)
    return page


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
