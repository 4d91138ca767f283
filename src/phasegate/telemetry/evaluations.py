"""Events of spans out of their bytes: of what comes again and again, only the new is read.

A flag's evaluations are told in the same bytes every time, but for the moment and the subject. Both
are cut out; the rest is read once and remembered. That is sound since protobuf messages are their
fields one behind the other: where the bytes before the subject are whole fields, the subject's is
one as well, and what is behind it are the next.
"""

from __future__ import annotations

from functools import lru_cache

from google.protobuf.message import DecodeError

from phasegate.telemetry.exposing import SUBJECT, TOLD, evaluated
from phasegate.telemetry.lens import Event
from phasegate.telemetry.observation import EXPOSURE_EVENT, Exposure
from phasegate.telemetry.records import SpanEvent
from phasegate.telemetry.values import chosen, scalars, text

AT, AT_ENDS = 0x09, 9
"""How the moment begins, field 1, and where it ends: exporters write fields in their order."""

ATTRIBUTE, KEY, VALUE = 0x1A, 0x0A, 0x12
"""How an attribute of an event begins, and its key and its value."""

MARK = bytes((KEY, len(SUBJECT))) + SUBJECT.encode() + bytes((VALUE,))
"""How an attribute that tells a subject goes on behind its length."""

LONG = 0x80
"""A length from here on has more than one byte."""

MOST_REMEMBERED = 4096
MOST_BYTES = 1024
"""Of one event, to be remembered."""

_new = tuple.__new__


def read(event: bytes) -> Exposure | SpanEvent | None:
    """Return the evaluation that an event tells, or else the event; None: one that tells nothing.

    Raises DecodeError or UnicodeDecodeError for bytes that are no event.
    """
    before, mark, rest = event.rpartition(MARK)
    if not mark or not rest or event[0] != AT or len(event) > MOST_BYTES:
        return _read(event)
    size = rest[0]
    told = _told(before[AT_ENDS:], rest[size + 1 :])
    if told is None or told[0] != size or size >= len(rest):
        return _read(event)
    # Made for every evaluation, so not by name, which would take four times as long.
    return _new(Exposure, (told[1], told[2], text(rest[1 : size + 1]), told[3]))


@lru_cache(MOST_REMEMBERED)
def _told(before: bytes, behind: bytes) -> tuple[int, str, str, str | None] | None:
    """Return the size of the subject's value, the flag, the variant and the flag set.

    None where the event has to be read as a whole. Before end the first bytes of the attribute.
    """
    size = before[-1] - len(MARK) - 1 if before else -1
    if size < 0 or before[-1] >= LONG or before[-2:-1] != bytes((ATTRIBUTE,)):
        return None
    try:
        Event.FromString(before[:-2])
        event = Event.FromString(before[:-2] + behind)
    except DecodeError:
        return None
    if event.name != EXPOSURE_EVENT or SUBJECT in event.attributes:
        return None
    told = evaluated(chosen(event.attributes, TOLD))
    return told and (size, told.flag, told.variant, told.flag_set)


def _read(event: bytes) -> Exposure | SpanEvent | None:
    read = Event.FromString(event)
    if read.name == EXPOSURE_EVENT:
        return evaluated(chosen(read.attributes, TOLD))
    return SpanEvent(read.name, read.at_ns, scalars(read.attributes))
