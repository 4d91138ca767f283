"""A whole store read out at one moment, and put into an empty one, in one transaction each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from phasegate.adapters.stores import rows
from phasegate.adapters.stores.backup_file import Part, Unreadable
from phasegate.adapters.stores.database import Reading, Writing
from phasegate.adapters.stores.packs import Pack, unpack, writers_of
from phasegate.adapters.stores.sql_part import SqlPart, select
from phasegate.adapters.stores.sql_retention import PACK, QUOTED, add_pack
from phasegate.core.audit import verify
from phasegate.core.event import Event
from phasegate.ports import Settlement

BATCH = 500


class NotEmpty(Exception):
    """The store has something already, so nothing may be put into it."""


class Unsound(Exception):
    """What was found is not what was written; each of `flaws` says what and where."""

    def __init__(self, flaws: Sequence[str]) -> None:
        super().__init__("; ".join(flaws))
        self.flaws = tuple(flaws)


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table as it is copied. order: so that what was numbered by entry keeps its order."""

    name: str
    columns: tuple[str, ...]
    order: str


TABLES = (
    Table(name="plans", columns=("hash", "text", "origin"), order="hash"),
    Table(name="events", columns=rows.EVENT, order="entry"),
    Table(name="packs", columns=PACK, order="run, last_ripe_ms, last_row"),
    Table(name="tallies", columns=QUOTED, order='"row"'),
    Table(name="folded", columns=("run", "ripe_ms", '"row"'), order="run"),
    Table(name="sightings", columns=rows.SIGHTING, order="entry"),
    Table(name="findings", columns=rows.FINDING, order="entry"),
    Table(name="environments", columns=("environment", "version"), order="environment"),
    Table(name="flags", columns=("environment", *rows.FLAG), order="environment, key"),
    Table(name="fences", columns=("log", "number"), order="log"),
    Table(name="tokens", columns=rows.TOKEN, order="name"),
    Table(name="secrets", columns=("name", "secret"), order="name"),
)
"""All that outlives servers. What those know of one another, and who decides, does not."""

BY_NAME = {table.name: table for table in TABLES}


class Snapshot:
    """A store at one moment, for as long as it is lent."""

    def __init__(self, reading: Reading, last_row: str) -> None:
        self._reading = reading
        (self.last_row,) = next(iter(reading.rows(last_row)))
        self.counts = {table.name: self._count(table) for table in TABLES}

    def rows(self, table: Table) -> Iterator[rows.Row]:
        """Yield the rows of a table."""
        return self._reading.rows(select(table.name, table.columns, f"ORDER BY {table.order}"))

    def _count(self, table: Table) -> int:
        (count,) = next(iter(self._reading.rows(select(table.name, ("count(*)",), ""))))
        return int(count)


Settle = Callable[[Mapping[str, Sequence[Event]], Mapping[str, tuple[str, str]]], Settlement]
"""Given sound logs, and (text, origin) of plans by hash, says what is added to them."""

VERSIONS_APART = 1_000_000
"""How far a restored environment's version is set ahead: the store that was lost went on, and an
application that has a version of it in force must never seem to have a later one of ours. Each
second since the backup adds one: a store that was restored before from this backup, or from a later
one, went on as well, and what applications have of it must be older too."""

BEFORE = "before the restore"
UNKNOWN = '{"whoever was connected before the restore":-1}'


