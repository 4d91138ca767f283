"""What telemetry sees of evaluations and of tracking events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.track import TrackingEventDetails
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from phasegate.client import PhasegateProvider, TelemetryHook
from phasegate.flags.document import FlagState

PATIENT = EvaluationContext("patient-1")


@pytest.fixture
def logs() -> InMemoryLogRecordExporter:
    return InMemoryLogRecordExporter()


@pytest.fixture
def client(plane: Any, logs: InMemoryLogRecordExporter) -> Iterator[OpenFeatureClient]:
    plane.publish(7, FlagState(key="new_cart", exposure=10_000))
    told = LoggerProvider(shutdown_on_exit=False)
    told.add_log_record_processor(SimpleLogRecordProcessor(logs))
    provider = PhasegateProvider(plane.url, "production", logger_provider=told)
    api.set_provider_and_wait(provider)
    yield api.get_client()
    api.clear_providers()
    told.shutdown()


def attributes_of(client: OpenFeatureClient, key: str, hook: TelemetryHook) -> dict[str, Any]:
    """Evaluate within a span and return the attributes of the event on it."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    client.hooks = [hook]
    with provider.get_tracer("test").start_as_current_span("GET /cart"):
        client.get_boolean_value(key, False, PATIENT)
    ((event,),) = [span.events for span in exporter.get_finished_spans()]
    assert event.name == "feature_flag.evaluation"
    return dict(event.attributes)


def test_an_evaluation_marks_the_span(client: OpenFeatureClient) -> None:
    assert attributes_of(client, "new_cart", TelemetryHook()) == {
        "feature_flag.key": "new_cart",
        "feature_flag.result.variant": "on",
        "feature_flag.result.reason": "static",
        "feature_flag.provider.name": "phasegate",
        "feature_flag.context.id": "patient-1",
        "feature_flag.set.id": "production",
        "feature_flag.version": "7",
    }


def test_a_value_is_told_only_on_request(client: OpenFeatureClient) -> None:
    told = attributes_of(client, "new_cart", TelemetryHook(values=True))

    assert told["feature_flag.result.value"] == "true"


def test_a_failed_evaluation_is_told_with_its_error(client: OpenFeatureClient) -> None:
    told = attributes_of(client, "new_search", TelemetryHook())

    assert told["feature_flag.result.reason"] == "error"
    assert told["error.type"] == "flag_not_found"
    assert "new_search" in told["feature_flag.error.message"]
    assert "feature_flag.result.variant" not in told


def test_an_evaluation_is_a_log_event_that_holds_a_value_only_on_request(
    client: OpenFeatureClient, logs: InMemoryLogRecordExporter
) -> None:
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(logs))
    for values in (False, True):
        client.hooks = [TelemetryHook(values=values, logger_provider=provider)]
        client.get_boolean_value("new_cart", False, PATIENT)

    plain, valued = (finished.log_record for finished in logs.get_finished_logs())
    assert plain.event_name == valued.event_name == "feature_flag.evaluation"
    assert dict(plain.attributes) == {
        "feature_flag.key": "new_cart",
        "feature_flag.result.variant": "on",
        "feature_flag.result.reason": "static",
        "feature_flag.provider.name": "phasegate",
        "feature_flag.context.id": "patient-1",
        "feature_flag.set.id": "production",
        "feature_flag.version": "7",
    }
    assert valued.attributes["feature_flag.result.value"] is True


def test_evaluations_are_counted_without_their_subjects(client: OpenFeatureClient) -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    client.hooks = [TelemetryHook(meter_provider=provider)]

    for _ in range(3):
        client.get_boolean_value("new_cart", False, PATIENT)
    client.get_boolean_value("new_search", False, PATIENT)

    (metric,) = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    assert metric.name == "feature_flag.evaluations"
    assert [(dict(point.attributes), point.value) for point in metric.data.data_points] == [
        (
            {
                "feature_flag.key": "new_cart",
                "feature_flag.result.variant": "on",
                "feature_flag.result.reason": "static",
            },
            3,
        ),
        (
            {
                "feature_flag.key": "new_search",
                "feature_flag.result.reason": "error",
                "error.type": "flag_not_found",
            },
            1,
        ),
    ]


def test_without_any_telemetry_the_hook_does_nothing(client: OpenFeatureClient) -> None:
    client.hooks = [TelemetryHook()]

    assert client.get_boolean_value("new_cart", False, PATIENT) is True


def test_a_tracking_event_becomes_a_log_event_of_the_subject(
    client: OpenFeatureClient, logs: InMemoryLogRecordExporter
) -> None:
    client.track("satisfaction", PATIENT, TrackingEventDetails(4.5, {"ward": "ICU", "beds": [1]}))

    (record,) = [finished.log_record for finished in logs.get_finished_logs()]
    assert record.event_name == "satisfaction"
    assert dict(record.attributes) == {
        "feature_flag.context.id": "patient-1",
        "feature_flag.set.id": "production",
        "value": 4.5,
        "ward": "ICU",
        "beds": (1,),
    }


def test_a_tracking_event_needs_neither_subject_nor_details(
    client: OpenFeatureClient, logs: InMemoryLogRecordExporter
) -> None:
    client.track("safety.critical")

    (record,) = [finished.log_record for finished in logs.get_finished_logs()]
    assert record.event_name == "safety.critical"
    assert dict(record.attributes) == {"feature_flag.set.id": "production"}
