"""Bodies that nobody meant to send: whatever they hold, the server answers and stays small."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
import time
from base64 import b64encode
from dataclasses import asdict

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Gauge,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.core import plan
from phasegate.core.watch import Series, Watch
from phasegate.server.otlp_answers import Failure
from phasegate.server.receiving import LOGS, METRICS, TRACES, Receiver, Signal
from phasegate.telemetry.decode import Encoding
from phasegate.telemetry.intake import Intake
from phasegate.telemetry.tallying import Tallier

NOW = int(time.time())
RATED = plan.Metric(
    name="rating",
    kind=plan.MetricKind.SHARE,
    event="rated",
    good=plan.Predicate(field="rating", op=">=", value=4),
)
SERIES = (
    Series(
        name="error_rate",
        metric=plan.Metric(
            name="error_rate", kind=plan.MetricKind.SHARE, bad=plan.Predicate(field="error")
        ),
    ),
    Series(
        name="slow",
        metric=plan.Metric(name="slow", kind=plan.MetricKind.QUANTILE, at=0.95, of="duration"),
        bound=900.0,
    ),
    Series(name="rating", metric=RATED),
    Series(
        name="critical",
        metric=plan.Metric(name="critical", kind=plan.MetricKind.SENTINEL, event="critical"),
    ),
    Series(
        name="memory",
        metric=plan.Metric(
            name="memory", kind=plan.MetricKind.LEVEL, source="otlp", query="memory"
        ),
    ),
)
WATCH = Watch(
    run="checkout-1",
    phase="alpha",
    component="cart",
    flag="cart",
    attempt=1,
    series=SERIES,
    block=30,
)


def pairs(**told: str | int | bool) -> list[KeyValue]:
    kinds = {bool: "bool_value", int: "int_value", str: "string_value"}
    return [
        KeyValue(key=key.replace("__", "."), value=AnyValue(**{kinds[type(value)]: value}))
        for key, value in told.items()
    ]


def bodies() -> list[tuple[Signal, Encoding, bytes]]:
    told = pairs(
        feature_flag__key="cart",
        feature_flag__result__variant="on",
        feature_flag__context__id="patient-1",
    )
    moment = NOW * 10**9
    inner = Span(trace_id=b"t" * 16, span_id=b"i" * 8, parent_span_id=b"s" * 8, attributes=told)
    span = Span(
        trace_id=b"t" * 16,
        span_id=b"s" * 8,
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=moment - 10**9,
        end_time_unix_nano=moment,
        attributes=pairs(http__response__status_code=503, error=True),
        events=[
            Span.Event(name="feature_flag.evaluation", time_unix_nano=moment, attributes=told),
            Span.Event(name="rated", time_unix_nano=moment, attributes=pairs(rating=2)),
        ],
    )
    spans = ResourceSpans(scope_spans=[ScopeSpans(spans=[span, inner])])
    records = [
        LogRecord(event_name="critical", time_unix_nano=moment, attributes=told),
        LogRecord(event_name="feature_flag.evaluation", time_unix_nano=moment, attributes=told),
    ]
    points = [NumberDataPoint(time_unix_nano=moment, as_double=1.5, attributes=pairs(host="a"))]
    metrics = [
        Metric(name="memory", gauge=Gauge(data_points=points)),
        Metric(name="memory", sum=Sum(data_points=points, is_monotonic=True)),
    ]
    scoped = ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=metrics)])
    logs = ResourceLogs(scope_logs=[ScopeLogs(log_records=records)])
    messages = (
        (TRACES, ExportTraceServiceRequest(resource_spans=[spans])),
        (LOGS, ExportLogsServiceRequest(resource_logs=[logs])),
        (METRICS, ExportMetricsServiceRequest(resource_metrics=[scoped])),
    )
    return [
        one
        for signal, message in messages
        for one in (
            (signal, Encoding.PROTOBUF, message.SerializeToString()),
            (signal, Encoding.JSON, in_json(message)),
        )
    ]


def in_json(message: Message) -> bytes:
    """Write a message as OTLP does: ids in hexadecimal, unlike every other JSON of protobuf."""
    text = json.dumps(MessageToDict(message))
    for one in (b"t" * 16, b"s" * 8, b"i" * 8):
        text = text.replace(b64encode(one).decode(), one.hex())
    return text.encode()


BODIES = bodies()
EDIT = st.sampled_from(["set", "cut", "put", "twice"])
EDITS = st.lists(st.tuples(EDIT, st.integers(0), st.binary(max_size=6)), min_size=1, max_size=4)


def spoilt(body: bytes, edits: list[tuple[str, int, bytes]]) -> bytes:
    for kind, place, bits in edits:
        at = place % (len(body) + 1)
        if kind == "twice":
            body = body[:at] + body[at // 2 :]
        else:
            kept = {"set": at + len(bits), "cut": at + 1 + len(bits), "put": at}[kind]
            body = body[:at] + (b"" if kind == "cut" else bits) + body[kept:]
    return body


class Plane:
    """A receiver before a real intake that watches a run."""

    def __init__(self) -> None:
        self.tallier = Tallier(writer="w", key=b"k" * 16)
        self.tallier.watch([WATCH])
        self.intake = Intake(self.tallier, MemoryStore(), wake=lambda: None)
        self.receiver = Receiver(self.intake)

    def answer(self, signal: Signal, body: bytes, encoding: Encoding, *, packed: bool) -> int:
        """Send a body and return the status that HTTP would answer."""
        try:
            with self.receiver.place():
                asyncio.run(self.receiver.take(signal, body, encoding, packed=packed))
        except Failure as failure:
            return failure.status
        return 200

    def sound(self) -> bool:
        """Say whether every observation became exactly one thing, and all can be stored."""
        counted = asdict(self.tallier.counters)
        points, strays = counted.pop("points"), counted.pop("stray_exposures")
        received = counted.pop("received")
        return (
            received == sum(counted.values())
            and self.intake.flush(time.time())
            and (points >= 0 <= strays)
        )


@settings(deadline=None, max_examples=300)
@given(
    signal=st.sampled_from([TRACES, LOGS, METRICS]),
    body=st.binary(max_size=400),
    encoding=st.sampled_from(Encoding),
    packed=st.booleans(),
)
def test_bytes_at_random_are_answered(
    signal: Signal, body: bytes, encoding: Encoding, packed: bool
) -> None:
    plane = Plane()

    status = plane.answer(signal, body, encoding, packed=packed)

    assert status in (200, 400, 413)
    assert plane.sound()


@settings(deadline=None, max_examples=600)
@given(which=st.sampled_from(BODIES), edits=EDITS, packed=st.booleans())
def test_a_spoilt_body_is_answered_and_whatever_is_left_of_it_is_counted(
    which: tuple[Signal, Encoding, bytes], edits: list[tuple[str, int, bytes]], packed: bool
) -> None:
    plane = Plane()
    signal, encoding, whole = which
    body = spoilt(whole, edits)

    status = plane.answer(signal, gzip.compress(body) if packed else body, encoding, packed=packed)

    assert status in (200, 400, 413)
    assert plane.sound()


@settings(deadline=None)
@given(which=st.sampled_from(BODIES), edits=EDITS)
def test_gzip_that_is_spoilt_is_a_bad_request_or_what_it_was(
    which: tuple[Signal, Encoding, bytes], edits: list[tuple[str, int, bytes]]
) -> None:
    plane = Plane()
    signal, encoding, whole = which

    status = plane.answer(signal, spoilt(gzip.compress(whole), edits), encoding, packed=True)

    assert status in (200, 400, 413)
    assert plane.sound()


@pytest.mark.parametrize("body", BODIES, ids=lambda one: f"{one[0].name}-{one[1].name}")
def test_the_bodies_that_are_spoilt_are_sound_themselves(
    body: tuple[Signal, Encoding, bytes],
) -> None:
    plane = Plane()
    signal, encoding, whole = body

    assert plane.answer(signal, whole, encoding, packed=False) == 200
    counters = plane.tallier.counters
    assert counters.received + counters.points > 0


BOMBS = """
import asyncio
from pathlib import Path
from phasegate.server.otlp_answers import Failure
from phasegate.server.receiving import LOGS, METRICS, MOST_UNPACKED, TRACES, Receiver
from phasegate.telemetry.decode import Encoding
from phasegate.testing.shelf import Shelf

