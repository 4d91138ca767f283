"""What stands in an event's body, read as the type that it was written as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from phasegate.core.event import Event, Json
from phasegate.core.evidence import Position


def text_in(body: Mapping[str, Json], name: str) -> str:
    """Return a text. Raises KeyError if there is none."""
    return str(body[name])


def number_in(body: Mapping[str, Json], name: str) -> float:
    """Return a number. Raises KeyError, and ValueError for anything else."""
    value = body[name]
    if not isinstance(value, int | float):
        raise ValueError(f"{name} is no number: {value!r}")
    return value


def names_in(body: Mapping[str, Json], name: str) -> tuple[str, ...]:
    """Return a list of names. Raises KeyError if there is none."""
    return tuple(str(item) for item in cast("list[Json]", body[name]))


def evidence_position(event: Event) -> Position | None:
    """Return how far evidence had been judged when the engine decided; None for people's events."""
    at = event.body.get("evidence")
    if not isinstance(at, list):
        return None
    ripe_ms, row = cast("list[int]", at)
    return Position(ripe_ms=ripe_ms, row=row)
