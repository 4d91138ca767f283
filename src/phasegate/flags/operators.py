"""JsonLogic at evaluation time: the fixed functions that compiled rules call, after JavaScript.

None of them raises for JSON values, and text is only ever compared, never run.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping, Sequence

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def truthy(value: object) -> bool:
    """Say whether JsonLogic takes a value for true: an empty object is, an empty list is not."""
    return bool(value) or isinstance(value, Mapping)


def number(value: object) -> int | float:
    """Convert as JavaScript's Number does; NaN for what is no number."""
    if isinstance(value, int | float):
        return value
    if value is None:
        return 0
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return 0
        return float(text) if _DECIMAL.fullmatch(text) else math.nan
    return math.nan


def equal(left: object, right: object) -> bool:
    """Compare as `==` of JavaScript does: numbers and their texts are equal, null is alone."""
    if left is None or right is None:
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if isinstance(left, str | int | float) and isinstance(right, str | int | float):
        return number(left) == number(right)
    return left == right


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
        return text(needle) in haystack
    if isinstance(haystack, list | tuple):
        return any(same(needle, item) for item in haystack)
    return False


def text(value: object) -> str:
    """Write a value as `cat` does: null is empty, whole numbers have no point."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    if isinstance(value, list | tuple):
        return ",".join(text(item) for item in value)
    return str(value)


def dig(data: object, path: Sequence[str], missing: object) -> object:
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
