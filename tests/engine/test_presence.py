"""Leases are renewed as far as somebody decides, and never longer than anybody watched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.engine.presence import Presence
from phasegate.flags.journal import Journal
from phasegate.ports import Reach, Unavailable, Wanted
from phasegate.testing.dial import Seconds

VALID = timedelta(seconds=5)


class Board:
    """Notes what is published and beaten; every call takes `slow` seconds."""

    def __init__(self, passing: Seconds) -> None:
        self._passing = passing
        self.slow = 0.0
        self.beats: list[tuple[str, int | None]] = []
        self.published: list[str] = []
        self.given: int | None = 0

    def wanted(self, _: str) -> Wanted:
        return Wanted(version=1, states=(), journal=Journal())

    def serve(self, environment: str, _: Wanted) -> None:
        self._passing.now += self.slow
        self.published.append(environment)

    def beat(self, environment: str, remaining_ms: int | None) -> None:
        self.beats.append((environment, remaining_ms))

    def reach(self, environment: str) -> Reach:
        return Reach(environment=environment, version=1, streams={}, lost={}, leased_ms=self.given)


class Desk:
    def __init__(self) -> None:
        self.passing = Seconds()
        self.store = MemoryStore(self.passing)
        self.board = Board(self.passing)
        self.presence = self.named("one")

    def named(self, server: str) -> Presence:
        return Presence(
            store=self.store,
            serving=self.board,
            publisher=self.board,  # type: ignore[arg-type]  # it is asked for nothing else
            server=server,
            passing=self.passing,
        )

    def show(self, decided: Mapping[str, int | None] | None) -> None:
        began = self.passing.now
        wanted = self.presence.read(["demo"])
        leases = self.presence.left() if decided is None else self.presence.decided(decided)
        self.presence.show(wanted, leases, began, VALID)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_whoever_decides_renews_the_lease_in_full(desk: Desk) -> None:
    desk.show({"demo": 60_000})

    assert desk.board.beats == [("demo", 60_000)]


def test_whoever_follows_passes_on_what_is_left(desk: Desk) -> None:
    desk.store.attend({"demo": 60_000})
    desk.passing.now += 20

    desk.show(None)

    assert desk.board.beats == [("demo", 40_000)]


def test_a_lease_that_is_over_is_told_once(desk: Desk) -> None:
    desk.store.attend({"demo": 1_000})
    desk.passing.now += 20

    desk.show(None)
    desk.passing.now += 20
    desk.show(None)

    assert desk.board.beats == [("demo", 0)]


def test_nobody_is_beaten_who_was_never_attended(desk: Desk) -> None:
    desk.show(None)

    assert desk.board.beats == []
    assert desk.board.published == ["demo"]


def test_a_lease_that_is_kept_for_ever_stays_so(desk: Desk) -> None:
    desk.show({"demo": None})

    assert desk.board.beats == [("demo", None)]


def test_applications_are_not_beaten_more_often_than_their_lease_needs(desk: Desk) -> None:
    for _ in range(9):
        desk.show({"demo": 60_000})
        desk.passing.now += 0.5

    assert len(desk.board.beats) == 3


def test_a_short_lease_is_renewed_more_often(desk: Desk) -> None:
    for _ in range(8):
        desk.show({"demo": 2_000})
        desk.passing.now += 0.25

    assert len(desk.board.beats) == 8


def test_a_server_that_was_stalled_in_its_round_renews_nothing(desk: Desk) -> None:
    desk.board.slow = 6.0

    with pytest.raises(Unavailable, match="stalled"):
        desk.show({"demo": 60_000})

    assert desk.board.beats == []
    assert desk.store.attended().ago_ms is None


def test_the_time_between_asking_and_beating_is_taken_off_the_lease(desk: Desk) -> None:
    report = desk.store.report

    def slow(server: str, reaches: object) -> None:
        desk.passing.now += 1.5
        report(server, reaches)  # type: ignore[arg-type]  # handed on as it came

    desk.store.report = slow  # type: ignore[method-assign]  # a store that is slow
    desk.show({"demo": 60_000})

    assert desk.board.beats == [("demo", 58_500)]


def test_what_is_reported_of_a_lease_is_never_less_than_is_given(desk: Desk) -> None:
    desk.board.given = 5_000
    desk.show({"demo": 60_000})
    first = desk.store.reports("demo")[0].reach.leased_ms
    desk.board.given = 90_000
    desk.show({"demo": 60_000})

    assert first == 60_000
    assert desk.store.reports("demo")[0].reach.leased_ms == 90_000


def test_exposure_that_begins_is_leased_before_it_is_confirmed(desk: Desk) -> None:
    desk.presence.begin("demo", 60_000)
    desk.presence.begin("demo", 60_000)

    assert desk.board.beats == [("demo", 60_000)]
    assert desk.store.attended().leases["demo"] == 60_000
