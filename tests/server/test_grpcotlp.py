"""OTLP over gRPC: the SDK's own exporters, a real gRPC server, and every answer it can give."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind

from phasegate.core.command import Person
from phasegate.core.plan import Role
from phasegate.ports import Unavailable
from phasegate.server.grpcotlp import GrpcOtlp
from phasegate.server.receiving import MOST_BYTES, Receiver
from phasegate.testing.processes import Processes, free_ports
from phasegate.testing.shelf import NOON, Shelf

TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
PEOPLE = {
    "pg_shop": Person(name="shop", role=Role.APPLICATION),
    "pg_cleo": Person(name="cleo", role=Role.VIEWER),
}
SHOP = (("authorization", "Bearer pg_shop"),)


async def known(token: str) -> Person | None:
    if token == "pg_lost":
        raise Unavailable("the store is away")
    return PEOPLE.get(token)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def receiver(shelf: Shelf) -> Receiver:
    return Receiver(shelf, clock=lambda: shelf.now)


@pytest.fixture
def address(receiver: Receiver, serve_grpc: Callable[..., int]) -> str:
    return f"127.0.0.1:{serve_grpc(lambda: GrpcOtlp(receiver, known))}"


@pytest.fixture
def export(address: str) -> Iterator[Callable[..., bytes]]:
    """Export bytes as spans: export(body, metadata=…, compression=…)."""
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary(TRACES)

        def ask(body: bytes, metadata: Any = SHOP, **more: Any) -> bytes:
            answer: bytes = call(body, metadata=metadata, timeout=30, **more)
            return answer

        yield ask


def spans(*ends_s: float) -> bytes:
    listed = [Span(kind=Span.SPAN_KIND_SERVER, end_time_unix_nano=int(end * 1e9)) for end in ends_s]
    scope = ScopeSpans(spans=listed)
    request = ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[scope])])
    return bytes(request.SerializeToString())


def refusal(export: Callable[..., bytes], *given: Any) -> Any:
    with pytest.raises(grpc.RpcError) as refused:
        export(*given)
    return refused.value


def told(refused: Any) -> tuple[Status, RetryInfo]:
    """Return the details of a refusal, and when it says to come again."""
    trailing = dict(refused.trailing_metadata())
    status = Status.FromString(trailing["grpc-status-details-bin"])
    again = RetryInfo()
    assert status.details[0].Unpack(again)
    assert RetryInfo.FromString(trailing["google.rpc.retryinfo-bin"]) == again
    return status, again


@pytest.mark.parametrize("packing", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_the_real_span_exporter_is_understood(
    address: str, shelf: Shelf, packing: grpc.Compression
) -> None:
    provider = TracerProvider()
    exporter = OTLPSpanExporter(
        endpoint=f"http://{address}", insecure=True, headers=SHOP, compression=packing
    )
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    span = provider.get_tracer("clinic").start_span("POST /checkout", kind=SpanKind.SERVER)
    told = {"feature_flag.key": "cart", "feature_flag.result.variant": "on"}
    span.add_event("feature_flag.evaluation", {**told, "feature_flag.context.id": "patient-1"})
    span.end()
    provider.shutdown()

    (taken,) = shelf.taken
    assert (taken.event, taken.subject) == (None, "patient-1")
    assert taken.exposures[0].variant == "on"


def test_the_real_log_and_metric_exporters_are_understood(address: str, shelf: Shelf) -> None:
    logs = LoggerProvider()
    own = {"endpoint": f"http://{address}", "insecure": True, "headers": SHOP}
    logs.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter(**own)))
    logs.get_logger("clinic").emit(LogRecord(event_name="rated", attributes={"rating": 4}))
    logs.shutdown()
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(**own))
    metrics = MeterProvider(metric_readers=[reader])
    metrics.get_meter("clinic").create_gauge("memory").set(61.5)
    metrics.shutdown()

    assert [(one.event, one.attributes["rating"]) for one in shelf.taken] == [("rated", 4)]
    assert [(point.metric, point.value) for point in shelf.points] == [("memory", 61.5)]


def test_the_real_exporter_comes_again_when_it_is_told_to(
    address: str, shelf: Shelf, receiver: Receiver
) -> None:
    receiver.most_waiting = 10
    provider = TracerProvider()
    exporter = OTLPSpanExporter(endpoint=f"http://{address}", insecure=True, headers=SHOP)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    span = provider.get_tracer("clinic").start_span("POST /checkout", kind=SpanKind.SERVER)
    sending = threading.Thread(target=span.end)

    sending.start()
    while not receiver.counts()["refused"]["crowded"]:
        time.sleep(0.005)
    receiver.most_waiting = 10_000
    sending.join(60)
    provider.shutdown()

    assert len(shelf.taken) == 1


def test_success_says_nothing_and_a_partial_success_how_many(export: Callable[..., bytes]) -> None:
    whole, partly = export(spans(NOON)), export(spans(NOON, 0))

    assert whole == b""
    partial = ExportTraceServiceResponse.FromString(partly).partial_success
    assert (partial.rejected_spans, partial.error_message) == (1, "set the clocks right")


def test_too_many_at_once_are_asked_to_come_again(
    export: Callable[..., bytes], receiver: Receiver
) -> None:
    receiver.most_waiting = 10

    refused = refusal(export, spans(NOON))

    status, again = told(refused)
    assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (status.code, again.retry_delay.seconds) == (8, 1)
    assert "intake-crowded" in status.message
    assert receiver.held == 0


def test_a_store_that_is_away_asks_senders_to_come_again(
    export: Callable[..., bytes], shelf: Shelf
) -> None:
    shelf.closed = True

    refused = refusal(export, spans(NOON))

    assert refused.code() is grpc.StatusCode.UNAVAILABLE
    assert told(refused)[1].retry_delay.seconds == 5


def test_bytes_that_are_no_request_are_refused_for_good(export: Callable[..., bytes]) -> None:
    refused = refusal(export, b"\xff")

    assert refused.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "google.rpc.retryinfo-bin" not in dict(refused.trailing_metadata())


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("Bearer wrong", grpc.StatusCode.UNAUTHENTICATED),
        ("", grpc.StatusCode.UNAUTHENTICATED),
        ("Bearer pg_cleo", grpc.StatusCode.PERMISSION_DENIED),
        ("Bearer pg_lost", grpc.StatusCode.UNAVAILABLE),
    ],
)
def test_only_tokens_that_may_send_telemetry_are_let_in(
    export: Callable[..., bytes], shelf: Shelf, token: str, code: grpc.StatusCode
) -> None:
    refused = refusal(export, spans(NOON), (("authorization", token),))

    assert refused.code() is code
    assert shelf.taken == []


def test_a_message_beyond_the_limit_is_refused_packed_or_not(
    export: Callable[..., bytes], shelf: Shelf
) -> None:
    large = spans(NOON) + b"\x1a\xff\xff\xff\x02" + b" " * (MOST_BYTES + 1)

    plain = refusal(export, large)
    with pytest.raises(grpc.RpcError) as packed:
        export(large, compression=grpc.Compression.Gzip)

    assert len(gzip.compress(large)) < MOST_BYTES
    assert plain.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert packed.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert shelf.taken == []


def test_a_port_that_is_taken_is_said(address: str, receiver: Receiver) -> None:
    port = int(address.rpartition(":")[2])

    async def again() -> None:
        with pytest.raises(OSError, match=str(port)):
            await GrpcOtlp(receiver, known).start("127.0.0.1", port)

    asyncio.run(again())


@pytest.mark.e2e
def test_a_whole_server_takes_the_real_exporter_with_a_token_of_its_store(tmp_path: Path) -> None:
    processes = Processes(tmp_path / "logs")
    port, otlp = free_ports(2)
    store = ("--data", str(tmp_path / "store"))
    try:
        created = ("token", "create", "ada", "--role", "operator", *store)
        processes.spawn("token", "phasegate", *created)
        assert processes.finish("token", 60) == 0
        told = (tmp_path / "logs" / "token.log").read_text()
        secret = next(word for word in told.split() if word.startswith("pg_"))
        options = (*store, "--port", str(port), "--otlp-grpc-port", str(otlp))
        processes.spawn("server", "phasegate", "serve", *options)
        url = f"http://127.0.0.1:{port}"
        processes.until("it is ready", lambda: _ok(f"{url}/health/ready"), 60)

        _export_one(f"http://127.0.0.1:{otlp}", secret)

        asked = urllib.request.Request(
            f"{url}/api/v1/telemetry", headers={"Authorization": f"Bearer {secret}"}
        )
        with urllib.request.urlopen(asked) as answer:
            counted = json.load(answer)
        assert counted["received"] == 1
        assert counted["bodies"]["accepted"]["traces"] == 1
    finally:
        processes.end()


def _export_one(endpoint: str, secret: str) -> None:
    token = (("authorization", f"Bearer {secret}"),)
    exporter = OTLPSpanExporter(endpoint=endpoint, insecure=True, headers=token)
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.get_tracer("shop").start_span("POST /cart", kind=SpanKind.SERVER).end()
    provider.shutdown()


def _ok(url: str) -> bool:
    try:
        with urllib.request.urlopen(url) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
