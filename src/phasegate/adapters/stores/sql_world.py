"""Flags, tokens, leases and secrets on SQL: what is to be true outside."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from phasegate.adapters.stores import rows
from phasegate.adapters.stores.database import Writing
from phasegate.adapters.stores.sql_part import SqlPart, insert, select
from phasegate.flags.document import FlagState
from phasegate.ports import Conflict, Fence, Token


class SqlWorld(SqlPart):
    """Keeps flag states behind their fences, and who may do what."""

    def flag_states(self, environment: str) -> tuple[int, list[FlagState]]:
        """Return (version, states sorted by key) of an environment, both of the same moment."""
        found = self._read(
            select(
                "environments LEFT JOIN flags USING (environment)",
                ("version", *rows.FLAG),
                "WHERE environment = ? ORDER BY key",
            ),
            (environment,),
        )
        states = [rows.flag_of(row[1:]) for row in found if row[1] is not None]
        return (int(found[0][0]) if found else 0), states

    def put_flag_states(self, environment: str, states: Sequence[FlagState], fence: Fence) -> int:
        """Replace the named flags' states and return the environment's version."""
        with self._database.writing() as writing:
            _pass(writing, fence, environment)
            writing.execute(_ENVIRONMENT, (environment,))
            in_order = sorted(states, key=lambda state: state.key)
            changed = writing.many(
                _PUT_FLAG, [(environment, *rows.flag_row(state)) for state in in_order]
            )
            ((version,),) = writing.execute(
                "UPDATE environments SET version = version + ? WHERE environment = ? "
                "RETURNING version",
                (int(changed > 0), environment),
            )
            if changed:
                self._database.tell(writing)
            return int(version)

    def add_token(self, token: Token) -> None:
        """Keep a token. A token of the same name is replaced."""
        with self._database.writing() as writing:
            writing.execute(
                "DELETE FROM tokens WHERE name = ? OR hash = ?", (token.name, token.hash)
            )
            writing.execute(insert("tokens", rows.TOKEN), rows.token_row(token))

    def token(self, hash: str) -> Token | None:
        """Return the token with this hash, or None."""
        found = self._read(select("tokens", rows.TOKEN, "WHERE hash = ?"), (hash,))
        return rows.token_of(found[0]) if found else None

    def tokens(self) -> list[Token]:
        """Return all tokens by name."""
        found = self._read(select("tokens", rows.TOKEN, "ORDER BY name"))
        return [rows.token_of(row) for row in found]

    def acquire(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take or renew the lease `name` until then; False while another holder has it."""
        with self._database.writing() as writing:
            taken = writing.change(_LEASE, (name, holder, _sortable(until), _sortable(now)))
            return taken > 0

    def secret(self, name: str) -> bytes:
        """Return 32 random bytes that are made at the first call and stay the same."""
        asked = "SELECT secret FROM secrets WHERE name = ?"
        if not self._read(asked, (name,)):
            with self._database.writing() as writing:
                writing.execute(
                    f"{insert('secrets', ('name', 'secret'))} ON CONFLICT (name) DO NOTHING",
                    (name, secrets.token_bytes(32)),
                )
        return bytes(self._read(asked, (name,))[0][0])


def _pass(writing: Writing, fence: Fence, environment: str) -> None:
    """Move the fence to this write's number; Conflict if a later write has passed it."""
    if not writing.change(_FENCE, (fence.log, fence.number)):
        raise Conflict(
            f"flags of {environment}: a later event of log {fence.log} was carried out "
            f"before, so what event {fence.number} asks is out of date. [fence-passed]"
        )


def _sortable(moment: datetime) -> str:
    """Return a moment so that texts compare as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


_ENVIRONMENT = (
    "INSERT INTO environments (environment, version) VALUES (?, 0) "
    "ON CONFLICT (environment) DO NOTHING"
)
_PUT_FLAG = (
    "INSERT INTO flags (environment, key, exposure, mode, on_trial, killed) "
    "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (environment, key) DO UPDATE SET "
    "exposure = excluded.exposure, mode = excluded.mode, "
    "on_trial = excluded.on_trial, killed = excluded.killed "
    "WHERE (flags.exposure, flags.mode, flags.on_trial, flags.killed) <> "
    "(excluded.exposure, excluded.mode, excluded.on_trial, excluded.killed)"
)
_FENCE = (
    "INSERT INTO fences (log, number) VALUES (?, ?) ON CONFLICT (log) DO UPDATE "
    "SET number = excluded.number WHERE fences.number <= excluded.number"
)
_LEASE = (
    "INSERT INTO leases (name, holder, until) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE "
    "SET holder = excluded.holder, until = excluded.until "
    "WHERE leases.holder = excluded.holder OR leases.until <= ?"
)
