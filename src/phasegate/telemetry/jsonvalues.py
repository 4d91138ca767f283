"""Ids and numbers as OTLP writes them in JSON: hexadecimal, and 64 bits as decimal text."""

from __future__ import annotations

from phasegate.telemetry.observation import Malformed

Whole = int | str | None


def id_of(text: str | None) -> bytes:
    """Return a trace or span id as its bytes, as in protobuf. Raises Malformed."""
    try:
        return bytes.fromhex(text or "")
    except ValueError as error:
        raise Malformed("a trace or span id is not hexadecimal") from error


def nanos(value: Whole) -> int:
    """Return a moment; 0 where it was not told. Raises Malformed."""
    return 0 if value is None else whole(value, 0, 2**64)


def whole(value: int | str, least: int, beyond: int) -> int:
    """Return a whole number from `least` to below `beyond`. Raises Malformed."""
    try:
        number = int(value)
    except ValueError as error:
        raise Malformed("a 64-bit number is neither a number nor its decimal text") from error
    if not least <= number < beyond:
        raise Malformed("a 64-bit number is out of range")
    return number


def number_of(value: float | str) -> float:
    """Return a number, NaN and infinities among them. Raises Malformed."""
    try:
        return float(value)
    except ValueError as error:
        raise Malformed("a doubleValue is not a number") from error
