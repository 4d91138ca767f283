"""Events that accuse nobody whom this server knows: they may be sentinels all the same.

Another server may have exposed what this one hears of with its next round only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from phasegate.telemetry.observation import Observation
from phasegate.telemetry.outcomes import Outcomes
from phasegate.telemetry.watching import Watching

KEPT_S, MOST_KEPT = 15.0, 5_000
"""For how long, and how many, events are kept."""


class _Kept(NamedTuple):
    """counted: as a sentinel of nobody alone, since nobody knew the component that it names."""

    came: float
    told: Observation
    counted: bool


class Unheard:
    """Keeps such events and hears them once somebody watches for whom they accuse."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        self._kept: deque[_Kept] = deque(maxlen=MOST_KEPT)

    def keep(self, told: Observation, now: float, *, counted: bool) -> None:
        """Keep an event that came now."""
        self._kept.append(_Kept(now, told, counted))

    def hear_again(self, watching: Watching, now: float) -> Iterator[Observation]:
        """Count what accuses somebody now; yield what counted for nobody at all before."""
        kept, self._kept = self._kept, deque(maxlen=MOST_KEPT)
        for each in kept:
            if now - each.came > KEPT_S:
                continue
            knows = self._outcomes.knows_accused(each.told, watching)
            if each.counted and not knows:
                self._kept.append(each)
                continue
            heard = self._outcomes.hear(each.told, watching, each.came)
            if heard and not each.counted:
                yield each.told
            if not (heard and knows):
                self._kept.append(each._replace(counted=each.counted or heard))
