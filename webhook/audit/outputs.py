"""An audit for programs: JSON, SARIF 2.1.0, JUnit and GitHub's annotations. Sorted entries in, text out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import msgspec

from webhook import __version__
from webhook.audit.summary import summarize
from webhook.predict import UNKNOWN, Harm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from webhook.audit import Entry, Line

VERSION = 1
"""Of the JSON; grows when a field changes its meaning or goes. docs/audit.schema.json describes it."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_json(entries: Sequence[Entry]) -> Iterator[str]:
    """Write the summary, and a line for each workload."""
    yield f'{{"version": {VERSION}, "summary": {_encode(summarize(entries))}, "workloads": ['
    for number, entry in enumerate(entries, start=1):
        more = {"title": entry.title, "fixed": entry.fixed}
        yield _encode(msgspec.to_builtins(entry) | more) + ("," if number < len(entries) else "")
    yield "]}"


def as_sarif(entries: Sequence[Entry]) -> Iterator[str]:
    """Write the findings as results; https://docs.oasis-open.org/sarif/sarif/v2.1.0/."""
    rules = [
        {
            "id": harm.code,
            "shortDescription": {"text": harm.code},
            "fullDescription": {"text": harm.sentence},
            "help": {"text": harm.advice},
            "defaultConfiguration": {"level": "error" if harm.warns else "warning" if harm in UNKNOWN else "note"},
        }
        for harm in Harm
    ]
    results: list[dict[str, Any]] = [_result(entry, line) for entry in entries for line in entry.findings]
    driver = {"name": "lastcall", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}
    yield _encode({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]})


def _result(entry: Entry, line: Line) -> dict[str, Any]:
    logical = {"fullyQualifiedName": f"{entry.title} {line.target}"}
    place: dict[str, Any] = {"logicalLocations": [logical]}
    if entry.source:
        region = {"startLine": max(line.line or entry.line, 1)}
        place["physicalLocation"] = {"artifactLocation": {"uri": _uri(entry.source)}, "region": region}
    verdicts = {"today": entry.today, "with_lastcall": entry.with_lastcall}
    level = ("warning" if line.fixed else "error") if line.loses else "warning" if line.unknown else "note"
    said = {"level": level, "message": {"text": _sentence(entry, line)}}
    return {"ruleId": line.code, **said, "locations": [place], "properties": verdicts}


def as_junit(entries: Sequence[Entry]) -> Iterator[str]:
    """Write a test case for each workload, which fails where requests are lost."""
    failures = str(sum(entry.loses for entry in entries))
    suite = ET.Element("testsuite", {"name": "lastcall audit", "tests": str(len(entries)), "failures": failures})
    for entry in entries:
        names = {"name": _xml(entry.title), "classname": _xml(entry.source or "cluster")}
        case = ET.SubElement(suite, "testcase", names)
        if entry.loses:
            failed = ET.SubElement(case, "failure", {"message": _xml(_verdicts(entry))})
            failed.text = _xml("\n".join(_sentence(entry, line) for line in entry.findings))
        elif entry.unknown:
            ET.SubElement(case, "skipped", {"message": _xml(entry.note or _verdicts(entry))})
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield ET.tostring(suite, encoding="unicode")


def as_github(entries: Sequence[Entry]) -> Iterator[str]:
    """Write workflow commands: GitHub shows each at its line of the manifest."""
    for entry in entries:
        for line in entry.findings:
            if line.loses or line.unknown:
                at = f"file={_property(entry.source)},line={line.line or entry.line}," if entry.source else ""
                title = _property(f"{line.code}: {entry.title}")
                level = "error" if line.loses and not line.fixed else "warning"
                yield f"::{level} {at}title={title}::{_data(_sentence(entry, line))}"


def _verdicts(entry: Entry) -> str:
    return f"{entry.today.symbol} {entry.sentence}; with lastcall: {entry.with_lastcall.symbol} {entry.with_lastcall}"


def _sentence(entry: Entry, line: Line) -> str:
    fixed = "lastcall fixes it." if line.fixed else line.advice
    return f"{entry.title}, {line.target}: {line.message}. {fixed}"


def _encode(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _uri(path: str) -> str:
    return re.sub(r"[^A-Za-z0-9._~/-]", lambda m: "".join(f"%{byte:02X}" for byte in m[0].encode()), path)


def _xml(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
