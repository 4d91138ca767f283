"""A store's content as one file: JSON lines under gzip, that says itself whether it is whole.

The first line says what it is, how far the rows were numbered, and how many there are of what.
Then each table: a line with its name and columns, and a line for each row. The last line has the
SHA-256 of all lines before it. Nothing in it is of one kind of database.
"""

from __future__ import annotations

import base64
import errno
import gzip
import hashlib
import json
import os
import secrets
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO  # a database's columns have the types of the database

from phasegate.adapters.stores.rows import Row

FORMAT = 1
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LEVEL = 4

Line = dict[str, Any]


class Unreadable(Exception):
    """The file is no backup, not whole, or of a later version."""


class Unwritable(Exception):
    """The file cannot be written; whatever was begun is gone."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """What a backup says of itself first.

    made_at   when it was read, ISO 8601. origin: the kind of store it is of.
    last_row  the highest number that a tally was ever given.
    rows      how many there are, by table.
    """

    made_at: str
    origin: str
    last_row: int
    rows: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One table of a backup; its rows must be taken before the next part is."""

    table: str
    columns: tuple[str, ...]
    rows: Iterator[Row]


Write = Callable[[str, Sequence[str], Iterator[Row]], None]


@contextmanager
def writing(path: Path, head: Head) -> Iterator[Write]:
    """Lend a function that writes a table; the file is there, whole, at the end, or not at all.

    Raises Unwritable. A file of that name is not replaced.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        if path.exists():
            raise Unwritable(f"{path} is there already. Name another file. [backup-exists]")
        try:
            with _opened(part) as raw:
                lines = _Lines(raw)
                lines.put({"phasegate": "backup", "format": FORMAT, **asdict(head)})
                yield lines.table
                lines.end()
                raw.flush()
                os.fsync(raw.fileno())
            # A link, since a rename would replace what somebody else put there meanwhile.
            os.link(part, path)
        finally:
            part.unlink(missing_ok=True)
        _keep(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error


class _Lines:
    """Lines under gzip, with a digest of what was written."""

    def __init__(self, raw: BinaryIO) -> None:
        self._file = gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=LEVEL, mtime=0)
        self._digest = hashlib.sha256()

    def put(self, content: object) -> None:
        """Write one line."""
        line = json.dumps(content, separators=(",", ":"), default=_of_bytes).encode() + b"\n"
        self._digest.update(line)
        self._file.write(line)

    def table(self, name: str, columns: Sequence[str], rows: Iterator[Row]) -> None:
        """Write one table."""
        self.put({"table": name, "columns": list(columns)})
        for row in rows:
            self.put(list(row))

    def end(self) -> None:
        """Write the digest and close what lies under it."""
        self.put({"end": self._digest.hexdigest()})
        self._file.close()


@contextmanager
def reading(path: Path) -> Iterator[tuple[Head, Iterator[Part]]]:
    """Lend a backup's head and its tables. Raises Unreadable, at the latest behind the last row."""
    try:
        with gzip.open(path, "rb") as file:
            lines = _read(path, file)
            yield _head(path, next(lines, None)), _parts(path, lines)
    except FileNotFoundError as error:
        raise Unreadable(f"there is no file {path}. Name a backup. [backup-missing]") from error
    except gzip.BadGzipFile as error:
        raise _no_backup(path) from error
    except (OSError, EOFError, zlib.error) as error:
        why = f"{path} cannot be read to its end ({error or type(error).__name__})"
        raise Unreadable(f"{why}. Take another backup. [backup-damaged]") from error


def _read(path: Path, file: gzip.GzipFile) -> Iterator[Any]:
    """Yield what each line holds, but the last one, which must prove those before it."""
    digest = hashlib.sha256()
    for line in file:
        try:
            content = json.loads(line, object_hook=_bytes_of)
        except ValueError as error:
            raise _no_backup(path) from error
        if isinstance(content, dict) and "end" in content:
            if content["end"] != digest.hexdigest() or file.read(1):
                raise _broken(path, "its digest does not fit its content")
            return
        digest.update(line)
        yield content
    raise _broken(path, "its end is missing")


def _head(path: Path, line: object) -> Head:
    if not isinstance(line, dict) or line.get("phasegate") != "backup":
        raise _no_backup(path)
    if line["format"] != FORMAT:
        raise Unreadable(
            f"{path} has format {line['format']}, and this version knows {FORMAT}. "
            "Use the version that wrote it, or a later one. [backup-newer]"
        )
    names = ("made_at", "origin", "last_row", "rows")
    return Head(**{name: line[name] for name in names})


def _parts(path: Path, lines: Iterator[Any]) -> Iterator[Part]:
    rows = _Rows(path, lines)
    while (opening := rows.opening) is not None:
        yield Part(table=opening["table"], columns=tuple(opening["columns"]), rows=rows.take())
        if rows.opening is opening:
            raise AssertionError(f"the rows of {opening['table']} were not taken")


class _Rows:
    """Cuts lines into tables, each of which begins with an object."""

    def __init__(self, path: Path, lines: Iterator[Any]) -> None:
        self._path = path
        self._lines = lines
        self.opening: Line | None = next(lines, None)

    def take(self) -> Iterator[Row]:
        """Yield the rows up to the next table."""
        for content in self._lines:
            if isinstance(content, dict):
                self.opening = content
                return
            yield content
        self.opening = None


def _opened(part: Path) -> BinaryIO:
    # For its owner alone: it holds the key under which subjects are hashed.
    return os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")


def _keep(folder: Path) -> None:
    """See to it that a new name outlives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _of_bytes(value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return {"b64": base64.b64encode(bytes(value)).decode()}
    raise TypeError(f"a column holds {type(value).__name__}")


def _bytes_of(line: Line) -> object:
    return base64.b64decode(line["b64"]) if line.keys() == {"b64"} else line


def _unwritable(path: Path, error: OSError) -> Unwritable:
    if error.errno in FULL:
        why = "the disk is full; nothing of it was kept. Make room, or name another disk"
        return Unwritable(f"{path}: {why}. [backup-disk-full]")
    why = f"{error.strerror or error}. Check the folder and its permissions"
    return Unwritable(f"{path} cannot be written: {why}. [backup-not-written]")


def _broken(path: Path, why: str) -> Unreadable:
    return Unreadable(f"{path} is damaged: {why}. Take another backup. [backup-damaged]")


def _no_backup(path: Path) -> Unreadable:
    return Unreadable(f"{path} is no backup of phasegate. Name one. [backup-unreadable]")
