"""The SQLite store keeps the behaviour of every store, and what it has is safe from crashes."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from phasegate.adapters.stores.migrations import migrate, newest
from phasegate.adapters.stores.sqlite import SqliteStore
from phasegate.adapters.stores.sqlite_schema import SqliteSchema
from phasegate.core.audit import verify
from phasegate.core.evidence import Position
from phasegate.ports import Unavailable
from phasegate.testing.store_suite import (
    FINDING,
    NOON_MS,
    DurableStoreSuite,
    event,
    sighting,
    tally,
)

APPENDS_FOREVER = """
import sys
from phasegate.adapters.stores.sqlite import SqliteStore
from phasegate.core.event import START_OF_CHAIN
from phasegate.testing.store_suite import event

store, head = SqliteStore(sys.argv[1]), START_OF_CHAIN
for number in range(1, 100_000):
    added = event(number, head)
    store.append(added)
    head = added.hash
    print(number, flush=True)
"""

PACKS_SLOWLY = """
import sys
from phasegate.adapters.stores.sqlite import SqliteStore

store = SqliteStore(sys.argv[1])
while store.compact(10**14, 10**14, 200):
    print("packed", flush=True)
"""


class TestSqliteStore(DurableStoreSuite):
    def open_store(self, place: Path) -> SqliteStore:
        # Whoever waits for SQLite's lock waits in no order: on a busy disk, for longer than 5 s.
        return SqliteStore(place / "store.db", busy_timeout_s=60)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def test_a_killed_writer_leaves_a_log_without_gaps_that_has_all_it_was_told_is_stored(
    path: Path,
) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", APPENDS_FOREVER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    told = [int(writer.stdout.readline()) for _ in range(30)]
    writer.send_signal(signal.SIGKILL)
    told += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
    writer.wait()
    writer.stdout.close()

    store = SqliteStore(path)
    events = store.events("checkout-1")
    store.append(event(len(events) + 1, events[-1].hash))

    assert len(events) >= told[-1] >= 30
    assert verify(events) == ()
    store.close()


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_a_killed_packer_leaves_every_tally_once_and_another_goes_on(
    path: Path, steps: int
) -> None:
    store = SqliteStore(path)
    for start in range(0, 4000, 200):
        minute = [(tally(number), NOON_MS + number * 1000) for number in range(start, start + 200)]
        store.add_evidence(minute, [])
    before = store.tallies("checkout-1", Position(), 10**14)

    packer = subprocess.Popen(
        [sys.executable, "-c", PACKS_SLOWLY, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert packer.stdout is not None
    for _ in range(steps):
        packer.stdout.readline()
    packer.send_signal(signal.SIGKILL)
    packer.wait()
    packer.stdout.close()

    assert store.tallies("checkout-1", Position(), 10**14) == before
    while store.compact(10**14, 10**14, 200):
        pass
    assert store.tallies("checkout-1", Position(), 10**14) == before
    store.close()


def test_evidence_whose_pack_was_changed_is_named_and_never_judged(path: Path) -> None:
    store = SqliteStore(path)
    store.add_evidence([(tally(1), NOON_MS)], [])
    store.tallies("checkout-1", Position(), NOON_MS)
    store.compact(NOON_MS + 60_000, 0, 10)
    with sqlite3.connect(path) as behind:
        behind.execute("UPDATE packs SET content = zeroblob(40)")

    with pytest.raises(Unavailable, match=r"checkout-1 is damaged.*\[evidence-damaged\]"):
        store.tallies("checkout-1", Position(), NOON_MS)
    store.close()


def test_a_full_disk_leaves_nothing_half_done_and_is_named(path: Path) -> None:
    store = SqliteStore(path)
    store.append(event(1))
    with store._connections.mine() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    many = [(tally(number), NOON_MS) for number in range(500)]
    with pytest.raises(Unavailable, match=r"store\.db: the disk is full.*\[store-full\]"):
        store.add_evidence(many, [sighting(b"\x01" * 8)])

    assert store.tallies("checkout-1", Position(), NOON_MS) == []
    assert store.sightings("checkout-1", "alpha") == []
    store.append(event(2, event(1).hash))
    assert verify(store.events("checkout-1")) == ()
    store.close()


def test_a_locked_database_is_unavailable_and_then_works_again(path: Path) -> None:
    store = SqliteStore(path, busy_timeout_s=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(Unavailable, match=r"locked.*\[store-busy\]"):
        store.append(event(1))
    other.execute("ROLLBACK")
    other.close()
    store.append(event(1))

    assert store.events("checkout-1") == [event(1)]
    store.close()


def test_a_file_that_is_no_database_is_named_and_left_alone(path: Path) -> None:
    path.write_text("patients of the day\n" * 100)

    with pytest.raises(Unavailable, match=r"store\.db.*\[store-not-a-database\]"):
        SqliteStore(path)

    assert path.read_text().startswith("patients")


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"folder.*\[store-not-opened\]"):
        SqliteStore(tmp_path / "nowhere" / "store.db")


def test_a_database_of_another_program_is_refused(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE patients (name TEXT)")
    other.close()

    with pytest.raises(Unavailable, match=r"\[store-foreign\]"):
        SqliteStore(path)


def test_a_newer_schema_is_refused_and_says_what_to_start(path: Path) -> None:
    SqliteStore(path).close()
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {newest('sqlite') + 1}")
    newer.close()

    with pytest.raises(Unavailable, match=r"schema is number \d+.*\[store-newer\]"):
        SqliteStore(path)


@pytest.mark.parametrize("old", range(newest("sqlite") + 1))
def test_a_migrated_schema_equals_a_fresh_one(tmp_path: Path, old: int) -> None:
    fresh, migrated = tmp_path / "fresh.db", tmp_path / "migrated.db"
    connection = sqlite3.connect(migrated, isolation_level=None)
    migrate(SqliteSchema(connection, "migrated.db"), upto=old)
    connection.close()

    SqliteStore(fresh).close()
    SqliteStore(migrated).close()

    assert _schema(migrated) == _schema(fresh)


def test_a_migration_that_fails_leaves_the_schema_before_it(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(SqliteSchema(connection, "store.db"), upto=1)
    connection.execute("CREATE TABLE findings (in_the_way TEXT)")
    connection.close()
    before = _schema(path)

    with pytest.raises(Unavailable, match="findings"):
        SqliteStore(path)

    assert _schema(path) == before


def test_many_who_open_a_new_file_at_once_all_get_a_store(path: Path) -> None:
    stores: list[SqliteStore] = []
    threads = [
        threading.Thread(target=lambda: stores.append(SqliteStore(path, 60))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [store.logs() for store in stores] == [[], [], [], []]
    for store in stores:
        store.close()


def test_nobody_can_edit_or_delete_an_event_through_sql(path: Path) -> None:
    store = SqliteStore(path)
    store.append(event(1))
    other = sqlite3.connect(path)

    with pytest.raises(sqlite3.IntegrityError, match="never edited"):
        other.execute("UPDATE events SET actor = 'Cleo'")
    with pytest.raises(sqlite3.IntegrityError, match="never deleted"):
        other.execute("DELETE FROM events")
    other.close()
    store.close()


def test_connections_of_finished_threads_are_closed(path: Path) -> None:
    store = SqliteStore(path)
    for _ in range(5):
        thread = threading.Thread(target=store.logs)
        thread.start()
        thread.join()

    assert len(store._connections._open) <= 2
    store.close()


def test_a_call_after_close_is_a_bug(path: Path) -> None:
    store = SqliteStore(path)
    store.close()

    with pytest.raises(AssertionError):
        store.logs()


def test_findings_are_stored_beside_a_reader(path: Path) -> None:
    store = SqliteStore(path)
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM findings").fetchall()

    store.add_finding(FINDING)

    assert store.findings("checkout-1") == [FINDING]
    reader.close()
    store.close()


def _schema(path: Path) -> list[tuple[str, str]]:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return [*found, ("version", version)]
