"""A server that is cut off from its store has older flags, and nobody takes them from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from phasegate.client import FlagClient
from phasegate.client.cache import Cache
from phasegate.client.inforce import InForce, News, Notice
from phasegate.client.stream import Outdated
from phasegate.flags.document import FlagState
from phasegate.flags.journal import Journal
from phasegate.flags.order import Order
from phasegate.flags.rendering import rendered
from phasegate.server.board import FlagBoard

Connect = Callable[..., FlagClient]
Until = Callable[..., None]

ON = FlagState(key="new_cart", exposure=10_000)
OFF = FlagState(key="new_cart", exposure=0)
TRIAL = FlagState(key="new_search", exposure=10_000, on_trial=True)


def told(number: int, *states: FlagState, count: str = "one", ahead: int = 0) -> dict[str, Any]:
    order = Order(count=count, number=number)
    return rendered("production", number + ahead, states, Journal(), order)


def publish(board: FlagBoard, number: int, *states: FlagState, **said: Any) -> None:
    whole = told(number, *states, **said)
    board.publish("production", int(whole["metadata"]["version"]), whole)


def value(held: InForce) -> object:
    return held.evaluate("new_cart", "patient-1", {}).value


def test_older_flags_of_the_same_count_are_refused_and_the_newer_stay() -> None:
    held = InForce(None)
    held.document(11, told(11, OFF))

    with pytest.raises(Outdated, match="version 10 is older than 11"):
        held.document(10, told(10, ON))

    assert (value(held), held.version) == (False, 11)


@pytest.mark.parametrize(
    ("version", "document"),
    [
        (11, told(11, ON)),
        (12, told(12, ON)),
        (1, told(1, ON, count="another")),
        (3, {"flags": told(3, ON)["flags"]}),
    ],
)
def test_flags_that_are_not_older_are_taken(version: int, document: dict[str, Any]) -> None:
    held = InForce(None)
    held.document(11, told(11, OFF))

    held.document(version, document)

    assert (value(held), held.version) == (True, version)


def test_what_another_server_held_back_does_not_make_its_flags_newer() -> None:
    held = InForce(None)
    held.document(15, told(10, OFF, ahead=5))

    held.document(11, told(11, ON))

    assert (value(held), held.version) == (True, 11)


def test_flags_that_were_kept_on_disk_are_not_older_than_themselves(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "flags.json", "production")
    InForce(None, cache).document(11, told(11, OFF))
    held = InForce(None, cache)

    with pytest.raises(Outdated):
        held.document(10, told(10, ON))

    held.document(11, told(11, ON))
    assert value(held) is True


def test_a_client_keeps_newer_flags_and_its_lease_until_the_server_has_caught_up(
    plane: Any, connect: Connect, until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Notice] = []
    publish(plane.board, 11, OFF, TRIAL)
    plane.board.beat("production", 60_000)
    client = connect(on_news=heard.append)
    assert client.wait_ready(5)
    plane.go_down()
    behind = FlagBoard()
    publish(behind, 10, ON)
    behind.beat("production", 60_000)

    plane.come_back(behind)
    until(lambda: "the server is behind" in caplog.text or client.version != 11)
    kept = [client.boolean(key, False, "patient-1") for key in ("new_cart", "new_search")]
    publish(behind, 12, ON)
    until(lambda: [notice.news for notice in heard][-2:] == [News.READY, News.CHANGED])

    assert kept == [False, True]
    assert client.version == 12
    assert client.boolean("new_cart", False, "patient-1") is True
