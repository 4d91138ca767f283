"""Who gets in, who may do what, and that no secret is ever told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Plane = Any
Until = Callable[..., None]
Refused = Callable[[httpx.Response, int, str], dict[str, str]]

PERSONS_ROUTES = [
    ("POST", "/api/v1/plans/check"),
    ("GET", "/api/v1/runs"),
    ("POST", "/api/v1/runs"),
    ("GET", "/api/v1/runs/checkout-1"),
    ("GET", "/api/v1/runs/checkout-1/events"),
    ("GET", "/api/v1/runs/checkout-1/audit"),
    ("POST", "/api/v1/runs/checkout-1/pause"),
    ("GET", "/api/v1/flags"),
    ("POST", "/api/v1/flags/new_cart/kill"),
    ("GET", "/api/v1/telemetry"),
]


def test_nobody_without_a_token_gets_in(plane: Plane, refused: Refused) -> None:
    for method, path in PERSONS_ROUTES:
        refused(plane.clients["nobody"].request(method, path), 401, "no-token")


def test_a_token_that_was_never_made_is_no_token(plane: Plane, refused: Refused) -> None:
    headers = {"Authorization": "Bearer pg_made-up"}

    answer = httpx.get(f"{plane.url}/api/v1/runs", headers=headers)

    refused(answer, 401, "no-token")


def test_an_applications_token_does_not_open_the_control_api(
    plane: Plane, refused: Refused
) -> None:
    for method, path in PERSONS_ROUTES:
        refused(plane.clients["shop"].request(method, path), 403, "may-not")


def test_cleo_may_look_at_everything(plane: Plane, exposed: Callable[[], str]) -> None:
    run = exposed()

    looks = ("runs", f"runs/{run}", f"runs/{run}/events", f"runs/{run}/audit", "flags", "telemetry")

    assert {plane.get(f"/api/v1/{look}", "cleo").status_code for look in looks} == {200}


def test_cleo_may_change_nothing(
    plane: Plane, plan: str, refused: Refused, exposed: Callable[[], str]
) -> None:
    run = exposed()
    sign = {"phase": "alpha", "plan_hash": plane.get(f"/api/v1/runs/{run}").json()["plan_hash"]}
    before = plane.kinds(run)

    commands = {
        "runs": {"plan": plan, "environment": "other"},
        f"runs/{run}/pause": {},
        f"runs/{run}/resume": {},
        f"runs/{run}/sign-off": sign,
        f"runs/{run}/waive": {"phase": "alpha", "what": "error_rate < 5%", "reason": "why not"},
        f"runs/{run}/rollback": {"reason": "why not"},
        f"runs/{run}/emergency": {},
        f"runs/{run}/retry": {"reason": "why not"},
        "flags/new_cart/kill": {"reason": "why not"},
    }

    for path, body in commands.items():
        refused(plane.post(f"/api/v1/{path}", body, "cleo"), 403, "may-not")
    assert plane.kinds(run) == before


def test_cleo_may_not_take_part_in_a_flag_stream_but_read_what_is_served(
    plane: Plane, refused: Refused
) -> None:
    stream = "/flags/v1/stream?environment=demo"

    refused(plane.get(stream, "cleo"), 403, "may-not")
    refused(plane.post("/flags/v1/streams/any/ack", {"version": 1}, "cleo"), 403, "may-not")
    with plane.clients["ada"].stream("GET", stream) as answer:
        assert answer.status_code == 200
    assert plane.get("/flags/v1/document?environment=demo", "cleo").status_code == 200
    bulk = plane.post("/ofrep/v1/evaluate/flags", {"context": {}}, "cleo")
    assert bulk.status_code == 200


def test_cleo_may_not_send_telemetry(
    plane: Plane, safety_critical: Callable[[str], Any], refused: Refused
) -> None:
    answer = plane.post("/v1/logs", safety_critical("patient-1"), "cleo")

    refused(answer, 403, "may-not")


def test_no_secret_is_ever_told(
    plane: Plane, plan: str, capfd: pytest.CaptureFixture[str], exposed: Callable[[], str]
) -> None:
    run = exposed()
    secrets = plane.secrets.values()
    answers = [
        plane.get(f"/api/v1/runs/{run}"),
        plane.get(f"/api/v1/runs/{run}/events"),
        plane.get("/api/v1/flags"),
        plane.post("/api/v1/runs", {"plan": plan}),
        plane.post(f"/api/v1/runs/{run}/pause", who="cleo"),
        plane.get(f"/api/v1/runs?token={plane.secrets['ada']}x", "nobody"),
        plane.clients["ada"].post("/api/v1/runs", content=b"{"),
    ]

    out, err = capfd.readouterr()
    told = [answer.text + repr(answer.headers) for answer in answers] + [out, err]

    assert not [secret for secret in secrets for text in told if secret in text]
    stored = json.dumps([token.hash for token in plane.store.tokens()])
    assert not [secret for secret in secrets if secret in stored]
