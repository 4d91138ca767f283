"""Numbered SQL files bring a database to the newest schema, each file in one transaction."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import resources
from typing import Protocol

from phasegate.ports import Unavailable

GO_ON = "-- Older servers: go on."
"""Stands in a migration that only adds: servers that do not know it may use the schema."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far a database is. least: the newest schema that a server must know to use it."""

    number: int
    least: int


class Schema(Protocol):
    """How one kind of database keeps the number of its schema. name: what people know it by."""

    name: str
    dialect: str

    def standing(self) -> Standing:
        """Return how far it is. Raises Unavailable if it belongs to another program."""

    def alone(self) -> AbstractContextManager[None]:
        """A transaction in which nobody else migrates."""

    def apply(self, script: str, standing: Standing) -> None:
        """Carry a script out and note how far the database is then."""


def scripts(dialect: str) -> list[str]:
    """Return the texts of a dialect's migrations, in order."""
    folder = resources.files("phasegate.adapters.stores") / "sql" / dialect
    found = sorted(folder.iterdir(), key=lambda file: file.name)
    return [file.read_text(encoding="utf-8") for file in found if file.name.endswith(".sql")]


def newest(dialect: str) -> int:
    """Return the number of the newest schema this version knows."""
    return len(scripts(dialect))


def migrate(schema: Schema, upto: int | None = None) -> None:
    """Bring a database to schema `upto` (the newest), or leave it as it was.

    Raises Unavailable if it is another program's, or needs a newer version than this.
    """
    known = scripts(schema.dialect)
    target = len(known) if upto is None else upto
    while _usable(schema, len(known)).number < target:
        with schema.alone():
            # Read again where nobody else can write: two servers may open it at once.
            standing = _usable(schema, len(known))
            if standing.number < target:
                schema.apply(known[standing.number], _after(standing, known[standing.number]))


def _after(standing: Standing, script: str) -> Standing:
    number = standing.number + 1
    return Standing(number=number, least=standing.least if GO_ON in script else number)


def _usable(schema: Schema, known: int) -> Standing:
    standing = schema.standing()
    if standing.least > known:
        raise Unavailable(
            f"store {schema.name}: its schema is number {standing.number}, and this version of "
            f"phasegate knows {known}. Start the version that wrote it, or a later one. "
            "[store-newer]"
        )
    return standing
