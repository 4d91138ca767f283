"""What engines of other projects are served, and when they are told."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import httpx

from phasegate.flags.document import FlagState, document
from phasegate.server.board import FlagBoard
from phasegate.server.flagstream import flagstream
from phasegate.server.following import evaluations, following, served_document
from phasegate.testing.dial import Seconds


def on_trial(version: int, exposure: int = 10_000) -> dict[str, Any]:
    state = FlagState(key="new_cart", exposure=exposure, on_trial=True)
    return document("production", version, [state])


def served(board: FlagBoard) -> dict[str, Any]:
    return json.loads(served_document(board, "production") or b"null")


def test_a_trial_that_nobody_watches_is_off_in_the_served_document() -> None:
    board = FlagBoard()

    board.publish("production", 1, on_trial(1))

    assert served(board)["flags"]["new_cart"]["defaultVariant"] == "off"
    assert served(board)["flags"]["new_cart"]["metadata"]["lease"] == "expired"


def test_a_watched_trial_carries_the_time_until_which_it_is_watched() -> None:
    board = FlagBoard(Seconds(100.0), wall=Seconds(1_900_000_000.0))
    board.publish("production", 1, on_trial(1))

    board.beat("production", 900_000)

    rule = served(board)["flags"]["new_cart"]["targeting"]["if"]
    until = rule[0]["<"][1]
    assert rule[0]["<"][0] == {"var": "$flagd.timestamp"}
    assert 1_900_000_000 + 900 - 128 < until <= 1_900_000_000 + 900
    assert rule[1:] == ["on", "off"]


def test_renewals_seldom_change_the_document_and_never_lengthen_the_watch() -> None:
    monotonic, wall = Seconds(0.0), Seconds(1_900_000_000.0)
    board = FlagBoard(monotonic, wall)
    board.publish("production", 1, on_trial(1))
    seen = set()
    for _ in range(600):
        board.beat("production", 900_000)
        state = board.state("production")
        assert state.watched.until <= wall.now + 900
        seen.add(state.watched)
        monotonic.now += 0.5
        wall.now += 0.5

    assert len(seen) <= 7


def test_our_own_client_gets_what_was_published(serve: Callable[..., Any]) -> None:
    board = FlagBoard()
    board.publish("production", 1, on_trial(1))
    url = f"{serve(flagstream(board, 'production')).url}/flags/v1"

    foreign, own = httpx.get(f"{url}/document"), httpx.get(f"{url}/published")

    assert own.json() == on_trial(1)
    assert foreign.json()["flags"]["new_cart"]["metadata"]["lease"] == "expired"
    assert (
        httpx.get(f"{url}/document", headers={"If-None-Match": foreign.headers["etag"]}).status_code
        == 304
    )


def run(told: Callable[[FlagBoard], Any], board: FlagBoard) -> Any:
    return asyncio.run(asyncio.wait_for(told(board), 60))


def test_a_change_and_the_end_of_a_lease_are_told() -> None:
    dial = Seconds(100.0)
    board = FlagBoard(dial)
    board.publish("production", 1, on_trial(1))
    board.beat("production", 60)

    async def told(board: FlagBoard) -> list[tuple[int, bool]]:
        heard = []
        async with contextlib.aclosing(following(board, "production", 9, evaluations)) as changes:
            async for state in changes:
                heard.append((state.version, state.watched.until == 0))
                if len(heard) == 1:
                    dial.now += 0.06
                if len(heard) == 2:
                    board.publish("production", 2, on_trial(2, 5_000))
                if len(heard) == 3:
                    board.close()
        return heard

    assert run(told, board) == [(1, False), (1, True), (2, True)]


def test_silence_is_broken_although_beats_go_on() -> None:
    board = FlagBoard()
    board.publish("production", 1, on_trial(1))

    async def told(board: FlagBoard) -> list[object]:
        heard: list[object] = []
        async with contextlib.aclosing(following(board, "production", 0.05, evaluations)) as them:

            async def beat() -> None:
                while True:
                    board.beat("production", 60_000)
                    await asyncio.sleep(0.005)

            beating = asyncio.create_task(beat())
            async for state in them:
                heard.append(state)
                if len(heard) == 4:
                    break
            beating.cancel()
        return heard

    assert run(told, board).count(None) >= 2


def test_nobody_is_woken_who_no_longer_listens() -> None:
    board = FlagBoard()

    async def told(board: FlagBoard) -> int:
        async with contextlib.aclosing(following(board, "production", 9)) as changes:
            async for _ in changes:
                break
        return len(board._environments["production"].watchers)

    assert run(told, board) == 0
