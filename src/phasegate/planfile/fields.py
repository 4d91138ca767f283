"""A table of a plan file while it is read: typed values out, everything odd onto the notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import TypeVar

from phasegate.planfile.nodes import Listing, Node, Scalar, Table
from phasegate.planfile.notes import Notes, Wrong

T = TypeVar("T")

SHAPES = {Scalar: "a single value", Table: "a table of names", Listing: "a list"}


@dataclass(frozen=True, kw_only=True)
class Fields:
    """One table at its path. A value that cannot be read is noted and its stand-in returned.

    Stand-ins never reach a plan in use: a note of an error keeps the plan from being returned.
    They only let the review look at the rest.
    """

    path: str
    line: int
    table: Table
    notes: Notes

    def read(self, key: str, convert: Callable[[str], T], default: T) -> T:
        """Return the converted value; the default where the key is absent."""
        node = self.table.entries.get(key)
        if node is None:
            return default
        return value(self.at(key), node, convert, default, self.notes)

    def need(self, key: str, convert: Callable[[str], T], stand_in: T) -> T:
        """Return the converted value; note it if the key is absent."""
        self.require(key)
        return self.read(key, convert, stand_in)

    def require(self, key: str) -> None:
        """Note it if the key is absent."""
        if key not in self.table.entries:
            self.notes.wrong(
                self.at(key), "key-missing", f"{key} is missing", f"Add `{key}: …`.", self.line
            )

    def fields(self, key: str) -> Fields:
        """Return the table below a key; an empty one where it is absent or something else."""
        node = self.table.entries.get(key, Table(line=self.line))
        return fields(self.at(key), node, self.notes) or Fields(
            path=self.at(key), line=self.line, table=Table(line=self.line), notes=self.notes
        )

    def tables(self, key: str) -> Iterator[Fields]:
        """Yield the tables of a table of tables, as `metrics` is."""
        below = self.fields(key)
        for name, node in below.table.entries.items():
            found = fields(below.at(name), node, self.notes)
            if found is not None:
                yield found

    def listing(self, key: str) -> Iterator[tuple[str, Node]]:
        """Yield path and node of a list's items; nothing where the key is absent."""
        node = self.table.entries.get(key)
        if node is None or (isinstance(node, Scalar) and node.empty):
            return
        if not isinstance(node, Listing):
            _misshapen(self.at(key), node, Listing, self.notes)
            return
        for number, item in enumerate(node.items):
            yield f"{self.at(key)}[{number}]", item

    def only(self, known: Mapping[str, str]) -> None:
        """Note every key that is not known here."""
        for key in self.table.entries:
            if key not in known:
                self.notes.unknown(self.at(key), self.line_of(key), "key", key, list(known))

    def refuse(self, unfit: Set[str], why: str) -> None:
        """Note every key that is legal elsewhere but says nothing here."""
        for key in self.table.entries:
            if key in unfit:
                self.notes.wrong(
                    self.at(key),
                    "key-unfit",
                    f"{key} says nothing here: {why}",
                    "Remove it, or mend what contradicts it.",
                    self.line_of(key),
                )

    def at(self, key: str) -> str:
        """Return the path of a key."""
        return f"{self.path}.{key}" if self.path else key

    def line_of(self, key: str) -> int:
        """Return the line of a key, or of the table where it is absent."""
        return self.table.key_lines.get(key, self.line)

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self.table.entries


def fields(path: str, node: Node, notes: Notes) -> Fields | None:
    """Return a node as a table at its path; None and a note if it is none."""
    if isinstance(node, Table):
        return Fields(path=path, line=node.line, table=node, notes=notes)
    _misshapen(path, node, Table, notes)
    return None


def value(path: str, node: Node, convert: Callable[[str], T], default: T, notes: Notes) -> T:
    """Return a node's converted value, or the default with a note."""
    if not isinstance(node, Scalar):
        _misshapen(path, node, Scalar, notes)
    elif node.empty:
        notes.wrong(path, "value-missing", "the value is missing", "Write it.", node.line)
    else:
        try:
            return convert(node.text)
        except Wrong as wrong:
            notes.caught(path, node.line, wrong)
    return default


def _misshapen(path: str, node: Node, wanted: type[Node], notes: Notes) -> None:
    if isinstance(node, Scalar) and node.empty:
        notes.wrong(path, "value-missing", "the value is missing", "Write it.", node.line)
        return
    notes.wrong(
        path,
        "value-shape",
        f"this is {SHAPES[type(node)]}, but {SHAPES[wanted]} belongs here",
        "See the reference of plan files for its form.",
        node.line,
    )
