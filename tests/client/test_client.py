"""The client against a real server: what changes, what is lost, what comes back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from phasegate.client import FlagClient
from phasegate.client.inforce import InForce, News, Notice
from phasegate.client.stream import Stream
from phasegate.flags.document import FlagState
from phasegate.flags.problem import BrokenDocument
from phasegate.flags.resolution import ErrorCode, Reason, Resolution
from phasegate.server.board import FlagBoard

ON = FlagState(key="new_cart", exposure=10_000)
OFF = FlagState(key="new_cart", exposure=0)
TRIAL = FlagState(key="new_cart", exposure=10_000, on_trial=True)

Connect = Callable[..., FlagClient]
Until = Callable[..., None]


def test_the_first_flags_come_with_the_connection(plane: Any, connect: Connect) -> None:
    plane.publish(3, ON)

    client = connect()

    assert client.wait_ready(30)
    assert client.boolean("new_cart", False, "patient-1") is True
    assert client.version == 3


def test_before_the_first_flags_the_default_counts(plane: Any, connect: Connect) -> None:
    client = connect()

    assert not client.wait_ready(0.05)
    assert client.boolean("new_cart", True, "patient-1") is True
    assert client.evaluate("new_cart").error_code is ErrorCode.PROVIDER_NOT_READY
    assert client.version == 0


def test_the_default_counts_for_a_flag_that_is_missing(plane: Any, connect: Connect) -> None:
    plane.publish(1, ON)
    client = connect()
    client.wait_ready(30)

    assert client.boolean("new_search", True) is True


def test_a_change_reaches_the_client_and_is_acknowledged(
    plane: Any, connect: Connect, until: Until
) -> None:
    plane.publish(1, ON)
    client = connect()
    until(lambda: plane.board.acknowledged("production", 1).connected == 1)
    until(lambda: not plane.behind(1))

    plane.publish(2, OFF)
    until(lambda: not plane.behind(2))

    assert client.boolean("new_cart", True, "patient-1") is False
    assert client.version == 2


def test_a_lost_server_leaves_the_last_flags(plane: Any, connect: Connect, until: Until) -> None:
    heard: list[Notice] = []
    plane.publish(1, ON)
    client = connect(on_news=heard.append)
    client.wait_ready(30)

    plane.go_down()
    until(lambda: News.STALE in [notice.news for notice in heard])

    assert client.boolean("new_cart", False, "patient-1") is True


def test_a_client_finds_a_server_that_came_back(plane: Any, connect: Connect, until: Until) -> None:
    heard: list[Notice] = []
    plane.publish(1, ON)
    client = connect(on_news=heard.append)
    client.wait_ready(30)
    plane.go_down()

    plane.come_back(FlagBoard())
    plane.publish(2, OFF)
    until(lambda: client.version == 2)
    until(lambda: len(heard) == 4)

    assert client.boolean("new_cart", True, "patient-1") is False
    assert [notice.news.value for notice in heard] == ["ready", "stale", "ready", "changed"]
    assert heard[-1].changed == ("new_cart",)


def test_an_application_that_fails_at_news_keeps_its_flags_and_their_changes(
    plane: Any, connect: Connect, until: Until
) -> None:
    def fail(_: Notice) -> None:
        raise RuntimeError("nobody wanted to know")

    plane.publish(1, TRIAL)
    plane.board.beat("production", 200)
    client = connect(on_news=fail)
    assert client.wait_ready(30)
    until(lambda: client.evaluate("new_cart", "patient-1").reason is Reason.STALE)

    plane.publish(2, ON)

    until(lambda: client.boolean("new_cart", False, "patient-1"))


def test_a_client_waits_for_a_server_that_is_not_there_yet(
    plane: Any, connect: Connect, until: Until
) -> None:
    heard: list[Notice] = []
    plane.go_down()
    client = connect(on_news=heard.append)
    until(lambda: heard)

    plane.publish(1, ON)
    plane.come_back()

    assert client.wait_ready(30)
    assert heard[0] == Notice(news=News.UNREACHABLE, reason="ConnectError")


def test_a_flag_on_trial_is_withdrawn_when_its_lease_runs_out(
    plane: Any, connect: Connect, until: Until
) -> None:
    heard: list[Notice] = []
    plane.publish(1, TRIAL)
    plane.board.beat("production", 60_000)
    client = connect(on_news=heard.append)
    client.wait_ready(30)
    assert client.boolean("new_cart", False, "patient-1") is True

    plane.board.beat("production", 300)
    until(lambda: client.boolean("new_cart", True, "patient-1") is False)

    assert client.evaluate("new_cart", "patient-1").reason is Reason.STALE
    lapsed = Notice(news=News.CHANGED, changed=("new_cart",), reason="the lease has run out")
    assert heard[1:] == [lapsed]
    plane.board.beat("production", None)
    until(lambda: len(heard) == 3)
    assert heard[2] == Notice(news=News.CHANGED, changed=("new_cart",))
    assert client.boolean("new_cart", False, "patient-1") is True


def test_heartbeats_keep_a_flag_on_trial(plane: Any, connect: Connect, until: Until) -> None:
    plane.publish(1, TRIAL)
    client = connect()
    client.wait_ready(30)
    assert client.boolean("new_cart", True, "patient-1") is False

    plane.board.beat("production", None)

    until(lambda: client.boolean("new_cart", False, "patient-1"))


def test_a_lost_server_does_not_stop_the_lease(plane: Any, connect: Connect, until: Until) -> None:
    plane.publish(1, TRIAL)
    plane.board.beat("production", 400)
    client = connect()
    client.wait_ready(30)

    plane.go_down()

    until(lambda: client.evaluate("new_cart", "patient-1").reason is Reason.STALE)


class OlderClient(InForce):
    """The client of an application that cannot read what a newer version brings."""

    refused = 0

    def document(self, version: int, document: dict[str, Any]) -> None:
        if version > 1:
            self.refused += 1
            raise BrokenDocument("flags: a shape that this version does not know")
        super().document(version, document)


def test_an_application_that_cannot_read_the_newest_flags_ends_its_trials(
    plane: Any, until: Until
) -> None:
    plane.publish(1, TRIAL)
    plane.board.beat("production", 60_000)
    held = OlderClient(None)
    stream = Stream(plane.url, "production", None, "older", held)
    stream.start()

    def outcome() -> Resolution:
        return held.evaluate("new_cart", "patient-1", {})

    until(lambda: outcome().value is True)
    plane.board.beat("production", 2_000)
    plane.publish(2, OFF)
    until(lambda: outcome().reason is Reason.STALE)
    seen = []

    def refused_again() -> bool:
        plane.board.beat("production", 60_000)
        seen.append(outcome().value)
        return held.refused >= 3

    until(refused_again)

    assert set(seen) == {False}
    assert plane.board.reach("production").leased_ms <= 3_000
    stream.close()


def test_closing_says_goodbye_and_ends_what_is_on_trial(plane: Any, connect: Connect) -> None:
    plane.publish(1, TRIAL)
    plane.board.beat("production", None)
    client = connect()
    client.wait_ready(30)

    client.close()

    acks = plane.board.acknowledged("production", 2)
    assert (acks.connected, acks.behind, acks.unreached) == (0, (), ())
    assert client.boolean("new_cart", True, "patient-1") is False


def test_a_stream_that_goes_without_goodbye_is_unreached_until_its_lease_ends(
    plane: Any, connect: Connect, until: Until
) -> None:
    plane.publish(1, TRIAL)
    plane.board.beat("production", 60_000)
    connect(name="checkout").wait_ready(30)
    until(lambda: not plane.behind(1))

    plane.go_down()

    (name,) = plane.board.acknowledged("production", 2).unreached
    assert name.startswith("checkout-")


def test_a_stream_that_comes_back_is_unreached_no_more(
    plane: Any, connect: Connect, until: Until
) -> None:
    plane.publish(1, TRIAL)
    plane.board.beat("production", 60_000)
    connect().wait_ready(30)
    plane.go_down()
    plane.publish(2, OFF)

    plane.come_back()

    until(lambda: plane.board.acknowledged("production", 2).connected == 1)
    until(lambda: not plane.behind(2))
    assert plane.board.acknowledged("production", 2).unreached == ()


def test_a_document_that_cannot_be_used_leaves_the_last_flags_and_is_not_acknowledged(
    serve: Any, until: Until
) -> None:
    frames = (
        b'event: hello\ndata: {"stream": "s"}\n\n'
        b'event: document\ndata: {"version": 1, "document": {"flags": {}}}\n\n'
        b'event: lease\ndata: {"remaining_ms": 0}\n\n'
        b'event: document\ndata: {"version": 2, "document": {"flags": 7}}\n\n'
    )
    asked: list[str] = []
    heard: list[Notice] = []

    with FlagClient(serve(scripted(frames, asked)).url, "production", on_news=heard.append) as it:
        until(lambda: len(heard) >= 2)

        assert it.version == 1
        assert "must be an object" in heard[1].reason
        assert asked.count("/flags/v1/streams/s/ack") == asked.count("/flags/v1/stream")


@pytest.mark.parametrize(
    "frames",
    [
        b"event: document\ndata: nonsense\n\n",
        b"event: document\ndata: []\n\n",
        b"event: lease\ndata: {}\n\n",
        b'event: lease\ndata: {"remaining_ms": "soon"}\n\n',
        b'event: document\ndata: {"version": "1", "document": {}}\n\n',
    ],
)
def test_a_server_that_talks_nonsense_counts_as_lost(
    serve: Any, until: Until, frames: bytes
) -> None:
    heard: list[Notice] = []

    with FlagClient(serve(scripted(frames, [])).url, "production", on_news=heard.append):
        until(lambda: len(heard) >= 2)

    assert heard[0].news is News.UNREACHABLE


def test_a_refused_token_is_told_without_the_token(serve: Any, until: Until) -> None:
    heard: list[Notice] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (b"authorization", b"Bearer hush") in scope["headers"]
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with FlagClient(serve(app).url, "production", "hush", on_news=heard.append):
        until(lambda: heard)

    assert heard[0].reason == "the server answered 401"


def scripted(frames: bytes, asked: list[str]) -> Any:
    """Build a server that says `frames` to whoever connects, then hangs up."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        head = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        body = frames if scope["path"] == "/flags/v1/stream" else b""
        await send({"type": "http.response.body", "body": body})

    return app


