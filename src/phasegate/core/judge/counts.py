"""Counts of one series of one trial, by arm: over the trial, of late, and of the open block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from phasegate.core.evidence import Tally

FADE = 0.8
"""What is left, one block later, of the weight of an observation in the recent counts."""


class Part(NamedTuple):
    """What a tally of a mean or of a rate counts as: shares of badness, which need be no whole."""

    seen: int
    bad: float
    subjects: int
    subjects_bad: float
    at_risk: int
    newly_bad: float
    again_bad: int


@dataclass(slots=True)
class Counts:
    """Running sums of one arm. The recent ones fade block by block."""

    seen: int = 0
    bad: float = 0
    subjects: int = 0
    subjects_bad: float = 0
    newly_bad: float = 0
    recent_seen: float = 0.0
    recent_bad: float = 0.0

    def add(self, tally: Tally | Part) -> None:
        """Add one tally of this arm, or what a mean or a rate makes of it."""
        self.seen += tally.seen
        self.bad += tally.bad
        self.subjects += tally.subjects
        self.subjects_bad += tally.subjects_bad
        self.newly_bad += tally.newly_bad
        self.recent_seen += tally.seen
        self.recent_bad += tally.bad

    def fade(self, ticks: int) -> None:
        """Let the recent counts lose weight."""
        kept = FADE**ticks
        self.recent_seen *= kept
        self.recent_bad *= kept

    @property
    def share(self) -> float:
        """Bad share of everything seen; 0 before anything was."""
        return self.bad / self.seen if self.seen else 0.0

    @property
    def recent_share(self) -> float:
        """Bad share of the latest blocks; 0 before anything was seen."""
        return self.recent_bad / self.recent_seen if self.recent_seen > 0 else 0.0


class Arms(NamedTuple):
    """Both arms of a trial; read only."""

    treated: Counts
    control: Counts


@dataclass(slots=True)
class Block:
    """What a stretch of time brought, by arm: subjects at risk, newly bad, and bad again."""

    treated: int = 0
    treated_bad: float = 0
    control: int = 0
    control_bad: float = 0
    treated_again: int = 0
    control_again: int = 0

    def add(self, tally: Tally | Part, *, treatment: bool) -> None:
        """Add one tally."""
        if treatment:
            self.treated += tally.at_risk
            self.treated_bad += tally.newly_bad
            self.treated_again += tally.again_bad
        else:
            self.control += tally.at_risk
            self.control_bad += tally.newly_bad
            self.control_again += tally.again_bad

    @property
    def empty(self) -> bool:
        """Say whether it holds nothing."""
        return not (
            self.treated
            or self.control
            or self.treated_bad
            or self.control_bad
            or self.treated_again
            or self.control_again
        )

    @property
    def at_risk(self) -> int:
        """Subjects at risk in both arms."""
        return self.treated + self.control

    @property
    def newly_bad(self) -> float:
        """Newly bad subjects in both arms."""
        return self.treated_bad + self.control_bad

    @property
    def not_bad(self) -> float:
        """Subjects at risk who did not turn bad; one who was at risk before is none of them."""
        return max(0.0, self.at_risk - self.newly_bad)

    @property
    def worth_a_look(self) -> bool:
        """Say whether the comparison with control can have grown: only treated harm raises it."""
        return self.treated_bad > 0 or self.treated_again > 0
