"""The number of a SQLite file's schema, kept in its header."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from phasegate.adapters.stores.migrations import Standing
from phasegate.ports import Unavailable

APPLICATION = 0x70686761
"""Marks a SQLite file as ours ("phga"), so that another program's file is never written to."""


class SqliteSchema:
    """The schema of one file. A file is for one machine, so it has no older servers to go on."""

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self.name = name
        self._connection = connection

    def standing(self) -> Standing:
        """Return how far the file is. Raises Unavailable if it belongs to another program."""
        number = self._one("PRAGMA user_version")
        application = self._one("PRAGMA application_id")
        tables = self._one("SELECT count(*) FROM sqlite_master")
        if application != APPLICATION and (number or tables):
            raise Unavailable(
                f"store {self.name}: this SQLite file belongs to another program. "
                "Name a file of its own for phasegate. [store-foreign]"
            )
        return Standing(number=number, least=number)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A transaction in which nobody else writes."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.rollback()
            raise

    def apply(self, script: str, standing: Standing) -> None:
        """Carry a script out, statement by statement, and note the number in the header."""
        for statement in _statements(script):
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA application_id = {APPLICATION}")
        self._connection.execute(f"PRAGMA user_version = {standing.number}")

    def _one(self, sql: str) -> int:
        (number,) = self._connection.execute(sql).fetchone()
        return int(number)


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
