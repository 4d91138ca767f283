"""Retention on SQL: old tallies are packed by the minute and then by the hour, and none is lost.

Only what a fold has read is packed, from the first row on, so that everything packed comes before
everything that is not, and what `tallies` returns stays the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from phasegate.adapters.stores import rows
from phasegate.adapters.stores.database import Writing
from phasegate.adapters.stores.packs import COLUMNS, PLACE, Pack, pack, sequences, unpack
from phasegate.adapters.stores.sql_part import SqlPart, insert, select
from phasegate.core.evidence import Tally
from phasegate.ports import Conflict

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS

MERGED_AT_MOST = 10
"""Packs of an hour hold so many steps' rows at most; a busier hour stays in several packs."""

QUOTED = ('"row"', *COLUMNS[1:])
PACK = (
    "run",
    "hourly",
    "tallies",
    "first_ripe_ms",
    "first_row",
    "last_ripe_ms",
    "last_row",
    "digest",
    "content",
)


class SqlRetention(SqlPart):
    """Packs tallies, reads packs, and forgets whom a run has seen once it has ended."""

    def compact(self, minutes_before_ms: int, hours_before_ms: int, most: int) -> int:
        """Pack old tallies, one bounded step; return how many, 0: nothing is left to do."""
        if self._read("SELECT 1 FROM reports WHERE knows_packs = 0 LIMIT 1"):
            return 0
        for run, ripe_ms, row in self._read('SELECT run, ripe_ms, "row" FROM folded ORDER BY run'):
            before = minutes_before_ms // MINUTE_MS * MINUTE_MS
            found = self._read(_LOOSE, (run, ripe_ms, row, before, most))
            if found:
                return self._pack_minutes(run, _whole_minutes(found, most))
        return self._pack_an_hour(hours_before_ms // HOUR_MS * HOUR_MS, MERGED_AT_MOST * most)

    def forget_subjects(self, run: str) -> None:
        """Forget which subjects a run has seen: nothing is judged by it once it has ended."""
        if self._read("SELECT 1 FROM sightings WHERE run = ? LIMIT 1", (run,)):
            with self._database.writing() as writing:
                writing.execute("DELETE FROM sightings WHERE run = ?", (run,))

    def _pack_minutes(self, run: str, found: Sequence[rows.Row]) -> int:
        # Made before anything is locked: what is read here was folded, so it never changes.
        by_minute = groupby(found, lambda row: int(row[PLACE["ripe_ms"]]) // MINUTE_MS)
        packs = [pack(run, list(minute)) for _, minute in by_minute]
        with self._database.writing() as writing:
            # Without writers beside: one that looks for a double in packs before this commit, and
            # among rows after it, would find it in neither.
            self._database.close_evidence(writing, run)
            gone = writing.change(_DELETE_LOOSE, (run, *packs[-1].last))
            if gone != len(found):
                raise Conflict(f"tallies of {run} were packed by another server [packed-elsewhere]")
            for made in packs:
                add_pack(writing, made, hourly=0)
        return len(found)

    def _pack_an_hour(self, before_ms: int, most: int) -> int:
        for run, hour in self._read(_HOURS, (HOUR_MS, before_ms, HOUR_MS)):
            span = (run, hour * HOUR_MS, (hour + 1) * HOUR_MS)
            entries, together = self._up_to(most, span)
            made = pack(run, together)
            with self._database.writing() as writing:
                gone = sum(
                    writing.change("DELETE FROM packs WHERE entry = ?", (entry,))
                    for entry in entries
                )
                if gone != len(entries):
                    raise Conflict(f"packs of {run} were joined elsewhere [packed-elsewhere]")
                writing.many("DELETE FROM packed_writers WHERE pack = ?", [(e,) for e in entries])
                add_pack(writing, made, hourly=1)
            return made.tallies
        return 0

    def _up_to(self, most: int, span: tuple[str, int, int]) -> tuple[list[int], list[rows.Row]]:
        """Return the first minutes of an hour, as many as fit, and all their rows; one at least."""
        entries: list[int] = []
        together: list[rows.Row] = []
        for entry, tallies, digest, content in self._read(_MINUTES, span):
            if entries and len(together) + tallies > most:
                break
            entries.append(int(entry))
            together += unpack(span[0], bytes(content), digest)
        return entries, together

    def _packed(self, run: str, after: tuple[int, int], upto_ms: int, most: int) -> list[rows.Row]:
        """Return packed rows of a run behind `after` that were ripe by then: so many, or more."""
        found: list[rows.Row] = []
        for digest, content in self._read(_PACKED, (run, *after, upto_ms)):
            if len(found) >= most:
                break
            inside = unpack(run, bytes(content), digest)
            found += [row for row in inside if (row[1], row[0]) > after and row[1] <= upto_ms]
        return found

    def _packed_already(self, writing: Writing, tallies: Sequence[Tally]) -> set[tuple[str, int]]:
        """Return (writer, sequence) of all that is in packs in which one of these may be."""
        found: set[tuple[str, int]] = set()
        for entry in _candidates(writing, tallies):
            asked = "SELECT run, digest, content FROM packs WHERE entry = ?"
            for run, digest, content in writing.execute(asked, (entry,)):
                found |= sequences(unpack(run, bytes(content), digest))
        return found


def _candidates(writing: Writing, tallies: Sequence[Tally]) -> set[int]:
    """Return the packs that hold something of these writers at these numbers."""
    by_writer: dict[str, list[int]] = {}
    for tally in tallies:
        by_writer.setdefault(tally.writer, []).append(tally.sequence)
    return {
        int(entry)
        for writer, numbers in by_writer.items()
        for (entry,) in writing.execute(_WROTE, (writer, min(numbers), max(numbers)))
    }


def _whole_minutes(found: Sequence[rows.Row], most: int) -> list[rows.Row]:
    """Leave the last minute for the next step where the step may have cut it in two."""
    if len(found) < most:
        return list(found)
    last = int(found[-1][PLACE["ripe_ms"]]) // MINUTE_MS
    whole = [row for row in found if int(row[PLACE["ripe_ms"]]) // MINUTE_MS < last]
    return whole or list(found)


def add_pack(writing: Writing, made: Pack, *, hourly: int) -> None:
    """Store a pack, and who wrote what is in it."""
    row = (made.run, hourly, made.tallies, *made.first, *made.last, made.digest, made.content)
    ((entry,),) = writing.execute(f"{insert('packs', PACK)} RETURNING entry", row)
    columns = ("writer", "low", "high", "pack")
    writing.many(insert("packed_writers", columns), [(*one, entry) for one in made.writers])


_LOOSE = select(
    "tallies",
    QUOTED,
    'WHERE run = ? AND (ripe_ms, "row") <= (?, ?) AND ripe_ms < ? ORDER BY ripe_ms, "row" LIMIT ?',
)
_DELETE_LOOSE = 'DELETE FROM tallies WHERE run = ? AND (ripe_ms, "row") <= (?, ?)'
_HOURS = (
    "SELECT run, first_ripe_ms / ? FROM packs WHERE hourly = 0 AND last_ripe_ms < ? "
    "ORDER BY run, first_ripe_ms / ? LIMIT 1"
)
_MINUTES = select(
    "packs",
    ("entry", "tallies", "digest", "content"),
    "WHERE hourly = 0 AND run = ? AND first_ripe_ms >= ? AND first_ripe_ms < ? "
    "ORDER BY last_ripe_ms, last_row",
)
_PACKED = select(
    "packs",
    ("digest", "content"),
    "WHERE run = ? AND (last_ripe_ms, last_row) > (?, ?) AND first_ripe_ms <= ? "
    "ORDER BY last_ripe_ms, last_row",
)
_WROTE = "SELECT DISTINCT pack FROM packed_writers WHERE writer = ? AND high >= ? AND low <= ?"
