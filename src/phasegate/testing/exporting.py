"""A real OpenTelemetry SDK, whose spans and logs are encoded as its exporters encode them."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any  # JSON, and the SDK's own span

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from phasegate.telemetry.decode import Encoding, traces
from phasegate.telemetry.observation import Exposure, Observation

NOON_NS = 1_893_499_200_000_000_000
SECOND = 1_000_000_000

EVALUATED = {
    "feature_flag.key": "cart",
    "feature_flag.result.variant": "on",
    "feature_flag.context.id": "patient-1",
}
CART_ON = Exposure(flag="cart", variant="on", subject="patient-1")
IDS = ("traceId", "spanId", "parentSpanId")


class Recorder:
    """A real tracer and logger whose output is encoded as the OTLP exporters encode it."""

    def __init__(self) -> None:
        """Nothing is recorded yet."""
        self._spans = InMemorySpanExporter()
        self._logs = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]  # the SDK's
        provider, loggers = TracerProvider(), LoggerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._spans))
        loggers.add_log_record_processor(SimpleLogRecordProcessor(self._logs))
        self.tracer = provider.get_tracer("clinic")
        self.logger = loggers.get_logger("clinic")

    def trace_request(self) -> ExportTraceServiceRequest:
        """Return the spans that have ended, as one request."""
        return encode_spans(self._spans.get_finished_spans())

    def logs_request(self) -> ExportLogsServiceRequest:
        """Return the log records, as one request."""
        return encode_logs(self._logs.get_finished_logs())


def server_span(recorder: Recorder, **attributes: str | int | bool) -> Any:
    """Begin a request; whoever asked for it ends it."""
    return recorder.tracer.start_span(
        "POST /checkout", kind=SpanKind.SERVER, start_time=NOON_NS, attributes=attributes
    )


def observed(recorder: Recorder) -> tuple[Observation, ...]:
    """Return what is read of the spans that have ended."""
    body = recorder.trace_request().SerializeToString()
    return traces(body, Encoding.PROTOBUF).observations


def in_json(request: Message) -> bytes:
    """Write a request as OTLP/JSON has it: enums as numbers, ids in hex."""
    return json.dumps(_with_hex_ids(MessageToDict(request, use_integers_for_enums=True))).encode()


def _with_hex_ids(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_with_hex_ids(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    return {
        name: b64decode(item).hex().upper() if name in IDS else _with_hex_ids(item)
        for name, item in plain.items()
    }
