"""The flag routes over a real server: the stream's frames, acknowledgements and the document."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from phasegate.flags.compile import compile_document
from phasegate.flags.document import FlagState, document
from phasegate.server.board import TRANSIT, FlagBoard
from phasegate.server.flagstream import flagstream
from phasegate.testing.dial import Seconds

DOCUMENT = document("production", 1, [FlagState(key="new_cart", exposure=2500)])


@pytest.fixture
def dial() -> Seconds:
    return Seconds()


@pytest.fixture
def board(dial: Seconds) -> FlagBoard:
    board = FlagBoard(dial)
    board.publish("production", 1, DOCUMENT)
    return board


@pytest.fixture
def http(board: FlagBoard, serve: Callable[..., Any]) -> Iterator[httpx.Client]:
    server = serve(flagstream(board, None, keep_alive_s=0.05))
    with httpx.Client(base_url=f"{server.url}/flags/v1", timeout=30) as client:
        yield client


ASKED = {"environment": "production", "name": "checkout"}


def told(lines: Iterator[str]) -> tuple[str, Any]:
    """Return the next event and its data."""
    event = next(line for line in lines if line.startswith("event: "))
    return event.removeprefix("event: "), json.loads(next(lines).removeprefix("data: "))


def test_a_stream_says_hello_then_the_document_then_keeps_talking(http: httpx.Client) -> None:
    with http.stream("GET", "/stream", params=ASKED) as response:
        lines = response.iter_lines()

        assert response.headers["content-type"] == "text/event-stream"
        assert set(told(lines)[1]) == {"stream"}
        assert told(lines) == ("document", {"version": 1, "document": DOCUMENT})
        assert next(line for line in lines if line.startswith(":")) == ": still here"


def test_the_lease_comes_once_the_document_is_acknowledged(
    board: FlagBoard, http: httpx.Client
) -> None:
    board.beat("production", 30_000)

    with http.stream("GET", "/stream", params=ASKED) as response:
        lines = response.iter_lines()
        stream = told(lines)[1]["stream"]
        first = told(lines)[0]
        http.post(f"/streams/{stream}/ack", json={"version": 1})
        name, lease = told(lines)
        board.beat("production", None)
        endless = told(lines)

    assert (first, name) == ("document", "lease")
    assert lease["remaining_ms"] == 30_000
    assert endless[1]["remaining_ms"] is None


def test_an_application_that_does_not_acknowledge_the_newest_flags_loses_its_lease(
    board: FlagBoard, http: httpx.Client, dial: Seconds
) -> None:
    board.beat("production", 300)
    with http.stream("GET", "/stream", params=ASKED) as response:
        lines = response.iter_lines()
        stream = told(lines)[1]["stream"]
        told(lines)
        http.post(f"/streams/{stream}/ack", json={"version": 1})
        leased = told(lines)[0]

        board.publish("production", 2, document("production", 2, []))
        for _ in range(3):
            board.beat("production", 60_000)
        withheld = [told(lines)[0]]
        withheld += [line for line in (next(lines) for _ in range(9)) if "lease" in line]
        still_leased = board.reach("production").leased_ms
        dial.now += 0.3 + TRANSIT

        assert (leased, withheld) == ("lease", ["document"])
        assert 0 < (still_leased or 0) <= 1_300
        assert board.reach("production").leased_ms == 0
        assert board.acknowledged("production", 2).behind == ("checkout",)


def test_an_acknowledgement_is_counted(board: FlagBoard, http: httpx.Client) -> None:
    with http.stream("GET", "/stream", params=ASKED) as response:
        lines = response.iter_lines()
        stream = told(lines)[1]["stream"]
        told(lines)
        behind = board.acknowledged("production", 1).behind
        answer = http.post(f"/streams/{stream}/ack", json={"version": 1})

        assert behind == ("checkout",)
        assert answer.status_code == 204
        assert board.acknowledged("production", 1).behind == ()


def test_goodbye_ends_the_stream(board: FlagBoard, http: httpx.Client) -> None:
    with http.stream("GET", "/stream", params=ASKED) as response:
        lines = response.iter_lines()
        stream = told(lines)[1]["stream"]

        assert http.delete(f"/streams/{stream}").status_code == 204
        list(lines)

    assert board.acknowledged("production", 2).connected == 0


def test_a_stream_whose_reader_goes_is_taken_off(
    board: FlagBoard, http: httpx.Client, until: Callable[..., None]
) -> None:
    with http.stream("GET", "/stream", params=ASKED) as response:
        lines = response.iter_lines()
        told(lines)
        assert board.acknowledged("production", 1).connected == 1

    until(lambda: board.acknowledged("production", 1).connected == 0)


MALFORMED = [b"", b"nonsense", b"[]", b"{}", b'{"version": "1"}', b'{"version": true}', b"[" * 900]


@pytest.mark.parametrize("body", MALFORMED)
def test_a_malformed_acknowledgement_is_refused(http: httpx.Client, body: bytes) -> None:
    answer = http.post("/streams/any/ack", content=body)

    assert (answer.status_code, answer.json()["error"]) == (400, "ack-malformed")


def test_a_long_acknowledgement_is_refused(http: httpx.Client) -> None:
    assert http.post("/streams/any/ack", content=b" " * 1025).status_code == 413


def test_a_stream_that_is_not_open_is_unknown(http: httpx.Client) -> None:
    assert http.post("/streams/any/ack", json={"version": 1}).status_code == 404
    assert http.delete("/streams/any").status_code == 404


def test_a_version_that_was_not_sent_cannot_be_acknowledged(http: httpx.Client) -> None:
    with http.stream("GET", "/stream", params=ASKED) as response:
        lines = response.iter_lines()
        stream = told(lines)[1]["stream"]

        assert http.post(f"/streams/{stream}/ack", json={"version": 9}).status_code == 409


def test_the_document_is_served_with_its_etag(http: httpx.Client) -> None:
    first = http.get("/document", params=ASKED)
    again = http.get("/document", params=ASKED, headers={"If-None-Match": first.headers["etag"]})

    assert first.json() == DOCUMENT
    assert compile_document(first.json()).problems == ()
    assert (again.status_code, again.content) == (304, b"")


def test_a_changed_document_has_another_etag(board: FlagBoard, http: httpx.Client) -> None:
    etag = http.get("/document", params=ASKED).headers["etag"]
    board.publish("production", 2, document("production", 2, []))

    answer = http.get("/document", params=ASKED, headers={"If-None-Match": f'W/"x", {etag}'})

    assert answer.status_code == 200


def test_the_selector_header_of_flagd_names_the_environment(http: httpx.Client) -> None:
    selected = http.get("/document", headers={"Flagd-Selector": "flagSetId=production"})
    other = http.get("/document", headers={"Flagd-Selector": "source=production"})
    none = http.get("/document")

    assert selected.json() == DOCUMENT
    assert (other.status_code, other.json()["error"]) == (400, "bad-selector")
    assert none.status_code == 400


def test_an_unknown_environment_is_answered_with_the_known_ones(http: httpx.Client) -> None:
    answer = http.get("/document", params={"environment": "prodution"})

    assert answer.status_code == 404
    assert "production" in answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("POST", "/stream"), ("PUT", "/document"), ("GET", "/x/y/z")]
)
def test_other_routes_are_nothing(http: httpx.Client, method: str, path: str) -> None:
    assert http.request(method, path).status_code == 404


def test_a_closed_board_ends_streams_so_that_the_server_can_stop(
    board: FlagBoard, http: httpx.Client
) -> None:
    with http.stream("GET", "/stream", params=ASKED) as response:
        lines = response.iter_lines()
        told(lines)
        board.close()
        rest = list(lines)

    assert rest
