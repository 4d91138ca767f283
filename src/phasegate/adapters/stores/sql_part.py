"""What all parts of a store on SQL share: the database, and how statements are written."""

from __future__ import annotations

from collections.abc import Sequence

from phasegate.adapters.stores.database import Database


class SqlPart:
    """Some of a store's methods, on a database that says how it is talked to."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read = database.read


def select(table: str, columns: Sequence[str], rest: str) -> str:
    """Return a query; all that it is made of are constants."""
    return f"SELECT {', '.join(columns)} FROM {table} {rest}"  # noqa: S608 constants


def insert(table: str, columns: Sequence[str]) -> str:
    """Return a statement with a place for each column; all that it is made of are constants."""
    places = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 constants
