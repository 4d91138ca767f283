"""What telemetry says in plain values: who was exposed to what, and what happened to them."""

from __future__ import annotations

from dataclasses import dataclass

from phasegate.core.watch import Attributes

EXPOSURE_EVENT = "feature_flag.evaluation"
"""Name of the OpenTelemetry event by which an application says what a flag evaluated to."""

SHADOW_EVENT = "phasegate.shadow"
"""Name of the event by which a client tells how one path of a shadowed component went.

It names flag and variant itself: the subject was served the old answer, so nothing else that
happens to them belongs to the new one.
"""

COMPONENT_ATTRIBUTE = "phasegate.component"
"""Attribute by which a record names the component it accuses."""

VARIANT_ATTRIBUTE = "feature_flag.result.variant"
"""Attribute by which a record says which version of the component answered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exposure:
    """One evaluation of a flag. subject: the targeting key, None where it was not told."""

    flag: str
    variant: str
    subject: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """One thing that happened.

    event       name of the log or span event; None: a server span; EXPOSURE_EVENT: nothing
                happened but the exposures.
    subject     targeting key of whom it happened to; None: not told.
    attributes  scalars only. A server span has `error` and `duration` (ms) besides its own.
    exposures   flag evaluations known to belong to it.
    at_s        Unix seconds: end of the span, or moment of the event.
    """

    event: str | None
    subject: str | None
    attributes: Attributes
    exposures: tuple[Exposure, ...] = ()
    at_s: float


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one request carried. records: how many spans or log records it had."""

    records: int
    observations: tuple[Observation, ...]


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """How many observations were not taken, and why in one sentence."""

    count: int = 0
    why: str = ""


class Malformed(Exception):
    """The bytes are not what their content type says; the message says where they stop making
    sense and never quotes them."""
