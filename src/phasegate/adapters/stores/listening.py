"""Hears what other servers tell through PostgreSQL, on a connection and a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg

from phasegate.adapters.stores.pool import Connection, Pool, cut

CHANNEL = "phasegate"

SILENCE_S = 5.0
"""After so long without a word the connection is tried: a lost one says nothing either."""

AGAIN_S = 0.5
"""How long after a loss it is connected again."""


class Listening:
    """Calls `changed` after each notice of another server, and after each time nobody listened."""

    def __init__(self, pool: Pool, own: str, changed: Callable[[], None]) -> None:
        """own: the word by which our own notices are known; they are passed over."""
        self._pool = pool
        self._own = own
        self._changed = changed
        self._closing = threading.Event()
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._run, name="phasegate-listen", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._closing.set()
        if self._connection is not None:
            cut(self._connection)
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                with self._pool.connect() as connection:
                    self._connection = connection
                    self._listen(connection)
            except psycopg.Error:
                # The loop looks at the store twice a second anyway, and says that it is gone.
                self._closing.wait(AGAIN_S)

    def _listen(self, connection: Connection) -> None:
        connection.execute(f"LISTEN {CHANNEL}")
        # What was told while nobody listened is lost, so it is looked for.
        self._changed()
        while not self._closing.is_set():
            told = [
                notice.payload for notice in connection.notifies(timeout=SILENCE_S, stop_after=1)
            ]
            if any(payload != self._own for payload in told):
                self._changed()
            elif not told:
                connection.execute("SELECT 1")
