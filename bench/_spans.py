"""Bodies of OTLP requests as a web service under trial sends them, made once and kept fresh.

Each span is what OpenTelemetry's HTTP semantic conventions and phasegate's client put into one:
ten attributes, and an event for each of two flags. Times and trace ids are written into the made
bytes before every send, so that no two requests are alike.
"""

from __future__ import annotations

import random
import struct
import time

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

FLAGS = ("new_cart", "new_till")
SPANS = 512
"""What an SDK sends at once unless told otherwise."""

TRACE = b"\xa5phasegate bench"
BEGUN, ENDED = 0x1122334455667788, 0x1122334455667789
SLOWEST_NS = 900_000_000


class Body:
    """One request's bytes with the places of its times and trace ids."""

    def __init__(self, draw: random.Random, subjects: int) -> None:
        made = ExportTraceServiceRequest(
            resource_spans=[
                ResourceSpans(
                    scope_spans=[
                        ScopeSpans(
                            spans=[_span(draw, draw.randrange(subjects)) for _ in range(SPANS)]
                        )
                    ]
                )
            ]
        )
        self.bytes = bytearray(made.SerializeToString())
        self._traces = _places(self.bytes, TRACE)
        self._begun = _places(self.bytes, struct.pack("<Q", BEGUN))
        self._ended = _places(self.bytes, struct.pack("<Q", ENDED))
        self._took = [draw.randrange(SLOWEST_NS) for _ in self._begun]

    def freshen(self, number: int) -> bytearray:
        """Write the present time and new trace ids; number is that of the request."""
        now_ns = time.time_ns()
        for index, place in enumerate(self._traces):
            struct.pack_into(">QQ", self.bytes, place, number, index + 1)
        for place, took in zip(self._begun, self._took, strict=True):
            struct.pack_into("<Q", self.bytes, place, now_ns - took)
        for place in self._ended:
            struct.pack_into("<Q", self.bytes, place, now_ns)
        return self.bytes


def critical() -> bytes:
    """Return a request whose only span tells a safety-critical failure of the new cart."""
    event = Span.Event(name="payment.twice", attributes=[_text("phasegate.component", FLAGS[0])])
    span = Span(
        trace_id=random.randbytes(16),
        kind=Span.SPAN_KIND_SERVER,
        events=[event],
        end_time_unix_nano=time.time_ns(),
    )
    return bytes(
        ExportTraceServiceRequest(
            resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=[span])])]
        ).SerializeToString()
    )


def _span(draw: random.Random, subject: int) -> Span:
    variants = [f"{'on' if (subject >> bit) & 1 else 'off'}" for bit in range(len(FLAGS))]
    return Span(
        trace_id=TRACE,
        span_id=draw.randbytes(8),
        kind=Span.SPAN_KIND_SERVER,
        name="POST /carts/{cart}/items",
        start_time_unix_nano=BEGUN,
        end_time_unix_nano=ENDED,
        attributes=[
            _text("http.request.method", "POST"),
            _text("url.scheme", "https"),
            _text("url.path", f"/carts/{draw.randrange(10**9)}/items"),
            _text("http.route", "/carts/{cart}/items"),
            KeyValue(key="http.response.status_code", value=AnyValue(int_value=200)),
            _text("server.address", "shop.example"),
            KeyValue(key="server.port", value=AnyValue(int_value=443)),
            _text("client.address", f"10.{draw.randrange(256)}.{draw.randrange(256)}.7"),
            _text("network.protocol.version", "1.1"),
            _text("user_agent.original", draw.choice(("Mozilla/5.0", "okhttp/4.12", "curl/8"))),
        ],
        events=[
            Span.Event(
                name="feature_flag.evaluation",
                time_unix_nano=BEGUN,
                attributes=[
                    _text("feature_flag.key", flag),
                    _text("feature_flag.result.reason", "split"),
                    _text("feature_flag.result.variant", variant),
                    _text("feature_flag.provider.name", "phasegate"),
                    _text("feature_flag.context.id", f"customer-{subject}"),
                ],
            )
            for flag, variant in zip(FLAGS, variants, strict=True)
        ],
    )


def _text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def _places(body: bytearray, marker: bytes) -> list[int]:
    found, at = [], body.find(marker)
    while at >= 0:
        found.append(at)
        at = body.find(marker, at + len(marker))
    return found
