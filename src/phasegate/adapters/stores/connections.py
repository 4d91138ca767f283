"""One SQLite connection per thread, and the names that people get for SQLite's troubles."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from phasegate.ports import Unavailable

BUSY_TIMEOUT_S = 5.0

TROUBLES = {
    "SQLITE_BUSY": ("another process holds it locked. End that process, or wait", "store-busy"),
    "SQLITE_LOCKED": ("another process holds it locked. End that process, or wait", "store-busy"),
    "SQLITE_FULL": ("the disk is full; nothing was written. Make room", "store-full"),
    "SQLITE_NOTADB": ("it is not a SQLite database. Name another file", "store-not-a-database"),
    "SQLITE_CORRUPT": ("the file is damaged. Restore it from a backup", "store-damaged"),
    "SQLITE_CANTOPEN": ("it cannot be opened. Check that its folder exists", "store-not-opened"),
    "SQLITE_READONLY": ("it may not be written to. Check its permissions", "store-read-only"),
    "SQLITE_IOERR": ("the disk failed to read or write it. Check the disk", "store-disk"),
}


class Connections:
    """Lends each thread its own connection to one file, until all are closed."""

    def __init__(self, path: Path, busy_timeout_s: float) -> None:
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._closed = False

    @contextmanager
    def mine(self) -> Iterator[sqlite3.Connection]:
        """Lend this thread's connection; what fails in it is raised as Unavailable."""
        assert not self._closed, "the store is closed"  # noqa: S101 a call after close is a bug
        try:
            yield self._mine()
        except sqlite3.Error as error:
            unavailable = self._named(error)
            if unavailable is None:
                raise
            raise unavailable from error

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            self._closed = True
            for _, connection in self._open:
                connection.close()
            self._open.clear()

    def _mine(self) -> sqlite3.Connection:
        mine: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if mine is None:
            mine = self._connect()
            self._log_ahead(mine)
            mine.execute("PRAGMA synchronous = FULL")
            mine.execute("PRAGMA foreign_keys = ON")
            self._local.connection = mine
        return mine

    def _log_ahead(self, connection: sqlite3.Connection) -> None:
        # Changing the journal mode of a new file does not wait for its lock, whatever the busy
        # timeout: of several who open it at once, all but one were turned away.
        until = time.monotonic() + self._busy_timeout_s
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.01)
            else:
                return

    def _connect(self) -> sqlite3.Connection:
        # Used by the thread that made it and by no other, but closed by whoever closes the store.
        connection = sqlite3.connect(
            self._path,
            timeout=self._busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        with self._lock:
            for thread, old in self._open:
                if not thread.is_alive():
                    old.close()
            self._open = [pair for pair in self._open if pair[0].is_alive()]
            self._open.append((threading.current_thread(), connection))
        return connection

    def _named(self, error: sqlite3.Error) -> Unavailable | None:
        name = getattr(error, "sqlite_errorname", "")
        primary = "_".join(name.split("_")[:2])
        if primary in TROUBLES:
            what, code = TROUBLES[primary]
        elif isinstance(error, sqlite3.OperationalError):
            what, code = f"{error}. Check what else uses this file", "store-failed"
        else:
            return None
        return Unavailable(f"store {self._path}: {what}. [{code}]")
