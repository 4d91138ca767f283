"""Connections to PostgreSQL: a few that are lent in turn, none of which is waited for too long."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow

from phasegate.ports import Unavailable

Connection = psycopg.Connection[TupleRow]

MOST = 8
"""Connections one server holds: PostgreSQL allows a hundred in all unless it is told otherwise."""

DEADLINE_S = 3.0
"""How long a call may take. A frozen database answers nothing, not even that it is frozen."""

GRACE_S = 0.5

CONNECT_S = 4
"""How long connecting may take: less than the engine's lease, more than a busy machine needs."""

IDLE_LIMIT = "-c idle_in_transaction_session_timeout"
"""PostgreSQL ends the transaction of a server that is stalled in it. Its locks would else keep all
other servers from deciding for as long as it is stalled."""

UNREAD_LIMIT = "-c tcp_user_timeout"
"""It waits for a stalled server to read an answer as well, and no other limit ends that."""

TROUBLES: tuple[tuple[type[psycopg.Error], str, str], ...] = (
    (errors.DiskFull, "its disk is full; nothing was written. Make room", "store-full"),
    (errors.ReadOnlySqlTransaction, "it takes no writes. Name the primary", "store-read-only"),
    (errors.InsufficientPrivilege, "its role may not do that. Grant it", "store-not-allowed"),
    (errors.InvalidPassword, "it refuses the password. Name the right one", "store-not-allowed"),
    (errors.IdleInTransactionSessionTimeout, "this server was stalled in a write", "store-slow"),
    (errors.QueryCanceled, "it took too long. See what keeps it busy", "store-slow"),
    (errors.LockNotAvailable, "others hold its locks. Wait", "store-busy"),
    (errors.TooManyConnections, "it has no connection left. Raise max_connections", "store-busy"),
)


class Pool:
    """Lends connections to one database, at most `most` at a time.

    What fails in a lent connection is raised as Unavailable. A call that takes longer than the
    deadline is cut off, whatever the database does.
    """

    def __init__(self, url: str, most: int = MOST, deadline_s: float = DEADLINE_S) -> None:
        self.name = _name(url)
        self._url = url
        self._deadline_s = deadline_s
        self._places = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._lent: dict[int, tuple[Connection, float]] = {}
        self._closing = threading.Event()
        self._overseer = threading.Thread(target=self._oversee, name="phasegate-pool", daemon=True)
        self._overseer.start()

    @contextmanager
    def lend(self, deadline_s: float | None = None) -> Iterator[Connection]:
        """Lend a connection in autocommit mode for one call."""
        assert not self._closing.is_set(), "the store is closed"  # noqa: S101 a bug
        allowed_s = deadline_s or self._deadline_s
        if not self._places.acquire(timeout=allowed_s):
            raise Unavailable(f"store {self.name}: all its connections are busy. [store-busy]")
        try:
            with self._named():
                connection = self._idle_one() or self.connect()
                with self._watched(connection, allowed_s):
                    yield connection
        finally:
            self._places.release()

    @contextmanager
    def own(self) -> Iterator[Connection]:
        """Lend a connection for work that may take long; it has no deadline."""
        with self._named(), self.connect() as connection:
            patient(connection)
            yield connection

    def connect(self) -> Connection:
        """Open a connection of the caller's own."""
        limit_ms = int(self._deadline_s * 1000)
        return psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=CONNECT_S,
            # A peer that vanished without a word is noticed in seconds, not in hours.
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=5000,
            application_name="phasegate",
            options=f"-c statement_timeout={limit_ms} {IDLE_LIMIT}={limit_ms} "
            f"{UNREAD_LIMIT}={limit_ms}",
        )

    def close(self) -> None:
        """Close all connections."""
        self._closing.set()
        with self._lock:
            for connection in self._idle:
                connection.close()
            self._idle.clear()
        self._overseer.join()

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            unavailable = _unavailable(self.name, error)
            if unavailable is None:
                raise
            raise unavailable from error

    @contextmanager
    def _watched(self, connection: Connection, allowed_s: float) -> Iterator[None]:
        with self._lock:
            self._lent[id(connection)] = (connection, time.monotonic() + allowed_s)
        try:
            yield
        finally:
            with self._lock:
                del self._lent[id(connection)]
                whole = not connection.closed and not self._closing.is_set()
                if (
                    whole
                    and connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
                ):
                    self._idle.append(connection)
                else:
                    connection.close()

    def _idle_one(self) -> Connection | None:
        """Return an idle connection that is alive, the one used last."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            # Nothing is expected on an idle connection: what can be read is its end.
            if not connection.closed and not select.select([connection.fileno()], [], [], 0)[0]:
                return connection
            connection.close()

    def _oversee(self) -> None:
        """Cut what is late, a moment after PostgreSQL should have said so itself."""
        while not self._closing.wait(0.25):
            now = time.monotonic()
            with self._lock:
                late = [
                    connection for connection, until in self._lent.values() if until < now - GRACE_S
                ]
                for connection in late:
                    cut(connection)


def patient(connection: Connection) -> None:
    """Let a connection take its time: for work that is long, and that nobody waits for."""
    connection.execute("SET statement_timeout = 0")
    connection.execute("SET idle_in_transaction_session_timeout = 0")
    connection.execute("SET tcp_user_timeout = 0")


def cut(connection: Connection) -> None:
    """End a connection from another thread: who waits for it is told that it is lost."""
    with suppress(OSError, psycopg.Error):
        handle = socket.socket(fileno=os.dup(connection.fileno()))
        with handle:
            handle.shutdown(socket.SHUT_RDWR)


def _unavailable(name: str, error: psycopg.Error) -> Unavailable | None:
    for kind, what, code in TROUBLES:
        if isinstance(error, kind):
            return Unavailable(f"store {name}: {what}. [{code}]")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        why = "it cannot be reached, or its connection broke. See whether PostgreSQL runs there"
        return Unavailable(f"store {name}: {why}. [store-unreachable]")
    return None


def _name(url: str) -> str:
    """Return what may be shown of a URL: never its user or password."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise Unavailable(
            "the store's address is no PostgreSQL URL. Give it like "
            "postgresql://user@host:5432/phasegate. [store-address]"
        ) from error
    host, port = parts.get("host") or "localhost", parts.get("port") or 5432
    return f"postgresql://{host}:{port}/{parts.get('dbname') or ''}"
