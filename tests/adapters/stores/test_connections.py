"""A PostgreSQL that is slow, frozen or gone is told by name, and is found again by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from phasegate.adapters.stores import pool
from phasegate.adapters.stores.pool import Pool
from phasegate.adapters.stores.postgres import PostgresStore
from phasegate.core.event import START_OF_CHAIN
from phasegate.ports import Unavailable
from phasegate.testing.store_suite import (
    CART,
    FINDING,
    NOON_MS,
    event,
    fence,
    tally,
)

Until = Callable[..., None]


def break_connections(url: str, until: Until) -> None:
    """Have PostgreSQL end everybody's connections, and wait until each of them is closed."""
    with psycopg.connect(url, autocommit=True) as admin:
        ended = admin.execute(
            "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    assert ended
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid, _ in ended))


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


def test_a_server_that_is_stalled_in_a_reading_keeps_nobody_from_deciding(
    url: str, until: Until
) -> None:
    stalled = PostgresStore(url, deadline_s=0.5)
    held, other = stalled._pool.connect(), psycopg.connect(url, autocommit=True)
    # More than fits on the way, under the lock, and never read.
    held.pgconn.send_query(
        b"BEGIN; SELECT pg_advisory_xact_lock(7);"
        b"SELECT repeat('x', 1000) FROM generate_series(1, 100000)"
    )
    held.pgconn.flush()
    other_may = "SELECT pg_try_advisory_xact_lock(7)"
    until(lambda: other.execute(other_may).fetchone() == (False,))

    until(lambda: other.execute(other_may).fetchone() == (True,))

    for connection in (held, other):
        connection.close()
    stalled.close()


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
