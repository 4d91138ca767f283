"""Clocks that stand still until they are turned."""

from __future__ import annotations

from datetime import datetime, timedelta

from phasegate.testing.checkout import NOON


class Dial:
    """A clock that stands still until it is turned."""

    def __init__(self, now: datetime = NOON) -> None:
        """Start at noon."""
        self.now = now

    def __call__(self) -> datetime:
        """Return the time it shows."""
        return self.now

    def turn(self, span: timedelta) -> None:
        """Move it forward."""
        self.now += span


class Seconds:
    """A clock that counts seconds, as monotonic clocks do: turn it by adding to `now`."""

    def __init__(self, now: float = 100.0) -> None:
        """Start anywhere: only differences count."""
        self.now = now

    def __call__(self) -> float:
        """Return the time it shows."""
        return self.now
