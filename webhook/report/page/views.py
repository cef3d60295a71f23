"""What the page shows of each workload, as JSON: one line for each workload or error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from webhook import manifests
from webhook.core.mutate import mutate
from webhook.predict import Verdict
from webhook.predict.forecast import forecast
from webhook.report import render
from webhook.report.chart import svg
from webhook.report.misplaced import misplaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from webhook.core.decision import Report
    from webhook.core.layers import Layer
    from webhook.manifests import BadManifest, Document, Workload
    from webhook.predict import Scenario
    from webhook.predict.forecast import Forecast

Line = dict[str, Any]
"""``{"view": ...}`` or ``{"error": "..."}``."""


def lines(
    documents: Iterable[Document | BadManifest], scenario: Scenario, layer: Layer, override: Layer | None = None
) -> Iterator[Line]:
    """Return a line for every workload and every document that cannot be read, one by one."""
    for document in documents:
        if isinstance(document, manifests.BadManifest):
            yield {"error": str(document)}
            continue
        for workload in document.workloads:
            try:
                result = forecast(workload.pod, scenario, (layer,), override)
            except ValueError as error:
                report = mutate(workload.pod, (layer,), override)
                yield {"view": view(document, workload, report, None) | {"note": str(error)}}
            else:
                yield {"view": view(document, workload, result.report, result)}


def _findings(prediction: Forecast) -> Iterator[Line]:
    """Return what goes wrong as written, and whether lastcall fixes it."""
    for f, fixed in prediction.findings:
        words = {"target": f.target, "message": f.message, "advice": f.advice}
        yield {"reason": f.code, **words, "loses": f.loses, "unknown": f.unknown, "fixed": fixed}


def view(document: Document, workload: Workload, report: Report, prediction: Forecast | None) -> Line:
    """Return what the page shows of one workload, and write its patch into the document."""
    before = document.dump() if report.operations else ""
    document.apply(workload, report.operations)
    data = render.as_data(document, workload, report)
    return {
        "title": render.name(workload),
        "where": f"{document.source}, line {document.line}",
        "outcome": data["outcome"],
        "decisions": data["decisions"],
        "problems": [*data["problems"], *misplaced(document.data, workload.path)],
        "patch": data["patch"],
        "diff": render.diff(workload.name, before, document.dump()) if report.operations else "",
        "svg": svg.figure(prediction.timelines) if prediction else "",
        "narrow": svg.figure(prediction.timelines, narrow=True) if prediction else "",
        "note": "",
        "findings": list(_findings(prediction)) if prediction else [],
        "today": prediction.today if prediction else Verdict.UNKNOWN,
        "withLastcall": prediction.with_lastcall if prediction else Verdict.UNKNOWN,
    }
