"""What applications tell, as OTLP bodies in JSON."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping
from typing import Any  # OTLP in JSON

Json = dict[str, Any]


def visit(subject: str, variants: Mapping[str, str], *, failed: bool = False) -> Json:
    """Return the server span of one request, with the flags that it was served by."""
    now = time.time_ns()
    evaluated = [
        {
            "name": "feature_flag.evaluation",
            "timeUnixNano": str(now),
            "attributes": [
                _pair("feature_flag.key", flag),
                _pair("feature_flag.result.variant", variant),
                _pair("feature_flag.context.id", subject),
            ],
        }
        for flag, variant in variants.items()
    ]
    return {
        "traceId": secrets.token_hex(16),
        "spanId": secrets.token_hex(8),
        "kind": 2,
        "startTimeUnixNano": str(now - 20_000_000),
        "endTimeUnixNano": str(now),
        "status": {"code": 2 if failed else 0},
        "events": evaluated,
    }


def traces(spans: Iterable[Json]) -> Json:
    """Return the body of a request to /v1/traces."""
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}


def alarm(event: str, component: str) -> Json:
    """Return the body of a request to /v1/logs that says something happened to a component."""
    record = {
        "timeUnixNano": str(time.time_ns()),
        "eventName": event,
        "attributes": [_pair("phasegate.component", component)],
    }
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}


def _pair(key: str, value: str) -> Json:
    return {"key": key, "value": {"stringValue": value}}
