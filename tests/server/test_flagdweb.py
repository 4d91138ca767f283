"""What flagd's web provider asks, as Connect sends it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from phasegate.flags.document import FlagState, document
from phasegate.server.board import FlagBoard
from phasegate.server.flagdweb import BODY_LIMIT, FlagdWeb

FLAGS = {
    "yes": {"state": "ENABLED", "variants": {"on": True}, "defaultVariant": "on"},
    "text": {"state": "ENABLED", "variants": {"hi": "hello"}, "defaultVariant": "hi"},
    "share": {
        "state": "ENABLED",
        "variants": {"half": 0.5, "whole": 1},
        "defaultVariant": "half",
        "targeting": {"if": [{"==": [{"var": "targetingKey"}, "patient-1"]}, "whole"]},
    },
    "page": {"state": "ENABLED", "variants": {"a": {"size": 3}}, "defaultVariant": "a"},
    "disabled": {"state": "DISABLED", "variants": {"on": True}, "defaultVariant": "on"},
    "broken": {"state": "ENABLED", "variants": {}},
}


@pytest.fixture
def board() -> FlagBoard:
    board = FlagBoard()
    board.publish("production", 1, {"flags": FLAGS, "metadata": {"flagSetId": "production"}})
    return board


@pytest.fixture
def http(board: FlagBoard, serve: Callable[..., Any]) -> Iterator[httpx.Client]:
    url = serve(FlagdWeb(board, "production", keep_alive_s=0.05)).url
    with httpx.Client(base_url=f"{url}/flagd.evaluation.v1.Service", timeout=30) as client:
        yield client


def test_all_flags_that_have_a_value_are_resolved(http: httpx.Client) -> None:
    answer = http.post("/ResolveAll", json={"context": {"targetingKey": "patient-1"}})

    said = {"metadata": {"flagSetId": "production"}}
    assert answer.json() == {
        "flags": {
            "page": {"reason": "STATIC", "variant": "a", "objectValue": {"size": 3}, **said},
            "share": {
                "reason": "TARGETING_MATCH", "variant": "whole", "doubleValue": 1, **said
            },
            "text": {"reason": "STATIC", "variant": "hi", "stringValue": "hello", **said},
            "yes": {"reason": "STATIC", "variant": "on", "boolValue": True, **said},
        },
        **said,
    }  # fmt: skip


def envelopes(response: httpx.Response) -> Iterator[tuple[int, Any]]:
    data = b""
    for chunk in response.iter_raw():
        data += chunk
        while len(data) >= 5 and len(data) >= (end := 5 + int.from_bytes(data[1:5], "big")):
            yield data[0], json.loads(data[5:end])
            data = data[end:]


def test_an_event_stream_tells_ready_changes_and_that_it_is_alive(
    board: FlagBoard, http: httpx.Client
) -> None:
    asked = b"\x00\x00\x00\x00\x02{}"
    with http.stream("POST", "/EventStream", content=asked) as response:
        heard = envelopes(response)
        ready, alive = next(heard), next(heard)
        board.publish("production", 2, document("production", 2, [FlagState(key="a", exposure=0)]))
        changed = next(one for one in heard if one[1]["type"] != "keep_alive")
        board.close()
        last = [one for one in heard if one[1].get("type") != "keep_alive"]

    assert response.headers["content-type"] == "application/connect+json"
    assert ready == (0, {"type": "provider_ready"})
    assert alive == (0, {"type": "keep_alive"})
    assert changed == (0, {"type": "configuration_change"})
    assert last == [(2, {})]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/ResolveAll", b"{", 400, "invalid_argument"),
        ("/ResolveAll", b"[]", 400, "invalid_argument"),
        ("/ResolveAll", b'{"context": 1}', 400, "invalid_argument"),
        ("/ResolveAll", b" " * (BODY_LIMIT + 1), 413, "resource_exhausted"),
        ("/ResolveAll?environment=nowhere", b"{}", 404, "not_found"),
        ("/ResolveBoolean", b"{}", 404, "unimplemented"),
    ],
)
def test_what_cannot_be_answered_is_refused_as_connect_does(
    http: httpx.Client, path: str, body: bytes, status: int, code: str
) -> None:
    answer = http.post(path, content=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["message"]


def test_a_selector_that_means_something_else_is_refused(http: httpx.Client) -> None:
    answer = http.post("/ResolveAll", headers={"Flagd-Selector": "source=x"})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_argument")
