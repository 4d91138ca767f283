"""The PostgreSQL store keeps the behaviour of every store, for many servers at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from phasegate.adapters.stores.postgres import PostgresStore
from phasegate.core.audit import verify
from phasegate.core.event import START_OF_CHAIN
from phasegate.core.evidence import Position
from phasegate.ports import Conflict
from phasegate.testing.postgres import PATIENCE_S, Cluster
from phasegate.testing.store_suite import (
    FINDING,
    NOON_MS,
    DurableStoreSuite,
    event,
    tally,
)

Until = Callable[..., None]

APPENDS_FOREVER = """
import sys
from phasegate.adapters.stores.postgres import PostgresStore
from phasegate.core.event import START_OF_CHAIN
from phasegate.testing.store_suite import event

store, head = PostgresStore(sys.argv[1], 60.0), START_OF_CHAIN
for number in range(1, 100_000):
    added = event(number, head)
    store.append(added)
    head = added.hash
    print(number, flush=True)
"""

PACKS_SLOWLY = """
import sys
from phasegate.adapters.stores.postgres import PostgresStore

store = PostgresStore(sys.argv[1], 60.0)
while store.compact(10**14, 10**14, 200):
    print("packed", flush=True)
"""


class TestPostgresStore(DurableStoreSuite):
    @pytest.fixture(autouse=True)
    def _databases(self, database: Callable[[], str]) -> None:
        self.new_database = database
        self.places: dict[Path, str] = {}

    def open_store(self, place: Path) -> PostgresStore:
        if place not in self.places:
            self.places[place] = self.new_database()
        return PostgresStore(self.places[place], PATIENCE_S)


def waits_for_a_lock(url: str) -> bool:
    """Say whether anybody waits for a lock in this database."""
    asked = (
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
        "WHERE datname = current_database() AND NOT granted"
    )
    with psycopg.connect(url) as connection:
        return connection.execute(asked).fetchone() != (0,)


def test_of_many_servers_that_append_at_once_exactly_one_wins_each_number(
    store: PostgresStore, other: PostgresStore
) -> None:
    def race(one: PostgresStore) -> int:
        won = 0
        for number in range(1, 26):
            before = one.events("checkout-1", after=number - 2)
            try:
                one.append(event(number, before[0].hash if number > 1 else START_OF_CHAIN))
                won += 1
            except Conflict:
                pass
        return won

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(race, [store, other, store, other]))

    assert sum(won) == 25
    assert verify(store.events("checkout-1")) == ()


def test_a_row_that_is_committed_late_is_never_behind_a_reader(
    url: str, store: PostgresStore, until: Until
) -> None:
    slow = psycopg.connect(url)
    slow.execute("SELECT pg_advisory_xact_lock_shared(%s, hashtext('checkout-1'))", (0x7068,))
    slow.execute("SELECT nextval(pg_get_serial_sequence('tallies', 'row'))")
    store.add_evidence([(tally(2), NOON_MS)], [])
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(store.tallies, "checkout-1", Position(), NOON_MS)
        until(lambda: reading.done() or waits_for_a_lock(url))
        waited = not reading.done()
        slow.commit()
        found = reading.result()
    slow.close()

    assert waited
    assert [stored.tally.sequence for stored in found] == [2]


def test_no_row_is_missed_by_two_readers_beside_writers_of_two_servers(
    store: PostgresStore, other: PostgresStore
) -> None:
    writers = 4

    def write(number: int) -> None:
        one = (store, other)[number % 2]
        for sequence in range(25):
            ripe_ms = NOON_MS + sequence - 7 * number
            one.add_evidence([(tally(sequence, writer=f"server-{number}"), ripe_ms)], [])

    def fold(one: PostgresStore) -> list[object]:
        folded: list[object] = []
        after, over = Position(), False
        while not over:
            over = all(each.done() for each in writing)
            found = one.tallies("checkout-1", after, NOON_MS + 30)
            folded += found
            after = found[-1].position if found else after
        return folded

    with ThreadPoolExecutor(writers + 2) as pool:
        writing = [pool.submit(write, number) for number in range(writers)]
        folds = [each.result() for each in [pool.submit(fold, store), pool.submit(fold, other)]]

    everything = store.tallies("checkout-1", Position(), NOON_MS + 30)
    assert len(everything) == writers * 25
    assert folds == [everything, everything]


def test_of_two_servers_that_pack_at_once_none_packs_what_the_other_has(
    store: PostgresStore, other: PostgresStore
) -> None:
    batch = [(tally(number), NOON_MS + 500 * number) for number in range(2000)]
    store.add_evidence(batch, [])
    before = store.tallies("checkout-1", Position(), NOON_MS + 10**7)

    def pack_all(one: PostgresStore) -> int:
        total = 0
        while True:
            try:
                handled = one.compact(NOON_MS + 10**7, 0, 200)
            except Conflict:
                continue
            if not handled:
                return total
            total += handled

    with ThreadPoolExecutor(2) as pool:
        packed = list(pool.map(pack_all, (store, other)))

    assert sum(packed) == 2000
    assert store.tallies("checkout-1", Position(), NOON_MS + 10**7) == before


@pytest.mark.parametrize("steps", [1, 6])
def test_a_killed_packer_leaves_every_tally_once_and_another_goes_on(
    url: str, store: PostgresStore, steps: int
) -> None:
    batch = [(tally(number), NOON_MS + number * 1000) for number in range(3000)]
    store.add_evidence(batch, [])
    before = store.tallies("checkout-1", Position(), 10**14)

    packer = subprocess.Popen(
        [sys.executable, "-c", PACKS_SLOWLY, url], stdout=subprocess.PIPE, text=True
    )
    assert packer.stdout is not None
    for _ in range(steps):
        packer.stdout.readline()
    packer.kill()
    packer.wait()
    packer.stdout.close()
    between = store.tallies("checkout-1", Position(), 10**14)
    while store.compact(10**14, 10**14, 200):
        pass

    assert between == before
    assert store.tallies("checkout-1", Position(), 10**14) == before


def test_nobody_can_edit_or_delete_an_event_through_sql(url: str, store: PostgresStore) -> None:
    store.append(event(1))

    for act in ("UPDATE events SET actor = 'Cleo'", "DELETE FROM events", "TRUNCATE events"):
        with (
            psycopg.connect(url) as other,
            pytest.raises(psycopg.errors.RaiseException, match="never edited"),
        ):
            other.execute(act)


def test_a_finding_with_a_null_character_is_stored_without_it(store: PostgresStore) -> None:
    from dataclasses import replace

    store.add_finding(replace(FINDING, seen="binary \x00 output"))

    (found,) = store.findings("checkout-1")

    assert found.seen == "binary \ufffd output"


def test_what_was_told_to_be_stored_survives_a_crash_of_the_database() -> None:
    """With fsync on, as in life: PostgreSQL is ended without a chance to write anything."""
    with Cluster() as cluster:
        url = cluster.database()
        writer = subprocess.Popen(
            [sys.executable, "-c", APPENDS_FOREVER, url],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(30)]
        cluster.crash()
        told += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
        writer.wait()
        writer.stdout.close()
        cluster.start()

        store = PostgresStore(url)
        events = store.events("checkout-1")
        store.append(event(len(events) + 1, events[-1].hash))

        assert len(events) >= told[-1] >= 30
        assert verify(events) == ()
        store.close()
