"""OTLP requests in protobuf, as spans, log records and data points."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any  # messages of the lens have no static types

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1 import metrics_pb2

from phasegate.telemetry.exposing import (
    FLAG,
    OLD_VARIANT,
    PREFIX,
    REASON,
    SUBJECT,
    VARIANT,
    is_unassigned,
    on_span,
    text,
)
from phasegate.telemetry.lens import Logs, Traces
from phasegate.telemetry.limits import MOST_TEXT
from phasegate.telemetry.observation import EXPOSURE_EVENT, Exposure, Malformed, Scalar
from phasegate.telemetry.records import LogRecord, MetricPoint, Span, SpanEvent, oversized
from phasegate.telemetry.wanted import Wanted

SERVER, ERROR = 2, 2
"""Span.SPAN_KIND_SERVER and Status.STATUS_CODE_ERROR."""

SCALARS = frozenset(("string_value", "bool_value", "int_value", "double_value"))
UNKEPT = metrics_pb2.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
DELTA = metrics_pb2.AGGREGATION_TEMPORALITY_DELTA

_new = tuple.__new__


def spans(body: bytes, wanted: Wanted | None = None) -> list[Span]:
    """Return the spans of an ExportTraceServiceRequest; raises Malformed.

    wanted  leaves out all other attributes of requests; None: none is left out.
    """
    try:
        return [
            _span(span, wanted)
            for resource in Traces.FromString(body).resources
            for scope in resource.scopes
            for span in scope.spans
        ]
    except DecodeError as error:
        raise Malformed("the body is not a protobuf ExportTraceServiceRequest") from error


def log_records(body: bytes) -> list[LogRecord]:
    """Return the records of an ExportLogsServiceRequest; raises Malformed."""
    try:
        return [
            _record(record)
            for resource in Logs.FromString(body).resources
            for scope in resource.scopes
            for record in scope.records
        ]
    except DecodeError as error:
        raise Malformed("the body is not a protobuf ExportLogsServiceRequest") from error


def points(body: bytes) -> list[MetricPoint]:
    """Return the data points of an ExportMetricsServiceRequest; raises Malformed."""
    try:
        request = ExportMetricsServiceRequest.FromString(body)
    except DecodeError as error:
        raise Malformed("the body is not a protobuf ExportMetricsServiceRequest") from error
    return [
        point
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in _points(metric, _pairs(resource.resource.attributes))
    ]


def _span(span: Any, wanted: Wanted | None) -> Span:
    server = span.kind == SERVER
    attributes = _asked_for(span.attributes, wanted, server=server)
    exposures: list[Exposure] = []
    events: list[SpanEvent] = []
    told = span.events
    for event in told:
        if event.name != EXPOSURE_EVENT:
            events.append(SpanEvent(event.name, event.at_ns, _scalars(event.attributes)))
        elif exposure := _evaluated(event.attributes):
            exposures.append(exposure)
    if wanted is None or not wanted.flagged.isdisjoint(attributes):
        exposures += on_span(attributes)
    # Made for every span, so not by name, which would take four times as long.
    return _new(
        Span,
        (
            span.trace,
            span.id,
            span.parent,
            server,
            span.status.code == ERROR,
            span.start_ns,
            span.end_ns,
            attributes,
            exposures,
            events,
            span.trace_state,
            oversized(len(span.attributes), len(told)),
        ),
    )


def _evaluated(attributes: Any) -> Exposure | None:
    """Return what `exposing.evaluated` does, of attributes that were not taken out yet."""
    get = attributes.get
    flag, variant, subject = get(FLAG), get(VARIANT), get(SUBJECT)
    if variant is None:
        variant = get(OLD_VARIANT)
    if flag is None or variant is None:
        return None
    key, value = flag.string_value, variant.string_value
    if not key or not value or max(len(key), len(value)) > MOST_TEXT:
        return None
    reason = get(REASON)
    if reason is not None and is_unassigned(value, reason.string_value):
        return None
    who = subject and subject.string_value
    if subject is not None and (not who or len(who) > MOST_TEXT):
        who = text(_scalar(subject))
    # Made for every evaluation, so not by name, which would take four times as long.
    return _new(Exposure, (key, value, who))


def _asked_for(attributes: Any, wanted: Wanted | None, *, server: bool) -> dict[str, Scalar]:
    """Return what is asked of a span: of others than requests, what a flag evaluated to."""
    if wanted is not None:
        return _chosen(attributes, wanted.of_requests if server else wanted.flagged)
    names = attributes if server else [name for name in attributes if name.startswith(PREFIX)]
    return _chosen(attributes, names)


def _record(record: Any) -> LogRecord:
    attributes = _scalars(record.attributes)
    return LogRecord(
        name=record.name or str(attributes.get("event.name", "")),
        at_ns=record.at_ns or record.observed_ns,
        attributes=attributes,
        trace=record.trace,
        span=record.span,
        refused=oversized(len(record.attributes)),
    )


def _points(metric: metrics_pb2.Metric, of_resource: dict[str, Scalar]) -> list[MetricPoint]:
    """Return the points of a gauge or a sum; other kinds are no levels."""
    kind = metric.WhichOneof("data")
    if kind not in ("gauge", "sum"):
        return []
    data = getattr(metric, kind)
    return [
        MetricPoint(
            metric=metric.name,
            attributes=of_resource | _pairs(point.attributes),
            value=getattr(point, point.WhichOneof("value")),
            at_ns=point.time_unix_nano,
            start_ns=point.start_time_unix_nano,
            rising=kind == "sum" and data.is_monotonic,
            delta=kind == "sum" and data.aggregation_temporality == DELTA,
            refused=oversized(len(point.attributes)),
        )
        for point in data.data_points
        if point.WhichOneof("value") and not point.flags & UNKEPT
    ]


def _scalars(attributes: Any) -> dict[str, Scalar]:
    return _chosen(attributes, attributes)


def _chosen(attributes: Any, names: Iterable[str]) -> dict[str, Scalar]:
    """Return the attributes of these names that are there and are scalars of a decent length."""
    found: dict[str, Scalar] = {}
    get = attributes.get
    for name in names:
        value = get(name)
        if value is not None:
            scalar = _scalar(value)
            if scalar is not None:
                found[name] = scalar
    return found


def _scalar(value: Any) -> Scalar | None:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        text: str = value.string_value
        return text if len(text) <= MOST_TEXT else None
    return getattr(value, kind) if kind in SCALARS else None


def _pairs(attributes: Iterable[Any]) -> dict[str, Scalar]:
    found = ((pair.key, _scalar(pair.value)) for pair in attributes)
    return {key: scalar for key, scalar in found if scalar is not None}
