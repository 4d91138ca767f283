"""What telemetry says in plain values: who was exposed to what, and what happened to them.

Named tuples, since tens of thousands are made every second and nothing else is as cheap to make.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

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

Scalar = str | bool | int | float


class Exposure(NamedTuple):
    """One evaluation of a flag. subject: the targeting key, None where it was not told.

    flag_set  the environment whose flags they are; None: not told.
    """

    flag: str
    variant: str
    subject: str | None
    flag_set: str | None = None


class Observation(NamedTuple):
    """One thing that happened.

    event       name of the log or span event; None: a server span; EXPOSURE_EVENT: nothing
                happened but the exposures.
    subject     targeting key of whom it happened to; None: not told.
    attributes  scalars only. A server span has `error` and `duration` (ms) besides its own.
    at_s        Unix seconds: end of the span, or moment of the event.
    exposures   flag evaluations known to belong to it.
    trace, span ids of the request it belongs to, as far as they are known; empty: not told.
    sampled     its stream leaves requests out, so that it cannot be counted.
    """

    event: str | None
    subject: str | None
    attributes: Attributes
    at_s: float
    exposures: tuple[Exposure, ...] = ()
    trace: bytes = b""
    span: bytes = b""
    sampled: bool = False


class Point(NamedTuple):
    """One data point of a metric.

    attributes  of the point and of its resource; the point's own win.
    value       of a gauge or a sum. start_s: since when a sum adds up; 0: not told.
    rising      a sum that only grows. delta: it tells the growth since the point before.
    """

    metric: str
    attributes: Attributes
    value: float
    at_s: float
    start_s: float = 0.0
    rising: bool = False
    delta: bool = False


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one request carried. records: how many spans, log records or data points it had.

    refused  how many of them are beyond the limits on one record, and are not among the others.
    """

    records: int
    observations: tuple[Observation, ...] = ()
    points: tuple[Point, ...] = ()
    refused: int = 0


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """How many records were not taken, and why in one sentence."""

    count: int = 0
    why: str = ""


class Malformed(Exception):
    """The bytes are not what their content type says; the message says where they stop making
    sense and never quotes them."""
