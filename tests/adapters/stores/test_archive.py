"""A backup is whole or not there; what is restored is proved first, and is what was backed up."""

from __future__ import annotations

import gzip
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from phasegate.adapters.stores.archive import back_up, restore, verify_file, verify_store
from phasegate.adapters.stores.backup_file import Unreadable, Unwritable
from phasegate.adapters.stores.memory import MemoryStore
from phasegate.adapters.stores.postgres import PostgresStore
from phasegate.adapters.stores.sql_backup import NotEmpty, Unsound
from phasegate.adapters.stores.sql_store import SqlStore
from phasegate.adapters.stores.sqlite import SqliteStore
from phasegate.core.audit import verify
from phasegate.core.event import START_OF_CHAIN
from phasegate.core.evidence import Position
from phasegate.ports import Conflict, Settlement, Unavailable
from phasegate.testing.store_suite import (
    ADAS,
    BASKET,
    CART,
    FINDING,
    NOON,
    NOON_MS,
    event,
    fence,
    sighting,
    tally,
)

FAR = 10**14
KINDS = ("sqlite", "postgresql")
Open = Callable[[str], SqlStore]


@pytest.fixture
def new(tmp_path: Path, database: Callable[[], str]) -> Iterator[Open]:
    """Open empty stores of either kind; they are closed at the end."""
    opened: list[SqlStore] = []

    def make(kind: str) -> SqlStore:
        place = tmp_path / f"store-{len(opened)}.db"
        store = SqliteStore(place) if kind == "sqlite" else PostgresStore(database())
        opened.append(store)
        return store

    yield make
    for store in opened:
        store.close()


def begun(_: int) -> Callable[[int], None]:
    return lambda _: None


def nothing(*_: object) -> Settlement:
    return Settlement(events=(), leased_ms={})


def fill(store: SqlStore, events: int = 3) -> None:
    """Put something of everything into a store, some of it packed."""
    head = START_OF_CHAIN
    for number in range(1, events + 1):
        added = event(number, head)
        store.append(added)
        head = added.hash
    store.append(event(1, log="older"))
    store.save_plan("c0ffee", "plan: checkout\nwith: 'quotes' and \u00e4\n", "checkout.yaml")
    old = [(tally(number), NOON_MS + 1000 * number) for number in range(300)]
    store.add_evidence(old, [sighting(b"\x00\xff" * 4)])
    store.tallies("checkout-1", Position(), NOON_MS + 200_000)
    store.compact(NOON_MS + 180_000, NOON_MS, 1000)
    store.add_finding(FINDING)
    store.put_flag_states("production", [CART, BASKET], fence(3))
    store.add_token(ADAS)
    store.secret("subjects")


def content(store: SqlStore) -> dict[str, object]:
    """Return all that a store says."""
    return {
        "logs": {log: store.events(log) for log in store.logs()},
        "order": store.logs(),
        "plan": store.plan_text("c0ffee"),
        "tallies": store.tallies("checkout-1", Position(), FAR),
        "sightings": store.sightings("checkout-1", "alpha"),
        "findings": store.findings("checkout-1"),
        "flags": store.flag_states("production"),
        "tokens": store.tokens(),
        "secret": store.secret("subjects"),
    }


@pytest.mark.parametrize("origin", KINDS)
@pytest.mark.parametrize("goal", KINDS)
def test_a_backup_restores_into_either_kind_of_store(
    new: Open, tmp_path: Path, origin: str, goal: str
) -> None:
    old, fresh, path = new(origin), new(goal), tmp_path / "backup"
    fill(old)

    back_up(old, path, origin, NOON, begun)
    restore(fresh, path, nothing, begun)

    assert content(fresh) == content(old)
    assert verify_store(fresh, NOON, begun).flaws == ()
    assert verify_file(path, begun).flaws == ()


