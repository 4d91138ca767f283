"""`core.judge.counts` for many lanes at once."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from phasegate.core.judge.counts import FADE
from phasegate.rehearsal.wealths import Floats, Ints, Numbers


@dataclass(slots=True)
class Came:
    """What one arm brought in a stretch of time, by lane, as `core.evidence.Tally` defines it.

    Of a mean, what is bad are sums of badness, as `core.judge.means` has it, and no whole numbers.
    """

    seen: Numbers
    bad: Numbers
    subjects: Numbers
    subjects_bad: Numbers
    at_risk: Numbers
    newly_bad: Numbers
    again_bad: Numbers

    @classmethod
    def nobody(cls, lanes: int) -> Came:
        """Return what an arm brings to which nobody comes."""
        return cls(*(np.zeros(lanes) for _ in fields(cls)))

    @classmethod
    def once_each(cls, people: Numbers, bad: Numbers) -> Came:
        """Return what new subjects bring who come once, some of them to a bad observation."""
        none = np.zeros_like(people)
        return cls(people, bad, people, bad, people, bad, none)

    def add(self, other: Came) -> None:
        """Add what came in another stretch."""
        for field in fields(self):
            mine: Numbers = getattr(self, field.name)
            mine += getattr(other, field.name)

    def only(self, lanes: Ints) -> Came:
        """Return what some of the lanes brought."""
        return Came(*(getattr(self, field.name)[lanes] for field in fields(self)))


class OpenBlock:
    """What both arms brought in the open block, by lane: subjects at risk, and newly bad ones."""

    def __init__(self, lanes: int) -> None:
        self.own: tuple[Floats, Floats] = (np.zeros(lanes), np.zeros(lanes))
        self.everywhere: tuple[Floats, Floats] = (np.zeros(lanes), np.zeros(lanes))

    def add(self, treated: Came, control: Came) -> None:
        """Add what came."""
        for into, at_risk, bad in (
            (self.own, treated.at_risk, treated.newly_bad),
            (self.everywhere, treated.at_risk, treated.newly_bad),
            (self.everywhere, control.at_risk, control.newly_bad),
        ):
            np.add(into[0], at_risk, out=into[0])
            np.add(into[1], bad, out=into[1])

    def keep(self, lanes: Ints) -> None:
        """Forget all other lanes."""
        self.own = (self.own[0][lanes], self.own[1][lanes])
        self.everywhere = (self.everywhere[0][lanes], self.everywhere[1][lanes])


class Sums:
    """Running sums of one arm, by lane. The recent ones fade block by block."""

    def __init__(self, lanes: int) -> None:
        self.seen: Floats = np.zeros(lanes)
        self.bad: Floats = np.zeros(lanes)
        self.recent_seen: Floats = np.zeros(lanes)
        self.recent_bad: Floats = np.zeros(lanes)

    def add(self, came: Came) -> None:
        """Add what came."""
        self.seen += came.seen
        self.bad += came.bad
        self.recent_seen += came.seen
        self.recent_bad += came.bad

    def fade(self, ticks: int) -> None:
        """Let the recent counts lose weight."""
        self.recent_seen *= FADE**ticks
        self.recent_bad *= FADE**ticks

    def keep(self, lanes: Ints) -> None:
        """Forget all other lanes."""
        self.seen, self.bad = self.seen[lanes], self.bad[lanes]
        self.recent_seen, self.recent_bad = self.recent_seen[lanes], self.recent_bad[lanes]

    @property
    def share(self) -> Floats:
        """Bad share of everything seen; 0 before anything was."""
        return _share(self.bad, self.seen)

    @property
    def recent_share(self) -> Floats:
        """Bad share of the latest blocks; 0 before anything was seen."""
        return _share(self.recent_bad, self.recent_seen)


def _share(bad: Numbers, of: Numbers) -> Floats:
    shares: Floats = np.divide(bad, of, out=np.zeros(len(of)), where=of > 0)
    return shares
