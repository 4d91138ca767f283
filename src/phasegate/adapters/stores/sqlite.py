"""A store in one SQLite file: durable, for one machine, shared by its threads and processes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from phasegate.adapters.stores.connections import BUSY_TIMEOUT_S, Connections
from phasegate.adapters.stores.database import Reading, Writing
from phasegate.adapters.stores.migrations import migrate
from phasegate.adapters.stores.rows import Row
from phasegate.adapters.stores.sql_part import insert
from phasegate.adapters.stores.sql_store import SqlStore
from phasegate.adapters.stores.sqlite_schema import SqliteSchema

FILE = "phasegate.sqlite"


class SqliteStore(SqlStore):
    """Keeps everything in the file at `path`, which is made if it is not there.

    Events are committed with synchronous=FULL: one that was appended survives a power cut.
    """

    def __init__(self, path: Path | str, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._connections = Connections(Path(path), busy_timeout_s)
        super().__init__(SqliteDatabase(self._connections))
        try:
            with self._connections.mine() as connection:
                migrate(SqliteSchema(connection, str(path)))
        except BaseException:
            self.close()
            raise


class SqliteDatabase:
    """One file. Whoever writes does so alone, and what is committed is there for all."""

    now_ms = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
    last_row = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'tallies'"

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def read(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return the rows of one query."""
        with self._connections.mine() as connection:
            return connection.execute(sql, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """Lend a transaction that alone may write."""
        with self._connections.mine() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield _SqliteWriting(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.rollback()
                raise

    def damage(self) -> list[str]:
        """Have SQLite check the whole file."""
        return [str(told) for (told,) in self.read("PRAGMA integrity_check") if told != "ok"]

    def shrink(self) -> None:
        """Write the file anew without its free pages."""
        with self._connections.mine() as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def snapshot(self) -> Iterator[Reading]:
        """Lend the file as it is now: others go on writing to the log ahead of it."""
        with self._connections.mine() as connection:
            connection.execute("BEGIN")
            try:
                yield _SqliteReading(connection)
            finally:
                connection.execute("ROLLBACK")

    def filling(self) -> AbstractContextManager[Writing]:
        """Lend a transaction that alone may write."""
        return self.writing()

    def insert_numbered(self, table: str, columns: Sequence[str]) -> str:
        """Return a statement that inserts rows with their numbers."""
        return insert(table, columns)

    def number_from(self, writing: Writing, last_row: int) -> None:
        """Give tallies numbers above last_row from now on."""
        writing.execute("DELETE FROM sqlite_sequence WHERE name = 'tallies'")
        writing.execute(insert("sqlite_sequence", ("name", "seq")), ("tallies", last_row))

    def enter_evidence(self, writing: Writing, runs: Iterable[str]) -> None:
        """Do nothing: whoever writes is alone already."""

    def close_evidence(self, writing: Writing, run: str) -> None:
        """Do nothing: whoever writes is alone already."""

    def tell(self, writing: Writing) -> None:
        """Do nothing: a file tells nobody; others look at it twice a second."""

    def clock(self) -> None:
        """A file has no clock of its own."""

    def changes(self, changed: Callable[[], None]) -> None:
        """Do nothing: a file cannot call."""

    def close(self) -> None:
        """Close the connections of all threads."""
        self._connections.close()


class _SqliteReading:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str) -> Iterator[Row]:
        return self._connection.execute(sql)


class _SqliteWriting:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        return self._connection.execute(sql, values).fetchall()

    def change(self, sql: str, values: Sequence[object] = ()) -> int:
        return self._connection.execute(sql, values).rowcount

    def many(self, sql: str, rows: Sequence[Row]) -> int:
        return self._connection.executemany(sql, rows).rowcount if rows else 0


def open_in(data: Path, _: str = "sqlite") -> SqliteStore:
    """Open the store that lies in the folder `data`, which is made if it is missing."""
    data.mkdir(parents=True, exist_ok=True)
    path = data / FILE
    # Readable by its owner alone: it holds the key under which subjects are hashed.
    path.touch(mode=0o600)
    return SqliteStore(path)