def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + bytes((n,)))

def field(number, content):
    return bytes((number << 3 | 2,)) + varint(len(content)) + content

SIZE = MOST_UNPACKED - 64
spans = field(1, field(2, b"\\x12\\x00" * (SIZE // 2)))
scopes = field(1, b"\\x12\\x00" * (SIZE // 2))
resources = b"\\x0a\\x00" * (SIZE // 2)
events = field(1, field(2, field(2, b"\\x5a\\x00" * (SIZE // 2))))
keys = b"".join(field(9, field(1, b"%x" % n)) for n in range(SIZE // 10))
attributes = field(1, field(2, field(2, keys)))
into_spans = b'{"resourceSpans":[{"scopeSpans":[{"spans":['
json_spans = into_spans + b"{}," * (SIZE // 3) + b"{}]}]}]}"
json_pairs = into_spans + b'{"attributes":[' + b"{}," * 900_000 + b"{}]}]}]}]}"
deep = b"[" * SIZE

async def all_of_them():
    receiver = Receiver(Shelf())
    for encoding, parts in (
        (Encoding.PROTOBUF, (spans, scopes, resources, events, attributes)),
        (Encoding.JSON, (json_spans, json_pairs, deep)),
    ):
        for body in parts:
            for signal in (TRACES, LOGS, METRICS):
                try:
                    await receiver.take(signal, body, encoding)
                except Failure as failure:
                    assert failure.status in (400, 413), failure
            # Not what getrusage says: that begins with what the process was forked from.
            told = Path("/proc/self/status").read_text()
            print(int(told.split("VmHWM:")[1].split()[0]) // 1024)

asyncio.run(all_of_them())
"""


def test_bodies_made_to_burst_take_no_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BOMBS], capture_output=True, text=True, timeout=110, check=False
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < 400, done.stdout
