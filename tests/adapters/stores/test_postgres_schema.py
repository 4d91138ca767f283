"""A PostgreSQL schema is migrated while servers go on, old ones among them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from phasegate.adapters.stores import rows
from phasegate.adapters.stores.migrations import migrate, newest, scripts
from phasegate.adapters.stores.pool import Pool
from phasegate.adapters.stores.postgres import PostgresStore
from phasegate.adapters.stores.postgres_schema import PostgresSchema
from phasegate.core.event import START_OF_CHAIN, Event
from phasegate.core.evidence import Position, Tally
from phasegate.ports import Unavailable
from phasegate.testing.postgres import PATIENCE_S, Cluster
from phasegate.testing.store_suite import (
    NOON_MS,
    REACH,
    event,
    tally,
)


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
