"""Levels of the environment as their own metrics tell them: the newest point of every series.

A gauge, and a sum that may fall, are read as they are; a sum that only grows is read as its growth
per second. Where several series answer, the plan says which of them counts; a plan that does not
gets no reading, rather than one that was made up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from math import isfinite

from phasegate.core.across import across
from phasegate.core.evidence import ENVIRONMENT, Arm, Tally
from phasegate.core.watch import Attributes, Series, holds
from phasegate.telemetry.observation import Point

STALE_S = 150.0
"""How long a series counts without a new point: SDKs send one each minute unless told otherwise."""

MOST_SERIES = 1000
"""Series of one level; more come from an attribute that differs with every point."""

Of = bytes
"""Stands for the attributes of one series, which may be large and are kept nowhere."""


@dataclass(frozen=True, kw_only=True)
class LevelKey:
    """Which run's phase reads which level."""

    run: str
    phase: str
    series: str


@dataclass(slots=True)
class _Seen:
    """Of one series: its reading, and the point it came from; value None: no reading yet."""

    point: Point
    value: float | None


@dataclass(slots=True)
class Level:
    """One level of one phase, with the newest reading of each of its series.

    since  Unix time when the phase's exposure began; readings from before are none of its own.
    """

    key: LevelKey
    series: Series
    since: float = 0.0
    _seen: dict[Of, _Seen] = field(default_factory=dict)
    _read_at: float | None = None

    def take(self, point: Point) -> None:
        """Take a point in, if it belongs."""
        where = self.series.metric.where
        if not isfinite(point.value) or (where and not holds(where, point.attributes)):
            return
        of = _digest(point.attributes)
        before = self._seen.get(of)
        if before is not None and before.point.at_s >= point.at_s:
            return
        value = point.value if not point.rising else _per_second(point, before)
        if before is None and len(self._seen) >= MOST_SERIES:
            return
        self._seen[of] = _Seen(point._replace(attributes=_NONE), value)
        if value is not None and point.at_s >= self.since:
            self._read_at = max(point.at_s, self._read_at or 0.0)

    def drain(self, now: float, writer: str, numbers: Iterator[int]) -> Iterator[Tally]:
        """Yield the reading since the last drain, if there is one."""
        read_at, self._read_at = self._read_at, None
        self._seen = {
            of: seen for of, seen in self._seen.items() if now - seen.point.at_s <= STALE_S
        }
        own = [seen for seen in self._seen.values() if seen.point.at_s >= self.since]
        values = [seen.value for seen in own if seen.value is not None]
        if read_at is None or not values:
            return
        value = across(self.series.metric.across, values)
        if value is None:
            return
        yield Tally(
            run=self.key.run,
            phase=self.key.phase,
            component=ENVIRONMENT,
            attempt=1,
            series=self.key.series,
            arm=Arm.CONTROL,
            bucket=int(read_at),
            seen=1,
            total=value,
            writer=writer,
            sequence=next(numbers),
        )


def take(levels: Mapping[str, tuple[Level, ...]], points: Iterable[Point]) -> None:
    """Hand points to the levels of their metrics."""
    for point in points:
        for level in levels.get(point.metric, ()):
            level.take(point)


def _digest(attributes: Attributes) -> Of:
    told = repr(sorted(attributes.items())).encode("utf-8", "backslashreplace")
    return blake2b(told, digest_size=16).digest()


def _per_second(point: Point, before: _Seen | None) -> float | None:
    """Return the growth per second of a sum that only grows; None before it can be known."""
    if point.delta:
        span = point.at_s - point.start_s
        return point.value / span if span > 0 else None
    if before is None:
        return None
    span = point.at_s - before.point.at_s
    restarted = point.start_s > before.point.start_s or point.value < before.point.value
    grown = point.value if restarted else point.value - before.point.value
    return grown / span if span > 0 else None


_NONE: Attributes = {}
