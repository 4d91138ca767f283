"""The PostgreSQL store keeps the behaviour of every store, for many servers at once."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from phasegate.adapters.stores import pool, rows
from phasegate.adapters.stores.migrations import migrate, newest, scripts
from phasegate.adapters.stores.pool import Pool
from phasegate.adapters.stores.postgres import PostgresStore
from phasegate.adapters.stores.postgres_schema import PostgresSchema
from phasegate.core.audit import verify
from phasegate.core.event import START_OF_CHAIN, Event
from phasegate.core.evidence import Position, Tally
from phasegate.ports import Conflict, Unavailable
from phasegate.testing.postgres import Cluster
from phasegate.testing.store_suite import (
    CART,
    FINDING,
    NOON_MS,
    REACH,
    DurableStoreSuite,
    event,
    fence,
    tally,
)

Until = Callable[..., None]

PATIENCE_S = 60.0
"""What a call may take where the deadline is not what is tried: a busy machine takes its time."""

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


@pytest.fixture
def url(database: Callable[[], str]) -> str:
    return database()


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    opened = PostgresStore(url, PATIENCE_S)
    yield opened
    opened.close()


@pytest.fixture
def other(url: str) -> Iterator[PostgresStore]:
    opened = PostgresStore(url, PATIENCE_S)
    yield opened
    opened.close()


def waits_for_a_lock(url: str) -> bool:
    """Say whether anybody waits for a lock in this database."""
    asked = (
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
        "WHERE datname = current_database() AND NOT granted"
    )
    with psycopg.connect(url) as connection:
        return connection.execute(asked).fetchone() != (0,)


def break_connections(url: str, until: Until) -> None:
    """Have PostgreSQL end everybody's connections, and wait until each of them is closed."""
    with psycopg.connect(url, autocommit=True) as admin:
        ended = admin.execute(
            "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    assert ended
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid, _ in ended))


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


def test_an_event_a_flag_and_evidence_of_one_server_wake_the_other_at_once(
    store: PostgresStore, other: PostgresStore
) -> None:
    woken = threading.Event()
    other.changes(woken.set)
    assert woken.wait(30), "what was written before it listened is looked for"
    for act in (
        lambda: store.append(event(1)),
        lambda: store.put_flag_states("production", [CART], fence(1)),
        lambda: store.add_evidence([(tally(1), NOON_MS)], []),
        lambda: store.add_finding(FINDING),
    ):
        woken.clear()
        act()
        assert woken.wait(30)


def test_a_server_is_not_woken_by_what_it_wrote_itself(
    store: PostgresStore, other: PostgresStore, until: Until
) -> None:
    heard: list[int] = []
    store.changes(lambda: heard.append(len(store.events("checkout-2"))))
    until(lambda: heard)
    heard.clear()

    head = START_OF_CHAIN
    for number in range(1, 21):
        added = event(number, head)
        store.append(added)
        head = added.hash
    other.append(event(1, log="checkout-2"))
    until(lambda: heard)

    assert heard == [1], "it was woken once, and by what the other wrote"


def test_a_server_hears_again_after_its_connection_broke(
    url: str, store: PostgresStore, other: PostgresStore, until: Until
) -> None:
    woken = threading.Event()
    other.changes(woken.set)
    assert woken.wait(30)
    woken.clear()

    break_connections(url, until)
    assert woken.wait(30), "what was told meanwhile is looked for"
    woken.clear()
    store.append(event(1))

    assert woken.wait(30)


def test_a_broken_connection_is_replaced_before_it_is_used(
    url: str, store: PostgresStore, until: Until
) -> None:
    store.append(event(1))

    break_connections(url, until)

    assert store.events("checkout-1") == [event(1)]


