"""A flag's value read as the type that was asked for: a number only where nothing is lost."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, TypeAlias

from phasegate.flags.source import SAFE_INTEGER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    # The typed client does without the SDK, which is most of what an application would load.
    from openfeature.flag_evaluation import FlagValueType

    Structure: TypeAlias = Sequence[FlagValueType] | Mapping[str, FlagValueType]


def boolean(value: object) -> bool:
    """Return a boolean. Raises TypeError."""
    if isinstance(value, bool):
        return value
    raise TypeError


def string(value: object) -> str:
    """Return a text. Raises TypeError."""
    if isinstance(value, str):
        return value
    raise TypeError


def integer(value: object) -> int:
    """Return a whole number: 10.0 is 10, 3.14 is none. Raises TypeError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= SAFE_INTEGER:
        return int(value)
    raise TypeError


def number(value: object) -> float:
    """Return a number. Raises TypeError."""
    if isinstance(value, float):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= SAFE_INTEGER:
        return float(value)
    raise TypeError


def structure(value: object) -> Structure:
    """Return a structure that is the caller's own. Raises TypeError."""
    if isinstance(value, dict | list):
        return copy.deepcopy(value)
    raise TypeError
