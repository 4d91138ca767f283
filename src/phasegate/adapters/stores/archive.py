"""Backup, restore and verification of a store: what commands call, whatever the store is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from phasegate.adapters.stores import rows
from phasegate.adapters.stores.backup_file import Head, reading, writing
from phasegate.adapters.stores.sql_backup import (
    BY_NAME,
    TABLES,
    Settle,
    Snapshot,
    SqlBackup,
    flaws_of,
    pack_of,
)
from phasegate.core.event import Event
from phasegate.ports import Store, Unavailable

BATCH = 1_000

Logs = Mapping[str, Sequence[Event]]

Begun = Callable[[int], Callable[[int], None]]
"""Told how many rows there are; returns what is told of each few that are done."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was looked at. heads: (number, hash) of the last event, by log. flaws: what is wrong."""

    made_at: str
    rows: Mapping[str, int]
    heads: Mapping[str, tuple[int, str]]
    flaws: tuple[str, ...]


def back_up(store: Store, path: Path, origin: str, now: datetime, begun: Begun) -> Found:
    """Write the store, as it is at one moment, to a file that was not there.

    Others go on with the store meanwhile. A store with flaws is written all the same.
    Raises Unwritable, Unavailable.
    """
    with _backed(store).snapshot() as snapshot:
        head = Head(
            made_at=now.isoformat(),
            origin=origin,
            last_row=snapshot.last_row,
            rows=snapshot.counts,
        )
        done = begun(sum(snapshot.counts.values()))
        looked = _Look()
        with writing(path, head) as write:
            for table in TABLES:
                taken = looked.at(table.name, _told(snapshot.rows(table), done))
                write(table.name, table.columns, taken)
    return looked.found(head)


def restore(store: Store, path: Path, settle: Settle, begun: Begun) -> Head:
    """Put a backup into an empty store, prove it, and settle it; or change nothing.

    Raises NotEmpty, Unreadable, Unsound, Unavailable.
    """
    with reading(path) as (head, parts):
        done = begun(sum(head.rows.values()))
        _backed(store).fill(parts, head.last_row, head.rows, settle, done)
        return head


def made_at(path: Path) -> str:
    """Say when a backup was read. Raises Unreadable."""
    with reading(path) as (head, _):
        return head.made_at


def verify_store(store: Store, now: datetime, begun: Begun) -> Found:
    """Look at everything that a store has. Raises Unavailable."""
    backed = _backed(store)
    damage = [f"{told} [store-damaged]" for told in backed.damage()]
    with backed.snapshot() as snapshot:
        head = _head_of(snapshot, now)
        done, looked = begun(sum(head.rows.values())), _Look()
        for table in TABLES:
            for _ in looked.at(table.name, _told(snapshot.rows(table), done)):
                pass
    return looked.found(head, damage)


def verify_file(path: Path, begun: Begun) -> Found:
    """Look at everything in a backup; nothing is restored. Raises Unreadable."""
    with reading(path) as (head, parts):
        done, looked = begun(sum(head.rows.values())), _Look()
        for part in parts:
            for _ in looked.at(part.table, _told(part.rows, done)):
                pass
    return looked.found(head)


def shrink(store: Store) -> None:
    """Give room that is free inside a store back to the disk. Raises Unavailable."""
    _backed(store).shrink()


class _Look:
    """Looks at rows that pass by."""

    def __init__(self) -> None:
        self._logs: dict[str, list[Event]] = {}
        self._plans: set[str] = set()
        self._counts: dict[str, int] = {}
        self._flaws: list[str] = []

    def at(self, table: str, passing: Iterable[rows.Row]) -> Iterator[rows.Row]:
        """Yield each row, and keep what the verdict needs of it."""
        count = 0
        for row in passing:
            count += 1
            self._see(table, row)
            yield row
        self._counts[table] = count

    def found(self, head: Head, damage: Sequence[str] = ()) -> Found:
        """Return the verdict."""
        missing = [
            f"{self._counts.get(table, 0)} rows of {table} instead of {wanted} [rows-missing]"
            for table, wanted in head.rows.items()
            if self._counts.get(table) != wanted
        ]
        flaws = (*damage, *missing, *self._flaws, *flaws_of(self._logs, self._plans))
        ends = {log: events[-1] for log, events in self._logs.items()}
        return Found(
            made_at=head.made_at,
            rows=dict(self._counts),
            heads={log: (end.number, end.hash) for log, end in ends.items()},
            flaws=flaws,
        )

    def _see(self, table: str, row: rows.Row) -> None:
        if table == "events":
            event = rows.event_of(row)
            self._logs.setdefault(event.log, []).append(event)
        elif table == "plans":
            self._plans.add(row[0])
        elif table == "packs":
            try:
                pack_of(row)
            except Unavailable as error:
                self._flaws.append(str(error))
        elif table not in BY_NAME:
            self._flaws.append(f"a table {table} that this version does not know [table-unknown]")


def _told(passing: Iterable[rows.Row], done: Callable[[int], None]) -> Iterator[rows.Row]:
    count = 0
    for row in passing:
        yield row
        count += 1
        if count == BATCH:
            done(count)
            count = 0
    done(count)


def _head_of(snapshot: Snapshot, now: datetime) -> Head:
    return Head(
        made_at=now.isoformat(), origin="", last_row=snapshot.last_row, rows=snapshot.counts
    )


def _backed(store: Store) -> SqlBackup:
    if not isinstance(store, SqlBackup):
        raise Unavailable(
            "this kind of store ends with its process, so there is nothing to back up. "
            "Name --store sqlite or a PostgreSQL URL. [store-in-memory]"
        )
    return store
