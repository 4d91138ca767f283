"""Flags over the control API: set, killed and revived by hand, beside a run that has them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

Plane = Any
Until = Callable[..., None]
Refused = Callable[[httpx.Response, int, str], dict[str, str]]


def test_flags_are_listed_for_the_environment_that_is_asked_for(plane: Plane) -> None:
    plane.post("/api/v1/flags/banner/set?environment=other", {"reason": "x", "exposure": 2500})

    assert list(plane.get("/api/v1/flags?environment=other").json()["flags"]) == ["banner"]
    assert plane.get("/api/v1/flags").json()["flags"] == {}
    assert plane.get("/api/v1/flags?environment=").json()["metadata"]["flagSetId"] == "demo"


def test_a_flag_is_set_killed_and_revived(plane: Plane) -> None:
    def rollout() -> Any:
        return plane.flag("banner").get("targeting", {}).get("fractional")

    plane.post("/api/v1/flags/banner/set", {"reason": "pilot ward", "exposure": 2500})
    assert rollout() == [["on", 2500], ["off", 7500]]

    plane.post("/api/v1/flags/banner/kill", {"reason": "wrong colour"})
    assert rollout() is None
    assert plane.flag("banner")["defaultVariant"] == "off"

    plane.post("/api/v1/flags/banner/revive", {"reason": "mended"})
    assert rollout() == [["on", 2500], ["off", 7500]]


def test_an_unknown_flag_cannot_be_killed_or_revived(plane: Plane, refused: Refused) -> None:
    for change in ("kill", "revive"):
        answer = plane.post(f"/api/v1/flags/banner/{change}", {"reason": "x"})
        refused(answer, 409, "unknown-flag")
    assert plane.get("/api/v1/flags").json()["flags"] == {}


def test_an_unknown_change_of_a_flag_lists_those_there_are(plane: Plane, refused: Refused) -> None:
    error = refused(
        plane.post("/api/v1/flags/banner/paint", {"reason": "x"}), 404, "unknown-command"
    )

    assert "revive" in error["remedy"]


def test_an_exposure_that_is_no_share_is_refused(plane: Plane, refused: Refused) -> None:
    for exposure in (None, -1, 10_001):
        body = {"reason": "x", "exposure": exposure}
        refused(plane.post("/api/v1/flags/banner/set", body), 409, "exposure-range")


def test_a_flags_body_of_another_shape_is_malformed(plane: Plane, refused: Refused) -> None:
    for body in ({}, {"reason": "x", "exposure": "25%"}, {"reason": "x", "share": 1}):
        refused(plane.post("/api/v1/flags/banner/set", body), 400, "malformed")


def test_a_change_of_a_flag_needs_a_reason(plane: Plane, refused: Refused) -> None:
    body = {"reason": " ", "exposure": 2500}

    refused(plane.post("/api/v1/flags/banner/set", body), 409, "reason-missing")


def test_a_flag_under_a_run_cannot_be_set(
    plane: Plane, refused: Refused, exposed: Callable[[], str]
) -> None:
    exposed()

    answer = plane.post("/api/v1/flags/new_cart/set", {"reason": "x", "exposure": 10_000})

    refused(answer, 409, "flag-under-run")


def test_a_flag_whose_run_has_ended_is_set_by_hand_until_the_next_run_takes_it(
    plane: Plane, until: Until, exposed: Callable[[], str]
) -> None:
    first = exposed()
    plane.post(f"/api/v1/runs/{first}/rollback", {"phase": "all", "reason": "too slow"})
    until(lambda: plane.get(f"/api/v1/runs/{first}").json()["status"] == "rolled back")

    body = {"reason": "for everyone, as agreed", "exposure": 10_000}
    answer = plane.post("/api/v1/flags/new_cart/set", body)
    by_hand = plane.flag("new_cart")
    second = exposed()
    taken = plane.flag("new_cart")
    plane.post(f"/api/v1/runs/{second}/rollback", {"phase": "all", "reason": "too slow"})
    until(lambda: plane.get(f"/api/v1/runs/{second}").json()["status"] == "rolled back")

    assert answer.status_code == 200, answer.text
    assert by_hand["defaultVariant"] == "on"
    assert taken["targeting"] == {"fractional": [["on", 5000], ["off", 5000]]}
    assert plane.flag("new_cart")["defaultVariant"] == "off"
    history = plane.get("/api/v1/flags/new_cart").json()["history"]
    assert [(one["kind"], one["actor"]) for one in history] == [
        ("flag_set", "ada"),
        ("flag_taken", "engine"),
    ]


def test_what_is_scheduled_comes_after_a_run_and_never_into_one(
    plane: Plane, until: Until, exposed: Callable[[], str]
) -> None:
    def schedule(seconds: float) -> None:
        at = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        body = {"at": at, "exposure": 10_000, "reason": "opening"}
        plane.post("/api/v1/flags/new_cart/schedule", body)

    def due() -> list[str]:
        """Return what became of what was scheduled, once it was due."""
        history = plane.get("/api/v1/flags/new_cart").json().get("history", [])
        kinds = ("flag_set", "flag_unscheduled")
        return [one["kind"] for one in history if one["actor"] == "engine" and one["kind"] in kinds]

    for seconds in (1, 5, 25):  # until it was long enough for the run to be there by then
        before = len(due())
        schedule(seconds)
        run = exposed()
        until(lambda before=before: len(due()) > before, within_s=60)
        during = plane.flag("new_cart")
        plane.post(f"/api/v1/runs/{run}/rollback", {"phase": "all", "reason": "too slow"})
        until(lambda run=run: plane.get(f"/api/v1/runs/{run}").json()["status"] == "rolled back")
        if due()[-1] == "flag_unscheduled":
            break
    else:
        pytest.fail("it was set although a run had the flag")
    schedule(seconds=0.5)
    until(lambda: due()[-1] == "flag_set")

    assert during["targeting"] == {"fractional": [["on", 5000], ["off", 5000]]}
    until(lambda: plane.flag("new_cart")["defaultVariant"] == "on")


def test_a_killed_flag_is_off_at_once_and_stays_off_while_its_run_goes_on(
    plane: Plane, until: Until, exposed: Callable[[], str]
) -> None:
    run = exposed()

    plane.post("/api/v1/flags/new_cart/kill", {"reason": "wrong totals"})
    at_once = plane.flag("new_cart")
    plane.post(f"/api/v1/runs/{run}/pause", {"reason": "a look"})
    plane.post(f"/api/v1/runs/{run}/resume", {"reason": "seen"})
    plane.another_round(until)

    assert "targeting" not in at_once
    assert at_once["defaultVariant"] == "off"
    assert plane.flag("new_cart") == at_once

    plane.post("/api/v1/flags/new_cart/revive", {"reason": "mended"})
    assert plane.flag("new_cart")["targeting"] == {"fractional": [["on", 5000], ["off", 5000]]}


def test_a_strange_flag_key_is_refused_and_does_not_harm_the_others(plane: Plane) -> None:
    plane.post("/api/v1/flags/banner/set", {"reason": "x", "exposure": 10_000})

    for key in ("a b", "%24ref", "%C3%A9", "a%22b", "banner.shadow", "%00"):
        answer = plane.post(f"/api/v1/flags/{key}/set", {"reason": "x", "exposure": 2500})
        assert answer.json()["error"]["code"] == "flag-key"

    assert plane.flag("banner")["defaultVariant"] == "on"
    assert plane.post("/api/v1/flags/banner/kill", {"reason": "x"}).status_code == 200
    assert plane.flag("banner")["defaultVariant"] == "off"