class SqlBackup(SqlPart):
    """Reads a store out and fills an empty one."""

    def damage(self) -> list[str]:
        """Say what the database itself finds wrong with what it keeps."""
        return self._database.damage()

    def shrink(self) -> None:
        """Give room that is free inside back to the disk."""
        self._database.shrink()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Lend the store as it is now, while others go on with it. Raises Unavailable."""
        with self._database.snapshot() as reading:
            yield Snapshot(reading, self._database.last_row)

    def fill(
        self,
        parts: Iterable[Part],
        last_row: int,
        counts: Mapping[str, int],
        settle: Settle,
        done: Callable[[int], None],
    ) -> None:
        """Put all of a backup into this store, prove it, settle it, and commit, or do nothing.

        done   told how many rows more are in. Raises NotEmpty, Unsound, Unreadable, Unavailable.
        """
        with self._database.filling() as writing:
            full = [t.name for t in TABLES if writing.execute(f"SELECT 1 FROM {t.name} LIMIT 1")]  # noqa: S608 constants
            if full:
                raise NotEmpty(f"the store has {', '.join(full)} already")
            for part in parts:
                self._fill(writing, part, done)
            self._database.number_from(writing, last_row)
            _compare(writing, counts)
            logs = _logs(writing)
            plans = {hash_: (text, origin) for hash_, text, origin in writing.execute(_PLANS)}
            flaws = flaws_of(logs, plans)
            if flaws:
                raise Unsound(flaws)
            self._settle(writing, settle(logs, plans))

    def _fill(self, writing: Writing, part: Part, done: Callable[[int], None]) -> None:
        table = BY_NAME.get(part.table)
        if table is None or part.columns != table.columns:
            raise Unreadable(
                f"the backup holds {part.table} in a shape that this version does not know. "
                "Use the version that wrote it. [backup-newer]"
            )
        while batch := list(islice(part.rows, BATCH)):
            if table.name == "packs":
                for row in batch:
                    add_pack(writing, pack_of(row), hourly=row[1])
            else:
                writing.many(self._database.insert_numbered(table.name, table.columns), batch)
            done(len(batch))

    def _settle(self, writing: Writing, settlement: Settlement) -> None:
        for event in settlement.events:
            columns, places = ", ".join(rows.EVENT), ", ".join("?" * len(rows.EVENT))
            text = f"INSERT INTO events ({columns}) VALUES ({places})"  # noqa: S608 constants
            writing.execute(text, rows.event_row(event))
        for environment, leased_ms in settlement.leased_ms.items():
            writing.execute(_AHEAD, (environment, VERSIONS_APART + settlement.lost_s))
            now = self._database.now_ms
            writing.execute(_REPORT.replace("NOW", now), (BEFORE, environment, UNKNOWN, leased_ms))


def pack_of(row: rows.Row) -> Pack:
    """Return the pack of PACK's columns, after a look inside. Raises Unavailable if damaged."""
    run, _, tallies, first_ms, first_row, last_ms, last_row, digest, content = row
    inside = unpack(run, content, digest)
    return Pack(
        run=run,
        tallies=tallies,
        first=(first_ms, first_row),
        last=(last_ms, last_row),
        writers=writers_of(inside),
        digest=digest,
        content=content,
    )


def flaws_of(logs: Mapping[str, Sequence[Event]], plans: Collection[str]) -> list[str]:
    """Say what is wrong with logs and the plans they speak of; empty: nothing is."""
    found = [
        f"{log}: {flaw.sentence} [{flaw.kind.value}]"
        for log, events in logs.items()
        for flaw in verify(events)
    ]
    for log, events in logs.items():
        wanted = events[0].body.get("plan_hash")
        if wanted is not None and wanted not in plans:
            found.append(f"{log}: the text of its plan is missing [plan-missing]")
    return found


def _logs(writing: Writing) -> dict[str, list[Event]]:
    logs: dict[str, list[Event]] = {}
    for row in writing.execute(select("events", rows.EVENT, "ORDER BY entry")):
        event = rows.event_of(row)
        logs.setdefault(event.log, []).append(event)
    return logs


def _compare(writing: Writing, counts: Mapping[str, int]) -> None:
    for name, wanted in counts.items():
        ((found,),) = writing.execute(select(name, ("count(*)",), ""))
        if found != wanted:
            raise Unsound([f"{found} rows of {name} are there instead of {wanted} [rows-missing]"])


_PLANS = "SELECT hash, text, origin FROM plans"
_AHEAD = (
    "INSERT INTO environments (environment, version) VALUES (?, ?) ON CONFLICT (environment) "
    "DO UPDATE SET version = environments.version + excluded.version"
)
_REPORT = (
    "INSERT INTO reports "
    "(server, environment, version, streams, lost, at_ms, until_ms, knows_packs) "
    "SELECT ?, ?, 0, '{}', ?, now, now + ?, 1 FROM (SELECT NOW AS now) AS clock"
)
