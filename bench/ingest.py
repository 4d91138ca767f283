"""How many observations a second one process takes in, with and without decoding."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from phasegate.core.plan import Metric, MetricKind, Predicate
from phasegate.core.watch import Series, Watch
from phasegate.telemetry.decode import Encoding, traces
from phasegate.telemetry.tallying import Tallier

NOON = 1_893_499_200.0
COMPONENTS = ("cart", "basket", "voucher")
SERIES = (
    Series(
        name="error_rate",
        metric=Metric(name="error_rate", kind=MetricKind.SHARE, bad=Predicate(field="error")),
    ),
    *(
        Series(
            name=f"response_time>{bound:g}",
            metric=Metric(name="response_time", kind=MetricKind.QUANTILE, of="duration"),
            bound=bound,
        )
        for bound in (1000.0, 3000.0)
    ),
    Series(
        name="not_found",
        metric=Metric(
            name="not_found",
            kind=MetricKind.SHARE,
            bad=Predicate(field="http.response.status_code", op="==", value=404),
        ),
    ),
)
ROUNDS, BATCHES, SPANS = 7, 4, 1000


def main() -> None:
    draw = random.Random(1)
    bodies = [request(draw) for _ in range(BATCHES)]
    batches = [traces(body, Encoding.PROTOBUF).observations for body in bodies]

    def tally() -> None:
        tallier = watching()
        for batch in batches:
            tallier.observe(batch, NOON)
            tallier.flush(NOON)

    def decode_and_tally() -> None:
        tallier = watching()
        for body in bodies:
            tallier.observe(traces(body, Encoding.PROTOBUF).observations, NOON)
            tallier.flush(NOON)

    print(f"{len(COMPONENTS)} watches x {len(SERIES)} series, medians of {ROUNDS} rounds")
    print(f"tally only       {rate(tally):>10,.0f} observations/s")
    print(f"decode and tally {rate(decode_and_tally):>10,.0f} spans/s")


def watching() -> Tallier:
    tallier = Tallier("bench", b"k" * 16)
    tallier.watch(
        [
            Watch(
                run="checkout-1",
                phase="alpha",
                component=component,
                flag=component,
                attempt=1,
                series=SERIES,
                block=30,
            )
            for component in COMPONENTS
        ]
    )
    return tallier


def rate(work: Callable[[], None]) -> float:
    """Return items per second of CPU time, so that busy neighbours change little."""
    work()
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return BATCHES * SPANS / statistics.median(took)


def request(draw: random.Random) -> bytes:
    spans = [span(draw) for _ in range(SPANS)]
    scope = ScopeSpans(spans=spans)
    made = ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[scope])])
    return bytes(made.SerializeToString())


def span(draw: random.Random) -> Span:
    subject = f"patient-{draw.randrange(2000)}"
    end_ns = int((NOON - draw.random()) * 1e9)
    return Span(
        trace_id=draw.randbytes(16),
        span_id=draw.randbytes(8),
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=end_ns - draw.randrange(4_000_000_000),
        end_time_unix_nano=end_ns,
        attributes=[
            text("http.request.method", "POST"),
            text("http.route", "/checkout/{id}"),
            text("url.path", "/checkout/17"),
            text("server.address", "clinic.example"),
            KeyValue(key="http.response.status_code", value=AnyValue(int_value=200)),
        ],
        events=[
            Span.Event(
                name="feature_flag.evaluation",
                attributes=[
                    text("feature_flag.key", component),
                    text("feature_flag.result.variant", draw.choice(("on", "off"))),
                    text("feature_flag.context.id", subject),
                ],
            )
            for component in COMPONENTS
        ],
    )


def text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


if __name__ == "__main__":
    main()
