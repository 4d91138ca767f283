"""OTLP bodies, as real exporters write them and as broken ones do, become observations."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from contextlib import suppress
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from phasegate.telemetry.decode import Encoding, TooLarge, logs, metrics, traces, unpacked
from phasegate.telemetry.observation import Exposure, Malformed, Observation
from phasegate.telemetry.wanted import Wanted, wanted

NOON_NS = 1_893_499_200_000_000_000
SECOND = 1_000_000_000
EVALUATED = {
    "feature_flag.key": "cart",
    "feature_flag.result.variant": "on",
    "feature_flag.context.id": "patient-1",
}
CART_ON = Exposure(flag="cart", variant="on", subject="patient-1")


class Recorder:
    """A real tracer and logger whose output is encoded as the OTLP exporters encode it."""

    def __init__(self) -> None:
        self._spans, self._logs = InMemorySpanExporter(), InMemoryLogRecordExporter()
        provider, loggers = TracerProvider(), LoggerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._spans))
        loggers.add_log_record_processor(SimpleLogRecordProcessor(self._logs))
        self.tracer = provider.get_tracer("clinic")
        self.logger = loggers.get_logger("clinic")

    def trace_request(self) -> ExportTraceServiceRequest:
        return encode_spans(self._spans.get_finished_spans())

    def logs_request(self) -> ExportLogsServiceRequest:
        return encode_logs(self._logs.get_finished_logs())


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def server_span(recorder: Recorder, **attributes: str | int | bool) -> Any:
    return recorder.tracer.start_span(
        "POST /checkout", kind=SpanKind.SERVER, start_time=NOON_NS, attributes=attributes
    )


def observed(recorder: Recorder) -> tuple[Observation, ...]:
    body = recorder.trace_request().SerializeToString()
    return traces(body, Encoding.PROTOBUF).observations


def in_json(request: Message) -> bytes:
    """Write a request as OTLP/JSON has it: enums as numbers, ids in hex."""
    return json.dumps(with_hex_ids(MessageToDict(request, use_integers_for_enums=True))).encode()


def with_hex_ids(plain: Any) -> Any:
    if isinstance(plain, list):
        return [with_hex_ids(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    return {
        name: b64decode(item).hex().upper() if name in IDS else with_hex_ids(item)
        for name, item in plain.items()
    }


IDS = ("traceId", "spanId", "parentSpanId")


def test_a_server_span_is_an_observation_with_its_exposures(recorder: Recorder) -> None:
    span = server_span(recorder, **{"http.request.method": "POST"})
    span.add_event("feature_flag.evaluation", EVALUATED)
    span.end(NOON_NS + SECOND // 4)

    context = span.get_span_context()
    assert observed(recorder) == (
        Observation(
            event=None,
            subject="patient-1",
            attributes={"http.request.method": "POST", "error": False, "duration": 250.0},
            exposures=(CART_ON,),
            at_s=1_893_499_200.25,
            trace=context.trace_id.to_bytes(16, "big"),
            span=context.span_id.to_bytes(8, "big"),
        ),
    )


def test_the_old_name_of_the_variant_is_understood(recorder: Recorder) -> None:
    span = server_span(recorder)
    span.add_event(
        "feature_flag.evaluation",
        {
            "feature_flag.key": "cart",
            "feature_flag.variant": "off",
            "feature_flag.context.id": "patient-1",
        },
    )
    span.end(NOON_NS + SECOND)

    exposures = observed(recorder)[0].exposures
    assert exposures == (Exposure(flag="cart", variant="off", subject="patient-1"),)


def test_an_evaluation_without_variant_is_no_exposure(recorder: Recorder) -> None:
    span = server_span(recorder)
    span.add_event("feature_flag.evaluation", {"feature_flag.key": "cart", "error.type": "general"})
    span.end(NOON_NS + SECOND)

    assert observed(recorder)[0].exposures == ()


@pytest.mark.parametrize("asked", [None, wanted((), ("cart",))])
def test_who_is_off_because_nobody_watches_is_in_no_arm(
    recorder: Recorder, asked: Wanted | None
) -> None:
    withheld = {**EVALUATED, "feature_flag.result.variant": "off"}
    span = server_span(recorder)
    span.add_event("feature_flag.evaluation", {**withheld, "feature_flag.result.reason": "stale"})
    span.add_event("feature_flag.evaluation", {**EVALUATED, "feature_flag.key": "till"})
    span.end()
    request = recorder.trace_request()

    in_protobuf = traces(request.SerializeToString(), Encoding.PROTOBUF, asked).observations
    as_json = traces(in_json(request), Encoding.JSON, asked).observations

    for (observation,) in (in_protobuf, as_json):
        assert observation.exposures == (CART_ON._replace(flag="till"),)


@pytest.mark.parametrize(
    ("attributes", "failed"),
    [
        ({"http.response.status_code": 500}, True),
        ({"http.response.status_code": 499}, False),
        ({"error.type": "TimeoutError"}, True),
        ({"error": True}, True),
        ({"error": "no"}, False),
        ({}, False),
    ],
)
def test_an_error_is_seen_by_status_code_or_type(
    recorder: Recorder, attributes: dict[str, Any], failed: bool
) -> None:
    server_span(recorder, **attributes).end(NOON_NS + SECOND)

    assert observed(recorder)[0].attributes["error"] is failed


def test_a_span_with_error_status_is_an_error(recorder: Recorder) -> None:
    span = server_span(recorder)
    span.set_status(StatusCode.ERROR)
    span.end(NOON_NS + SECOND)

    assert observed(recorder)[0].attributes["error"] is True


def test_a_span_that_ends_before_it_starts_has_no_duration(recorder: Recorder) -> None:
    server_span(recorder, duration=5).end(NOON_NS - SECOND)

    assert "duration" not in observed(recorder)[0].attributes


def test_an_exposure_on_an_inner_span_belongs_to_the_server_span_above(recorder: Recorder) -> None:
    for subject in ("patient-1", "patient-2"):
        with (
            recorder.tracer.start_as_current_span("POST /checkout", kind=SpanKind.SERVER),
            recorder.tracer.start_as_current_span("price"),
            recorder.tracer.start_as_current_span("decide") as inner,
        ):
            told = EVALUATED | {"feature_flag.context.id": subject}
            inner.add_event("feature_flag.evaluation", told)

    found = [one for one in observed(recorder) if one.event is None]
    assert [one.subject for one in found] == ["patient-1", "patient-2"]
    assert [len(one.exposures) for one in found] == [1, 1]


def test_an_inner_span_whose_server_span_is_elsewhere_tells_an_exposure_alone(
    recorder: Recorder,
) -> None:
    with recorder.tracer.start_as_current_span("decide") as inner:
        inner.add_event("feature_flag.evaluation", EVALUATED)

    (found,) = observed(recorder)
    assert (found.event, found.exposures) == ("feature_flag.evaluation", (CART_ON,))


@pytest.mark.parametrize(
    ("attributes", "exposures"),
    [
        (EVALUATED, (CART_ON,)),
        (
            {"feature_flag.key": "cart", "feature_flag.variant": "off"},
            (Exposure("cart", "off", None),),
        ),
        (
            {
                "feature_flag.cart": "on",
                "feature_flag.new.till": False,
                "feature_flag.version": "3",
            },
            (Exposure("cart", "on", None), Exposure("new.till", "off", None)),
        ),
        (
            {"feature_flag.cart": True, "feature_flag.context.id": "patient-1"},
            (CART_ON,),
        ),
        (
            {"feature_flag.cart": "on", "feature_flag.set.id": "staging"},
            (Exposure("cart", "on", None, "staging"),),
        ),
        ({"feature_flag.cart": 7, "feature_flag.set.id": "on", "http.route": "/"}, ()),
    ],
)
def test_plain_attributes_of_a_span_tell_exposures(
    recorder: Recorder, attributes: dict[str, Any], exposures: tuple[Any, ...]
) -> None:
    server_span(recorder, **attributes).end(NOON_NS + SECOND)

    (found,) = observed(recorder)
    assert found.exposures == exposures


def test_plain_attributes_of_an_inner_span_belong_to_the_server_span_above(
    recorder: Recorder,
) -> None:
    with (
        recorder.tracer.start_as_current_span("POST /checkout", kind=SpanKind.SERVER),
        recorder.tracer.start_as_current_span("decide") as inner,
    ):
        inner.set_attributes({**EVALUATED, "db.system": "sqlite"})

    (found,) = observed(recorder)
    assert (found.event, found.exposures) == (None, (CART_ON,))


def test_an_exposure_that_stands_alone_names_the_nearest_span_that_is_elsewhere(
    recorder: Recorder,
) -> None:
    with (
        recorder.tracer.start_as_current_span("POST /checkout", kind=SpanKind.SERVER) as server,
        recorder.tracer.start_as_current_span("price"),
        recorder.tracer.start_as_current_span("decide") as inner,
    ):
        inner.set_attributes(EVALUATED)
    request = recorder.trace_request()
    listed = request.resource_spans[0].scope_spans[0].spans
    del listed[2]

    (alone,) = traces(request.SerializeToString(), Encoding.PROTOBUF).observations

    context = server.get_span_context()
    assert alone.event == "feature_flag.evaluation"
    assert alone.trace == context.trace_id.to_bytes(16, "big")
    assert alone.span == context.span_id.to_bytes(8, "big")


def test_attributes_of_a_request_that_nobody_asks_for_are_left_out(recorder: Recorder) -> None:
    span = server_span(
        recorder,
        **{"http.route": "/cart", "feature_flag.till": "on", "error.type": "timeout", "url": "/7"},
    )
    span.add_event("rated", {"rating": 4})
    span.end(NOON_NS + SECOND)
    body = recorder.trace_request().SerializeToString()

    request, rated = traces(body, Encoding.PROTOBUF, wanted(["http.route"], ["till"])).observations

    assert request.attributes == {
        "http.route": "/cart",
        "feature_flag.till": "on",
        "error.type": "timeout",
        "error": True,
        "duration": 1000.0,
    }
    assert request.exposures == (Exposure("till", "on", None),)
    assert rated.attributes == {"rating": 4}


def test_an_evaluation_is_told_in_texts_of_a_decent_length(recorder: Recorder) -> None:
    span = server_span(recorder)
    for name, value in (("feature_flag.key", 7), ("feature_flag.result.variant", "x" * 2000)):
        span.add_event("feature_flag.evaluation", {**EVALUATED, name: value})
    span.add_event("feature_flag.evaluation", {**EVALUATED, "feature_flag.context.id": 17})
    span.end(NOON_NS + SECOND)
    request = recorder.trace_request()

    for found in (
        traces(request.SerializeToString(), Encoding.PROTOBUF),
        traces(in_json(request), Encoding.JSON),
    ):
        assert found.observations[0].exposures == (Exposure("cart", "on", "17"),)


def test_the_trace_state_tells_that_a_stream_is_sampled(recorder: Recorder) -> None:
    span = server_span(recorder)
    span.add_event("rated", {"rating": 1})
    span.end(NOON_NS + SECOND)
    request = recorder.trace_request()
    request.resource_spans[0].scope_spans[0].spans[0].trace_state = "ot=th:8"

    for body, encoding in (
        (request.SerializeToString(), Encoding.PROTOBUF),
        (in_json(request), Encoding.JSON),
    ):
        assert [one.sampled for one in traces(body, encoding).observations] == [True, True]


@pytest.mark.parametrize("part", ["attributes", "events"])
def test_a_span_beyond_the_limits_is_refused_alone(part: str) -> None:
    large, small = Span(kind=Span.SPAN_KIND_SERVER), Span(kind=Span.SPAN_KIND_SERVER)
    for number in range(257):
        getattr(large, part).add(**{"key" if part == "attributes" else "name": f"n{number}"})
    scope = ScopeSpans(spans=[large, small])
    request = ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[scope])])

    for body, encoding in (
        (request.SerializeToString(), Encoding.PROTOBUF),
        (in_json(request), Encoding.JSON),
    ):
        batch = traces(body, encoding)
        assert (batch.records, batch.refused, len(batch.observations)) == (2, 1, 1)


def test_a_text_beyond_the_limit_is_left_out(recorder: Recorder) -> None:
    server_span(recorder, long="x" * 1025, fits="x" * 1024).end(NOON_NS + SECOND)
    request = recorder.trace_request()

    for found in (
        traces(request.SerializeToString(), Encoding.PROTOBUF),
        traces(in_json(request), Encoding.JSON),
    ):
        assert found.observations[0].attributes.keys() == {"fits", "error", "duration"}


def test_gauges_and_sums_are_points_with_the_attributes_of_their_resource() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader], resource=Resource({"service.name": "clinic"}))
    meter = provider.get_meter("clinic")
    meter.create_gauge("memory").set(0.5, {"host": "a"})
    meter.create_counter("served").add(3)
    meter.create_up_down_counter("open").add(-2)
    meter.create_histogram("took").record(5)
    data = reader.get_metrics_data()
    assert data is not None
    request = encode_metrics(data)

    batch = metrics(request.SerializeToString(), Encoding.PROTOBUF)

    found = {point.metric: point for point in batch.points}
    assert {name: point.value for name, point in found.items()} == {
        "memory": 0.5,
        "served": 3.0,
        "open": -2.0,
    }
    assert found["memory"].attributes == {"service.name": "clinic", "host": "a"}
    assert [name for name, point in found.items() if point.rising] == ["served"]
    assert not any(point.delta for point in found.values())
    assert found["served"].start_s > 0
    assert metrics(in_json(request), Encoding.JSON) == batch


def test_a_point_without_a_recorded_value_is_no_point() -> None:
    gauge = metrics_pb2.Gauge(
        data_points=[
            metrics_pb2.NumberDataPoint(as_double=0.0, flags=1),
            metrics_pb2.NumberDataPoint(),
        ]
    )
    scope = metrics_pb2.ScopeMetrics(metrics=[metrics_pb2.Metric(name="memory", gauge=gauge)])
    request = ExportMetricsServiceRequest(
        resource_metrics=[metrics_pb2.ResourceMetrics(scope_metrics=[scope])]
    )

    assert metrics(request.SerializeToString(), Encoding.PROTOBUF).points == ()
    assert metrics(in_json(request), Encoding.JSON).points == ()


def test_a_delta_is_told_apart_in_both_encodings() -> None:
    point = metrics_pb2.NumberDataPoint(as_int=4, time_unix_nano=NOON_NS)
    total = metrics_pb2.Sum(
        data_points=[point],
        is_monotonic=True,
        aggregation_temporality=metrics_pb2.AGGREGATION_TEMPORALITY_DELTA,
    )
    scope = metrics_pb2.ScopeMetrics(metrics=[metrics_pb2.Metric(name="served", sum=total)])
    request = ExportMetricsServiceRequest(
        resource_metrics=[metrics_pb2.ResourceMetrics(scope_metrics=[scope])]
    )

    assert metrics(request.SerializeToString(), Encoding.PROTOBUF).points[0].delta
    assert metrics(in_json(request), Encoding.JSON).points[0].delta


def test_an_event_within_a_span_is_an_observation_of_its_subject(recorder: Recorder) -> None:
    span = server_span(recorder)
    span.add_event("feature_flag.evaluation", EVALUATED)
    span.add_event("safety.critical", {"phasegate.component": "cart"}, timestamp=NOON_NS + 5)
    span.end(NOON_NS + SECOND)

    (_, critical) = observed(recorder)
    assert critical.event == "safety.critical"
    assert critical.subject == "patient-1"
    assert critical.attributes == {"phasegate.component": "cart"}
    assert critical.exposures == (CART_ON,)


def test_an_event_within_an_inner_span_is_of_the_request_above(recorder: Recorder) -> None:
    with recorder.tracer.start_as_current_span("POST /checkout", kind=SpanKind.SERVER) as span:
        span.add_event("feature_flag.evaluation", EVALUATED)
        with recorder.tracer.start_as_current_span("decide") as inner:
            inner.add_event("safety.critical")

    (critical,) = [one for one in observed(recorder) if one.event == "safety.critical"]
    assert (critical.subject, critical.exposures) == ("patient-1", (CART_ON,))


def test_other_spans_without_events_are_counted_as_records_only(recorder: Recorder) -> None:
    recorder.tracer.start_span("query", kind=SpanKind.CLIENT).end()

    batch = traces(recorder.trace_request().SerializeToString(), Encoding.PROTOBUF)

    assert (batch.records, batch.observations) == (1, ())


def test_a_named_log_record_is_an_observation(recorder: Recorder) -> None:
    recorder.logger.emit(
        LogRecord(
            timestamp=NOON_NS,
            event_name="satisfaction",
            attributes={"rating": 4, "feature_flag.context.id": "patient-1", "list": [1, 2]},
        )
    )
    body = recorder.logs_request().SerializeToString()

    (found,) = logs(body, Encoding.PROTOBUF).observations
    assert found[:4] == (
        "satisfaction",
        "patient-1",
        {"rating": 4, "feature_flag.context.id": "patient-1"},
        1_893_499_200.0,
    )


def test_a_log_record_tells_which_request_it_belongs_to(recorder: Recorder) -> None:
    with recorder.tracer.start_as_current_span("POST /checkout", kind=SpanKind.SERVER) as span:
        recorder.logger.emit(LogRecord(timestamp=NOON_NS, event_name="rated"))
    request = recorder.logs_request()

    context = span.get_span_context()
    for found in (
        logs(request.SerializeToString(), Encoding.PROTOBUF),
        logs(in_json(request), Encoding.JSON),
    ):
        assert found.observations[0].trace == context.trace_id.to_bytes(16, "big")
        assert found.observations[0].span == context.span_id.to_bytes(8, "big")


def test_the_name_of_a_log_event_may_stand_in_its_attributes(recorder: Recorder) -> None:
    recorder.logger.emit(LogRecord(observed_timestamp=NOON_NS, attributes={"event.name": "rated"}))
    body = recorder.logs_request().SerializeToString()

    (found,) = logs(body, Encoding.PROTOBUF).observations
    assert (found.event, found.at_s) == ("rated", 1_893_499_200.0)


def test_an_evaluation_in_the_log_is_an_exposure_and_nothing_else(recorder: Recorder) -> None:
    recorder.logger.emit(
        LogRecord(timestamp=NOON_NS, event_name="feature_flag.evaluation", attributes=EVALUATED)
    )
    body = recorder.logs_request().SerializeToString()

    (found,) = logs(body, Encoding.PROTOBUF).observations
    assert (found.event, found.subject) == ("feature_flag.evaluation", "patient-1")
    assert (found.exposures, found.attributes) == ((CART_ON,), {})


def test_a_log_line_without_a_name_is_no_observation(recorder: Recorder) -> None:
    recorder.logger.emit(LogRecord(timestamp=NOON_NS, body="checkout took long"))
    body = recorder.logs_request().SerializeToString()

    assert logs(body, Encoding.PROTOBUF).observations == ()


def test_json_says_what_protobuf_says(recorder: Recorder) -> None:
    with recorder.tracer.start_as_current_span("POST /checkout", kind=SpanKind.SERVER) as span:
        span.set_attributes({"a": "text", "b": True, "c": 7, "d": 0.5})
        span.set_status(StatusCode.ERROR)
        with recorder.tracer.start_as_current_span("decide") as inner:
            inner.add_event("feature_flag.evaluation", EVALUATED)
            inner.add_event("rated", {"rating": 2})
    recorder.logger.emit(LogRecord(timestamp=NOON_NS, event_name="rated", attributes={"r": 4}))
    spans, records = recorder.trace_request(), recorder.logs_request()

    assert traces(in_json(spans), Encoding.JSON) == traces(
        spans.SerializeToString(), Encoding.PROTOBUF
    )
    assert logs(in_json(records), Encoding.JSON) == logs(
        records.SerializeToString(), Encoding.PROTOBUF
    )


def test_json_may_have_unknown_fields_numbers_for_text_and_nulls() -> None:
    span = {
        "kind": 2,
        "novelty": {"deep": [1]},
        "startTimeUnixNano": NOON_NS,
        "endTimeUnixNano": str(NOON_NS + SECOND),
        "attributes": [
            {"key": "n", "value": {"intValue": 5}},
            {"key": "x", "value": {"doubleValue": "NaN"}},
            {"key": "none", "value": None},
        ],
        "events": None,
    }
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()

    (found,) = traces(body, Encoding.JSON).observations
    assert found.attributes["n"] == 5
    assert found.attributes["x"] != found.attributes["x"]
    assert found.attributes["duration"] == 1000.0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"resourceSpans": 5}',
        b'{"resourceSpans": [',
        b"\xff\xfe",
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"endTimeUnixNano":"soon"}]}]}]}',
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"endTimeUnixNano":"-1"}]}]}]}',
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"endTimeUnixNano":"'
        + b"9" * 5000
        + b'"}]}]}]}',
        b'{"a":' * 100_000,
    ],
)
def test_malformed_json_is_told_apart(body: bytes) -> None:
    with pytest.raises(Malformed):
        traces(body, Encoding.JSON)


def test_malformed_protobuf_is_told_apart() -> None:
    with pytest.raises(Malformed, match="protobuf ExportTraceServiceRequest"):
        traces(b"\x0a\xff", Encoding.PROTOBUF)
    with pytest.raises(Malformed, match="protobuf ExportLogsServiceRequest"):
        logs(b"not protobuf", Encoding.PROTOBUF)


def test_spans_whose_parents_run_in_a_circle_are_read_in_finite_time() -> None:
    event = {
        "name": "feature_flag.evaluation",
        "attributes": [
            {"key": "feature_flag.key", "value": {"stringValue": "cart"}},
            {"key": "feature_flag.result.variant", "value": {"stringValue": "on"}},
        ],
    }
    spans = [
        {"traceId": "aa", "spanId": "01", "parentSpanId": "02", "events": [event]},
        {"traceId": "aa", "spanId": "02", "parentSpanId": "01", "events": [event]},
    ]
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()

    assert len(traces(body, Encoding.JSON).observations) == 2


def test_gzip_is_unpacked() -> None:
    assert unpacked(gzip.compress(b"spans"), 5) == b"spans"


def test_gzip_beyond_its_limit_is_too_large_and_never_unpacked_whole() -> None:
    with pytest.raises(TooLarge, match="1000 bytes"):
        unpacked(gzip.compress(b"0" * 10_000_000), 1000)


@pytest.mark.parametrize(
    "body", [b"", b"plain", gzip.compress(b"spans")[:-3], gzip.compress(b"spans") + b"more"]
)
def test_broken_gzip_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed, match="gzip"):
        unpacked(body, 1000)


def sample() -> bytes:
    recorder = Recorder()
    span = server_span(recorder, **{"http.request.method": "POST"})
    span.add_event("feature_flag.evaluation", EVALUATED)
    span.end(NOON_NS + SECOND)
    return recorder.trace_request().SerializeToString()


SAMPLE = sample()


@settings(deadline=None)
@given(body=st.binary(max_size=300), encoding=st.sampled_from(Encoding))
def test_no_body_crashes_the_decoder(body: bytes, encoding: Encoding) -> None:
    for read in (traces, logs, metrics):
        with suppress(Malformed):
            read(body, encoding)


@settings(deadline=None)
@given(at=st.integers(0, len(SAMPLE) - 1), byte=st.integers(0, 255), cut=st.booleans())
def test_no_damaged_body_crashes_the_decoder(at: int, byte: int, cut: bool) -> None:
    damaged = SAMPLE[:at] + bytes((byte,)) + (b"" if cut else SAMPLE[at + 1 :])
    with suppress(Malformed):
        traces(damaged, Encoding.PROTOBUF)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    "kind",
                    "attributes",
                    "events",
                    "key",
                    "value",
                    "name",
                    "traceId",
                    "traceState",
                    "sum",
                    "dataPoints",
                    "asInt",
                    "asDouble",
                    "flags",
                ]
            ),
            inner,
        )
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(span=json_values)
def test_no_json_span_crashes_the_decoder(span: object) -> None:
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
    with suppress(Malformed):
        traces(body, Encoding.JSON)


@settings(deadline=None)
@given(metric=json_values)
def test_no_json_metric_crashes_the_decoder(metric: object) -> None:
    body = json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}).encode()
    with suppress(Malformed):
        metrics(body, Encoding.JSON)
