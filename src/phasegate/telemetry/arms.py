"""Whom an observation is about, as a keyed hash, and which arm of each flag they were in."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

from phasegate.core.evidence import Arm
from phasegate.flags.document import OFF, ON
from phasegate.telemetry.exposures import Exposures
from phasegate.telemetry.observation import Observation

ARMS = {ON: Arm.TREATMENT, OFF: Arm.CONTROL}
MOST_EARLY_S = 300
MOST_LATE_S = 3600


class Placement(NamedTuple):
    """An arm, who was in it, and when they were exposed."""

    arm: Arm
    subject: int | None
    exposed_s: float


class Told(NamedTuple):
    """An observation with what it says itself of its subject and arms.

    skewed  its time is too far from now to be believed.
    """

    observation: Observation
    subject: int | None
    own: Mapping[str, Placement]
    skewed: bool


def is_skewed(observation: Observation, now: float) -> bool:
    """Say whether an observation's time is too far from now to be believed."""
    return not now - MOST_LATE_S <= observation.at_s <= now + MOST_EARLY_S


class Arms:
    """Reads arms from exposures and remembers them for outcomes that come without."""

    def __init__(self, key: bytes, most_subjects: int) -> None:
        self._key = key
        self._exposures = Exposures(most_subjects)

    def read(self, observation: Observation, now: float) -> Told:
        """Return what the observation says itself."""
        subject = self._hashed(observation.subject)
        own: dict[str, Placement] = {}
        for exposure in observation.exposures:
            arm = ARMS.get(exposure.variant)
            # Evaluated both ways within one request: whoever was exposed at all was exposed.
            if arm is None or (arm is Arm.CONTROL and exposure.flag in own):
                continue
            who = subject
            if exposure.subject not in (None, observation.subject):
                who = self._hashed(exposure.subject)
            own[exposure.flag] = Placement(arm, who, observation.at_s)
        return Told(observation, subject, own, is_skewed(observation, now))

    def remember(self, told: Told, flags: frozenset[str]) -> None:
        """Remember the arms of these flags for outcomes to come, unless their time is skewed."""
        for flag, (arm, who, at_s) in told.own.items():
            if who is not None and flag in flags and not told.skewed:
                self._exposures.remember(who, flag, arm, at_s)

    def place(self, told: Told, flag: str, at_s: float) -> Placement | None:
        """Return where an outcome of that time belongs; None if its arm is not known."""
        if flag in told.own:
            return told.own[flag]
        if told.subject is None:
            return None
        found = self._exposures.find(told.subject, flag, at_s)
        return found and Placement(found[0], told.subject, found[1])

    def forget(self, before_s: float) -> None:
        """Drop the subjects that were last exposed before that time."""
        self._exposures.forget(before_s)

    def _hashed(self, subject: str | None) -> int | None:
        if subject is None:
            return None
        encoded = subject.encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(encoded, digest_size=8, key=self._key).digest(), "big")
