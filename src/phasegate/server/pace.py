"""How often one caller may ask: a bucket of tokens each, so that none can starve the others."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import ceil

MOST_CALLERS = 10_000
"""Callers that are remembered; those that have asked nothing for long are forgotten first."""


class Pace:
    """Lets each caller ask `rate` times a second on average, and as often at once."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        """rate: requests a second, above 0."""
        self._rate = rate
        self._clock = clock
        self._callers: dict[str, tuple[float, float]] = {}

    def wait_s(self, caller: str) -> int:
        """Return 0 and count the request, or the whole seconds after which to come back."""
        now = self._clock()
        left, seen = self._callers.pop(caller, (self._most, now))
        left = min(self._most, left + (now - seen) * self._rate)
        granted = left >= 1
        if len(self._callers) >= MOST_CALLERS:
            del self._callers[next(iter(self._callers))]
        self._callers[caller] = (left - 1 if granted else left, now)
        return 0 if granted else max(1, ceil((1 - left) / self._rate))

    @property
    def _most(self) -> float:
        return max(1.0, self._rate)
