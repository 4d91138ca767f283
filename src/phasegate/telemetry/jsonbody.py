"""OTLP requests in JSON, as spans and log records: camel case, hex ids, 64-bit numbers as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from phasegate.telemetry.observation import Malformed
from phasegate.telemetry.records import LogRecord, Scalar, Span, SpanEvent

Whole = int | str | None


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


class _ScopeLogs(msgspec.Struct, rename="camel"):
    log_records: list[_Record] | None = None


class _ResourceLogs(msgspec.Struct, rename="camel"):
    scope_logs: list[_ScopeLogs] | None = None


class _Logs(msgspec.Struct, rename="camel"):
    resource_logs: list[_ResourceLogs] | None = None


T = TypeVar("T")
_TRACES = msgspec.json.Decoder(_Traces)
_LOGS = msgspec.json.Decoder(_Logs)


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


def _decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        where = str(error) if isinstance(error, msgspec.DecodeError) else "it cannot be read"
        raise Malformed(f"the body is not an OTLP request in JSON: {where}") from error


def _span(span: _Span) -> Span:
    server = span.kind in (2, "SPAN_KIND_SERVER")
    return Span(
        trace=(span.trace_id or "").lower().encode(),
        id=(span.span_id or "").lower().encode(),
        parent=(span.parent_span_id or "").lower().encode(),
        server=server,
        failed=span.status is not None and span.status.code in (2, "STATUS_CODE_ERROR"),
        start_ns=_nanos(span.start_time_unix_nano),
        end_ns=_nanos(span.end_time_unix_nano),
        attributes=_scalars(span.attributes or ()) if server else {},
        events=[
            SpanEvent(
                name=event.name or "",
                at_ns=_nanos(event.time_unix_nano),
                attributes=_scalars(event.attributes or ()),
            )
            for event in span.events or ()
        ],
    )


def _record(record: _Record) -> LogRecord:
    attributes = _scalars(record.attributes or ())
    return LogRecord(
        name=record.event_name or str(attributes.get("event.name", "")),
        at_ns=_nanos(record.time_unix_nano) or _nanos(record.observed_time_unix_nano),
        attributes=attributes,
    )


def _scalars(pairs: Iterable[_Pair]) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for pair in pairs:
        value = None if pair.value is None else _scalar(pair.value)
        if value is not None:
            found[pair.key] = value
    return found


def _scalar(value: _Value) -> Scalar | None:
    if value.string_value is not None:
        return value.string_value
    if value.bool_value is not None:
        return value.bool_value
    if value.int_value is not None:
        return _whole(value.int_value, -(2**63), 2**63)
    if value.double_value is not None:
        return _number(value.double_value)
    return None


def _nanos(value: Whole) -> int:
    return 0 if value is None else _whole(value, 0, 2**64)


def _whole(value: int | str, least: int, beyond: int) -> int:
    try:
        number = int(value)
    except ValueError as error:
        raise Malformed("a 64-bit number is neither a number nor its decimal text") from error
    if not least <= number < beyond:
        raise Malformed("a 64-bit number is out of range")
    return number


def _number(value: float | str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise Malformed("a doubleValue is not a number") from error
