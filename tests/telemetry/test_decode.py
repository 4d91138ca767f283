"""OTLP bodies say the same in both encodings, and a broken one is told apart."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord
from opentelemetry.trace import SpanKind, StatusCode

from phasegate.telemetry.decode import Encoding, TooLarge, logs, metrics, traces, unpacked
from phasegate.telemetry.observation import Malformed
from phasegate.testing.exporting import (
    EVALUATED,
    NOON_NS,
    SECOND,
    Recorder,
    in_json,
    server_span,
)


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
