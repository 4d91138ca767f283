"""OTLP requests in JSON: camel case, hex ids, 64-bit numbers as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from phasegate.telemetry.exposing import PREFIX, evaluated, on_span
from phasegate.telemetry.jsonvalues import Whole, id_of, nanos, number_of, whole
from phasegate.telemetry.limits import MOST_TEXT
from phasegate.telemetry.observation import EXPOSURE_EVENT, Malformed, Scalar
from phasegate.telemetry.records import (
    TOO_LARGE,
    LogRecord,
    MetricPoint,
    Span,
    SpanEvent,
    oversized,
)


class _Value(msgspec.Struct, rename="camel"):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: Whole = None
    double_value: float | str | None = None


class _Pair(msgspec.Struct):
    key: str = ""
    value: _Value | None = None


class _Event(msgspec.Struct, rename="camel"):
    name: str | None = None
    time_unix_nano: Whole = None
    attributes: list[_Pair] | None = None


class _Status(msgspec.Struct):
    code: int | str | None = None


class _Span(msgspec.Struct, rename="camel"):
    trace_id: str | None = None
    span_id: str | None = None
    trace_state: str | None = None
    parent_span_id: str | None = None
    kind: int | str | None = None
    start_time_unix_nano: Whole = None
    end_time_unix_nano: Whole = None
    attributes: list[_Pair] | None = None
    events: list[_Event] | None = None
    status: _Status | None = None


class _ScopeSpans(msgspec.Struct):
    spans: list[_Span] | None = None


class _ResourceSpans(msgspec.Struct, rename="camel"):
    scope_spans: list[_ScopeSpans] | None = None


class _Traces(msgspec.Struct, rename="camel"):
    resource_spans: list[_ResourceSpans] | None = None


class _Record(msgspec.Struct, rename="camel"):
    event_name: str | None = None
    time_unix_nano: Whole = None
    observed_time_unix_nano: Whole = None
    attributes: list[_Pair] | None = None
    trace_id: str | None = None
    span_id: str | None = None


class _ScopeLogs(msgspec.Struct, rename="camel"):
    log_records: list[_Record] | None = None


class _ResourceLogs(msgspec.Struct, rename="camel"):
    scope_logs: list[_ScopeLogs] | None = None


class _Logs(msgspec.Struct, rename="camel"):
    resource_logs: list[_ResourceLogs] | None = None


class _Point(msgspec.Struct, rename="camel"):
    attributes: list[_Pair] | None = None
    start_time_unix_nano: Whole = None
    time_unix_nano: Whole = None
    as_double: float | str | None = None
    as_int: Whole = None
    flags: Whole = None


class _Points(msgspec.Struct, rename="camel"):
    data_points: list[_Point] | None = None
    aggregation_temporality: int | str | None = None
    is_monotonic: bool | None = None


class _Metric(msgspec.Struct):
    name: str | None = None
    gauge: _Points | None = None
    sum: _Points | None = None


class _ScopeMetrics(msgspec.Struct):
    metrics: list[_Metric] | None = None


class _Resource(msgspec.Struct):
    attributes: list[_Pair] | None = None


class _ResourceMetrics(msgspec.Struct, rename="camel"):
    resource: _Resource | None = None
    scope_metrics: list[_ScopeMetrics] | None = None


class _Metrics(msgspec.Struct, rename="camel"):
    resource_metrics: list[_ResourceMetrics] | None = None


T = TypeVar("T")
_TRACES = msgspec.json.Decoder(_Traces)
_LOGS = msgspec.json.Decoder(_Logs)
_METRICS = msgspec.json.Decoder(_Metrics)

_DELTA = (1, "AGGREGATION_TEMPORALITY_DELTA")
_UNKEPT = 1
"""DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK"""


def spans(body: bytes) -> list[Span]:
    """Return the spans of an ExportTraceServiceRequest; raises Malformed."""
    request = _decoded(_TRACES, body)
    return [
        _span(span)
        for resource in request.resource_spans or ()
        for scope in resource.scope_spans or ()
        for span in scope.spans or ()
    ]


def log_records(body: bytes) -> list[LogRecord]:
    """Return the records of an ExportLogsServiceRequest; raises Malformed."""
    request = _decoded(_LOGS, body)
    return [
        _record(record)
        for resource in request.resource_logs or ()
        for scope in resource.scope_logs or ()
        for record in scope.log_records or ()
    ]


def points(body: bytes) -> list[MetricPoint]:
    """Return the data points of an ExportMetricsServiceRequest; raises Malformed."""
    request = _decoded(_METRICS, body)
    return [
        point
        for resource in request.resource_metrics or ()
        for scope in resource.scope_metrics or ()
        for metric in scope.metrics or ()
        for point in _points(metric, resource.resource)
    ]


def _decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        where = str(error) if isinstance(error, msgspec.DecodeError) else "it cannot be read"
        raise Malformed(f"the body is not an OTLP request in JSON: {where}") from error


def _span(span: _Span) -> Span:
    pairs, events = span.attributes or (), span.events or ()
    if oversized(len(pairs), len(events)):
        return TOO_LARGE
    server = span.kind in (2, "SPAN_KIND_SERVER")
    if not server:
        # Nothing is asked of other spans' attributes than what a flag evaluated to.
        pairs = [pair for pair in pairs if pair.key.startswith(PREFIX)]
    told = [
        SpanEvent(event.name or "", nanos(event.time_unix_nano), _attributes(event.attributes))
        for event in events
    ]
    attributes = _scalars(pairs)
    exposures = [evaluated(event.attributes) for event in told if event.name == EXPOSURE_EVENT]
    return Span(
        trace=id_of(span.trace_id),
        id=id_of(span.span_id),
        parent=id_of(span.parent_span_id),
        server=server,
        failed=span.status is not None and span.status.code in (2, "STATUS_CODE_ERROR"),
        start_ns=nanos(span.start_time_unix_nano),
        end_ns=nanos(span.end_time_unix_nano),
        attributes=attributes,
        exposures=[exposure for exposure in exposures if exposure] + on_span(attributes),
        events=[event for event in told if event.name != EXPOSURE_EVENT],
        trace_state=span.trace_state or "",
    )


def _record(record: _Record) -> LogRecord:
    attributes = _attributes(record.attributes)
    return LogRecord(
        name=record.event_name or str(attributes.get("event.name", "")),
        at_ns=nanos(record.time_unix_nano) or nanos(record.observed_time_unix_nano),
        attributes=attributes,
        trace=id_of(record.trace_id),
        span=id_of(record.span_id),
        refused=oversized(len(record.attributes or ())),
    )


def _points(metric: _Metric, resource: _Resource | None) -> list[MetricPoint]:
    """Return the points of a gauge or a sum; other kinds are no levels."""
    data = metric.gauge or metric.sum
    if data is None:
        return []
    of_resource = _attributes(resource.attributes if resource else None)
    summed = metric.gauge is None
    return [
        MetricPoint(
            metric=metric.name or "",
            attributes=of_resource | _attributes(point.attributes),
            value=value,
            at_ns=nanos(point.time_unix_nano),
            start_ns=nanos(point.start_time_unix_nano),
            rising=summed and data.is_monotonic is True,
            delta=summed and data.aggregation_temporality in _DELTA,
            refused=oversized(len(point.attributes or ())),
        )
        for point in data.data_points or ()
        if (value := _value(point)) is not None
    ]


def _value(point: _Point) -> float | None:
    if point.flags is not None and whole(point.flags, 0, 2**32) & _UNKEPT:
        return None
    if point.as_double is not None:
        return number_of(point.as_double)
    return None if point.as_int is None else whole(point.as_int, -(2**63), 2**63)


def _attributes(pairs: Iterable[_Pair] | None) -> dict[str, Scalar]:
    return _scalars(pairs or ())


def _scalars(pairs: Iterable[_Pair]) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for pair in pairs:
        value = None if pair.value is None else _scalar(pair.value)
        if value is not None:
            found[pair.key] = value
    return found


def _scalar(value: _Value) -> Scalar | None:
    if value.string_value is not None:
        return value.string_value if len(value.string_value) <= MOST_TEXT else None
    if value.bool_value is not None:
        return value.bool_value
    if value.int_value is not None:
        return whole(value.int_value, -(2**63), 2**63)
    if value.double_value is not None:
        return number_of(value.double_value)
    return None
