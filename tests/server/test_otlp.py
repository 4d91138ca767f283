"""The OTLP receiver answers real exporters, and everybody else, as the specification asks."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator, MutableMapping

import httpx
import pytest
import uvicorn
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind

from phasegate.server.otlp import otlp_app
from phasegate.server.receiving import MOST_BYTES, Receiver
from phasegate.testing.shelf import NOON, Shelf

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def receiver(shelf: Shelf) -> Receiver:
    return Receiver(shelf, clock=lambda: shelf.now)


@pytest.fixture
def base(receiver: Receiver) -> Iterator[str]:
    """Serve the app by a real server on loopback."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(otlp_app(receiver), lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(30)
    listener.close()


def spans(*ends_s: float) -> bytes:
    listed = [Span(kind=Span.SPAN_KIND_SERVER, end_time_unix_nano=int(end * 1e9)) for end in ends_s]
    scope = ScopeSpans(spans=listed)
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(scope_spans=[scope])]
    ).SerializeToString()


def post(url: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    return httpx.post(url, content=body, headers=headers, trust_env=False)


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_the_real_span_exporter_is_understood(
    base: str, shelf: Shelf, compression: Compression
) -> None:
    provider = TracerProvider()
    exporter = OTLPSpanExporter(endpoint=f"{base}/v1/traces", compression=compression)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    span = provider.get_tracer("clinic").start_span("POST /checkout", kind=SpanKind.SERVER)
    span.add_event(
        "feature_flag.evaluation",
        {
            "feature_flag.key": "cart",
            "feature_flag.result.variant": "on",
            "feature_flag.context.id": "patient-1",
        },
    )
    span.end()
    provider.shutdown()

    (taken,) = shelf.taken
    assert (taken.event, taken.subject) == (None, "patient-1")
    assert taken.exposures[0].variant == "on"


def test_the_real_log_exporter_is_understood(base: str, shelf: Shelf) -> None:
    provider = LoggerProvider()
    exporter = OTLPLogExporter(endpoint=f"{base}/v1/logs")
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    provider.get_logger("clinic").emit(
        LogRecord(event_name="satisfaction", attributes={"rating": 4})
    )
    provider.shutdown()

    (taken,) = shelf.taken
    assert (taken.event, taken.attributes["rating"]) == ("satisfaction", 4)


def test_the_real_metric_exporter_is_understood(base: str, shelf: Shelf) -> None:
    exporter = OTLPMetricExporter(endpoint=f"{base}/v1/metrics")
    provider = MeterProvider(metric_readers=[PeriodicExportingMetricReader(exporter)])
    provider.get_meter("clinic").create_gauge("memory").set(61.5)
    provider.shutdown()

    assert [(point.metric, point.value) for point in shelf.points] == [("memory", 61.5)]


def test_a_crowd_of_bodies_is_asked_to_come_again_and_takes_no_memory(shelf: Shelf) -> None:
    app = otlp_app(Receiver(shelf, most_waiting=100))
    held, sent = asyncio.Event(), []

    async def held_back() -> dict[str, object]:
        await held.wait()
        return {"type": "http.request", "body": b"{}" + b" " * 78}

    async def send(message: MutableMapping[str, object]) -> None:
        sent.append(message)

    def scope(length: int) -> dict[str, object]:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % length)]
        return {"type": "http", "method": "POST", "path": "/v1/traces", "headers": headers}

    async def story() -> list[int]:
        first = asyncio.create_task(app(scope(80), held_back, send))
        await asyncio.sleep(0)
        await app(scope(21), held_back, send)
        held.set()
        await first
        await app(scope(80), held_back, send)
        return [message["status"] for message in sent if "status" in message]

    assert asyncio.run(story()) == [429, 200, 200]
    assert (b"retry-after", b"1") in sent[0]["headers"]


def test_a_record_beyond_the_limits_is_a_partial_success(base: str, shelf: Shelf) -> None:
    span = Span(kind=Span.SPAN_KIND_SERVER, end_time_unix_nano=int(NOON * 1e9))
    large = Span(events=[Span.Event(name="e")] * 257)
    scope = ScopeSpans(spans=[span, large])
    request = ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[scope])])

    answer = post(f"{base}/v1/traces", request.SerializeToString(), PROTOBUF)

    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (partial.rejected_spans, len(shelf.taken)) == (1, 1)
    assert "record-too-large" in partial.error_message


def test_success_has_an_empty_body_in_the_encoding_of_the_request(base: str) -> None:
    protobuf = post(f"{base}/v1/traces", spans(NOON), PROTOBUF)
    in_json = post(f"{base}/v1/logs", b"{}", {"content-type": "application/json; charset=utf-8"})

    assert (protobuf.status_code, protobuf.content) == (200, b"")
    assert protobuf.headers["content-type"] == "application/x-protobuf"
    assert (in_json.status_code, in_json.json()) == (200, {})
    assert in_json.headers["content-type"] == "application/json"


