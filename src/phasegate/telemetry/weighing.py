"""Says whether a body holds more than is read, before it is read: a few bytes can become thousands.

An empty span is two bytes on the wire and hundreds once it is read, and gzip makes a million of
them fit into nothing. All three OTLP requests are built alike: resources in field 1, within each
scopes in field 2, within each records in field 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from phasegate.telemetry.limits import MOST_FIELDS, MOST_OBJECTS, MOST_RECORDS
from phasegate.telemetry.observation import Malformed

UNWEIGHED = 128 * 1024
"""A body of so many bytes cannot do harm whatever it holds."""

LARGE = 64 * 1024
"""A record from this size on is looked into."""

RESOURCES, SCOPES, RECORDS = 0x0A, 0x12, 0x12
"""How each begins."""

LONG = 0x80
"""A number from here on has more than one byte."""

FIXED = {1: 8, 5: 4}
"""Bytes of a number, by its wire type."""


def too_many_records(body: bytes) -> bool:
    """Say whether a request in protobuf holds more than is read; raises Malformed."""
    if len(body) <= UNWEIGHED:
        return False
    try:
        return _too_many(body)
    except IndexError as error:
        raise Malformed("the body is cut off") from error


def too_many_objects(body: bytes) -> bool:
    """Say whether a request in JSON holds more than is read."""
    return body.count(b"{") > MOST_OBJECTS


def _too_many(body: bytes) -> bool:
    found = 0
    for resource in _parts(body, 0, len(body), RESOURCES):
        for scope in _parts(body, *resource, SCOPES):
            for begin, end in _parts(body, *scope, RECORDS):
                found += 1
                if found > MOST_RECORDS or (end - begin > LARGE and _is_crowded(body, begin, end)):
                    return True
            found += 1
            if found > MOST_RECORDS:
                return True
        found += 1
        if found > MOST_RECORDS:
            return True
    return False


def _is_crowded(body: bytes, begin: int, end: int) -> bool:
    fields = islice(_parts(body, begin, end, None), MOST_FIELDS + 1)
    return sum(1 for _ in fields) > MOST_FIELDS


def _parts(body: bytes, at: int, end: int, wanted: int | None) -> Iterator[tuple[int, int]]:
    """Yield where the messages that begin so are; None: where any field is."""
    while at < end:
        tag = body[at]
        at = at + 1 if tag < LONG else _behind(body, at)
        kind = tag & 7
        if kind == 2:
            size, at = body[at], at + 1
            if size >= LONG:
                size, at = _length(body, at - 1)
            if size > end - at:
                raise Malformed("a field of the body is longer than what it is in")
            if wanted is None or tag == wanted:
                yield at, at + size
            at += size
        elif kind == 0:
            at = _behind(body, at)
        elif kind in FIXED:
            at += FIXED[kind]
        else:
            raise Malformed("the body has a field of a kind that OTLP does not know")


def _length(body: bytes, at: int) -> tuple[int, int]:
    """Return a length of several bytes and the place behind it."""
    if body[at + 1] < LONG:
        return body[at] & LONG - 1 | body[at + 1] << 7, at + 2
    begin, at = at, _behind(body, at)
    return sum((body[begin + n] & 0x7F) << 7 * n for n in range(at - begin)), at


def _behind(body: bytes, at: int) -> int:
    """Return the place behind a number of any length."""
    while body[at] >= LONG:
        at += 1
    return at + 1
