"""Two environments on one real server: telemetry says over HTTP where it is of."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

Until = Callable[..., Any]


def pair(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


def alarm(environment: str) -> dict[str, Any]:
    told = {"phasegate.component": "new_cart", "feature_flag.set.id": environment}
    record = {
        "timeUnixNano": str(time.time_ns()),
        "eventName": "safety.critical",
        "attributes": [pair(key, value) for key, value in told.items()],
    }
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}


def visit(environment: str | None) -> dict[str, Any]:
    now = time.time_ns()
    told = {"feature_flag.key": "new_cart", "feature_flag.result.variant": "on"}
    if environment is not None:
        told["feature_flag.set.id"] = environment
    span = {
        "traceId": secrets.token_hex(16),
        "spanId": secrets.token_hex(8),
        "kind": 2,
        "startTimeUnixNano": str(now),
        "endTimeUnixNano": str(now),
        "events": [
            {
                "name": "feature_flag.evaluation",
                "timeUnixNano": str(now),
                "attributes": [pair(key, value) for key, value in told.items()],
            }
        ],
    }
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


def test_a_sentinel_of_staging_takes_nothing_back_in_production(plane, until: Until) -> None:
    here, there = plane.start(), plane.start(environment="staging")
    for run in (here, there):
        until(lambda run=run: "exposure_confirmed" in plane.kinds(run))

    plane.post("/v1/logs", alarm("staging"), "shop").raise_for_status()

    until(lambda: "rollback_confirmed" in plane.kinds(there))
    assert "rollback_started" not in plane.kinds(here)


def test_an_evaluation_that_does_not_say_where_it_is_of_is_shown_as_such(
    plane, until: Until
) -> None:
    for run in (plane.start(), plane.start(environment="staging")):
        until(lambda run=run: "exposure_confirmed" in plane.kinds(run))

    for where in (None, "staging", "demo", "elsewhere"):
        plane.post("/v1/traces", visit(where), "shop").raise_for_status()

    counters = plane.get("/api/v1/telemetry").json()
    assert counters["unattributable"] == 1
    assert counters["received"] == 4
    assert 'became="unattributable"} 1' in plane.get("/metrics").text.replace(" 1.0", " 1")
