"""How a store keeps old evidence in less room."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from phasegate.ports import Store
from phasegate.testing.store_suite.opened import OpenedStore
from phasegate.testing.store_suite.specimens import (
    NOON_MS,
    START,
    sighting,
    tally,
)

EVENING_MS = NOON_MS + 6 * 3600 * 1000
"""A time by which everything is old."""


def _evening(store: Store, run: str = "checkout-1", writer: str = "server-1") -> int:
    """Store tallies of two hours and a little, two every twelve seconds; return how many."""
    count = 2 * 5 * 130
    added = [
        (tally(number, writer, run), NOON_MS + number // 2 * 12_000 + 77 * (number % 3))
        for number in range(count)
    ]
    for start in range(0, count, 100):
        store.add_evidence(added[start : start + 100], [])
    return count


def _compact(store: Store, most: int = 500) -> list[int]:
    """Compact everything, and return how many tallies each step has handled."""
    steps: list[int] = []
    while handled := store.compact(EVENING_MS, EVENING_MS, most):
        steps.append(handled)
    return steps


class RetentionSentences(OpenedStore):
    """Whatever is packed, reading gives the same as before."""

    def test_what_was_compacted_is_read_as_before(self, store: Store) -> None:
        written = _evening(store)
        before = store.tallies("checkout-1", START, EVENING_MS)

        _compact(store)

        assert len(before) == written
        assert store.tallies("checkout-1", START, EVENING_MS) == before

    def test_reading_goes_on_anywhere_in_what_was_compacted(self, store: Store) -> None:
        _evening(store)
        before = store.tallies("checkout-1", START, EVENING_MS)
        _compact(store)

        for place in (0, 1, 59, 60, 61, len(before) - 1):
            found = store.tallies("checkout-1", before[place].position, EVENING_MS)
            assert found == before[place + 1 :]
        halfway = before[len(before) // 2].position.ripe_ms
        found = store.tallies("checkout-1", START, halfway)
        assert found == [row for row in before if row.position.ripe_ms <= halfway]

    def test_many_tallies_can_be_read_a_few_at_a_time(self, store: Store) -> None:
        written = _evening(store)
        for number in range(written, written + 30):
            store.add_evidence([(tally(number), EVENING_MS)], [])
        everything = store.tallies("checkout-1", START, EVENING_MS)
        store.compact(NOON_MS + 3_600_000, NOON_MS + 3_600_000, 10_000)

        found, after = [], START
        while few := store.tallies("checkout-1", after, EVENING_MS, 70):
            assert len(few) <= 70
            found += few
            after = few[-1].position

        assert found == everything

    def test_a_tally_that_was_compacted_is_not_stored_again(self, store: Store) -> None:
        written = _evening(store)
        store.tallies("checkout-1", START, EVENING_MS)
        _compact(store)

        store.add_evidence([(tally(number), EVENING_MS) for number in range(written + 1)], [])

        found = store.tallies("checkout-1", START, EVENING_MS)
        assert sorted(row.tally.sequence for row in found) == list(range(written + 1))

    def test_a_tally_that_comes_late_follows_what_was_compacted(self, store: Store) -> None:
        _evening(store)
        before = store.tallies("checkout-1", START, EVENING_MS)
        _compact(store)

        store.add_evidence([(tally(1, writer="slow"), NOON_MS)], [])

        (late,) = store.tallies("checkout-1", before[-1].position, EVENING_MS)
        assert late.tally.writer == "slow"

    def test_what_nobody_has_folded_is_not_compacted(self, store: Store) -> None:
        _evening(store)

        assert store.compact(EVENING_MS, EVENING_MS, 10_000) == 0

    def test_compacting_goes_on_in_bounded_steps_until_nothing_is_left(self, store: Store) -> None:
        written = _evening(store)
        before = store.tallies("checkout-1", START, EVENING_MS)

        steps = _compact(store, most=100)

        assert all(handled <= 1000 for handled in steps)
        assert sum(steps) in (0, 2 * written)
        assert store.compact(EVENING_MS, EVENING_MS, 100) == 0
        assert store.tallies("checkout-1", START, EVENING_MS) == before

    def test_runs_are_compacted_apart(self, store: Store) -> None:
        _evening(store)
        _evening(store, "checkout-2", "server-2")
        before = [store.tallies(run, START, EVENING_MS) for run in ("checkout-1", "checkout-2")]

        _compact(store)

        found = [store.tallies(run, START, EVENING_MS) for run in ("checkout-1", "checkout-2")]
        assert found == before

    def test_readers_and_writers_go_on_while_it_is_compacted(self, store: Store) -> None:
        _evening(store)
        before = store.tallies("checkout-1", START, EVENING_MS)
        over: list[bool] = []

        def read_and_write(number: int) -> int:
            while not over:
                again = [(tally(0), EVENING_MS), (tally(7 * number), EVENING_MS)]
                store.add_evidence(again, [])
                assert store.tallies("checkout-1", START, EVENING_MS) == before
            return 0

        with ThreadPoolExecutor(2) as pool:
            busy = [pool.submit(read_and_write, number) for number in range(2)]
            _compact(store, most=50)
            over.append(True)
            assert [each.result() for each in busy] == [0, 0]

    def test_the_subjects_of_one_run_are_forgotten(self, store: Store) -> None:
        store.add_evidence([], [sighting(b"\x01" * 8), replace(sighting(b"\x02" * 8), run="other")])

        store.forget_subjects("checkout-1")

        assert store.sightings("checkout-1", "alpha") == []
        assert len(store.sightings("other", "alpha")) == 1
