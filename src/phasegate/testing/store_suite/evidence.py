"""How a store keeps what was seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from phasegate.ports import Store
from phasegate.testing.store_suite.opened import OpenedStore
from phasegate.testing.store_suite.specimens import (
    FINDING,
    NOON_MS,
    START,
    sighting,
    tally,
)


class EvidenceSentences(OpenedStore):
    """Every row once, in an order that never changes once it was read."""

    def test_a_tally_comes_back_as_it_was_added(self, store: Store) -> None:
        store.add_evidence([(tally(1), NOON_MS)], [])

        (stored,) = store.tallies("checkout-1", START, NOON_MS)

        assert stored.tally == tally(1)
        assert stored.position.ripe_ms == NOON_MS

    def test_tallies_come_in_the_order_in_which_they_ripen(self, store: Store) -> None:
        store.add_evidence([(tally(1), NOON_MS + 9), (tally(2), NOON_MS)], [])
        store.add_evidence([(tally(3), NOON_MS)], [])

        found = store.tallies("checkout-1", START, NOON_MS + 9)

        assert [stored.tally.sequence for stored in found] == [2, 3, 1]
        assert [stored.position for stored in found] == sorted(one.position for one in found)

    def test_a_tally_that_is_not_ripe_is_not_returned(self, store: Store) -> None:
        store.add_evidence([(tally(1), NOON_MS), (tally(2), NOON_MS + 1)], [])

        found = store.tallies("checkout-1", START, NOON_MS)

        assert [stored.tally.sequence for stored in found] == [1]

    def test_reading_goes_on_behind_the_last_position(self, store: Store) -> None:
        store.add_evidence([(tally(number), NOON_MS) for number in (1, 2, 3)], [])
        first = store.tallies("checkout-1", START, NOON_MS)[0]

        found = store.tallies("checkout-1", first.position, NOON_MS)

        assert [stored.tally.sequence for stored in found] == [2, 3]

    def test_a_tally_of_another_run_is_not_returned(self, store: Store) -> None:
        store.add_evidence([(tally(1, run="checkout-2"), NOON_MS)], [])

        assert store.tallies("checkout-1", START, NOON_MS) == []

    def test_a_tally_delivered_twice_is_stored_once(self, store: Store) -> None:
        store.add_evidence([(tally(1), NOON_MS)], [])
        store.add_evidence([(tally(1), NOON_MS + 5), (tally(2), NOON_MS + 5)], [])

        found = store.tallies("checkout-1", START, NOON_MS + 5)

        assert [stored.tally.sequence for stored in found] == [1, 2]

    def test_two_writers_may_use_the_same_sequence(self, store: Store) -> None:
        store.add_evidence([(tally(1), NOON_MS), (tally(1, writer="server-2"), NOON_MS)], [])

        assert len(store.tallies("checkout-1", START, NOON_MS)) == 2

    def test_a_late_row_is_never_placed_before_one_that_was_read(self, store: Store) -> None:
        store.add_evidence([(tally(1), NOON_MS + 10)], [])
        (read,) = store.tallies("checkout-1", START, NOON_MS + 10)
        store.add_evidence([(tally(2), NOON_MS), (tally(3), NOON_MS + 20)], [])

        found = store.tallies("checkout-1", read.position, NOON_MS + 10)

        assert [stored.tally.sequence for stored in found] == [2]

    def test_a_fold_read_again_from_the_start_sees_the_same_order(self, store: Store) -> None:
        store.add_evidence([(tally(1), NOON_MS + 10)], [])
        first = store.tallies("checkout-1", START, NOON_MS + 10)
        store.add_evidence([(tally(2), NOON_MS)], [])
        second = store.tallies("checkout-1", first[-1].position, NOON_MS + 10)

        assert store.tallies("checkout-1", START, NOON_MS + 10) == first + second

    def test_no_row_is_missed_by_a_fold_that_runs_beside_many_writers(self, store: Store) -> None:
        def write(writer: int) -> int:
            for number in range(20):
                ripe_ms = NOON_MS + number - 5 * writer
                store.add_evidence([(tally(number, writer=f"server-{writer}"), ripe_ms)], [])
            return 0

        folded = []
        with ThreadPoolExecutor(3) as pool:
            writers = [pool.submit(write, number) for number in range(3)]
            after, over = START, False
            while not over:
                over = all(writer.done() for writer in writers)
                found = store.tallies("checkout-1", after, NOON_MS + 20)
                folded += found
                after = found[-1].position if found else after
            assert [writer.result() for writer in writers] == [0, 0, 0]

        assert [writer.result() for writer in writers] == [0, 0, 0]
        assert len(folded) == 60
        assert folded == store.tallies("checkout-1", START, NOON_MS + 20)

    def test_sightings_of_a_phase_come_oldest_first(self, store: Store) -> None:
        store.add_evidence([], [sighting(b"\x00\xff" * 4), sighting(b"other", phase="beta")])
        store.add_evidence([(tally(1), NOON_MS)], [sighting(b"\x01" * 8)])

        found = store.sightings("checkout-1", "alpha")

        assert found == [sighting(b"\x00\xff" * 4), sighting(b"\x01" * 8)]

    def test_a_finding_comes_back_as_it_was_added(self, store: Store) -> None:
        store.add_finding(FINDING)

        assert store.findings("checkout-1") == [FINDING]

    def test_findings_are_told_apart_by_phase_and_come_oldest_first(self, store: Store) -> None:
        later, beta = replace(FINDING, attempt=2), replace(FINDING, phase="beta")
        for finding in (FINDING, beta, later):
            store.add_finding(finding)

        assert store.findings("checkout-1", "alpha") == [FINDING, later]
        assert store.findings("checkout-1") == [FINDING, beta, later]
        assert store.findings("checkout-2") == []
