"""Evidence on SQL: added by many at once, and read in one order that never changes."""

from __future__ import annotations

from collections.abc import Sequence

from phasegate.adapters.stores import rows
from phasegate.adapters.stores.sql_part import insert, select
from phasegate.adapters.stores.sql_retention import SqlRetention
from phasegate.core.evidence import Finding, Position, StoredTally, Tally
from phasegate.ports import ALL, Sighting


class SqlEvidence(SqlRetention):
    """Keeps tallies, packed or not, sightings and findings."""

    def add_evidence(
        self, tallies: Sequence[tuple[Tally, int]], sightings: Sequence[Sighting]
    ) -> None:
        """Add tallies and sightings in one transaction; a tally stored already is skipped."""
        runs = sorted({tally.run for tally, _ in tallies})
        with self._database.writing() as writing:
            self._database.enter_evidence(writing, runs)
            folded = dict(_pair(row) for row in writing.execute("SELECT run, ripe_ms FROM folded"))
            packed = self._packed_already(writing, [tally for tally, _ in tallies])
            writing.many(
                f"{insert('tallies', rows.TALLY)} ON CONFLICT (writer, sequence) DO NOTHING",
                [
                    rows.tally_row(tally, max(ripe_ms, folded.get(tally.run, ripe_ms)))
                    for tally, ripe_ms in tallies
                    if (tally.writer, tally.sequence) not in packed
                ],
            )
            writing.many(insert("sightings", rows.SIGHTING), [*map(rows.sighting_row, sightings)])
            self._database.tell(writing)

    def tallies(
        self, run: str, after: Position, upto_ms: int, most: int = ALL
    ) -> list[StoredTally]:
        """Return the run's tallies with after < position and ripe_ms <= upto_ms, in order."""
        since = (after.ripe_ms, after.row)
        asked = (run, *since, upto_ms, most)
        # The mark first: asked for after the rows, another reader's mark could vouch for rows that
        # were committed only after ours were read.
        folded = self._folded(run)
        # Beyond the mark one row is enough to know that all are read below.
        found = self._read(_TALLIES, asked if since < folded else (*asked[:-1], min(most, 1)))
        if found and _position(found[-1]) > folded:
            found = self._read_for_good(run, asked)
        # Packs last: what is packed between the two readings is found twice, and never missed.
        packed = self._packed(run, since, upto_ms, most)
        if packed:
            end = _position(packed[-1])
            found = [*packed, *(row for row in found if _position(row) > end)]
        return [rows.tally_of(row) for row in found[:most]]

    def _read_for_good(self, run: str, asked: Sequence[object]) -> list[rows.Row]:
        """Return rows read where nobody can write, and leave a mark of how far it was.

        A writer that is slow to commit would else put a row behind the reader, seen by no fold.
        """
        with self._database.writing() as writing:
            self._database.close_evidence(writing, run)
            found = writing.execute(_TALLIES, asked)
            if found:
                writing.execute(_FOLDED, (run, *_position(found[-1])))
        return found

    def _folded(self, run: str) -> tuple[int, int]:
        found = self._read('SELECT ripe_ms, "row" FROM folded WHERE run = ?', (run,))
        return (int(found[0][0]), int(found[0][1])) if found else (-1, -1)

    def sightings(self, run: str, phase: str) -> list[Sighting]:
        """Return all sightings of a phase, oldest first."""
        found = self._read(
            select("sightings", rows.SIGHTING, "WHERE run = ? AND phase = ? ORDER BY entry"),
            (run, phase),
        )
        return [rows.sighting_of(row) for row in found]

    def add_finding(self, finding: Finding) -> None:
        """Add a finding; findings are never edited."""
        with self._database.writing() as writing:
            writing.execute(insert("findings", rows.FINDING), rows.finding_row(finding))
            self._database.tell(writing)

    def findings(self, run: str, phase: str | None = None) -> list[Finding]:
        """Return the run's findings, oldest first."""
        found = self._read(
            select(
                "findings",
                rows.FINDING,
                "WHERE run = ? AND phase = coalesce(?, phase) ORDER BY entry",
            ),
            (run, phase),
        )
        return [rows.finding_of(row) for row in found]


def _position(row: rows.Row) -> tuple[int, int]:
    """Return (ripe_ms, row) of a row of _TALLIES."""
    return int(row[1]), int(row[0])


def _pair(row: rows.Row) -> tuple[str, int]:
    return str(row[0]), int(row[1])


_TALLIES = select(
    "tallies",
    ('"row"', *rows.TALLY),
    'WHERE run = ? AND (ripe_ms, "row") > (?, ?) AND ripe_ms <= ? ORDER BY ripe_ms, "row" LIMIT ?',
)
_FOLDED = (
    'INSERT INTO folded (run, ripe_ms, "row") VALUES (?, ?, ?) ON CONFLICT (run) DO UPDATE '
    'SET ripe_ms = excluded.ripe_ms, "row" = excluded."row" '
    'WHERE (folded.ripe_ms, folded."row") < (excluded.ripe_ms, excluded."row")'
)
