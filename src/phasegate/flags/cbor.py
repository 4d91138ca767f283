"""Deterministic CBOR (RFC 8949, section 4.2.1) of JSON values: the bytes that hashing v3 reads.

As flagd has it: a float without fraction is written as the integer it equals, any other float as
the shortest of half, single and double that keeps it, and the keys of a map in the order of their
encodings. Texts are not normalised.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping

_UNSIGNED, _NEGATIVE, _TEXT, _LIST, _MAP = 0, 1, 3, 4, 5

_LOWEST, _HIGHEST = -(2**63), 2**64 - 1
"""Integers that CBOR has without tags, as far as JSON readers keep them."""

_SHORTER = ((">e", b"\xf9"), (">f", b"\xfa"))


def _head(major: int, count: int) -> bytes:
    start = major << 5
    if count < 24:
        return bytes([start | count])
    for extra, size in enumerate((1, 2, 4, 8)):
        if count < 1 << 8 * size:
            return bytes([start | 24 + extra]) + count.to_bytes(size, "big")
    raise ValueError("too long for CBOR")


_TEXT_HEADS = tuple(_head(_TEXT, count) for count in range(256))


def cbor(value: object) -> bytes:
    """Encode a JSON value. Raises TypeError for what is no JSON, ValueError for lone surrogates."""
    if isinstance(value, str):
        return cbor_text(value)
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, Mapping):
        pairs = sorted((cbor_text(key), cbor(item)) for key, item in value.items())
        return _head(_MAP, len(pairs)) + b"".join(key + item for key, item in pairs)
    if isinstance(value, list | tuple):
        return _head(_LIST, len(value)) + b"".join(map(cbor, value))
    raise TypeError(f"{type(value).__name__} is no JSON value")


def cbor_text(text: str) -> bytes:
    """Encode a text: what almost every subject is."""
    raw = text.encode()
    count = len(raw)
    return (_TEXT_HEADS[count] if count < 256 else _head(_TEXT, count)) + raw


def pair_prefix(first: str) -> bytes:
    """Return the bytes of a list of two texts up to the second."""
    return _head(_LIST, 2) + cbor_text(first)


def _number(value: float) -> bytes:
    if isinstance(value, int) or value.is_integer():
        whole = int(value)
        if _LOWEST <= whole <= _HIGHEST:
            return _head(_NEGATIVE, -1 - whole) if whole < 0 else _head(_UNSIGNED, whole)
    return _fraction(float(value))


def _fraction(value: float) -> bytes:
    if math.isnan(value):
        return b"\xf9\x7e\x00"
    for form, mark in _SHORTER:
        try:
            packed = struct.pack(form, value)
        except OverflowError:
            continue
        if struct.unpack(form, packed)[0] == value:
            return mark + packed
    return b"\xfb" + struct.pack(">d", value)
