"""What one SQL database must offer so that the store on top of it is written once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from phasegate.adapters.stores.rows import Row


class Duplicate(Exception):
    """A row with this key is there already; nothing of the transaction was written."""


class Writing(Protocol):
    """One transaction. Statements are written with `?` for values."""

    def execute(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Carry a statement out and return its rows, if it has any."""

    def change(self, sql: str, values: Sequence[object] = ()) -> int:
        """Carry a statement out and return how many rows it changed."""

    def many(self, sql: str, rows: Sequence[Row]) -> int:
        """Carry a statement out once for each row and return how many rows were changed."""


class Reading(Protocol):
    """A database as it was at one moment, while others go on with it."""

    def rows(self, sql: str) -> Iterator[Row]:
        """Yield the rows of a query, few at a time."""


class Database(Protocol):
    """A database that is connected to. All calls raise Unavailable where it does not answer.

    now_ms    SQL expression: Unix milliseconds on the database's clock.
    last_row  SQL query: the highest number that a tally was given, or more.
    """

    now_ms: str
    last_row: str

    def read(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return the rows of one query, all of the same moment."""

    def writing(self) -> AbstractContextManager[Writing]:
        """Lend a transaction; all of it is committed at the end, or nothing. Raises Duplicate."""

    def damage(self) -> list[str]:
        """Say what the database itself finds wrong with what it keeps."""

    def shrink(self) -> None:
        """Give room that is free inside back to the disk; whoever writes waits meanwhile."""

    def snapshot(self) -> AbstractContextManager[Reading]:
        """Lend the database as it is now, however long reading it takes."""

    def filling(self) -> AbstractContextManager[Writing]:
        """Lend a transaction for an empty database, however long it takes, beside nobody else."""

    def insert_numbered(self, table: str, columns: Sequence[str]) -> str:
        """Return a statement that inserts rows, with their numbers where they have any."""

    def number_from(self, writing: Writing, last_row: int) -> None:
        """Give tallies numbers above last_row from now on."""

    def enter_evidence(self, writing: Writing, runs: Iterable[str]) -> None:
        """Keep readers that are to be final out of these runs until the transaction has ended."""

    def close_evidence(self, writing: Writing, run: str) -> None:
        """Wait for all who write evidence of the run, and keep others out until the end."""

    def tell(self, writing: Writing) -> None:
        """Tell other servers at the commit that something has changed."""

    def clock(self) -> datetime | None:
        """Return the database's time; None where it shares the clock of this machine."""

    def changes(self, changed: Callable[[], None]) -> None:
        """Call `changed` after another server has told of a change."""

    def close(self) -> None:
        """Release all connections."""
