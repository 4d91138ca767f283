"""JsonLogic at evaluation time: the fixed functions that compiled rules call, after JavaScript.

None of them raises for JSON values, and text is only ever compared, never run.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping, Sequence

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_RADIX = re.compile(r"0([xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)", re.ASCII)


def truthy(value: object) -> bool:
    """Say whether JsonLogic takes a value for true: an empty object is, an empty list is not."""
    # NaN is the one value that differs from itself; JavaScript takes it for false.
    return (bool(value) and value == value) or isinstance(value, Mapping)  # noqa: PLR0124 see above


def number(value: object) -> int | float:
    """Convert as JavaScript's Number does; NaN for what is no number."""
    if isinstance(value, int | float):
        return value
    if value is None:
        return 0
    if isinstance(value, list | tuple):
        value = text(value)
    return _read(value.strip()) if isinstance(value, str) else math.nan


def _read(text: str) -> int | float:
    if not text:
        return 0
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _RADIX.fullmatch(text):
        return int(text, 0)
    return {"Infinity": math.inf, "+Infinity": math.inf, "-Infinity": -math.inf}.get(text, math.nan)


def equal(left: object, right: object) -> bool:
    """Compare as `==` of JavaScript does: numbers and their texts are equal, null is alone.

    Lists and objects are equal by content; JavaScript asks whether they are the same thing in
    memory, which a rule over JSON cannot mean.
    """
    if left is None or right is None:
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if isinstance(left, _PLAIN) and isinstance(right, _PLAIN):
        return number(left) == number(right)
    if isinstance(left, list | tuple) and isinstance(right, _PLAIN):
        return equal(text(left), right)
    if isinstance(right, list | tuple) and isinstance(left, _PLAIN):
        return equal(left, text(right))
    return left == right


_PLAIN = (str, int, float)


def same(left: object, right: object) -> bool:
    """Compare as `===` of JavaScript does: no conversion, a boolean is no number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right


def below(left: object, right: object) -> bool:
    """Say whether left < right: texts by their letters, everything else as numbers."""
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    return number(left) < number(right)


def at_most(left: object, right: object) -> bool:
    """Say whether left <= right: texts by their letters, everything else as numbers."""
    if isinstance(left, str) and isinstance(right, str):
        return left <= right
    return number(left) <= number(right)


def contains(needle: object, haystack: object) -> bool:
    """Say whether a text is part of a text, or a value is an element of a list."""
    if isinstance(haystack, str):
        return _string(needle) in haystack
    if isinstance(haystack, list | tuple):
        return any(same(needle, item) for item in haystack)
    return False


def text(value: object) -> str:
    """Write a value as `cat` does: null is empty, numbers are as JavaScript writes them."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _digits(value)
    if isinstance(value, list | tuple):
        return ",".join(text(item) for item in value)
    return "[object Object]"


def _string(value: object) -> str:
    return "null" if value is None else text(value)


def _digits(value: float) -> str:
    """Write a number as ECMAScript does (Number::toString), from Python's shortest digits."""
    if isinstance(value, int) and abs(value) < 10**21:
        return str(value)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if not value:
        return "0"
    mantissa, _, exponent = repr(abs(float(value))).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or 0)
    digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(digits)
    digits = digits.rstrip("0")
    minus = "-" if value < 0 else ""
    if len(digits) <= point <= 21:
        return minus + digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{minus}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{minus}0.{digits.rjust(len(digits) - point, '0')}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{minus}{digits[0]}{fraction}e{point - 1:+d}"


def substring(value: object, start: object, length: object = None) -> str:
    """Return a part of a text; a negative start counts from the end, so does a negative length."""
    whole, begin = _string(value), _position(start)
    begin = max(0, len(whole) + begin) if begin < 0 else begin
    if length is None:
        return whole[begin:]
    size = _position(length)
    end = max(begin, len(whole) + size) if size < 0 else begin + size
    return whole[begin:end]


def _position(value: object) -> int:
    position = number(value)
    return int(position) if math.isfinite(position) else 0


def dig(data: object, path: Sequence[str], missing: object = None) -> object:
    """Follow a path of names and list positions; `missing` where it leads nowhere."""
    for name in path:
        if isinstance(data, Mapping):
            if name not in data:
                return missing
            data = data[name]
        elif isinstance(data, list | tuple) and name.isdecimal() and int(name) < len(data):
            data = data[int(name)]
        else:
            return missing
    return data


def look(data: object, name: object, missing: object = None) -> object:
    """Return what `var` says for a name that is computed; no name means all of the data."""
    path = text(name)
    return dig(data, path.split("."), missing) if path else data


def context(flag: str, key: str | None, attributes: Mapping[str, object]) -> dict[str, object]:
    """Return all that a rule may see, as one object."""
    return {**attributes, "targetingKey": key, "$flagd": {"flagKey": flag, "timestamp": unix()}}


def unix() -> int:
    """Return `$flagd.timestamp`: Unix seconds."""
    return int(time.time())


def starts_with(value: object, affix: object) -> bool | None:
    """Say whether a text starts so; None unless both are texts."""
    if isinstance(value, str) and isinstance(affix, str):
        return value.startswith(affix)
    return None


def ends_with(value: object, affix: object) -> bool | None:
    """Say whether a text ends so; None unless both are texts."""
    if isinstance(value, str) and isinstance(affix, str):
        return value.endswith(affix)
    return None