def test_records_that_were_not_taken_are_a_partial_success(base: str) -> None:
    record = {"eventName": "rated", "timeUnixNano": "0"}
    logs = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()

    traced = post(f"{base}/v1/traces", spans(NOON, 0), PROTOBUF)
    logged = post(f"{base}/v1/logs", logs, JSON)

    partial = ExportTraceServiceResponse.FromString(traced.content).partial_success
    assert (traced.status_code, partial.rejected_spans) == (200, 1)
    assert partial.error_message == "set the clocks right"
    assert logged.json() == {
        "partialSuccess": {"rejectedLogRecords": "1", "errorMessage": "set the clocks right"}
    }


def test_a_partial_success_of_logs_is_written_in_protobuf_too(base: str) -> None:
    record = logs_pb2.LogRecord(event_name="rated", time_unix_nano=1)
    scope = logs_pb2.ScopeLogs(log_records=[record])
    request = ExportLogsServiceRequest(resource_logs=[logs_pb2.ResourceLogs(scope_logs=[scope])])

    answer = post(f"{base}/v1/logs", request.SerializeToString(), PROTOBUF)

    partial = ExportLogsServiceResponse.FromString(answer.content).partial_success
    assert partial.rejected_log_records == 1


def test_a_malformed_body_is_a_bad_request_that_says_why(base: str, shelf: Shelf) -> None:
    protobuf = post(f"{base}/v1/traces", b"\xff", PROTOBUF)
    in_json = post(f"{base}/v1/traces", b"{", JSON)

    assert (protobuf.status_code, in_json.status_code) == (400, 400)
    assert protobuf.content[:3] == b"\x08\x03\x12"
    assert b"protobuf ExportTraceServiceRequest" in protobuf.content
    assert in_json.json()["code"] == 3
    assert "JSON" in in_json.json()["message"]
    assert shelf.taken == []


def test_broken_gzip_is_a_bad_request(base: str) -> None:
    answer = post(f"{base}/v1/traces", b"plain", {**JSON, "content-encoding": "gzip"})

    assert answer.status_code == 400
    assert "gzip" in answer.json()["message"]


def test_gzip_is_read(base: str, shelf: Shelf) -> None:
    packed = gzip.compress(spans(NOON))

    answer = post(f"{base}/v1/traces", packed, {**PROTOBUF, "content-encoding": "GZIP"})

    assert answer.status_code == 200
    assert len(shelf.taken) == 1


def test_a_body_beyond_the_limit_is_refused(base: str) -> None:
    answer = post(f"{base}/v1/traces", b" " * (MOST_BYTES + 1), JSON)

    assert answer.status_code == 413
    assert "smaller" in answer.json()["message"]


def test_a_body_beyond_the_limit_is_refused_even_if_its_length_is_not_announced(
    base: str,
) -> None:
    chunks = (b" " * 65_536 for _ in range(MOST_BYTES // 65_536 + 1))

    answer = httpx.post(f"{base}/v1/traces", content=chunks, headers=JSON, trust_env=False)

    assert answer.status_code == 413


def test_a_small_body_that_unpacks_beyond_all_limits_is_refused(base: str) -> None:
    bomb = gzip.compress(b" " * 20_000_000)

    answer = post(f"{base}/v1/logs", bomb, {**JSON, "content-encoding": "gzip"})

    assert answer.status_code == 413


@pytest.mark.parametrize(
    "headers",
    [{"content-type": "text/plain"}, {}, {**JSON, "content-encoding": "zstd"}],
)
def test_an_encoding_that_is_not_known_is_refused(base: str, headers: dict[str, str]) -> None:
    assert post(f"{base}/v1/traces", b"{}", headers).status_code == 415


def test_other_methods_and_paths_are_refused(base: str) -> None:
    got = httpx.get(f"{base}/v1/traces", trust_env=False)

    assert (got.status_code, got.headers["allow"]) == (405, "POST")
    assert post(f"{base}/v1/profiles", b"{}", JSON).status_code == 404


def test_a_sender_is_asked_to_come_again_while_nothing_can_be_kept(base: str, shelf: Shelf) -> None:
    shelf.closed = True

    answer = post(f"{base}/v1/traces", spans(NOON), JSON | PROTOBUF)

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


def test_what_became_of_every_body_is_counted(base: str, receiver: Receiver, shelf: Shelf) -> None:
    post(f"{base}/v1/traces", spans(NOON, NOON, 0), PROTOBUF)
    post(f"{base}/v1/logs", b"{", JSON)
    post(f"{base}/v1/logs", b"{}", {})
    shelf.closed = True
    post(f"{base}/v1/traces", spans(NOON), PROTOBUF)

    counts = receiver.counts()
    assert counts["accepted"] == {"traces": 2, "logs": 0, "metrics": 0}
    assert counts["rejected"] == {"traces": 1, "logs": 0, "metrics": 0}
    assert counts["refused"] == {
        "malformed": 1,
        "too large": 0,
        "crowded": 0,
        "not now": 1,
        "misaddressed": 1,
    }
    told = {measure.name: sum(n for _, n in measure.samples) for measure in receiver.measures()}
    assert told["phasegate_otlp_accepted"] == 2
    assert told["phasegate_otlp_refused"] == 3
