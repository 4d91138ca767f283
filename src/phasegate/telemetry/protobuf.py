"""OTLP requests in protobuf, as spans and log records."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from phasegate.telemetry.observation import Malformed
from phasegate.telemetry.records import LogRecord, Scalar, Span, SpanEvent

SERVER = trace_pb2.Span.SPAN_KIND_SERVER
ERROR = trace_pb2.Status.STATUS_CODE_ERROR
SCALARS = frozenset(("string_value", "bool_value", "int_value", "double_value"))


def spans(body: bytes) -> list[Span]:
    """Return the spans of an ExportTraceServiceRequest; raises Malformed."""
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise Malformed("the body is not a protobuf ExportTraceServiceRequest") from error
    return [
        _span(span)
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def log_records(body: bytes) -> list[LogRecord]:
    """Return the records of an ExportLogsServiceRequest; raises Malformed."""
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError as error:
        raise Malformed("the body is not a protobuf ExportLogsServiceRequest") from error
    return [
        _record(record)
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]


def _span(span: trace_pb2.Span) -> Span:
    server = span.kind == SERVER
    return Span(
        trace=span.trace_id,
        id=span.span_id,
        parent=span.parent_span_id,
        server=server,
        failed=span.status.code == ERROR,
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        attributes=_scalars(span.attributes) if server else {},
        events=[
            SpanEvent(
                name=event.name,
                at_ns=event.time_unix_nano,
                attributes=_scalars(event.attributes),
            )
            for event in span.events
        ],
    )


def _record(record: logs_pb2.LogRecord) -> LogRecord:
    attributes = _scalars(record.attributes)
    return LogRecord(
        name=record.event_name or str(attributes.get("event.name", "")),
        at_ns=record.time_unix_nano or record.observed_time_unix_nano,
        attributes=attributes,
    )


def _scalars(pairs: Iterable[KeyValue]) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for pair in pairs:
        value = pair.value
        kind = value.WhichOneof("value")
        if kind in SCALARS:
            found[pair.key] = getattr(value, kind)
    return found
