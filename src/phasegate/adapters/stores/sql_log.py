"""Logs and plans on SQL: what was agreed and what was decided, never edited."""

from __future__ import annotations

from phasegate.adapters.stores import rows
from phasegate.adapters.stores.database import Duplicate, Writing
from phasegate.adapters.stores.sql_part import SqlPart, insert, select
from phasegate.core.event import START_OF_CHAIN, Event
from phasegate.ports import Conflict, Unavailable


class SqlLog(SqlPart):
    """Appends events and reads them; keeps the plans they speak of."""

    def append(self, event: Event) -> None:
        """Add an event durably; Conflict if its number is not the log's next or the chain breaks.

        Returns only if the event is in the log, also where the connection broke at the commit.
        """
        try:
            with self._database.writing() as writing:
                number, hash_ = _end(writing, event.log)
                if event.number != number + 1 or event.previous != hash_:
                    raise _taken(event, number)
                writing.execute(insert("events", rows.EVENT), rows.event_row(event))
                self._database.tell(writing)
        except Duplicate as error:
            raise _taken(event, event.number) from error
        except Unavailable:
            if not self._has(event):
                raise

    def _has(self, event: Event) -> bool:
        found = self._read(
            "SELECT hash FROM events WHERE log = ? AND number = ?", (event.log, event.number)
        )
        return bool(found) and found[0][0] == event.hash

    def events(self, log: str, after: int = 0) -> list[Event]:
        """Return the log's events with a number above `after`, in order."""
        found = self._read(
            select("events", rows.EVENT, "WHERE log = ? AND number > ? ORDER BY number"),
            (log, after),
        )
        return [rows.event_of(row) for row in found]

    def logs(self) -> list[str]:
        """Return the names of all logs, oldest first."""
        found = self._read("SELECT log FROM events WHERE number = 1 ORDER BY entry")
        return [log for (log,) in found]

    def save_plan(self, hash: str, text: str, origin: str) -> None:
        """Keep a plan's text and origin under its hash; the first one saved stays."""
        with self._database.writing() as writing:
            writing.execute(
                f"{insert('plans', ('hash', 'text', 'origin'))} ON CONFLICT (hash) DO NOTHING",
                (hash, text, origin),
            )

    def plan_text(self, hash: str) -> tuple[str, str]:
        """Return (text, origin) of the plan with this hash; KeyError if there is none."""
        for text, origin in self._read("SELECT text, origin FROM plans WHERE hash = ?", (hash,)):
            return text, origin
        raise KeyError(hash)


def _end(writing: Writing, log: str) -> tuple[int, str]:
    """Return (number, hash) of a log's last event."""
    for number, hash_ in writing.execute(
        "SELECT number, hash FROM events WHERE log = ? ORDER BY number DESC LIMIT 1", (log,)
    ):
        return int(number), str(hash_)
    return 0, START_OF_CHAIN


def _taken(event: Event, number: int) -> Conflict:
    return Conflict(
        f"log {event.log} stands at event {number}: number {event.number} does not "
        "follow it. Load the log again and decide anew. [event-number-taken]"
    )
