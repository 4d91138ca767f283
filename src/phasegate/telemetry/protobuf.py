"""OTLP requests in protobuf, as spans, log records and data points."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any  # messages of the lens have no static types

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1 import metrics_pb2

from phasegate.telemetry import evaluations
from phasegate.telemetry.exposing import PREFIX, on_span
from phasegate.telemetry.lens import Logs, Status, Traces
from phasegate.telemetry.observation import Exposure, Malformed, Scalar
from phasegate.telemetry.records import (
    TOO_LARGE,
    LogRecord,
    MetricPoint,
    Span,
    SpanEvent,
    oversized,
)
from phasegate.telemetry.values import chosen, scalar, scalars
from phasegate.telemetry.wanted import Wanted

SERVER, ERROR = 2, 2
"""Span.SPAN_KIND_SERVER and Status.STATUS_CODE_ERROR."""

UNKEPT = metrics_pb2.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
DELTA = metrics_pb2.AGGREGATION_TEMPORALITY_DELTA
BROKEN = (DecodeError, UnicodeDecodeError)

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
    except BROKEN as error:
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
    except BROKEN as error:
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
    attributes, told = span.attributes, span.events
    if oversized(len(attributes), len(told)):
        return TOO_LARGE
    asked_for = _asked_for(attributes, wanted, server=server)
    exposures: list[Exposure] = []
    events: list[SpanEvent] = []
    for event in map(evaluations.read, told):
        if isinstance(event, Exposure):
            exposures.append(event)
        elif event is not None:
            events.append(event)
    if asked_for and (wanted is None or not wanted.flagged.isdisjoint(asked_for)):
        exposures += on_span(asked_for)
    status = span.status
    # Made for every span, so not by name, which would take four times as long.
    return _new(
        Span,
        (
            span.trace,
            span.id,
            b"" if server else span.parent,
            server,
            status != b"" and Status.FromString(status).code == ERROR,
            span.start_ns,
            span.end_ns,
            asked_for,
            exposures,
            events,
            span.trace_state,
            False,
        ),
    )


def _asked_for(attributes: Any, wanted: Wanted | None, *, server: bool) -> dict[str, Scalar]:
    """Return what is asked of a span: of others than requests, what a flag evaluated to."""
    if wanted is not None:
        return chosen(attributes, wanted.of_requests if server else wanted.flagged)
    names = attributes if server else [name for name in attributes if name.startswith(PREFIX)]
    return chosen(attributes, names)


def _record(record: Any) -> LogRecord:
    attributes = scalars(record.attributes)
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


def _pairs(attributes: Iterable[Any]) -> dict[str, Scalar]:
    # Metrics are few and taken out of the published messages, whose values are read as any other.
    found = ((pair.key, scalar(pair.value.SerializeToString())) for pair in attributes)
    return {key: value for key, value in found if value is not None}
