"""A trace as OTLP/JSON (OpenTelemetry protocol 1.x), for Jaeger, Tempo and their like.

One resource, one scope, one span over the whole and one for each step up to the next. Ids follow
from the deed alone, so that the same deed written twice is the same trace.
"""

import hashlib
import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

from jusha.management.trace import Step, Trace

KIND_INTERNAL: Final = 1
SPAN_ID_BYTES: Final = 8


def otlp(trace: Trace) -> str:
    """Write a trace as one JSON object; a trace of a single moment has one span of no length."""
    first, last = trace.steps[0], trace.steps[-1]
    root = _span(trace, "deed", first.at, last.at, parent="", where=trace.title)
    children = [
        _span(trace, f"{step.name} to {following.name}", step.at, following.at, "deed", step.where)
        for step, following in pairwise(trace.steps)
    ]
    body = {
        "resourceSpans": [
            {
                "resource": {"attributes": [_attribute("service.name", "jusha")]},
                "scopeSpans": [{"scope": {"name": "jusha.trace"}, "spans": [root, *children]}],
            }
        ]
    }
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def _span(
    trace: Trace, name: str, start: datetime, end: datetime, parent: str, where: str
) -> dict[str, Any]:
    number = [] if trace.number is None else [_attribute("jusha.entry", str(trace.number))]
    return {
        "traceId": trace.key.hex(),
        "spanId": _span_id(trace, name),
        "parentSpanId": _span_id(trace, parent) if parent else "",
        "name": name,
        "kind": KIND_INTERNAL,
        "startTimeUnixNano": nanoseconds(start),
        "endTimeUnixNano": nanoseconds(end),
        "attributes": [_attribute("jusha.where", where), *number],
        "status": {},
    }


def _span_id(trace: Trace, name: str) -> str:
    return hashlib.sha256(trace.key + name.encode()).digest()[:SPAN_ID_BYTES].hex()


def _attribute(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


def nanoseconds(at: datetime) -> str:
    """A time as OTLP writes it: a decimal string of nanoseconds since 1970."""
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return str(microseconds * 1_000)


def took(before: Step, after: Step) -> str:
    """How long it took from one step to another, in the unit that people would use."""
    seconds = (after.at - before.at).total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds:.2f} s" if seconds < 120 else f"{seconds / 60:.1f} min"  # noqa: PLR2004
