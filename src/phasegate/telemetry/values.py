"""Attributes out of a map to the bytes of their AnyValues."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any  # messages of the lens have no static types

from phasegate.telemetry.lens import Value
from phasegate.telemetry.limits import MOST_TEXT
from phasegate.telemetry.observation import Scalar

STRING = 0x0A
"""How the bytes of a text begin: field 1, with a length."""

SCALARS = frozenset(("string_value", "bool_value", "int_value", "double_value"))

MOST_SHORT = 64
"""Bytes of a value that is remembered: flags, variants and status codes come again and again."""


def scalars(attributes: Any) -> dict[str, Scalar]:
    """Return all attributes that are scalars of a decent length."""
    return chosen(attributes, attributes)


def chosen(attributes: Any, names: Iterable[str]) -> dict[str, Scalar]:
    """Return the attributes of these names that are there and are scalars of a decent length."""
    found: dict[str, Scalar] = {}
    for name in names:
        if name in attributes:
            value = scalar(attributes[name])
            if value is not None:
                found[name] = value
    return found


def scalar(value: bytes) -> Scalar | None:
    """Return the value if it is a scalar of a decent length; None if it is not.

    Raises DecodeError or UnicodeDecodeError for bytes that are no AnyValue.
    """
    return _remembered(value) if len(value) <= MOST_SHORT else _read(value)


def text(value: bytes) -> str | None:
    """Return the value as text; None where it is empty or no scalar of a decent length.

    For what differs nearly every time, so that remembering it would cost and bring nothing.
    """
    if len(value) < MOST_SHORT and value[:2] == _HEADS[len(value)]:
        return value[2:].decode()
    found = _read(value)
    return None if found is None or found == "" else str(found)


_HEADS = (b"", b"", b"", *(bytes((STRING, size - 2)) for size in range(3, MOST_SHORT)))
"""How the bytes of a text begin that is all there is, by how many they are: it is not empty."""


def _read(value: bytes) -> Scalar | None:
    read = Value.FromString(value)
    kind = read.WhichOneof("value")
    if kind not in SCALARS:
        return None
    found: Scalar = getattr(read, kind)
    return found if not isinstance(found, str) or len(found) <= MOST_TEXT else None


_remembered = lru_cache(4096)(_read)