def test_importing_the_client_package_costs_next_to_nothing() -> None:
    code = (
        "import sys, phasegate.client; "
        "sys.exit(bool({'httpx', 'openfeature', 'opentelemetry', 'mmh3'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


TYPES = {
    "yes": {"state": "ENABLED", "variants": {"on": True}, "defaultVariant": "on"},
    "text": {"state": "ENABLED", "variants": {"hi": "hello"}, "defaultVariant": "hi"},
    "ten": {"state": "ENABLED", "variants": {"a": 10.0}, "defaultVariant": "a"},
    "half": {"state": "ENABLED", "variants": {"a": 0.5}, "defaultVariant": "a"},
    "page": {"state": "ENABLED", "variants": {"a": {"images": [1]}}, "defaultVariant": "a"},
}


def test_every_type_is_read_and_the_default_counts_for_another(
    plane: Any, connect: Connect
) -> None:
    plane.board.publish("production", 1, {"flags": TYPES})
    client = connect()
    client.wait_ready(30)

    client.structure("page", {})["images"].clear()

    assert client.boolean("yes", False) is True
    assert client.string("text", "-") == "hello"
    assert (client.integer("ten", 1), client.integer("half", 1)) == (10, 1)
    assert (client.number("ten", 1.0), client.number("text", 1.0)) == (10.0, 1.0)
    assert client.structure("page", {}) == {"images": [1]}
    assert client.structure("text", {"a": 1}) == {"a": 1}
    assert client.string("yes", "-") == "-"
    assert client.boolean("text", True) is True
