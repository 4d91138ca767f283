"""Old tallies as one value: every row of a stretch of time, to the last bit, in a few bytes each.

A pack is JSON under zlib, so that it can be read when this program is long gone: a list of who was
counted, then one list per column, numbers that grow told as differences.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any  # a database's columns have the types of the database

from phasegate.adapters.stores.rows import TALLY, Row
from phasegate.ports import Unavailable

KEY = ("phase", "component", "attempt", "series", "arm", "writer")
"""Columns that name whose counts a row holds: few different ones, which come again and again."""

COUNTS = tuple(name for name in TALLY if name not in {*KEY, "run", "ripe_ms", "bucket", "sequence"})
"""All other columns, as they are: what a tally gets one day is packed as well."""

COLUMNS = ("row", *TALLY)
PLACE = {name: number for number, name in enumerate(COLUMNS)}


@dataclass(frozen=True, kw_only=True)
class Pack:
    """Tallies of one run in folding order, and what must be known without looking inside.

    writers  (writer, lowest sequence, highest) of everybody who wrote one of them.
    digest   SHA-256 of the unpacked content.
    """

    run: str
    tallies: int
    first: tuple[int, int]
    last: tuple[int, int]
    writers: tuple[tuple[str, int, int], ...]
    digest: str
    content: bytes


def pack(run: str, rows: Sequence[Row]) -> Pack:
    """Pack rows of one run, which are (row number, *TALLY) in folding order; at least one."""
    columns = list(zip(*rows, strict=True))
    text = _text(columns)
    content = zlib.compress(text, 9)
    made = Pack(
        run=run,
        tallies=len(rows),
        first=_position(rows[0]),
        last=_position(rows[-1]),
        writers=writers_of(rows),
        digest=_digest(run, text),
        content=content,
    )
    # What is packed is deleted next: it must come back as it was, whatever a database put in it.
    if _text(list(zip(*unpack(run, made.content, made.digest), strict=True))) != text:
        raise AssertionError(f"tallies of {run} do not come back from a pack as they were")
    return made


def unpack(run: str, content: bytes, digest: str) -> list[Row]:
    """Return the rows of a pack as they were. Raises Unavailable if it is damaged."""
    try:
        text = zlib.decompress(content)
    except zlib.error as error:
        raise _damaged(run) from error
    if _digest(run, text) != digest:
        raise _damaged(run)
    return _rows(run, json.loads(text))


def sequences(rows: Iterable[Row]) -> set[tuple[str, int]]:
    """Return (writer, sequence) of each row."""
    return {(row[PLACE["writer"]], row[PLACE["sequence"]]) for row in rows}


def writers_of(rows: Iterable[Row]) -> tuple[tuple[str, int, int], ...]:
    """Return (writer, lowest sequence, highest) of everybody who wrote one of these rows."""
    found: dict[str, list[int]] = {}
    for writer, number in sequences(rows):
        found.setdefault(writer, []).append(number)
    return tuple((writer, min(own), max(own)) for writer, own in sorted(found.items()))


def _text(columns: Sequence[Sequence[Any]]) -> bytes:
    named = dict(zip(COLUMNS, columns, strict=True))
    keys = list(zip(*(named[name] for name in KEY), strict=True))
    known = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    late = [
        ripe_ms // 1000 - bucket
        for ripe_ms, bucket in zip(named["ripe_ms"], named["bucket"], strict=True)
    ]
    told = {
        "keys": list(known),
        "key": [known[key] for key in keys],
        "ripe_ms": _steps(named["ripe_ms"]),
        "row": _steps(named["row"]),
        "late": late,
        "sequence": _steps(named["sequence"]),
        **{name: named[name] for name in COUNTS},
    }
    lines = (
        f'"{name}":{json.dumps(values, separators=(",", ":"))}' for name, values in told.items()
    )
    return ("{" + ",\n".join(lines) + "}").encode()


def _rows(run: str, told: dict[str, Any]) -> list[Row]:
    ripe_ms = list(accumulate(told["ripe_ms"]))
    keys = [told["keys"][number] for number in told["key"]]
    named: dict[str, Iterable[Any]] = {
        "row": accumulate(told["row"]),
        "ripe_ms": ripe_ms,
        "run": [run] * len(ripe_ms),
        "bucket": [ms // 1000 - late for ms, late in zip(ripe_ms, told["late"], strict=True)],
        "sequence": accumulate(told["sequence"]),
        **{name: [key[place] for key in keys] for place, name in enumerate(KEY)},
        **{name: told[name] for name in COUNTS},
    }
    return list(zip(*(named[name] for name in COLUMNS), strict=True))


def _steps(numbers: Sequence[int]) -> list[int]:
    return [numbers[0], *(after - before for before, after in pairwise(numbers))]


def _position(row: Row) -> tuple[int, int]:
    return int(row[PLACE["ripe_ms"]]), int(row[PLACE["row"]])


def _digest(run: str, text: bytes) -> str:
    return hashlib.sha256(run.encode() + b"\n" + text).hexdigest()


def _damaged(run: str) -> Unavailable:
    return Unavailable(
        f"packed evidence of run {run} is damaged. Restore the store from a backup. "
        "[evidence-damaged]"
    )
