"""The number of a PostgreSQL schema, kept in a table of its own, migrated under a lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from phasegate.adapters.stores.migrations import Standing
from phasegate.adapters.stores.pool import Connection
from phasegate.ports import Unavailable

LOCK = 0x70686761
"""Advisory lock ("phga") held while a schema is migrated."""

_MARK = "phasegate_schema"


class PostgresSchema:
    """The schema that a connection's search path begins with."""

    dialect = "postgres"

    def __init__(self, connection: Connection, name: str) -> None:
        self.name = name
        self._connection = connection

    def standing(self) -> Standing:
        """Return how far it is. Raises Unavailable if it belongs to another program."""
        found = self._connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE relname = %s) FROM pg_class "
            "WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'",
            (_MARK,),
        ).fetchone()
        tables, ours = found or (0, 0)
        if not ours and tables:
            raise Unavailable(
                f"store {self.name}: this database holds another program's tables. "
                "Name a database of its own for phasegate. [store-foreign]"
            )
        if not ours:
            return Standing(number=0, least=0)
        marked = self._connection.execute("SELECT number, least FROM phasegate_schema").fetchone()
        number, least = marked or (0, 0)
        return Standing(number=number, least=least)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A transaction in which nobody else migrates; servers at work go on beside it."""
        with self._connection.transaction():
            self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            yield

    def apply(self, script: str, standing: Standing) -> None:
        """Carry a script out and note the number beside it."""
        self._connection.execute(script.encode())
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS phasegate_schema (number INTEGER, least INTEGER)"
        )
        self._connection.execute("DELETE FROM phasegate_schema")
        self._connection.execute(
            "INSERT INTO phasegate_schema (number, least) VALUES (%s, %s)",
            (standing.number, standing.least),
        )
