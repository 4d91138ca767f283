"""OFREP: exact answers, hostile requests, and the public Python provider as a client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode

from phasegate.flags.document import FlagState, document
from phasegate.server.board import FlagBoard
from phasegate.server.ofrep import BODY_LIMIT, Ofrep
from phasegate.testing.dial import Seconds

FLAGS: dict[str, Any] = {
    "new_cart": {
        "state": "ENABLED",
        "variants": {"on": True, "off": False},
        "defaultVariant": "off",
        "targeting": {"if": [{"==": [{"var": "country"}, "MY"]}, "on", None]},
    },
    "ratio": {"state": "ENABLED", "variants": {"one": 1.0}, "defaultVariant": "one"},
    "disabled": {"state": "DISABLED", "variants": {"on": True}, "defaultVariant": "on"},
    "broken": {"state": "ENABLED", "variants": {}},
}
METADATA = {"flagSetId": "production", "version": "1"}


@pytest.fixture
def dial() -> Seconds:
    return Seconds()


@pytest.fixture
def board(dial: Seconds) -> FlagBoard:
    board = FlagBoard(dial)
    board.publish("production", 1, {"flags": FLAGS, "metadata": METADATA})
    return board


@pytest.fixture
def url(board: FlagBoard, serve: Callable[..., Any]) -> str:
    return serve(Ofrep(board, "production")).url


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{url}/ofrep/v1/evaluate", timeout=30) as client:
        yield client


MALAYSIA = {"context": {"targetingKey": "patient-1", "country": "MY"}}


def test_a_flag_is_answered_with_value_variant_reason_and_metadata(http: httpx.Client) -> None:
    answer = http.post("/flags/new_cart", json=MALAYSIA)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "key": "new_cart",
        "reason": "TARGETING_MATCH",
        "value": True,
        "variant": "on",
        "metadata": METADATA,
    }


def test_a_whole_number_of_a_float_flag_keeps_its_point(http: httpx.Client) -> None:
    assert b'"value":1.0' in http.post("/flags/ratio", json={"context": {}}).content


def test_a_disabled_flag_leaves_the_value_to_the_application(http: httpx.Client) -> None:
    answer = http.post("/flags/disabled", json=MALAYSIA)

    assert (answer.status_code, answer.json()) == (
        200,
        {"key": "disabled", "reason": "DISABLED", "metadata": METADATA},
    )


def test_a_missing_flag_is_404_with_its_code(http: httpx.Client) -> None:
    answer = http.post("/flags/new_search", json=MALAYSIA)

    assert answer.status_code == 404
    assert answer.json()["key"] == "new_search"
    assert answer.json()["errorCode"] == "FLAG_NOT_FOUND"
    assert answer.json()["errorDetails"]


def test_a_broken_flag_is_400_with_its_code(http: httpx.Client) -> None:
    answer = http.post("/flags/broken", json=MALAYSIA)

    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "PARSE_ERROR"
    assert answer.json()["errorDetails"]


def test_an_empty_request_is_an_empty_context(http: httpx.Client) -> None:
    assert http.post("/flags/new_cart").json()["variant"] == "off"


HOSTILE = [
    (b"{", "PARSE_ERROR"),
    (b"\xff\xfe", "PARSE_ERROR"),
    (b"[" * 30_000, "PARSE_ERROR"),
    (b'{"context": 1e999}', None),
    (b"[]", "INVALID_CONTEXT"),
    (b"7", "INVALID_CONTEXT"),
    (b'{"context": []}', "INVALID_CONTEXT"),
    (b'{"context": {"targetingKey": 7}}', "INVALID_CONTEXT"),
]


@pytest.mark.parametrize(("body", "code"), HOSTILE, ids=lambda value: str(value)[:30])
@pytest.mark.parametrize("path", ["/flags/new_cart", "/flags"])
def test_a_malformed_request_is_400_with_code_and_details(
    http: httpx.Client, path: str, body: bytes, code: str | None
) -> None:
    answer = http.post(path, content=body)

    assert answer.status_code == 400
    assert answer.json()["errorDetails"]
    assert code is None or answer.json()["errorCode"] == code


def test_a_request_beyond_the_limit_is_413(http: httpx.Client) -> None:
    def chunks() -> Iterator[bytes]:
        yield from [b" " * 1024] * (BODY_LIMIT // 1024 + 1)

    assert http.post("/flags/new_cart", content=b" " * (BODY_LIMIT + 1)).status_code == 413
    assert http.post("/flags/new_cart", content=chunks()).status_code == 413


def test_another_method_is_405(http: httpx.Client) -> None:
    assert http.get("/flags/new_cart").status_code == 405


def test_all_flags_are_answered_at_once(http: httpx.Client) -> None:
    answer = http.post("/flags", json=MALAYSIA)

    assert answer.status_code == 200
    assert [flag["key"] for flag in answer.json()["flags"]] == sorted(FLAGS)
    assert answer.json()["metadata"] == METADATA
    assert http.post("/flags/", json=MALAYSIA).json() == answer.json()


def test_unchanged_answers_are_304_for_the_same_context_alone(http: httpx.Client) -> None:
    first = http.post("/flags", json=MALAYSIA)
    known = {"If-None-Match": first.headers["etag"]}

    same = http.post("/flags", json=MALAYSIA, headers=known)
    other = http.post("/flags", json={"context": {"country": "SG"}}, headers=known)

    assert (same.status_code, same.content) == (304, b"")
    assert other.status_code == 200


def test_a_changed_flag_changes_the_etag(board: FlagBoard, http: httpx.Client) -> None:
    known = {"If-None-Match": http.post("/flags", json=MALAYSIA).headers["etag"]}

    board.publish("production", 2, {"flags": {**FLAGS, "ratio": FLAGS["disabled"]}})

    assert http.post("/flags", json=MALAYSIA, headers=known).status_code == 200


def test_a_trial_that_nobody_watches_is_off_over_ofrep(
    board: FlagBoard, http: httpx.Client, dial: Seconds
) -> None:
    state = FlagState(key="new_cart", exposure=10_000, on_trial=True)
    board.publish("production", 2, document("production", 2, [state]))
    board.beat("production", 200)

    def answer() -> dict[str, Any]:
        return http.post("/flags/new_cart", json=MALAYSIA).json()

    assert answer()["value"] is True
    dial.now += 0.2
    assert answer()["value"] is False
    assert answer()["metadata"]["lease"] == "expired"


def test_the_selector_names_the_environment(http: httpx.Client) -> None:
    def status(selector: str, path: str = "/flags/new_cart") -> int:
        return http.post(path, headers={"Flagd-Selector": selector}).status_code

    assert status("flagSetId=production") == 200
    assert status("flagSetId=staging") == 404
    assert status("flagSetId=staging", "/flags") == 400
    assert status("source=production") == 400


def test_without_any_environment_the_request_is_refused(
    board: FlagBoard, serve: Callable[..., Any]
) -> None:
    answer = httpx.post(f"{serve(Ofrep(board, None)).url}/ofrep/v1/evaluate/flags/new_cart")

    assert answer.status_code == 400
    assert "Flagd-Selector" in answer.json()["errorDetails"]


def test_the_public_provider_evaluates_through_us(url: str) -> None:
    api.set_provider_and_wait(OFREPProvider(url))
    client = api.get_client()
    patient = EvaluationContext("patient-1", {"country": "MY"})

    boolean = client.get_boolean_details("new_cart", False, patient)
    ratio = client.get_float_details("ratio", 0.5, patient)
    missing = client.get_boolean_details("new_search", True, patient)
    broken = client.get_boolean_details("broken", True, patient)
    api.get_client().provider.session.close()
    api.clear_providers()

    assert (boolean.value, boolean.variant, boolean.reason) == (True, "on", "TARGETING_MATCH")
    assert (ratio.value, ratio.reason) == (1.0, "STATIC")
    assert (missing.value, missing.error_code) == (True, ErrorCode.FLAG_NOT_FOUND)
    assert (broken.value, broken.error_code) == (True, ErrorCode.PARSE_ERROR)