def test_a_call_that_takes_too_long_is_cut_off_and_named(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # PostgreSQL says so itself, however long that takes on this machine.
    monkeypatch.setattr(pool, "GRACE_S", 60.0)
    store = PostgresStore(url, deadline_s=0.3)
    holder = psycopg.connect(url)
    holder.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")

    with pytest.raises(Unavailable, match=r"\[store-slow\]"):
        store.events("checkout-1")  # would wait for ever

    holder.close()
    store.close()


def test_a_server_that_is_stalled_in_a_write_keeps_nobody_from_deciding(
    url: str, until: Until
) -> None:
    stalled, other = PostgresStore(url, deadline_s=0.5), PostgresStore(url, deadline_s=0.5)
    stalled.attend({"demo": 1000})
    # Nothing of its own oversees it, as nothing in a stalled process would.
    held = stalled._pool.connect()
    held.execute("BEGIN")
    held.execute("UPDATE attended SET at_ms = 0 WHERE environment = 'demo'")

    def attends() -> bool:
        try:
            other.attend({"demo": 2000})
        except Unavailable:
            return False
        return True

    until(attends)
    with pytest.raises(psycopg.Error):
        held.execute("COMMIT")
    left = other.attended().leases["demo"]
    assert left is not None
    assert left > 1000
    for store in (stalled, other):
        store.close()


def test_a_backup_that_takes_its_time_is_not_cut_off(url: str) -> None:
    store = PostgresStore(url, deadline_s=0.2)
    store.attend({"demo": 1000})

    with store._database.snapshot() as reading:
        time.sleep(0.5)
        counted = list(reading.rows("SELECT count(*) FROM attended"))

    store.close()
    assert counted == [(2,)]


def test_a_database_that_is_frozen_is_given_up_after_the_deadline(url: str) -> None:
    pool = Pool(url, deadline_s=30.0)

    with pytest.raises(Unavailable, match=r"\[store-unreachable\]"), pool.lend(0.2) as connection:
        connection.execute("SELECT pg_sleep(20)")

    pool.close()


def test_an_event_whose_commit_was_not_heard_of_is_found_to_be_stored(
    url: str, store: PostgresStore
) -> None:
    append = store._database.writing

    class Deaf:
        """Loses the connection right after the commit."""

        def __enter__(self) -> object:
            self.inner = append()
            return self.inner.__enter__()

        def __exit__(self, *given: object) -> None:
            self.inner.__exit__(*given)
            raise Unavailable("the connection broke")

    store._database.writing = Deaf
    store.append(event(1))

    assert store.events("checkout-1") == [event(1)]


def test_an_unreachable_database_is_named_without_its_password() -> None:
    with pytest.raises(Unavailable) as caught:
        PostgresStore("postgresql://ada:secret@127.0.0.1:1/phasegate")

    assert "postgresql://127.0.0.1:1/phasegate" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "ada" not in str(caught.value)


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(Unavailable, match=r"\[store-address\]"):
        PostgresStore("postgresql://127.0.0.1/phasegate?colour=blue")


def test_a_database_of_another_program_is_refused(url: str) -> None:
    with psycopg.connect(url) as foreign:
        foreign.execute("CREATE TABLE patients (name TEXT)")

    with pytest.raises(Unavailable, match=r"\[store-foreign\]"):
        PostgresStore(url)


def test_a_newer_schema_that_only_adds_is_used(url: str) -> None:
    PostgresStore(url).close()
    with psycopg.connect(url) as newer:
        newer.execute("UPDATE phasegate_schema SET number = number + 1")

    store = PostgresStore(url)
    store.append(event(1))

    assert store.events("checkout-1") == [event(1)]
    store.close()


def test_a_newer_schema_that_changes_what_was_is_refused(url: str) -> None:
    PostgresStore(url).close()
    with psycopg.connect(url) as newer:
        newer.execute("UPDATE phasegate_schema SET number = number + 1, least = number + 1")

    with pytest.raises(Unavailable, match=r"schema is number \d+.*\[store-newer\]"):
        PostgresStore(url)


def _migrated(url: str, upto: int) -> None:
    pool = Pool(url)
    with pool.lend() as connection:
        migrate(PostgresSchema(connection, "store"), upto=upto)
    pool.close()


@pytest.mark.parametrize("old", range(newest("postgres") + 1))
def test_a_migrated_schema_equals_a_fresh_one(
    database: Callable[[], str], cluster: Cluster, old: int
) -> None:
    fresh, migrated = database(), database()
    _migrated(migrated, old)

    PostgresStore(fresh).close()
    PostgresStore(migrated).close()

    assert cluster.schema(migrated) == cluster.schema(fresh)


def test_both_dialects_have_the_same_migrations() -> None:
    assert len(scripts("sqlite")) == len(scripts("postgres"))


def test_a_migration_that_fails_leaves_the_schema_before_it(url: str, cluster: Cluster) -> None:
    _migrated(url, 1)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE findings (in_the_way TEXT)")
    before = cluster.schema(url)

    with pytest.raises(psycopg.errors.DuplicateTable):
        PostgresStore(url)

    assert cluster.schema(url) == before


def test_many_servers_that_open_a_new_database_at_once_all_get_a_store(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = [
            each.result()
            for each in [pool.submit(PostgresStore, url, PATIENCE_S) for _ in range(4)]
        ]

    assert [store.logs() for store in stores] == [[], [], [], []]
    for store in stores:
        store.close()


class OldServer:
    """A server of the schema before packs: its statements, as they were then."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)

    def append(self, added: Event) -> None:
        self.connection.execute(
            "INSERT INTO events (log, number, at, kind, actor, body, previous, hash) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            rows.event_row(added),
        )

    def add_evidence(self, one: Tally, ripe_ms: int) -> None:
        with self.connection.transaction():
            self.connection.execute(
                "SELECT pg_advisory_xact_lock_shared(%s, hashtext(%s))", (0x7068, one.run)
            )
            self.connection.execute(
                "INSERT INTO tallies (ripe_ms, run, phase, component, attempt, series, arm, "
                "bucket, seen, bad, subjects, subjects_bad, at_risk, newly_bad, again_bad, total, "
                "writer, sequence) VALUES "
                "(%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s) "
                "ON CONFLICT (writer, sequence) DO NOTHING",
                rows.tally_row(one, ripe_ms),
            )

    def report(self) -> None:
        self.connection.execute(
            "INSERT INTO reports (server, environment, version, streams, lost, at_ms, until_ms) "
            "SELECT 'old', 'production', 1, '{}', '{}', now, now + 60000 "
            "FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now) AS clock "
            "ON CONFLICT (server, environment) DO UPDATE SET at_ms = excluded.at_ms"
        )


@pytest.fixture
def old_server(url: str) -> Iterator[OldServer]:
    """A server that runs since before the newest schema."""
    _migrated(url, 4)
    server = OldServer(url)
    yield server
    server.connection.close()


def test_an_old_server_goes_on_while_a_new_one_migrates(url: str, old_server: OldServer) -> None:
    stop = threading.Event()
    appended: list[Event] = []

    def work() -> None:
        head = START_OF_CHAIN
        while not stop.is_set():
            added = event(len(appended) + 1, head)
            old_server.append(added)
            old_server.add_evidence(tally(len(appended)), NOON_MS)
            old_server.report()
            appended.append(added)
            head = added.hash

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        while len(appended) < 5 and not working.done():
            time.sleep(0.01)
        new = PostgresStore(url)
        during = len(appended)
        while len(appended) < during + 5 and not working.done():
            time.sleep(0.01)
        stop.set()
        working.result()

    assert new.events("checkout-1") == appended
    assert len(new.tallies("checkout-1", Position(), NOON_MS)) == len(appended)
    new.close()


def test_nothing_is_packed_while_a_server_is_alive_that_knows_no_packs(
    url: str, old_server: OldServer
) -> None:
    old_server.report()
    new = PostgresStore(url)
    new.report("new", [REACH])
    new.add_evidence([(tally(1), NOON_MS)], [])
    new.tallies("checkout-1", Position(), NOON_MS)

    beside = new.compact(NOON_MS + 60_000, NOON_MS, 100)
    old_server.connection.execute("DELETE FROM reports WHERE server = 'old'")
    alone = new.compact(NOON_MS + 60_000, NOON_MS, 100)

    assert (beside, alone) == (0, 1)
    new.close()


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
