"""YAML text to a tree of texts that know their line; nothing is guessed to be a number or a date.

Events are read instead of composed nodes: deep nesting then costs no recursion, and aliases,
which can make a small text endless, are refused where they stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from phasegate.planfile.notes import Notes

DEEPEST = 12
"""Levels of nesting; a plan needs six."""

# libyaml reads five times faster than pure Python; both give the same events.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scalar:
    """One value as written. quoted tells `""` from nothing at all."""

    text: str
    line: int
    quoted: bool

    @property
    def empty(self) -> bool:
        """Whether the author left the value out."""
        return not self.quoted and self.text in ("", "~", "null")


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Names with values, in the order of the file."""

    line: int
    entries: dict[str, Node] = field(default_factory=dict)
    key_lines: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """Values in order."""

    line: int
    items: list[Node] = field(default_factory=list)


Node = Scalar | Table | Listing


class Unreadable(Exception):
    """The text is not YAML as plans use it; a note says why."""


def read(text: str, notes: Notes, loader: type[yaml.SafeLoader] = LOADER) -> Node | None:
    """Return the text's tree; None if there is none, and then a note says why."""
    try:
        return _Builder(notes).build(yaml.parse(text, Loader=loader))
    except Unreadable:
        return None
    except yaml.YAMLError as error:
        line = _line(error)
        remedy = _remedy(error, text.splitlines()[line - 1 : line])
        notes.wrong("", "yaml-broken", _why(error), remedy, line=line)
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, text.find(error.object[error.start])) + 1
        message = "this is not YAML: it has half a character"
        notes.wrong("", "yaml-broken", message, "Save the file as UTF-8.", line=line)
    except (ValueError, OverflowError):
        # PyYAML without libyaml lets the errors of chr() and int() through.
        message = "this is not YAML: it has an escape or a directive that means nothing"
        notes.wrong("", "yaml-broken", message, "Look for backslashes and %.", line=1)
    return None


def lines(node: Node, path: str = "") -> Iterator[tuple[str, int]]:
    """Yield the path and the line of every value below a node."""
    if isinstance(node, Table):
        for key, below in node.entries.items():
            name = f"{path}.{key}" if path else key
            yield name, node.key_lines[key]
            yield from lines(below, name)
    elif isinstance(node, Listing):
        for number, below in enumerate(node.items):
            yield f"{path}[{number}]", below.line
            yield from lines(below, f"{path}[{number}]")


def line_of(path: str, known: Mapping[str, int]) -> int:
    """Return the line of a path, or of the nearest path above it that the file has."""
    while path and path not in known:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return known.get(path, 1)


class _Builder:
    """Builds the tree from events, with a stack instead of recursion."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.root: Node | None = None
        self.documents = 0
        self.open: list[Table | Listing] = []
        self.keys: list[str | None] = []
        self.paths: list[str] = []

    def build(self, events: Iterator[yaml.Event]) -> Node | None:
        for event in events:
            self._take(event, event.start_mark.line + 1 if event.start_mark else 1)
        if self.root is None or (isinstance(self.root, Scalar) and self.root.empty):
            self.notes.wrong(
                "", "plan-empty", "the file has no plan in it", "Start with `plan: name`.", line=1
            )
            return None
        return self.root

    def _take(self, event: yaml.Event, line: int) -> None:
        self._refuse_odd(event, line)
        match event:
            case yaml.ScalarEvent():
                self._scalar(event, line)
            case yaml.MappingStartEvent():
                self._begin(Table(line=line))
            case yaml.SequenceStartEvent():
                self._begin(Listing(line=line))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                for stack in (self.open, self.keys, self.paths):
                    stack.pop()

    def _refuse_odd(self, event: yaml.Event, line: int) -> None:
        """Refuse what YAML allows and plans do not: more documents, aliases, tags."""
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                remedy = "Keep one plan in a file: remove the `---`."
                self._refuse("yaml-documents", "a second document begins", remedy, line)
        if isinstance(event, yaml.AliasEvent):
            remedy = "Write it out: whoever signs a phase must see all of it there."
            self._refuse("yaml-alias", f"*{event.anchor} refers to another place", remedy, line)
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            self._refuse("yaml-tag", f"the tag {tag} means nothing here", "Remove it.", line)

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        if self.open and isinstance(self.open[-1], Table) and self.keys[-1] is None:
            self.keys[-1] = event.value
            self._note_key(self.open[-1], event.value, line)
        else:
            self._place(Scalar(text=event.value, line=line, quoted=bool(event.style)))

    def _note_key(self, table: Table, key: str, line: int) -> None:
        if key in table.key_lines:
            self.notes.wrong(
                self._path(),
                "duplicate-key",
                f"{key} is there twice, first in line {table.key_lines[key]}",
                "Keep one of the two: no reader can tell which one counts.",
                line=line,
            )
        else:
            table.key_lines[key] = line

    def _begin(self, node: Table | Listing) -> None:
        if self.open and isinstance(self.open[-1], Table) and self.keys[-1] is None:
            self._refuse(
                "value-shape",
                "a name cannot be a list or a table",
                "Quote text that starts with { or [.",
                node.line,
            )
        if len(self.open) >= DEEPEST:
            self._refuse(
                "yaml-depth", "the nesting is too deep", "A plan needs six levels.", node.line
            )
        self.paths.append(self._path())
        self._place(node)
        self.open.append(node)
        self.keys.append(None)

    def _place(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        if isinstance(parent, Listing):
            parent.items.append(node)
            return
        key = self.keys[-1]
        # The first of two equal keys stays; the second has a note of its own by now.
        parent.entries.setdefault(key or "", node)
        self.keys[-1] = None

    def _path(self) -> str:
        """Return the path of the value that comes next."""
        if not self.open:
            return ""
        parent, key, path = self.open[-1], self.keys[-1], self.paths[-1]
        if isinstance(parent, Listing):
            return f"{path}[{len(parent.items)}]"
        return ".".join(part for part in (path, key) if part)

    def _refuse(self, code: str, message: str, remedy: str, line: int) -> None:
        self.notes.wrong(self._path(), code, message, remedy, line=line)
        raise Unreadable


def _line(error: yaml.YAMLError) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return mark.line + 1 if mark else 1


def _why(error: yaml.YAMLError) -> str:
    context, problem = getattr(error, "context", None), getattr(error, "problem", None)
    said = " ".join(part for part in (context, problem) if part)
    return f"this is not YAML: {said or str(error).splitlines()[0]}"


def _remedy(error: yaml.YAMLError, lines: Sequence[str]) -> str:
    problem = str(getattr(error, "problem", ""))
    if any("\t" in line[: len(line) - len(line.lstrip())] for line in lines):
        return "A tab cannot indent in YAML: use spaces."
    if "cannot start any token" in problem:
        return 'Quote text that starts with %, @ or {, like unit: "%".'
    if "mapping values" in problem:
        return "Quote text that has a colon followed by a space."
    return "Mend the line, or the one before it: look for quotes, brackets and indentation."
