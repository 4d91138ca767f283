"""Semantic versions as targeting compares them."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

Version = tuple[int, int, int, tuple[object, ...]]
"""Major, minor, patch and pre-release; tuples order as semver 2.0 says."""

_FORM = re.compile(
    r"[vV]?(\d{1,18})(?:\.(\d{1,18}))?(?:\.(\d{1,18}))?"
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?",
    re.ASCII,
)
_RELEASED: tuple[object, ...] = (1,)


def _same_major(seen: Version, target: Version) -> bool:
    return seen[0] == target[0]


def _same_minor(seen: Version, target: Version) -> bool:
    return seen[:2] == target[:2]


RELATIONS: Mapping[str, Callable[[Version, Version], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "^": _same_major,
    "~": _same_minor,
}


def compare_versions(seen: object, relation: object, target: object) -> bool | None:
    """Say whether `seen relation target` holds; None where either is no version."""
    holds = RELATIONS.get(relation) if isinstance(relation, str) else None
    left, right = version(seen), version(target)
    if holds is None or left is None or right is None:
        return None
    return holds(left, right)


def version(value: object) -> Version | None:
    """Read a version: partial ones are padded, a leading v and build metadata do not count."""
    if isinstance(value, str):
        return parsed(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return parsed(str(value))
    return None


@lru_cache(maxsize=1024)
def parsed(text: str) -> Version | None:
    """Read a version that is a text; each text is read only once."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        return None
    major, minor, patch, pre = match.groups()
    return int(major), int(minor or 0), int(patch or 0), _pre_release(pre)


def _pre_release(text: str | None) -> tuple[object, ...]:
    if text is None:
        return _RELEASED
    parts = text.split(".")
    return (0, *((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts))
