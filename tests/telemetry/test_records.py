"""Log records and data points become observations."""

from __future__ import annotations

from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import SpanKind

from phasegate.telemetry.decode import Encoding, logs, metrics
from phasegate.testing.exporting import (
    CART_ON,
    EVALUATED,
    NOON_NS,
    Recorder,
    in_json,
)


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
