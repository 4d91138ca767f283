"""What a series is judged by, and what is impossible about its tallies."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from phasegate.core.evidence import Tally, Uncountable
from phasegate.core.judge import means, rates
from phasegate.core.judge.counts import Part
from phasegate.core.judge.terms import Terms

UNCOUNTABLE = {
    Uncountable.SAMPLED.value: (
        "its telemetry is sampled, so that counts are not those of the traffic; "
        "have the services under trial export every request"
    ),
}
"""What is said of a series for each Uncountable."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """What an account is judged by.

    terms     one for each share guard, in the plan's order.
    arms      what the check of the arms' size may spend; 0 where not everybody who comes is in
              the series, so that it cannot be checked.
    grace_s   how long after a new exposure the size of the arms says nothing yet.
    valued    its tallies carry sums of a measured quantity, which has a unit.
    scale     good and bad end of a mean's scale; None for all else.
    timed     it counts events in the time that subjects are present.
    ladder    series of the cuts of a quantile, which are judged together; empty for all else.
    """

    terms: tuple[Terms, ...] = ()
    block_s: int = 30
    arms: float = 0.0
    grace_s: int = 30
    valued: bool = False
    scale: tuple[float, float] | None = None
    timed: bool = False
    ladder: tuple[str, ...] = ()

    @property
    def graded(self) -> bool:
        """It is judged by means of values between good and bad."""
        return self.scale is not None or bool(self.ladder)

    def part(self, tally: Tally) -> Tally | Part:
        """Return what a tally counts as."""
        if self.scale is not None:
            return means.part(tally, self.scale)
        if self.ladder:
            return means.rung(tally, self.ladder)
        return rates.part(tally) if self.timed else tally

    def fault(self, tally: Tally) -> str:
        """Say what is impossible about a tally of this series; empty if nothing is."""
        wrong = fault(tally)
        return wrong or (means.fault(tally, self.scale) if self.scale is not None else "")


def fault(tally: Tally) -> str:
    """Say what is impossible about a tally, with its writer and sequence; empty if nothing is.

    A subject who was at risk in one second may turn bad in another, so within one tally there may
    be more newly bad than at risk. A tally of what could not be counted says why, as far as this
    version knows the reason.
    """
    if tally.seen < 0 and tally.bad in UNCOUNTABLE:
        return UNCOUNTABLE[tally.bad]
    if tally.bucket < 0:
        return f"writer {tally.writer}, sequence {tally.sequence} tells a time before all time"
    if (
        0 <= tally.subjects_bad <= tally.subjects <= tally.seen
        and tally.newly_bad >= 0
        and tally.again_bad >= 0
        and tally.subjects_bad <= tally.bad <= tally.seen
        and tally.newly_bad + tally.again_bad <= tally.bad
        and 0 <= tally.at_risk <= tally.seen
        and isfinite(tally.total)
    ):
        return ""
    return (
        f"writer {tally.writer}, sequence {tally.sequence} counts what cannot be: "
        f"{tally.bad} bad of {tally.seen} seen, {tally.subjects_bad} of {tally.subjects} subjects, "
        f"{tally.newly_bad} newly bad and {tally.again_bad} again, {tally.at_risk} at risk"
    )
