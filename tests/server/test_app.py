"""One whole server: bodies, telemetry, health, and a store that fails."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from phasegate.server.bodies import MOST_BODY

Plane = Any
Until = Callable[..., None]
Refused = Callable[[httpx.Response, int, str], dict[str, str]]

OTHER_SHAPES = (
    b"",
    b"{",
    b"[]",
    b'"plan"',
    b"\xff\xfe",
    b'{"plan": 7}',
    b'{"plan": "", "pase": 2}',
    b'{"plan": "", "pace": NaN}',
    b'{"plan": "", "pace": 1e999}',
    b'{"plan": "", "endpoints": {"clinic": 7}}',
    b"{}",
    b"[" * 100_000,
)


def test_a_body_of_another_shape_is_malformed(plane: Plane, refused: Refused) -> None:
    for body in OTHER_SHAPES:
        refused(plane.clients["ada"].post("/api/v1/runs", content=body), 400, "malformed")
    assert plane.get("/api/v1/runs").json() == {"runs": []}


def test_a_misspelt_field_of_a_command_is_told_and_nothing_is_done(
    plane: Plane, refused: Refused, exposed: Callable[[], str]
) -> None:
    run = exposed()
    before = plane.kinds(run)

    error = refused(
        plane.post(f"/api/v1/runs/{run}/rollback", {"reason": "x", "component": ["new_cart"]}),
        400,
        "malformed",
    )

    assert "component" in error["message"]
    assert plane.kinds(run) == before


def test_a_body_over_the_limit_is_too_large(plane: Plane, refused: Refused) -> None:
    body = b'{"plan": "' + b"x" * MOST_BODY + b'"}'

    whole = plane.clients["ada"].post("/api/v1/runs", content=body)
    piecemeal = plane.clients["ada"].post("/api/v1/runs", content=iter([body[:9], body[9:]]))

    refused(whole, 413, "body-too-large")
    refused(piecemeal, 413, "body-too-large")


def test_malformed_telemetry_is_answered_as_exporters_expect(plane: Plane, until: Until) -> None:
    shop = plane.clients["shop"]
    protobuf, plain = "application/x-protobuf", "application/json"

    answers = [
        shop.post("/v1/traces", content=b"\xff\xff", headers={"content-type": protobuf}),
        shop.post("/v1/traces", content=b"{", headers={"content-type": plain}),
        shop.post("/v1/traces", content=b"{}", headers={"content-type": "text/plain"}),
        shop.get("/v1/traces"),
        shop.post("/v1/profiles", content=b"{}", headers={"content-type": plain}),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 415, 405, 404]
    until(lambda: plane.get("/health/ready", "nobody").status_code == 200)


def test_a_safety_critical_event_takes_its_component_back(
    plane: Plane, safety_critical: Callable[[str], Any], until: Until, exposed: Callable[[], str]
) -> None:
    run = exposed()
    subject = next(s for s in map("patient-{}".format, range(99)) if _is_on(plane, s))

    sent = plane.post("/v1/logs", safety_critical(subject), "shop")

    assert sent.status_code == 200
    until(lambda: plane.kinds(run)[-2:] == ["rollback_started", "rollback_confirmed"])
    assert not _is_on(plane, subject)
    assert plane.get("/api/v1/telemetry").json()["joined"] == 1


def _is_on(plane: Plane, subject: str) -> bool:
    path = "/ofrep/v1/evaluate/flags/new_cart"
    answer = plane.post(path, {"context": {"targetingKey": subject}}, "shop")
    return bool(answer.json()["value"])


def test_probes_need_no_token(plane: Plane, until: Until) -> None:
    until(lambda: plane.get("/health/ready", "nobody").status_code == 200)

    assert plane.get("/health/live", "nobody").json() == {"status": "live"}
    assert plane.get("/health/ready", "nobody").json() == {"status": "ready", "why": None}


def test_a_server_whose_store_fails_is_live_and_says_why_it_is_not_ready(plane: Plane) -> None:
    plane.lose("events")

    assert plane.get("/health/live", "nobody").status_code == 200
    answer = plane.get("/health/ready", "nobody")
    assert answer.status_code == 503
    assert "store" in answer.json()["why"]


def test_while_the_store_fails_every_answer_says_so(plane: Plane, refused: Refused) -> None:
    plane.lose("events")
    refused(plane.get("/api/v1/runs"), 503, "unavailable")

    plane.lose("tokens")
    refused(plane.get("/api/v1/runs", "cleo"), 503, "unavailable")
    refused(plane.post("/v1/traces", {}, "shop"), 503, "unavailable")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not on this machine")
def test_prometheus_reads_what_a_server_says_of_itself(
    plane: Plane, until: Until, exposed: Callable[[], str]
) -> None:
    exposed()

    shown = plane.get("/metrics").text
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=shown, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    for name in ("decides", "undecided_seconds", "ready", "nobody_decides", "packed_tallies_total"):
        assert f"\nphasegate_{name} " in shown
