"""OTLP requests in protobuf, as spans, log records and data points."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any  # messages of the lens have no static types

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1 import metrics_pb2

from phasegate.telemetry.exposing import PREFIX, evaluated, on_span
from phasegate.telemetry.lens import Logs, Traces
from phasegate.telemetry.observation import EXPOSURE_EVENT, Exposure, Malformed, Scalar
from phasegate.telemetry.pairs import NAMELESS, Pairs, pair_of
from phasegate.telemetry.records import LogRecord, MetricPoint, Span, SpanEvent, oversized

SERVER, ERROR = 2, 2
"""Span.SPAN_KIND_SERVER and Status.STATUS_CODE_ERROR."""

UNKEPT = metrics_pb2.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
DELTA = metrics_pb2.AGGREGATION_TEMPORALITY_DELTA

_PREFIX = PREFIX.encode()
_KEY_AT = 2
"""Where the key begins in the bytes of an attribute: behind a tag and a length of one byte."""

_pairs = Pairs()
_find = _pairs.__getitem__
_new = tuple.__new__


def spans(body: bytes) -> list[Span]:
    """Return the spans of an ExportTraceServiceRequest; raises Malformed."""
    try:
        return [
            _span(span)
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
        for point in _points(metric, _scalars(resource.resource.attributes))
    ]


def _span(span: Any) -> Span:
    server = span.kind == SERVER
    raw, told = span.attributes, span.events
    if not server and raw:
        # Nothing is asked of other spans' attributes than what a flag evaluated to.
        raw = [one for one in raw if one.startswith(_PREFIX, _KEY_AT)]
    exposures: list[Exposure] = []
    events: list[SpanEvent] = []
    for event in told:
        name, attributes = event.name, _attributes(event.attributes)
        if name != EXPOSURE_EVENT:
            events.append(SpanEvent(name, event.at_ns, attributes))
        elif exposure := evaluated(attributes):
            exposures.append(exposure)
    attributes = _attributes(raw)
    if _pairs.may_tell_flags(attributes):
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
            oversized(len(raw), len(told)),
        ),
    )


def _record(record: Any) -> LogRecord:
    attributes = _attributes(record.attributes)
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
            attributes=of_resource | _scalars(point.attributes),
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


def _attributes(raw: Iterable[bytes]) -> dict[str, Scalar]:
    found = dict(map(_find, raw))
    found.pop(NAMELESS, None)
    return found


def _scalars(attributes: Iterable[KeyValue]) -> dict[str, Scalar]:
    found = dict(map(pair_of, attributes))
    found.pop(NAMELESS, None)
    return found
