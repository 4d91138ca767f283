"""Numbered SQL files bring a SQLite file to the newest schema, each file in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from importlib import resources

from phasegate.ports import Unavailable

APPLICATION = 0x70686761
"""Marks a SQLite file as ours ("phga"), so that another program's file is never written to."""


def newest() -> int:
    """Return the number of the newest schema this version knows."""
    return len(_files())


def migrate(connection: sqlite3.Connection, name: str, upto: int | None = None) -> None:
    """Bring the file to schema `upto` (the newest), or leave it as it was.

    Raises Unavailable if the file is another program's, or newer than this version.
    """
    files = _files()
    target = len(files) if upto is None else upto
    while _schema_of(connection, name, len(files)) < target:
        connection.execute("BEGIN IMMEDIATE")
        try:
            _apply_next(connection, name, files)
        except BaseException:
            if connection.in_transaction:
                connection.rollback()
            raise
        connection.execute("COMMIT")


def _apply_next(connection: sqlite3.Connection, name: str, files: list[str]) -> None:
    # Read again inside the transaction: two servers may open a new file at the same moment.
    done = _schema_of(connection, name, len(files))
    if done == len(files):
        return
    for statement in _statements(files[done]):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {done + 1}")


def _schema_of(connection: sqlite3.Connection, name: str, known: int) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION and (version or tables):
        raise Unavailable(
            f"store {name}: this SQLite file belongs to another program. "
            "Name a file of its own for phasegate. [store-foreign]"
        )
    if version > known:
        raise Unavailable(
            f"store {name}: its schema is number {version}, and this version of phasegate knows "
            f"{known}. Start the version that wrote it, or a later one. [store-newer]"
        )
    return int(version)


def _files() -> list[str]:
    folder = resources.files("phasegate.adapters.stores") / "sql"
    found = sorted((file for file in folder.iterdir()), key=lambda file: file.name)
    return [file.read_text(encoding="utf-8") for file in found if file.name.endswith(".sql")]


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