@pytest.mark.parametrize("goal", KINDS)
def test_a_restored_store_goes_on_where_the_old_one_stopped(
    new: Open, tmp_path: Path, goal: str
) -> None:
    old, fresh, path = new("sqlite"), new(goal), tmp_path / "backup"
    fill(old)
    before = old.tallies("checkout-1", Position(), NOON_MS + 250_000)
    back_up(old, path, "sqlite", NOON, begun)
    restore(fresh, path, nothing, begun)

    fresh.append(event(4, fresh.events("checkout-1")[-1].hash))
    fresh.add_evidence([(tally(5), NOON_MS), (tally(299), NOON_MS), (tally(400), NOON_MS)], [])
    with pytest.raises(Conflict):
        fresh.put_flag_states("production", [CART], fence(2))

    found = fresh.tallies("checkout-1", Position(), FAR)
    assert verify(fresh.events("checkout-1")) == ()
    assert len(found) == 301
    assert found[: len(before)] == before
    assert found.index(next(row for row in found if row.tally.sequence == 400)) >= len(before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_is_of_one_moment_while_others_go_on_writing(
    new: Open, tmp_path: Path, kind: str
) -> None:
    store = new(kind)
    stop = threading.Event()
    written: list[int] = []

    def write() -> None:
        head = START_OF_CHAIN
        for number in range(1, 100_000):
            if stop.is_set():
                return
            added = event(number, head)
            # Evidence comes first, so whoever has the event has what it was decided on.
            store.add_evidence([(tally(number), NOON_MS + number)], [])
            store.append(added)
            written.append(number)
            head = added.hash

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(4):
            while len(written) < 15 * (number + 1):
                pass
            path, fresh = tmp_path / f"backup-{number}", new("sqlite")
            back_up(store, path, kind, NOON, begun)
            restore(fresh, path, nothing, begun)
            events = fresh.events("checkout-1")
            tallies = fresh.tallies("checkout-1", Position(), FAR)
            assert verify(events) == ()
            assert len(events) >= 15 * (number + 1)
            assert len(tallies) - len(events) in (0, 1)
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_that_has_anything_is_not_restored_into(
    new: Open, tmp_path: Path, kind: str
) -> None:
    old, other, path = new("sqlite"), new(kind), tmp_path / "backup"
    fill(old)
    back_up(old, path, "sqlite", NOON, begun)
    other.add_token(ADAS)

    with pytest.raises(NotEmpty, match="tokens"):
        restore(other, path, nothing, begun)

    assert other.logs() == []


def rewritten(path: Path, change: Callable[[list[str]], list[str]]) -> Path:
    """Write a backup anew with changed lines and a digest that fits them."""
    import hashlib

    lines = change(gzip.decompress(path.read_bytes()).decode().splitlines()[:-1])
    text = "".join(line + "\n" for line in lines).encode()
    end = json.dumps({"end": hashlib.sha256(text).hexdigest()}).encode() + b"\n"
    forged = path.with_name("forged")
    forged.write_bytes(gzip.compress(text + end))
    return forged


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda lines: [line.replace("Ada", "Cleo", 1) for line in lines], "event-edited"),
        (lambda lines: [each for each in lines if ',2,"2030' not in each], "rows of events"),
    ],
)
def test_a_backup_whose_chain_does_not_hold_is_not_restored(
    new: Open, tmp_path: Path, kind: str, change: Callable[[list[str]], list[str]], why: str
) -> None:
    old, fresh = new("sqlite"), new(kind)
    fill(old)
    back_up(old, tmp_path / "backup", "sqlite", NOON, begun)
    forged = rewritten(tmp_path / "backup", change)

    with pytest.raises(Unsound, match=why):
        restore(fresh, forged, nothing, begun)

    assert fresh.logs() == []
    assert fresh.tokens() == []
    assert why in "; ".join(verify_file(forged, begun).flaws)


def test_packed_evidence_that_was_changed_is_not_restored(new: Open, tmp_path: Path) -> None:
    old, fresh, path = new("sqlite"), new("sqlite"), tmp_path / "backup"
    fill(old)
    back_up(old, path, "sqlite", NOON, begun)
    forged = rewritten(
        path, lambda lines: [line.replace('{"b64":"eN', '{"b64":"eM') for line in lines]
    )

    with pytest.raises(Unavailable, match="evidence-damaged"):
        restore(fresh, forged, nothing, begun)

    assert fresh.logs() == []
    assert "evidence-damaged" in "; ".join(verify_file(forged, begun).flaws)


