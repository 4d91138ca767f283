"""How far a trial was exposed at an earlier moment: what ripens late is of that time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A time during which a trial's exposure stood still, and which is over.

    exposure  in basis points.   until: Unix time at which the next exposure was asked for.
    """

    exposure: int
    until: float


def in_force(earlier: Sequence[Stretch], now: int, first: float, last: float) -> int:
    """Return the highest exposure that was in force between two moments.

    earlier  oldest first; after them, `now` is in force.

    The highest makes the comparison with control mildest: where nobody can say which of two
    exposures an observation was made under, it is no proof of harm under the other.
    """
    if not earlier or first >= earlier[-1].until:
        return now
    begins = (float("-inf"), *(stretch.until for stretch in earlier))
    touched = [
        stretch.exposure
        for begin, stretch in zip(begins, earlier, strict=False)
        if stretch.until > first and begin <= last
    ]
    return max([*touched, now] if last >= earlier[-1].until else touched)
