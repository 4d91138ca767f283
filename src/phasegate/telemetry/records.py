"""Spans, log records and data points, however they were encoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from phasegate.telemetry.exposing import SUBJECT, evaluated, text
from phasegate.telemetry.limits import MOST_ATTRIBUTES, MOST_EVENTS
from phasegate.telemetry.observation import (
    EXPOSURE_EVENT,
    SHADOW_EVENT,
    Batch,
    Exposure,
    Observation,
    Point,
    Scalar,
)

SECOND_NS = 1_000_000_000  # whole, so that dividing by it rounds once


class SpanEvent(NamedTuple):
    """An event within a span."""

    name: str
    at_ns: int
    attributes: Mapping[str, Scalar]


class Span(NamedTuple):
    """A span. Of others than server spans, attributes hold flag evaluations only.

    exposures  flag evaluations told by its events and attributes. events: all other events.
    refused    it is beyond the limits on one record.
    """

    trace: bytes
    id: bytes
    parent: bytes
    server: bool
    failed: bool
    start_ns: int
    end_ns: int
    attributes: dict[str, Scalar]
    exposures: list[Exposure]
    events: list[SpanEvent]
    trace_state: str
    refused: bool = False


TOO_LARGE = Span(b"", b"", b"", False, False, 0, 0, {}, [], [], "", refused=True)
"""Stands for a span that is beyond the limits, none of which is read."""


class LogRecord(NamedTuple):
    """A log record; name is empty where it is no event."""

    name: str
    at_ns: int
    attributes: Mapping[str, Scalar]
    trace: bytes
    span: bytes
    refused: bool


class MetricPoint(NamedTuple):
    """A data point of a gauge or a sum; see Point."""

    metric: str
    attributes: Mapping[str, Scalar]
    value: float
    at_ns: int
    start_ns: int
    rising: bool
    delta: bool
    refused: bool


def oversized(attributes: int, events: int = 0) -> bool:
    """Say whether a record is beyond the limits on one record."""
    return attributes > MOST_ATTRIBUTES or events > MOST_EVENTS


def of_logs(records: Sequence[LogRecord]) -> Batch:
    """Return what log records say: exposures, and events by their names."""
    told = map(_of_record, records)
    return Batch(
        records=len(records),
        observations=tuple(one for one in told if one is not None),
        refused=sum(record.refused for record in records),
    )


def of_points(points: Sequence[MetricPoint]) -> Batch:
    """Return what data points say."""
    return Batch(
        records=len(points),
        points=tuple(_of_point(point) for point in points if not point.refused),
        refused=sum(point.refused for point in points),
    )


def _of_record(record: LogRecord) -> Observation | None:
    if not record.name or record.refused:
        return None
    exposures: tuple[Exposure, ...] = ()
    if record.name == EXPOSURE_EVENT:
        exposure = evaluated(record.attributes)
        if exposure is None:
            return None
        exposures = (exposure,)
    elif record.name == SHADOW_EVENT and (shadowed := evaluated(record.attributes)):
        exposures = (shadowed,)
    return Observation(
        event=record.name,
        subject=text(record.attributes.get(SUBJECT)),
        attributes={} if record.name == EXPOSURE_EVENT else record.attributes,
        at_s=record.at_ns / SECOND_NS,
        exposures=exposures,
        trace=record.trace,
        span=record.span,
    )


def _of_point(point: MetricPoint) -> Point:
    return Point(
        metric=point.metric,
        attributes=point.attributes,
        value=float(point.value),
        at_s=point.at_ns / SECOND_NS,
        start_s=point.start_ns / SECOND_NS,
        rising=point.rising,
        delta=point.delta,
    )
