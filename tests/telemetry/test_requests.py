"""What spans mean: requests with their exposures, and the events within them."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span
from opentelemetry.trace import SpanKind, StatusCode

from phasegate.telemetry.decode import Encoding, traces
from phasegate.telemetry.observation import Exposure, Observation
from phasegate.telemetry.wanted import Wanted, wanted
from phasegate.testing.exporting import (
    CART_ON,
    EVALUATED,
    NOON_NS,
    SECOND,
    Recorder,
    in_json,
    observed,
    server_span,
)


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
