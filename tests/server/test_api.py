"""Runs over the control API: starting, looking, commands, and a clear answer to all wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

Plane = Any
Until = Callable[..., None]
Refused = Callable[[httpx.Response, int, str], dict[str, str]]

UNREVIEWED = "metrics:\n  error_rate: {kind: shade, bad: error}\nphases: 7\n"


def test_a_sound_plan_is_told_its_hash(plane: Plane, plan: str) -> None:
    told = plane.post("/api/v1/plans/check", {"plan": plan}, "cleo").json()

    assert len(told["plan_hash"]) == 64
    assert [one for one in told["problems"] if one["severity"] == "error"] == []


def test_a_broken_plan_is_refused_with_everything_that_is_wrong(plane: Plane, plan: str) -> None:
    broken = plan.replace("50%", "150%").replace("error_rate < 5%", "eror_rate < 5%")

    answer = plane.post("/api/v1/runs", {"plan": broken})

    assert answer.status_code == 422
    problems = [one for one in answer.json()["problems"] if one["severity"] == "error"]
    assert {one["code"] for one in problems} >= {"exposure-range", "unknown-metric"}
    assert all(one["line"] and one["message"] and one["remedy"] for one in problems)
    assert plane.get("/api/v1/runs").json() == {"runs": []}


def test_what_is_no_plan_is_a_list_of_problems(plane: Plane) -> None:
    for text in ("", "\x00", "- a\n- b", "plan: [", "plan: &a [*a]", UNREVIEWED):
        answer = plane.post("/api/v1/runs", {"plan": text})

        assert answer.status_code == 422
        assert answer.json()["problems"]


@pytest.mark.parametrize(
    ("origin", "code"), [("plan.yaml", "case-file-missing"), ("/etc/plan.yaml", "plan-outside")]
)
def test_a_plan_whose_cases_cannot_be_opened_starts_nothing(
    plane: Plane,
    plan: str,
    *,
    origin: str,
    code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    cases = 'cases:\n  triage: {file: passwd, url: "http://127.0.0.1:9/triage"}\nmetrics:\n'
    metric = "  right: {kind: share, good: correct, source: cases, cases: triage}\n"
    step = "    before:\n      - evaluate: {cases: triage, metric: right}\n    components:"
    text = plan.replace("metrics:\n", cases + metric).replace("    components:", step)
    text = text.replace("pass_when: [", "pass_when: [right > 90%, ")

    checked = plane.post("/api/v1/plans/check", {"plan": text, "origin": origin}).json()
    started = plane.post("/api/v1/runs", {"plan": text, "origin": origin})

    for told in (checked["problems"], started.json()["problems"]):
        assert [one["code"] for one in told if one["severity"] == "error"] == [code]
    assert started.status_code == 422
    assert plane.get("/api/v1/runs").json() == {"runs": []}


@pytest.mark.parametrize(
    ("name", "url", "code"),
    [
        ("shp", "http://127.0.0.1:9", "endpoint-unknown"),
        ("shop", "127.0.0.1:9", "endpoint-form"),
        ("shop", "", "endpoint-form"),
        ("shop", "http://[::1", "endpoint-form"),
        ("shop", "http://ben:secret@127.0.0.1:9", "endpoint-secret"),
    ],
)
def test_an_endpoint_is_one_of_the_plan_with_a_whole_url(
    plane: Plane, plan: str, refused: Refused, *, name: str, url: str, code: str
) -> None:
    text = plan.replace("hazards:", 'endpoints: {shop: "http://127.0.0.1:9"}\nhazards:')
    body = {"plan": text, "endpoints": {name: url}}

    error = refused(plane.post("/api/v1/runs", body), 409, code)

    assert "secret" not in str(error["message"])
    assert plane.get("/api/v1/runs").json() == {"runs": []}


def test_a_second_start_in_an_environment_says_which_run_is_there(
    plane: Plane, plan: str, refused: Refused
) -> None:
    run = plane.start()

    error = refused(plane.post("/api/v1/runs", {"plan": plan}), 409, "environment-busy")

    assert run in error["message"]
    assert len(plane.get("/api/v1/runs").json()["runs"]) == 1


def test_of_starts_at_the_same_moment_exactly_one_wins(plane: Plane, plan: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: plane.post("/api/v1/runs", {"plan": plan}), range(8)))

    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]
    assert len(plane.get("/api/v1/runs").json()["runs"]) == 1


def test_a_run_may_start_right_after_the_one_before_was_taken_back(
    plane: Plane, until: Until, exposed: Callable[[], str]
) -> None:
    first = exposed()
    plane.post(f"/api/v1/runs/{first}/rollback", {"phase": "all", "reason": "again"})
    until(lambda: "rollback_confirmed" in plane.kinds(first))
    (phase,) = plane.get(f"/api/v1/runs/{first}").json()["phases"]
    assert phase["state"] == "rolled back"

    assert plane.start() != first


def test_a_refused_start_does_not_keep_the_next_one_waiting(
    plane: Plane, plan: str, refused: Refused
) -> None:
    plane.start()
    plane.post("/api/v1/runs", {"plan": plan})

    again = plane.post("/api/v1/runs", {"plan": plan})

    refused(again, 409, "environment-busy")


def test_durations_are_not_shortened_in_production(
    plane: Plane, plan: str, refused: Refused
) -> None:
    body = {"plan": plan, "environment": "production", "pace": 60}

    refused(plane.post("/api/v1/runs", body), 409, "pace-in-production")


def test_a_pace_below_one_is_refused(plane: Plane, plan: str, refused: Refused) -> None:
    refused(plane.post("/api/v1/runs", {"plan": plan, "pace": 0.5}), 409, "pace-below-one")


def test_a_pace_that_leaves_nothing_of_a_duration_is_refused(
    plane: Plane, plan: str, refused: Refused
) -> None:
    refused(plane.post("/api/v1/runs", {"plan": plan, "pace": 1e300}), 409, "pace-too-high")


def test_a_run_is_shown_whole(plane: Plane, exposed: Callable[[], str]) -> None:
    run = exposed()

    shown = plane.get(f"/api/v1/runs/{run}").json()

    assert shown["environment"] == "demo"
    assert shown["status"] == "running"
    assert shown["phase"] == "alpha"
    assert [(one["component"], one["exposure"]) for one in shown["components"]] == [
        ("new_cart", 5000)
    ]
    assert shown["decision"]["rule"] == "soaking"


def test_events_come_after_the_number_that_is_known(
    plane: Plane, exposed: Callable[[], str]
) -> None:
    run = exposed()

    after = plane.get(f"/api/v1/runs/{run}/events?after=2").json()["events"]
    beyond = plane.get(f"/api/v1/runs/{run}/events?after=1000").json()["events"]

    assert [event["number"] for event in after] == [3, 4]
    assert beyond == []


def test_what_is_no_event_number_is_malformed(plane: Plane, refused: Refused) -> None:
    run = plane.start()

    for after in ("-1", "x", "", "1e3", "²", "9" * 40):
        refused(plane.get(f"/api/v1/runs/{run}/events?after={after}"), 400, "malformed")


def test_the_chain_of_a_log_is_verified(plane: Plane, exposed: Callable[[], str]) -> None:
    run = exposed()

    assert plane.get(f"/api/v1/runs/{run}/audit").json() == {"events": 4, "flaws": []}


def test_an_unknown_run_is_told_on_every_route(plane: Plane, refused: Refused) -> None:
    plane.post("/api/v1/flags/banner/set", {"reason": "flags:demo has a log", "exposure": 1})

    for run in ("checkout-1", "flags:demo", "%00", "%F0%9F%92%8A"):
        for route in ("", "/events", "/events?after=3", "/audit"):
            refused(plane.get(f"/api/v1/runs/{run}{route}"), 404, "unknown-run")
        refused(plane.post(f"/api/v1/runs/{run}/pause"), 404, "unknown-run")


def test_a_route_that_is_not_there_is_told(plane: Plane, refused: Refused) -> None:
    refused(plane.get("/api/v2/runs"), 404, "no-such-route")
    refused(plane.get("/"), 404, "no-such-route")


def test_a_method_that_a_route_does_not_have_is_told(plane: Plane, refused: Refused) -> None:
    answer = plane.clients["ada"].delete("/api/v1/runs")

    refused(answer, 405, "no-such-method")
    assert "GET" in answer.headers["allow"]


# Commands.


def test_an_unknown_command_lists_those_there_are(plane: Plane, refused: Refused) -> None:
    run = plane.start()

    error = refused(plane.post(f"/api/v1/runs/{run}/explode"), 404, "unknown-command")

    assert "rollback" in error["remedy"]


def test_a_run_is_paused_resumed_and_taken_back(
    plane: Plane, until: Until, exposed: Callable[[], str]
) -> None:
    run = exposed()

    done = [
        plane.post(f"/api/v1/runs/{run}/{name}", {"reason": "a look"}).json()["kind"]
        for name in ("pause", "resume", "rollback")
    ]

    assert done == ["paused", "resumed", "rollback_started"]
    until(lambda: plane.kinds(run)[-1] == "rollback_confirmed")
    assert plane.flag("new_cart")["defaultVariant"] == "off"


def test_a_retry_and_an_emergency_are_written_down(
    plane: Plane, until: Until, exposed: Callable[[], str]
) -> None:
    run = exposed()

    assert plane.post(f"/api/v1/runs/{run}/emergency").status_code == 200
    until(lambda: plane.kinds(run)[-1] == "rollback_confirmed")
    assert plane.post(f"/api/v1/runs/{run}/retry", {"reason": "mended"}).status_code == 200
    until(lambda: plane.kinds(run)[-1] == "exposure_confirmed")


def test_ada_cannot_approve_what_she_wrote(
    plane: Plane, refused: Refused, exposed: Callable[[], str]
) -> None:
    run = exposed()
    asked = {"phase": "alpha", "plan_hash": plane.get(f"/api/v1/runs/{run}").json()["plan_hash"]}

    refused(plane.post(f"/api/v1/runs/{run}/sign-off", asked), 403, "own-work")


def test_ben_signs_for_the_plan_that_runs(
    plane: Plane, refused: Refused, exposed: Callable[[], str]
) -> None:
    run = exposed()
    plan_hash = plane.get(f"/api/v1/runs/{run}").json()["plan_hash"]
    asked = {"phase": "alpha", "plan_hash": plan_hash, "meaning": "approved"}

    signed = plane.post(f"/api/v1/runs/{run}/sign-off", asked, "ben")
    again = plane.post(f"/api/v1/runs/{run}/sign-off", asked, "ben")

    assert signed.json()["actor"] == "ben"
    refused(again, 409, "already-so")


def test_a_signature_for_another_plan_is_refused(
    plane: Plane, refused: Refused, exposed: Callable[[], str]
) -> None:
    run = exposed()
    asked = {"phase": "alpha", "plan_hash": "ab" * 32}

    refused(plane.post(f"/api/v1/runs/{run}/sign-off", asked, "ben"), 409, "other-plan")


def test_a_waiver_is_written_down_with_its_end(plane: Plane, exposed: Callable[[], str]) -> None:
    run = exposed()
    asked = {"phase": "alpha", "what": "error_rate < 5%", "reason": "known", "lasts_s": 60}

    waived = plane.post(f"/api/v1/runs/{run}/waive", asked, "ben").json()

    assert waived["kind"] == "waived"
    assert waived["body"]["expires"] > waived["at"]


def test_a_waiver_that_lasts_no_sensible_time_is_malformed(
    plane: Plane, refused: Refused, exposed: Callable[[], str]
) -> None:
    run = exposed()
    asked = {"phase": "alpha", "what": "error_rate < 5%", "reason": "x"}

    for lasts_s in (0, -60, 1e300, 1e12):
        body = {**asked, "lasts_s": lasts_s}
        refused(plane.post(f"/api/v1/runs/{run}/waive", body, "ben"), 400, "malformed")
    assert "waived" not in plane.kinds(run)


def test_a_run_says_which_application_it_waits_for(plane: Plane, until: Until) -> None:
    run = plane.start()
    until(lambda: "exposure_confirmed" in plane.kinds(run))

    def waits() -> list[str]:
        told: list[str] = plane.get(f"/api/v1/runs/{run}").json()["unconfirmed"]
        return told

    asked = {"environment": "demo", "name": "till"}
    unsaid = waits()

    with plane.clients["shop"].stream("GET", "/flags/v1/stream", params=asked) as stream:
        lines = stream.iter_lines()
        hello, document = (next(one for one in lines if one.startswith("data: ")) for _ in "ab")
        name = json.loads(hello.removeprefix("data: "))["stream"]
        version = json.loads(document.removeprefix("data: "))["version"]
        plane.post(f"/flags/v1/streams/{name}/ack", {"version": version}, "shop")
        plane.post(f"/api/v1/runs/{run}/rollback", {"phase": "all", "reason": "over"})
        until(lambda: waits() == ["application till has not confirmed"])

    assert unsaid == []
