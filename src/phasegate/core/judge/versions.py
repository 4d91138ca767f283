"""Which version of each method judges now. A decision's event records them, and replay compares.

Whoever changes what a method says of the same tallies raises its number here: the test of
`tests/vectors/judge.json` fails until then.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

METHODS: Mapping[str, int] = MappingProxyType(
    {
        "relative": 4,
        "repeat": 3,
        "absolute": 2,
        "system": 2,
        "means": 4,
        "rates": 1,
        "arms": 3,
        "shown": 2,
        "cases": 2,
        "level": 1,
        "sentinel": 1,
        "steps": 1,
    }
)


def changed(recorded: Mapping[str, object]) -> tuple[str, ...]:
    """Name in plain words every method that has another version now than was recorded."""
    return tuple(
        f"{name} was judged by version {recorded.get(name, 'none')}, now by {now}"
        for name, now in METHODS.items()
        if recorded.get(name) != now
    )


EARLIER = 3
"""The version of `relative` from which on late evidence is compared under the exposure of its time.

What was exposed under one before is judged as it was then, so that its replay agrees.
"""


AGING = 1
"""The version of `steps` from which on what was proven before a phase grows old."""


def knows_earlier(body: Mapping[str, object]) -> bool:
    """Say whether an event is of a version that compares late evidence under earlier exposures."""
    return _knows(body, "relative", EARLIER)


def knows_aging(body: Mapping[str, object]) -> bool:
    """Say whether an event is of a version to which what was proven before a phase grows old."""
    return _knows(body, "steps", AGING)


def _knows(body: Mapping[str, object], method: str, least: int) -> bool:
    methods = body.get("methods")
    version = methods.get(method) if isinstance(methods, Mapping) else None
    return isinstance(version, int) and version >= least
