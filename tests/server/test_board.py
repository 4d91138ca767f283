"""The board: which flags are in force, and who has them."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phasegate.flags.document import FlagState, document
from phasegate.flags.problem import BrokenDocument
from phasegate.server.board import FlagBoard
from phasegate.server.streams import Stream
from phasegate.testing.dial import Seconds


@pytest.fixture
def dial() -> Seconds:
    return Seconds()


@pytest.fixture
def board(dial: Seconds) -> FlagBoard:
    return FlagBoard(dial)


def publish(board: FlagBoard, version: int, exposure: int = 2500) -> bool:
    states = [FlagState(key="new_cart", exposure=exposure, on_trial=True)]
    return board.publish("production", version, document("production", version, states))


def opened(board: FlagBoard, name: str = "checkout") -> Stream:
    """Enter a stream and send it what there is."""

    async def enter() -> Stream:
        return board.open("production", name)

    stream = asyncio.run(enter())
    board.news(stream)
    return stream


def confirmed(board: FlagBoard, version: int) -> Stream:
    """Enter a stream that has this version in force, and was told its lease."""
    stream = opened(board)
    board.acknowledge(stream.id, version)
    board.news(stream)
    return stream


def test_an_older_version_never_replaces_a_newer_one(board: FlagBoard) -> None:
    assert publish(board, 5)

    assert not publish(board, 4)

    assert board.current("production").version == 5


def test_publishing_the_same_again_is_legal_and_other_content_is_not(board: FlagBoard) -> None:
    publish(board, 5)

    assert publish(board, 5)
    with pytest.raises(ValueError, match="a new version"):
        publish(board, 5, exposure=9999)


def test_a_broken_document_leaves_what_was_in_force(board: FlagBoard) -> None:
    publish(board, 5)

    with pytest.raises(BrokenDocument):
        board.publish("production", 6, {"flags": None})

    assert board.current("production").version == 5


def test_environments_are_apart(board: FlagBoard) -> None:
    publish(board, 5)

    assert board.current("staging") is None
    assert board.environments() == ("production",)


def test_a_stream_is_behind_until_it_acknowledges(board: FlagBoard) -> None:
    publish(board, 5)
    stream = opened(board)

    before = board.acknowledged("production", 5)
    board.acknowledge(stream.id, 5)
    after = board.acknowledged("production", 5)

    assert (before.connected, before.behind) == (1, ("checkout",))
    assert (after.connected, after.behind) == (1, ())


def test_who_waits_is_called_when_the_last_stream_has_the_newest_flags(board: FlagBoard) -> None:
    publish(board, 1)
    one, two, gone = (opened(board, name) for name in ("one", "two", "gone"))
    called: list[str] = []

    board.when_acknowledged = lambda: called.append("first")
    board.acknowledge(one.id, 1)
    board.goodbye(gone.id)
    board.acknowledge(two.id, 1)
    board.when_acknowledged = lambda: called.append("second")
    publish(board, 2, exposure=5000)
    board.news(one)
    board.acknowledge(one.id, 1)
    board.acknowledge(one.id, 2)
    board.leave(two)
    board.acknowledge(one.id, 2)

    assert called == ["first", "second"]


def test_a_stream_cannot_acknowledge_what_it_was_not_sent(board: FlagBoard) -> None:
    publish(board, 5)
    stream = opened(board)
    publish(board, 6)

    assert board.acknowledge(stream.id, 6) is False
    assert board.acknowledge("somebody-else", 5) is None
    assert board.acknowledged("production", 5).behind == ("checkout",)


def test_news_are_only_the_newest_and_only_once(board: FlagBoard) -> None:
    publish(board, 5)
    stream = opened(board)
    for version in (6, 7, 8):
        publish(board, version)

    assert board.news(stream).published.version == 8
    assert board.news(stream).published is None


def test_a_lost_stream_is_unreached_while_its_lease_runs(board: FlagBoard, dial: Seconds) -> None:
    publish(board, 5)
    board.beat("production", 30_000)
    stream = confirmed(board, 5)

    board.leave(stream)

    assert board.acknowledged("production", 5).unreached == ()
    assert board.acknowledged("production", 6).unreached == ("checkout",)
    dial.now += 29.9
    assert board.acknowledged("production", 6).unreached == ("checkout",)
    dial.now += 1.2
    assert board.acknowledged("production", 6).unreached == ()


def test_a_heartbeat_that_a_lost_stream_never_got_does_not_prolong_its_lease(
    board: FlagBoard, dial: Seconds
) -> None:
    publish(board, 5)
    board.beat("production", 1_000)
    stream = confirmed(board, 5)
    board.beat("production", 60_000)

    board.leave(stream)

    dial.now += 3
    assert board.acknowledged("production", 6).unreached == ()


def test_a_lost_stream_without_a_lease_is_listed_for_a_day(board: FlagBoard, dial: Seconds) -> None:
    publish(board, 5)
    board.beat("production", None)
    board.leave(confirmed(board, 5))

    dial.now += 86_399
    assert board.acknowledged("production", 6).unreached == ("checkout",)
    dial.now += 2
    assert board.acknowledged("production", 6).unreached == ()


def test_a_lease_is_renewed_only_where_the_newest_flags_are_confirmed(
    board: FlagBoard, dial: Seconds
) -> None:
    publish(board, 5)
    stream = opened(board)
    board.beat("production", 1_000)
    entering = board.news(stream).lease
    board.acknowledge(stream.id, 5)
    confirming = board.news(stream).lease
    publish(board, 6)
    board.beat("production", 9_000)

    behind = board.news(stream).lease
    board.acknowledge(stream.id, 6)

    assert (entering, confirming, behind) == (None, 101.0, None)
    assert board.news(stream).lease == 109.0


def test_a_lease_that_ends_sooner_is_told_to_whoever_is_behind_too(board: FlagBoard) -> None:
    publish(board, 5)
    board.beat("production", 9_000)
    stream = confirmed(board, 5)
    publish(board, 6)

    board.beat("production", 0)

    assert board.news(stream).lease == 100.0


def test_a_stream_that_comes_back_without_confirming_may_serve_until_its_old_lease_ends(
    board: FlagBoard, dial: Seconds
) -> None:
    publish(board, 5)
    board.beat("production", 9_000)
    board.leave(confirmed(board, 5))
    publish(board, 6)

    board.leave(opened(board))

    assert board.acknowledged("production", 6).unreached == ("checkout",)
    assert board.reach("production").leased_ms == 10_000
    dial.now += 10
    assert board.acknowledged("production", 6).unreached == ()


def test_a_stream_without_any_lease_is_told_so_once_it_has_confirmed(board: FlagBoard) -> None:
    publish(board, 5)
    stream = opened(board)

    board.acknowledge(stream.id, 5)

    assert board.news(stream).lease == float("-inf")


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["publish", "beat", "read", "confirm", "lose"]), st.integers(0, 20_000)
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(deeds=DEEDS)
def test_whatever_happens_nobody_is_leased_longer_without_the_newest_flags(
    deeds: list[tuple[str, int]],
) -> None:
    dial = Seconds()
    board = FlagBoard(dial)
    publish(board, 1)
    version, stream, held = 1, opened(board), float("-inf")
    for deed, number in deeds:
        dial.now += number / 10_000
        if deed == "publish":
            version += 1
            publish(board, version)
        elif deed == "beat":
            board.beat("production", number)
        elif deed == "confirm":
            board.acknowledge(stream.id, stream.sent)
        elif deed == "lose":
            board.leave(stream)
            stream = opened(board)
        news = board.news(stream)
        if news.lease is not None:
            assert news.lease <= held or stream.acknowledged == version
            held = news.lease
        told = (board.reach("production").leased_ms or 0) / 1000 + dial.now
        assert held <= max(told, dial.now)


def test_goodbye_leaves_nothing_to_reach(board: FlagBoard) -> None:
    publish(board, 5)
    board.beat("production", 30_000)
    stream = opened(board)

    assert board.goodbye(stream.id)
    board.leave(stream)

    assert not board.goodbye(stream.id)
    acks = board.acknowledged("production", 6)
    assert (acks.connected, acks.behind, acks.unreached) == (0, (), ())


def test_a_stream_that_comes_back_takes_the_place_of_the_one_it_was(board: FlagBoard) -> None:
    publish(board, 5)
    first = opened(board)
    second = opened(board)

    board.leave(first)

    assert first.ended
    assert not second.ended
    acks = board.acknowledged("production", 5)
    assert (acks.connected, acks.behind, acks.unreached) == (1, ("checkout",), ())


def test_a_trial_that_nobody_watches_is_off_here_as_well(board: FlagBoard, dial: Seconds) -> None:
    publish(board, 5, exposure=10_000)
    leased = board.current("production").leased
    board.beat("production", 1_000)
    before = leased.evaluate("new_cart", "patient-1", {}).value

    dial.now += 1

    assert (before, leased.evaluate("new_cart", "patient-1", {}).value) == (True, False)


def test_a_closed_board_ends_its_streams(board: FlagBoard) -> None:
    publish(board, 5)
    before = opened(board)

    board.close()

    assert board.news(before).ended
    assert board.news(opened(board, "later")).ended
