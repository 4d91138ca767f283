"""Which version of each method judges now. A decision's event records them, and replay compares.

Whoever changes what a method says of the same tallies raises its number here: the test of
`tests/vectors/judge.json` fails until then.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

METHODS: Mapping[str, int] = MappingProxyType(
    {
        "relative": 2,
        "repeat": 1,
        "absolute": 2,
        "system": 2,
        "means": 3,
        "rates": 1,
        "arms": 1,
        "shown": 1,
        "cases": 1,
        "level": 1,
        "sentinel": 1,
    }
)


def changed(recorded: Mapping[str, object]) -> tuple[str, ...]:
    """Name in plain words every method that has another version now than was recorded."""
    return tuple(
        f"{name} was judged by version {recorded.get(name, 'none')}, now by {now}"
        for name, now in METHODS.items()
        if recorded.get(name) != now
    )
