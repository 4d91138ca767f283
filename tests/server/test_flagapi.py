"""The life of a flag over the control API, with the engine deciding in earnest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

Plane = Any
Until = Callable[..., None]
Refused = Callable[[httpx.Response, int, str], dict[str, str]]


def change(plane: Plane, flag: str, what: str, who: str = "ada", **body: Any) -> httpx.Response:
    return plane.post(f"/api/v1/flags/{flag}/{what}", {"reason": "as agreed", **body}, who)


def value(plane: Plane, flag: str) -> object:
    answer = plane.post(f"/ofrep/v1/evaluate/flags/{flag}", {"context": {}}, "shop")
    return answer.json().get("value")


def test_a_flag_lives_from_its_creation_to_its_archive(plane: Plane) -> None:
    created = change(plane, "banner", "create", owner="Ada", expires="2031-01-01")
    change(plane, "banner", "set", exposure=10_000)
    change(plane, "banner", "describe", about="the banner", owner="Ben")
    served = value(plane, "banner")
    change(plane, "banner", "archive")

    shown = plane.get("/api/v1/flags/banner").json()
    assert created.status_code == 200
    assert served is True
    assert value(plane, "banner") is None
    assert shown["served"]["state"] == "DISABLED"
    record = shown["record"]
    assert (record["owner"], record["about"], record["expires"], record["archived"]) == (
        "Ben",
        "the banner",
        "2031-01-01",
        True,
    )
    told = [(one["kind"], one["actor"], one["body"]["reason"]) for one in shown["history"]]
    assert told == [
        (kind, "ada", "as agreed")
        for kind in ("flag_created", "flag_set", "flag_described", "flag_archived")
    ]


def test_killing_a_flag_says_what_goes_along(plane: Plane) -> None:
    for flag, requires in (("payments", []), ("receipts", ["payments"]), ("mail", ["receipts"])):
        change(plane, flag, "create", requires=requires)
        change(plane, flag, "set", exposure=10_000)
    before = [value(plane, "receipts"), value(plane, "mail")]

    answer = change(plane, "payments", "kill").json()

    assert before == [True, True]
    assert answer["dependents"] == ["mail", "receipts"]
    assert [value(plane, "receipts"), value(plane, "mail")] == [False, False]
    assert plane.get("/api/v1/flags/payments").json()["dependents"] == ["mail", "receipts"]


def test_a_flag_of_any_shape_is_defined_and_served(plane: Plane) -> None:
    definition = {
        "state": "ENABLED",
        "variants": {"small": 10, "large": 50},
        "defaultVariant": "small",
    }

    change(plane, "page_size", "create", definition=definition)
    first = value(plane, "page_size")
    change(plane, "page_size", "define", definition={**definition, "defaultVariant": "large"})

    assert (first, value(plane, "page_size")) == (10, 50)


def test_what_is_scheduled_happens(plane: Plane, until: Until) -> None:
    change(plane, "banner", "create")
    at = datetime.now(UTC) + timedelta(seconds=0.5)

    planned = change(plane, "banner", "schedule", exposure=10_000, at=at.isoformat())

    assert planned.status_code == 200
    until(lambda: value(plane, "banner") is True)
    history = plane.get("/api/v1/flags/banner").json()["history"]
    assert [one["actor"] for one in history] == ["ada", "ada", "engine"]
    assert datetime.fromisoformat(history[-1]["at"]) >= at, "and not before"


def test_standings_tell_what_speaks_against_a_flag(plane: Plane) -> None:
    change(plane, "banner", "create", owner="Ada", expires="2020-01-01")
    change(plane, "search", "set", exposure=10_000)

    found = plane.get("/api/v1/flag-standings?days=0").json()["flags"]

    assert {one["key"]: one["why"] for one in found} == {
        "banner": ["it was to be gone by 2020-01-01", "it has been off for everyone for 0 days"],
        "search": ["nobody owns it", "it has been on for everyone for 0 days"],
    }


def test_an_environment_chooses_its_hashing_while_nobody_would_move(
    plane: Plane, refused: Refused
) -> None:
    change(plane, "banner", "set", exposure=5000)
    asked = {"reason": "Python's flagd provider", "hashing": "v3"}
    refused(plane.post("/api/v1/flag-hashing", asked), 409, "hashing-would-move")

    change(plane, "banner", "set", exposure=0)
    plane.post("/api/v1/flag-hashing", asked)

    assert plane.get("/api/v1/flags").json()["metadata"]["hashing"] == "v3"


def test_who_may_only_look_changes_nothing(plane: Plane, refused: Refused) -> None:
    refused(change(plane, "banner", "create", "cleo"), 403, "may-not")

    assert plane.get("/api/v1/flags", "cleo").json()["flags"] == {}


def test_a_flag_that_is_not_there_is_404_with_the_known(plane: Plane, refused: Refused) -> None:
    change(plane, "banner", "create")

    error = refused(plane.get("/api/v1/flags/baner"), 404, "unknown-flag")

    assert "banner" in error["remedy"]


@pytest.mark.parametrize("days", ["-1", "x", "999999", ""])
def test_a_number_of_days_is_one(plane: Plane, refused: Refused, days: str) -> None:
    refused(plane.get(f"/api/v1/flag-standings?days={days}"), 400, "malformed")


def test_exposure_is_not_confirmed_while_a_prerequisite_is_off_for_everyone(
    plane: Plane, until: Until
) -> None:
    change(plane, "payments", "create")
    change(plane, "new_cart", "create", requires=["payments"])

    run = plane.start()

    def rule() -> object:
        return plane.get(f"/api/v1/runs/{run}").json()["decision"]["rule"]

    until(lambda: rule() == "exposure_unconfirmed")
    assert "exposure_confirmed" not in plane.kinds(run)
    change(plane, "payments", "set", exposure=10_000)
    until(lambda: "exposure_confirmed" in plane.kinds(run))


def test_setting_a_flag_that_nobody_knew_says_so(plane: Plane) -> None:
    first = plane.post("/api/v1/flags/new_crat/set", {"exposure": 2500, "reason": "pilot"}).json()
    again = plane.post("/api/v1/flags/new_crat/set", {"exposure": 5000, "reason": "more"}).json()

    assert (first["new"], again["new"]) == (True, False)


def test_what_cannot_be_an_environment_has_no_flags(plane: Plane, refused: Refused) -> None:
    asked = {"exposure": 2500, "reason": "pilot"}

    refused(plane.get("/api/v1/flags?environment=a%20b"), 400, "environment-form")
    refused(plane.post("/api/v1/flags/cart/set?environment=%C3%BC", asked), 400, "environment-form")
