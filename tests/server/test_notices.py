"""OFREP's change notices over a real server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.core.command import Person
from phasegate.core.plan import Role
from phasegate.flags.document import FlagState, document
from phasegate.server.access import PERSON, Gatekeeper
from phasegate.server.board import FlagBoard
from phasegate.server.notices import Notices
from phasegate.server.ofrep import Ofrep
from phasegate.server.pace import Pace
from phasegate.server.tickets import Tickets
from phasegate.testing.dial import Seconds


def publish(board: FlagBoard, version: int, exposure: int) -> None:
    states = [FlagState(key="new_cart", exposure=exposure)]
    board.publish("production", version, document("production", version, states))


@pytest.fixture
def board() -> FlagBoard:
    board = FlagBoard()
    publish(board, 1, 10_000)
    return board


def told(lines: Iterator[str]) -> tuple[str, Any]:
    """Return the next event's id and data."""
    assert next(line for line in lines if line.startswith("event:")) == "event: message"
    return next(lines).removeprefix("id: "), json.loads(next(lines).removeprefix("data: "))


def stream_of(url: str) -> str:
    (stream,) = httpx.post(f"{url}/ofrep/v1/evaluate/flags").json()["eventStreams"]
    assert (stream["type"], stream["inactivityDelaySec"]) == ("sse", 120)
    return f"{url}{stream['endpoint']['requestUri']}"


def test_the_bulk_answer_names_a_stream_that_tells_of_changes(
    board: FlagBoard, serve: Callable[..., Any]
) -> None:
    url = serve(Ofrep(board, "production", notices=Notices(board, keep_alive_s=0.05))).url

    with httpx.stream("GET", stream_of(url), timeout=30) as response:
        lines = response.iter_lines()
        first = told(lines)
        silence = next(line for line in lines if line.startswith(":"))
        publish(board, 2, 0)
        second = told(lines)

    assert response.headers["content-type"] == "text/event-stream"
    assert first == ("1", {"type": "refetchEvaluation"})
    assert silence == ": still here"
    assert second == ("2", {"type": "refetchEvaluation"})


def test_the_end_of_a_lease_is_told_as_well(serve: Callable[..., Any]) -> None:
    dial = Seconds()
    board = FlagBoard(dial)
    states = [FlagState(key="new_cart", exposure=10_000, on_trial=True)]
    board.publish("production", 2, document("production", 2, states))
    board.beat("production", 300)
    url = serve(Ofrep(board, "production")).url

    with httpx.stream("GET", stream_of(url), timeout=30) as response:
        lines = response.iter_lines()
        told(lines)
        dial.now += 0.3
        told(lines)
        answer = httpx.post(f"{url}/ofrep/v1/evaluate/flags/new_cart").json()

    assert answer["value"] is False
    assert answer["metadata"]["lease"] == "expired"


def test_the_etag_stays_while_nothing_changes(board: FlagBoard, serve: Callable[..., Any]) -> None:
    url = serve(Ofrep(board, "production", tickets=Tickets(b"k" * 32))).url
    etag = httpx.post(f"{url}/ofrep/v1/evaluate/flags").headers["etag"]
    asked = {"flagConfigEtag": "x", "flagConfigLastModified": "1"}

    again = httpx.post(
        f"{url}/ofrep/v1/evaluate/flags", params=asked, headers={"If-None-Match": etag}
    )

    assert (again.status_code, again.content) == (304, b"")


def test_a_server_that_closes_ends_its_streams(board: FlagBoard, serve: Callable[..., Any]) -> None:
    url = serve(Ofrep(board, "production")).url

    with httpx.stream("GET", stream_of(url), timeout=30) as response:
        lines = response.iter_lines()
        told(lines)
        board.close()

        assert list(lines) == [""]


def test_one_stream_too_many_is_asked_to_come_back(
    board: FlagBoard, serve: Callable[..., Any]
) -> None:
    url = serve(Ofrep(board, "production", notices=Notices(board, most=1))).url
    address = stream_of(url)

    with httpx.stream("GET", address, timeout=30) as response:
        lines = response.iter_lines()
        told(lines)
        refused = httpx.get(address)

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
    assert refused.json()["errorDetails"].endswith("come back in 30 s")


def test_who_asks_too_often_is_told_when_to_come_back(
    board: FlagBoard, serve: Callable[..., Any]
) -> None:
    ofrep = Ofrep(board, "production", pace=Pace(0.5, lambda: 0.0))

    async def as_somebody(scope: Any, receive: Any, send: Any) -> None:
        name = dict(scope["headers"]).get(b"x-name", b"").decode()
        await ofrep({**scope, PERSON: Person(name=name, role=Role.APPLICATION)}, receive, send)

    url = f"{serve(as_somebody).url}/ofrep/v1/evaluate/flags/new_cart"

    answers = [httpx.post(url, headers={"X-Name": who}) for who in ("Ada", "Ada", "Ben")]

    assert [answer.status_code for answer in answers] == [200, 429, 200]
    assert answers[1].headers["retry-after"] == "2"
    assert answers[1].json()["errorCode"] == "GENERAL"


def test_without_a_token_only_the_ticket_opens_the_stream(
    board: FlagBoard, serve: Callable[..., Any]
) -> None:
    tickets = Tickets(b"k" * 32)
    ofrep = Ofrep(board, "production", tickets=tickets)
    gate = Gatekeeper(ofrep, MemoryStore(), {}, tickets.opens)
    url = serve(gate).url
    address = tickets.address("production")

    with httpx.stream("GET", f"{url}{address}", timeout=30) as response:
        opened = told(response.iter_lines())

    assert opened[0] == "1"
    assert httpx.get(f"{url}{address}0").status_code == 401
    assert httpx.post(f"{url}/ofrep/v1/evaluate/flags").status_code == 401