@pytest.mark.parametrize("kept", [0, 10, 0.5, 0.99])
def test_a_backup_that_was_cut_off_is_refused(new: Open, tmp_path: Path, kept: float) -> None:
    old, fresh, path = new("sqlite"), new("sqlite"), tmp_path / "backup"
    fill(old)
    back_up(old, path, "sqlite", NOON, begun)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if kept < 1 else int(kept)])

    with pytest.raises(Unreadable):
        restore(fresh, path, nothing, begun)

    assert fresh.logs() == []


def test_a_backup_with_one_changed_byte_is_refused(new: Open, tmp_path: Path) -> None:
    old, fresh, path = new("sqlite"), new("sqlite"), tmp_path / "backup"
    fill(old)
    back_up(old, path, "sqlite", NOON, begun)
    lines = gzip.decompress(path.read_bytes()).replace(b'"seen":90', b'"seen":91', 1)
    path.write_bytes(gzip.compress(lines.replace(b"Ada", b"Eve", 1)))

    with pytest.raises(Unreadable, match="digest"):
        restore(fresh, path, nothing, begun)

    assert fresh.logs() == []


def test_any_other_file_is_no_backup(new: Open, tmp_path: Path) -> None:
    for number, junk in enumerate((b"patients\n", gzip.compress(b"[1]\n"), gzip.compress(b"x"))):
        path = tmp_path / f"junk-{number}"
        path.write_bytes(junk)
        with pytest.raises(Unreadable):
            verify_file(path, begun)


def test_a_file_that_is_there_is_not_replaced(new: Open, tmp_path: Path) -> None:
    store, path = new("sqlite"), tmp_path / "backup"
    path.write_text("precious")

    with pytest.raises(Unwritable, match="backup-exists"):
        back_up(store, path, "sqlite", NOON, begun)

    assert path.read_text() == "precious"
    assert [each.name for each in tmp_path.iterdir() if "part" in each.name] == []


def test_a_backup_is_for_its_owner_alone(new: Open, tmp_path: Path) -> None:
    store, path = new("sqlite"), tmp_path / "backup"

    back_up(store, path, "sqlite", NOON, begun)

    assert path.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_is_named_and_leaves_nothing_of_a_backup(new: Open, tmp_path: Path) -> None:
    store, path = new("sqlite"), tmp_path / "backup"
    fill(store)
    sizes = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, sizes[1]))
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(Unwritable, match=r"disk is full.*\[backup-disk-full\]"):
            back_up(store, path, "sqlite", NOON, begun)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, sizes)
        signal.signal(signal.SIGXFSZ, handler)

    assert not path.exists()
    assert [each.name for each in tmp_path.iterdir() if "part" in each.name] == []


def test_a_full_disk_leaves_nothing_of_a_restore(new: Open, tmp_path: Path) -> None:
    old, fresh, path = new("sqlite"), new("sqlite"), tmp_path / "backup"
    fill(old)
    back_up(old, path, "sqlite", NOON, begun)
    assert isinstance(fresh, SqliteStore)
    with fresh._connections.mine() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")

    with pytest.raises(Unavailable, match=r"\[store-full\]"):
        restore(fresh, path, nothing, begun)

    assert fresh.logs() == []


KILLED_IN_BETWEEN = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from phasegate.adapters.stores.archive import back_up, restore
from phasegate.adapters.stores.postgres import PostgresStore
from phasegate.adapters.stores.sqlite import SqliteStore
from phasegate.ports import Settlement

act, place, path = sys.argv[1:]
store = PostgresStore(place) if "://" in place else SqliteStore(place)

def begun(_):
    return lambda count: count and os.kill(os.getpid(), signal.SIGKILL)

def settle(*_):
    os.kill(os.getpid(), signal.SIGKILL)

if act == "backup":
    back_up(store, Path(path), "sqlite", datetime.now(UTC), begun)
