"""A store in one SQLite file: durable, for one machine, shared by its threads and processes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from phasegate.adapters.stores import rows
from phasegate.adapters.stores.connections import BUSY_TIMEOUT_S, Connections
from phasegate.adapters.stores.migrations import migrate
from phasegate.core.event import START_OF_CHAIN, Event
from phasegate.core.evidence import Finding, Position, StoredTally, Tally
from phasegate.flags.document import FlagState
from phasegate.ports import Conflict, Fence, Sighting, Token


class SqliteStore:
    """Keeps everything in the file at `path`, which is made if it is not there."""

    def __init__(self, path: Path | str, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._connections = Connections(Path(path), busy_timeout_s)
        try:
            with self._connections.mine() as connection:
                migrate(connection, str(path))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connections of all threads."""
        self._connections.close()

    def append(self, event: Event) -> None:
        """Add an event durably; Conflict if its number is not the log's next or the chain breaks.

        Events are committed with synchronous=FULL: one that was appended survives a power cut.
        """
        with self._writing() as connection:
            last = connection.execute(
                "SELECT number, hash FROM events WHERE log = ? ORDER BY number DESC LIMIT 1",
                (event.log,),
            ).fetchone()
            number, hash_ = last or (0, START_OF_CHAIN)
            if event.number != number + 1 or event.previous != hash_:
                raise Conflict(
                    f"log {event.log} stands at event {number}: number {event.number} does not "
                    "follow it. Load the log again and decide anew. [event-number-taken]"
                )
            connection.execute(_insert("events", rows.EVENT), rows.event_row(event))

    def events(self, log: str, after: int = 0) -> list[Event]:
        """Return the log's events with a number above `after`, in order."""
        found = self._read(
            _select("events", rows.EVENT, "WHERE log = ? AND number > ? ORDER BY number"),
            log,
            after,
        )
        return [rows.event_of(row) for row in found]

    def logs(self) -> list[str]:
        """Return the names of all logs, oldest first."""
        found = self._read("SELECT log FROM events WHERE number = 1 ORDER BY entry")
        return [log for (log,) in found]

    def save_plan(self, hash: str, text: str, origin: str) -> None:
        """Keep a plan's text and origin under its hash; the first one saved stays."""
        with self._writing() as connection:
            connection.execute(
                f"{_insert('plans', ('hash', 'text', 'origin'))} ON CONFLICT (hash) DO NOTHING",
                (hash, text, origin),
            )

    def plan_text(self, hash: str) -> tuple[str, str]:
        """Return (text, origin) of the plan with this hash; KeyError if there is none."""
        for text, origin in self._read("SELECT text, origin FROM plans WHERE hash = ?", hash):
            return text, origin
        raise KeyError(hash)

    def add_evidence(
        self, tallies: Sequence[tuple[Tally, int]], sightings: Sequence[Sighting]
    ) -> None:
        """Add tallies and sightings in one transaction; a tally stored already is skipped."""
        with self._writing() as connection:
            folded = dict(connection.execute("SELECT run, ripe_ms FROM folded"))
            connection.executemany(
                f"{_insert('tallies', rows.TALLY)} ON CONFLICT (writer, sequence) DO NOTHING",
                [
                    rows.tally_row(tally, max(ripe_ms, folded.get(tally.run, ripe_ms)))
                    for tally, ripe_ms in tallies
                ],
            )
            connection.executemany(
                _insert("sightings", rows.SIGHTING), map(rows.sighting_row, sightings)
            )

    def tallies(self, run: str, after: Position, upto_ms: int) -> list[StoredTally]:
        """Return the run's tallies with after < position and ripe_ms <= upto_ms, in order."""
        asked = (run, after.ripe_ms, after.row, upto_ms)
        found = self._read(_TALLIES, *asked)
        if found and found[-1][1] > self._folded(run):
            # Read once more where nobody can write, and leave a mark of how far it was: a writer
            # that is slow to commit would else put a row behind the reader, seen by no fold.
            with self._writing() as connection:
                found = connection.execute(_TALLIES, asked).fetchall()
                connection.execute(_FOLDED, (run, found[-1][1]))
        return [rows.tally_of(row) for row in found]

    def _folded(self, run: str) -> int:
        found = self._read("SELECT ripe_ms FROM folded WHERE run = ?", run)
        return int(found[0][0]) if found else -1

    def sightings(self, run: str, phase: str) -> list[Sighting]:
        """Return all sightings of a phase, oldest first."""
        found = self._read(
            _select("sightings", rows.SIGHTING, "WHERE run = ? AND phase = ? ORDER BY entry"),
            run,
            phase,
        )
        return [rows.sighting_of(row) for row in found]

    def add_finding(self, finding: Finding) -> None:
        """Add a finding; findings are never edited."""
        with self._writing() as connection:
            connection.execute(_insert("findings", rows.FINDING), rows.finding_row(finding))

    def findings(self, run: str, phase: str | None = None) -> list[Finding]:
        """Return the run's findings, oldest first."""
        found = self._read(
            _select(
                "findings",
                rows.FINDING,
                "WHERE run = ? AND phase = coalesce(?, phase) ORDER BY entry",
            ),
            run,
            phase,
        )
        return [rows.finding_of(row) for row in found]

    def flag_states(self, environment: str) -> tuple[int, list[FlagState]]:
        """Return (version, states sorted by key) of an environment, both of the same moment."""
        found = self._read(
            _select(
                "environments LEFT JOIN flags USING (environment)",
                ("version", *rows.FLAG),
                "WHERE environment = ? ORDER BY key",
            ),
            environment,
        )
        states = [rows.flag_of(row[1:]) for row in found if row[1] is not None]
        return (found[0][0] if found else 0), states

    def put_flag_states(self, environment: str, states: Sequence[FlagState], fence: Fence) -> int:
        """Replace the named flags' states and return the environment's version."""
        with self._writing() as connection:
            _pass(connection, fence, environment)
            connection.execute(_ENVIRONMENT, (environment,))
            before = connection.total_changes
            connection.executemany(
                _PUT_FLAG, [(environment, *rows.flag_row(state)) for state in states]
            )
            changed = connection.total_changes > before
            connection.execute(
                "UPDATE environments SET version = version + ? WHERE environment = ?",
                (int(changed), environment),
            )
            (version,) = connection.execute(
                "SELECT version FROM environments WHERE environment = ?", (environment,)
            ).fetchone()
            return int(version)

    def add_token(self, token: Token) -> None:
        """Keep a token. A token of the same name is replaced."""
        with self._writing() as connection:
            connection.execute(
                "DELETE FROM tokens WHERE name = ? OR hash = ?", (token.name, token.hash)
            )
            connection.execute(_insert("tokens", rows.TOKEN), rows.token_row(token))

    def token(self, hash: str) -> Token | None:
        """Return the token with this hash, or None."""
        found = self._read(_select("tokens", rows.TOKEN, "WHERE hash = ?"), hash)
        return rows.token_of(found[0]) if found else None

    def tokens(self) -> list[Token]:
        """Return all tokens by name."""
        found = self._read(_select("tokens", rows.TOKEN, "ORDER BY name"))
        return [rows.token_of(row) for row in found]

    def acquire(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take or renew the lease `name` until then; False while another holder has it."""
        with self._writing() as connection:
            held = connection.execute(
                "SELECT holder, until FROM leases WHERE name = ?", (name,)
            ).fetchone()
            if held and held[0] != holder and rows.time_of(held[1]) > now:
                return False
            connection.execute(
                "INSERT OR REPLACE INTO leases (name, holder, until) VALUES (?, ?, ?)",
                (name, holder, rows.time_text(until)),
            )
            return True

    def _read(self, sql: str, *values: object) -> list[rows.Row]:
        with self._connections.mine() as connection:
            return connection.execute(sql, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that alone may write; all of it is committed, or nothing."""
        with self._connections.mine() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.rollback()
                raise


def open_in(data: Path) -> SqliteStore:
    """Open the store that lies in the folder `data`."""
    return SqliteStore(data / "phasegate.sqlite")


def _pass(connection: sqlite3.Connection, fence: Fence, environment: str) -> None:
    """Move the fence to this write's number; Conflict if a later write has passed it."""
    passed = connection.execute("SELECT number FROM fences WHERE log = ?", (fence.log,)).fetchone()
    if passed and passed[0] > fence.number:
        raise Conflict(
            f"flags of {environment}: event {passed[0]} of log {fence.log} was carried out "
            f"before, so what event {fence.number} asks is out of date. [fence-passed]"
        )
    connection.execute(
        "INSERT OR REPLACE INTO fences (log, number) VALUES (?, ?)", (fence.log, fence.number)
    )


def _select(table: str, columns: Sequence[str], rest: str) -> str:
    return f"SELECT {', '.join(columns)} FROM {table} {rest}"  # noqa: S608 made of constants


def _insert(table: str, columns: Sequence[str]) -> str:
    places = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 constants


_TALLIES = _select(
    "tallies",
    ('"row"', *rows.TALLY),
    'WHERE run = ? AND (ripe_ms, "row") > (?, ?) AND ripe_ms <= ? ORDER BY ripe_ms, "row"',
)
_FOLDED = (
    "INSERT INTO folded (run, ripe_ms) VALUES (?, ?) "
    "ON CONFLICT (run) DO UPDATE SET ripe_ms = max(ripe_ms, excluded.ripe_ms)"
)
_ENVIRONMENT = (
    "INSERT INTO environments (environment, version) VALUES (?, 0) "
    "ON CONFLICT (environment) DO NOTHING"
)
_PUT_FLAG = (
    "INSERT INTO flags (environment, key, exposure, mode, on_trial, killed) "
    "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (environment, key) DO UPDATE SET "
    "exposure = excluded.exposure, mode = excluded.mode, "
    "on_trial = excluded.on_trial, killed = excluded.killed "
    "WHERE (exposure, mode, on_trial, killed) IS NOT "
    "(excluded.exposure, excluded.mode, excluded.on_trial, excluded.killed)"
)
