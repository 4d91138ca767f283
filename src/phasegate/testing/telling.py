"""What applications tell in stories, and the tallies that come of it."""

from __future__ import annotations

from phasegate.core.evidence import Tally
from phasegate.core.watch import Series, Watch
from phasegate.telemetry.observation import Exposure, Observation
from phasegate.telemetry.tallying import Tallier
from phasegate.testing.checkout import NOON

NOON_S = NOON.timestamp()
KEY = b"k" * 16
"""Under which subjects are hashed."""


def watch(
    *series: Series, component: str = "cart", run: str = "checkout-1", attempt: int = 1
) -> Watch:
    """Watch a component for these series; its flag has its name."""
    return Watch(
        run=run,
        phase="alpha",
        component=component,
        flag=component,
        attempt=attempt,
        series=series,
        block=30,
    )


def request(
    subject: str | None = "patient-1",
    variant: str = "on",
    at_s: float = NOON_S,
    flags: tuple[str, ...] = ("cart",),
    **attributes: object,
) -> Observation:
    """Return a request that met flags, all in one variant."""
    return Observation(
        event=None,
        subject=subject,
        attributes={"error": False, "duration": 100.0, **attributes},
        exposures=tuple(Exposure(flag=flag, variant=variant, subject=subject) for flag in flags),
        at_s=at_s,
    )


def exposed(
    subject: str, variant: str = "on", at_s: float = NOON_S, flag: str = "cart"
) -> Observation:
    """Return an exposure that is told by itself."""
    return Observation(
        event="feature_flag.evaluation",
        subject=subject,
        attributes={},
        exposures=(Exposure(flag=flag, variant=variant, subject=subject),),
        at_s=at_s,
    )


def rated(subject: str | None, rating: int, at_s: float = NOON_S) -> Observation:
    """Return a rating."""
    return Observation(event="rated", subject=subject, attributes={"rating": rating}, at_s=at_s)


def critical(subject: str | None = None, at_s: float = NOON_S, **attributes: object) -> Observation:
    """Return a sentinel's event."""
    return Observation(event="safety.critical", subject=subject, attributes=attributes, at_s=at_s)


def tallier(*watches: Watch) -> Tallier:
    """Return a tallier that looks for what is watched."""
    made = Tallier("server-1", KEY)
    made.watch(watches)
    return made


def tallies(made: Tallier, now: float = NOON_S) -> list[Tally]:
    """Flush, and return the tallies."""
    return [tally for tally, _ in made.flush(now).tallies]


def counts(tally: Tally) -> dict[str, float]:
    """Return the counts of a tally that are not zero."""
    names = ("seen", "bad", "subjects", "subjects_bad", "at_risk", "newly_bad", "again_bad")
    return {name: getattr(tally, name) for name in names if getattr(tally, name)}