else:
    restore(store, Path(path), settle, (lambda _: lambda _: None) if act == "late" else begun)
"""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("act", ["backup", "restore", "late"])
def test_a_kill_in_the_middle_leaves_nothing_half_done_and_it_can_be_done_again(
    tmp_path: Path, database: Callable[[], str], kind: str, act: str
) -> None:
    postgres = kind == "postgresql"
    here, there = (database() if postgres else str(tmp_path / name) for name in ("old", "fresh"))
    old, path = opened(here), tmp_path / "backup"
    fill(old)
    if act != "backup":
        back_up(old, path, kind, NOON, begun)
    place = here if act == "backup" else there

    done = subprocess.run(
        [sys.executable, "-c", KILLED_IN_BETWEEN, act, place, str(path)], check=False
    )

    assert done.returncode == -signal.SIGKILL
    if act == "backup":
        assert not path.exists()
        back_up(old, path, kind, NOON, begun)
    fresh = opened(there)
    assert fresh.logs() == []
    restore(fresh, path, nothing, begun)
    assert content(fresh) == content(old)
    fresh.close()
    old.close()


def opened(place: str) -> SqlStore:
    return PostgresStore(place) if "://" in place else SqliteStore(place)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_settled_is_added_to_what_is_restored(new: Open, tmp_path: Path, kind: str) -> None:
    old, fresh, path = new("sqlite"), new(kind), tmp_path / "backup"
    fill(old)
    back_up(old, path, "sqlite", NOON, begun)

    def settle(logs: object, plans: object) -> Settlement:
        assert isinstance(logs, dict)
        assert plans == {"c0ffee": old.plan_text("c0ffee")}
        added = event(4, logs["checkout-1"][-1].hash)
        return Settlement(events=[added], leased_ms={"production": 60_000, "staging": None})

    restore(fresh, path, settle, begun)

    (report,) = fresh.reports("production")
    assert len(fresh.events("checkout-1")) == 4
    assert verify(fresh.events("checkout-1")) == ()
    assert fresh.flag_states("production")[0] == 1_000_001
    assert fresh.flag_states("staging")[0] == 1_000_000
    assert report.reach.lost == {"whoever was connected before the restore": -1}
    assert 50_000 < (report.reach.leased_ms or 0) <= 60_000
    assert fresh.reports("staging")[0].reach.leased_ms is None
    assert fresh.attended().leases == {}


def test_a_store_that_was_tampered_with_is_found_out(new: Open, tmp_path: Path) -> None:
    store = new("sqlite")
    fill(store)
    with sqlite3.connect(tmp_path / "store-0.db") as behind:
        behind.execute("DROP TRIGGER events_are_never_edited")
        behind.execute("UPDATE events SET actor = 'Cleo' WHERE number = 2")
        behind.execute("UPDATE packs SET content = zeroblob(9)")

    flaws = "; ".join(verify_store(store, NOON, begun).flaws)

    assert "event 2 (advanced) is not what its hash was made of [event-edited]" in flaws
    assert "evidence-damaged" in flaws


def test_a_run_without_the_text_of_its_plan_is_found_out(new: Open) -> None:
    from phasegate.core.event import chain

    store = new("sqlite")
    first = replace(event(1), body={"plan_hash": "gone"})
    store.append(
        chain(
            log=first.log,
            number=1,
            at=first.at,
            kind="run_started",
            actor="Ada",
            body=first.body,
            previous=START_OF_CHAIN,
        )
    )

    assert "plan-missing" in verify_store(store, NOON, begun).flaws[0]


def test_a_store_in_memory_has_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="store-in-memory"):
        back_up(MemoryStore(), tmp_path / "backup", "memory", NOON, begun)


def test_a_folder_that_is_not_there_is_named(new: Open, tmp_path: Path) -> None:
    with pytest.raises(Unwritable, match="backup-not-written"):
        back_up(new("sqlite"), tmp_path / "nowhere" / "backup", "sqlite", NOON, begun)
    assert os.listdir(tmp_path)
