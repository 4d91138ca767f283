"""A store in PostgreSQL: for any number of servers, each of which hears at once what others do."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from psycopg import errors

from phasegate.adapters.stores.database import Duplicate, Reading, Writing
from phasegate.adapters.stores.listening import CHANNEL, Listening
from phasegate.adapters.stores.migrations import migrate
from phasegate.adapters.stores.pool import DEADLINE_S, Connection, Pool, patient
from phasegate.adapters.stores.postgres_schema import PostgresSchema
from phasegate.adapters.stores.rows import Row
from phasegate.adapters.stores.sql_part import insert
from phasegate.adapters.stores.sql_store import SqlStore

MIGRATION_S = 600.0
"""How long opening may take: a migration of a large store, or waiting for another server's."""

EVIDENCE = 0x7068
"""First key of the advisory locks on a run's evidence; the second is the run's hash."""


class PostgresStore(SqlStore):
    """Keeps everything in the database at `url`, whose tables are made if they are not there."""

    def __init__(self, url: str, deadline_s: float = DEADLINE_S) -> None:
        self._pool = Pool(url, deadline_s=deadline_s)
        super().__init__(PostgresDatabase(self._pool))
        try:
            with self._pool.lend(MIGRATION_S) as connection:
                patient(connection)
                migrate(PostgresSchema(connection, self._pool.name))
                connection.execute("RESET statement_timeout")
                connection.execute("RESET idle_in_transaction_session_timeout")
                connection.execute("RESET tcp_user_timeout")
        except BaseException:
            self.close()
            raise


class PostgresDatabase:
    """One database. Writers of evidence run side by side; a reader that is final waits for them."""

    now_ms = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    last_row = "SELECT last_value FROM tallies_row_seq"

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._own = secrets.token_hex(8)
        self._listening: list[Listening] = []

    def read(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return the rows of one query."""
        with self._pool.lend() as connection:
            return list(connection.execute(_ours(sql), values).fetchall())

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """Lend a transaction. Raises Duplicate."""
        with self._pool.lend() as connection:
            try:
                with connection.transaction():
                    yield _PostgresWriting(connection)
            except errors.UniqueViolation as error:
                raise Duplicate(str(error.diag.constraint_name)) from error

    def damage(self) -> list[str]:
        """Ask nothing: PostgreSQL checks pages as it reads them, where its checksums are on."""
        return []

    def shrink(self) -> None:
        """Have free room used again; PostgreSQL gives back what is free at the end of a table."""
        with self._pool.own() as connection:
            connection.execute("VACUUM (ANALYZE) tallies, packs, packed_writers, sightings")

    @contextmanager
    def snapshot(self) -> Iterator[Reading]:
        """Lend the database as it is now: a transaction that sees nothing of later ones."""
        with self._pool.own() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield _PostgresReading(connection)

    @contextmanager
    def filling(self) -> Iterator[Writing]:
        """Lend a transaction; servers that begin on the database meanwhile wait."""
        with self._pool.own() as connection, connection.transaction():
            connection.execute("LOCK TABLE events, secrets, tokens IN ACCESS EXCLUSIVE MODE")
            yield _PostgresWriting(connection)

    def insert_numbered(self, table: str, columns: Sequence[str]) -> str:
        """Return a statement that inserts rows with their numbers."""
        return insert(table, columns).replace(") VALUES", ") OVERRIDING SYSTEM VALUE VALUES")

    def number_from(self, writing: Writing, last_row: int) -> None:
        """Give tallies numbers above last_row from now on."""
        writing.execute("SELECT setval('tallies_row_seq', ?)", (max(1, last_row),))

    def enter_evidence(self, writing: Writing, runs: Iterable[str]) -> None:
        """Share the lock on each run, in an order in which nobody waits for one another."""
        for run in sorted(runs):
            writing.execute("SELECT pg_advisory_xact_lock_shared(?, hashtext(?))", (EVIDENCE, run))

    def close_evidence(self, writing: Writing, run: str) -> None:
        """Hold the lock on a run alone: all rows with smaller numbers are committed then."""
        writing.execute("SELECT pg_advisory_xact_lock(?, hashtext(?))", (EVIDENCE, run))

    def tell(self, writing: Writing) -> None:
        """Notify at the commit; the same word twice in a transaction is one notice."""
        writing.execute("SELECT pg_notify(?, ?)", (CHANNEL, self._own))

    def clock(self) -> datetime:
        """Return the database's time."""
        ((now,),) = self.read("SELECT clock_timestamp()")
        assert isinstance(now, datetime)  # noqa: S101 it is a timestamptz
        return now

    def changes(self, changed: Callable[[], None]) -> None:
        """Call `changed` after another server has told of a change."""
        self._listening.append(Listening(self._pool, self._own, changed))

    def close(self) -> None:
        """Stop listening and close all connections."""
        for listening in self._listening:
            listening.close()
        self._pool.close()


class _PostgresReading:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, sql: str) -> Iterator[Row]:
        """Read through a cursor of the server's: a plain one would bring everything at once."""
        with self._connection.cursor(name="phasegate") as cursor:
            cursor.itersize = 2000
            yield from cursor.execute(_ours(sql))


class _PostgresWriting:
    def __init__(self, connection: Connection) -> None:
        self._cursor = connection.cursor()

    def execute(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        self._cursor.execute(_ours(sql), values)
        return list(self._cursor.fetchall()) if self._cursor.description else []

    def change(self, sql: str, values: Sequence[object] = ()) -> int:
        return self._cursor.execute(_ours(sql), values).rowcount

    def many(self, sql: str, rows: Sequence[Row]) -> int:
        if not rows:
            return 0
        self._cursor.executemany(_ours(sql), rows)
        return self._cursor.rowcount


def open_at(_: Path, url: str) -> PostgresStore:
    """Open the store at a URL; the folder does not matter."""
    return PostgresStore(url)


def _ours(sql: str) -> bytes:
    """Return a statement as psycopg writes it; as bytes, since it takes texts only as literals."""
    return sql.replace("?", "%s").encode()
