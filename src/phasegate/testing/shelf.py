"""An intake for tests of receivers: it keeps what it is given and stores nothing."""

from __future__ import annotations

from collections.abc import Sequence

from phasegate.ports import Unavailable
from phasegate.telemetry.observation import Observation, Point, Rejected
from phasegate.telemetry.placing import is_skewed
from phasegate.telemetry.wanted import Wanted

NOON = 1_893_499_200
"""1 January 2030 in UTC, in Unix seconds."""


class Shelf:
    """An intake that keeps what it is given, and refuses while it is `closed`."""

    def __init__(self) -> None:
        self.taken: list[Observation] = []
        self.points: list[Point] = []
        self.closed = False
        self.wanted: Wanted | None = None
        self.now = float(NOON)

    def take(self, observations: Sequence[Observation], now: float) -> Rejected:
        """Keep observations and reject those that are too far from now."""
        if self.closed:
            raise Unavailable("the store is away [intake-full]")
        self.taken.extend(observations)
        skewed = sum(is_skewed(one.at_s, now) for one in observations)
        return Rejected(count=skewed, why="set the clocks right" if skewed else "")

    def read(self, points: Sequence[Point], now: float) -> Rejected:
        """Keep data points."""
        self.points.extend(points)
        return Rejected(count=0 if now else len(points))
