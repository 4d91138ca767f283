"""What servers know of one another, on SQL: who decided when, how far flags have come."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from phasegate.adapters.stores.database import Database, Writing
from phasegate.adapters.stores.sql_part import SqlPart
from phasegate.ports import Attended, Reach, Report

FORGOTTEN_MS = 24 * 3600 * 1000
"""How long after its last lease has ended a silent server's report is kept."""


class SqlServers(SqlPart):
    """Keeps rounds of decisions and the reports of servers, by the database's clock."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._reported: dict[tuple[str, str], tuple[int, str, str]] = {}

    def attend(self, leases: Mapping[str, int | None]) -> None:
        """Note that a round of decisions was finished just now."""
        with self._database.writing() as writing:
            # The empty name stands for the round itself.
            writing.many(self._timed(_ATTEND), sorted({"": 0, **leases}.items()))

    def attended(self) -> Attended:
        """Say who was attended when, by the database's clock."""
        found = self._read(self._timed(_ATTENDED))
        rounds = [ago for environment, ago, _, _ in found if not environment]
        return Attended(
            ago_ms=max(0, int(rounds[0])) if rounds else None,
            leases={name: _left(given, left) for name, _, given, left in found if name},
        )

    def report(self, server: str, reaches: Sequence[Reach]) -> None:
        """Note that a server lives and how far it has come, one reach for each environment."""
        with self._database.writing() as writing:
            for reach in reaches:
                self._report(writing, server, reach)
            writing.execute(self._timed(_FORGET), (FORGOTTEN_MS,))

    def _report(self, writing: Writing, server: str, reach: Reach) -> None:
        key = (server, reach.environment)
        told = (reach.version, _object(reach.streams), _object(reach.lost))
        # Streams are left out while they are as they were: there may be thousands of them.
        alive = (reach.leased_ms, *key)
        if self._reported.get(key) == told and writing.change(self._timed(_ALIVE), alive):
            return
        writing.execute(self._timed(_REPORT), (*key, *told, reach.leased_ms))
        self._database.tell(writing)
        self._reported[key] = told

    def reports(self, environment: str) -> list[Report]:
        """Return what every server last reported of an environment, sorted by server."""
        found = self._read(self._timed(_REPORTS), (environment,))
        return [
            Report(
                server=server,
                reach=Reach(
                    environment=environment,
                    version=version,
                    streams=json.loads(streams),
                    lost=json.loads(lost),
                    leased_ms=_left(given, left),
                ),
                silent_ms=max(0, int(silent)),
            )
            for server, version, streams, lost, silent, given, left in found
        ]

    def _timed(self, sql: str) -> str:
        return sql.replace("NOW", self._database.now_ms)


def _left(given_ms: int | None, left_ms: int | None) -> int | None:
    """Return what is left of a lease; never more than was given, whatever a clock did."""
    if given_ms is None or left_ms is None:
        return None
    return max(0, min(int(given_ms), int(left_ms)))


def _object(versions: Mapping[str, int]) -> str:
    return json.dumps(dict(sorted(versions.items())), separators=(",", ":"))


_ATTEND = (
    "INSERT INTO attended (environment, at_ms, until_ms) "
    "SELECT ?, now, now + ? FROM (SELECT NOW AS now) AS clock WHERE true "
    "ON CONFLICT (environment) DO UPDATE "
    "SET at_ms = excluded.at_ms, until_ms = excluded.until_ms"
)
_ATTENDED = "SELECT environment, NOW - at_ms, until_ms - at_ms, until_ms - NOW FROM attended"
_ALIVE = "UPDATE reports SET at_ms = NOW, until_ms = NOW + ? WHERE server = ? AND environment = ?"
_REPORT = (
    "INSERT INTO reports "
    "(server, environment, version, streams, lost, at_ms, until_ms, knows_packs) "
    "SELECT ?, ?, ?, ?, ?, now, now + ?, 1 FROM (SELECT NOW AS now) AS clock WHERE true "
    "ON CONFLICT (server, environment) DO UPDATE SET version = excluded.version, "
    "streams = excluded.streams, lost = excluded.lost, "
    "at_ms = excluded.at_ms, until_ms = excluded.until_ms"
)
_REPORTS = (
    "SELECT server, version, streams, lost, NOW - at_ms, until_ms - at_ms, until_ms - NOW "
    "FROM reports WHERE environment = ? ORDER BY server"
)
_FORGET = "DELETE FROM reports WHERE coalesce(until_ms, at_ms) < NOW - ?"
