"""Time that never jumps: every decision rests on it, so nobody's clock may undo or hasten one."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def utc_now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


def seconds() -> float:
    """Seconds that pass evenly, also while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SteadyClock:
    """The wall's time when the server began, and what has passed since.

    A wall clock that is set forward would end soaking early; one that is set back would hide
    evidence that came since. Neither moves this one: a server takes up a new time by a restart.
    """

    def __init__(
        self,
        wall: Callable[[], datetime] = utc_now,
        passing: Callable[[], float] = seconds,
    ) -> None:
        self._wall = wall
        self._passing = passing
        self._began = wall()
        self._began_at = passing()

    def __call__(self) -> datetime:
        """Return the time."""
        return self._began + timedelta(seconds=self._passing() - self._began_at)

    @property
    def jumped(self) -> timedelta:
        """How far the wall clock has moved away from this one."""
        return self._wall() - self()
