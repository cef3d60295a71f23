"""The JSON schemas of what ``audit`` and ``timeline`` print with ``-o json``, from the types that they print."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from webhook.audit import Entry, outputs
from webhook.audit.summary import Summary
from webhook.cli import timeline
from webhook.core.decision import Outcome
from webhook.predict import Event, Timeline, Verdict

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TYPES = (Entry, Summary, Timeline, Event, Outcome, Verdict)
_REFS, _COMPONENTS = msgspec.json.schema_components(_TYPES, ref_template="#/$defs/{name}")
_NAMED = dict(zip((kind.__name__ for kind in _TYPES), _REFS, strict=True))
_TEXT = {"type": "string"}
_VERDICTS = {"today": _NAMED["Verdict"], "with_lastcall": _NAMED["Verdict"]}


def audit() -> str:
    """Return the schema of ``lastcall audit -o json``."""
    workload = _object({"title": _TEXT, "fixed": {"type": "boolean"}}, _NAMED["Entry"])
    return _page("lastcall audit -o json", outputs.VERSION, workload, {"summary": _NAMED["Summary"]})


def timelines() -> str:
    """Return the schema of ``lastcall timeline -o json``."""
    more = {"sentence": _TEXT, "verdict": _NAMED["Verdict"], "events": _list(_NAMED["Event"])}
    drawn = _object(more, _NAMED["Timeline"])
    names = ("mutation", "target", "reason", "message")
    decision = _object({**dict.fromkeys(names, _TEXT), "outcome": _NAMED["Outcome"]})
    fields: dict[str, Any] = {
        **dict.fromkeys(("source", "kind", "name", "namespace"), _TEXT),
        "document": {"type": "integer"},
        "outcome": _NAMED["Outcome"],
        "decisions": _list(decision),
        "problems": _list(_TEXT),
        "patch": _list({"type": "object"}),
        **_VERDICTS,
        "before": drawn,
        "after": drawn,
    }
    return _page("lastcall timeline -o json", timeline.VERSION, _object(fields), {})


def _page(title: str, version: int, workload: dict[str, Any], more: dict[str, Any]) -> str:
    fields = {"version": {"const": version}, **more, "workloads": _list(workload)}
    whole = {"$schema": _DRAFT, "title": title, **_object(fields), "$defs": _COMPONENTS}
    return json.dumps(whole, indent=2, default=str) + "\n"


def _object(fields: dict[str, Any], base: dict[str, Any] | None = None) -> dict[str, Any]:
    whole = {"type": "object", "properties": fields, "required": list(fields)}
    return {"allOf": [base, whole]} if base else whole


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}
