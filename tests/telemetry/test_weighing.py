"""A body that would burst is told apart from one that is merely large."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from phasegate.telemetry.limits import MOST_OBJECTS, MOST_RECORDS
from phasegate.telemetry.observation import Malformed
from phasegate.telemetry.weighing import too_many_objects, too_many_records


def request(*spans: Span) -> bytes:
    scope = ScopeSpans(spans=spans)
    whole = ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[scope])])
    return bytes(whole.SerializeToString())


def test_as_many_records_as_are_allowed_are_read() -> None:
    span = Span(name="x" * 200)

    assert not too_many_records(request(*[span] * (MOST_RECORDS - 2)))
    assert too_many_records(request(*[span] * (MOST_RECORDS - 1)))


def test_empty_records_count_as_well() -> None:
    assert too_many_records(request(*[Span()] * MOST_RECORDS * 2))


def test_a_record_of_ordinary_size_may_hold_what_it_likes() -> None:
    spans = [Span(events=[Span.Event(name="e" * 50)] * 200) for _ in range(50)]

    assert not too_many_records(request(*spans))


def test_a_monstrous_record_is_looked_into() -> None:
    events = [Span.Event()] * 200_000
    attributes = [KeyValue(key=str(n), value=AnyValue(int_value=n)) for n in range(20_000)]

    assert too_many_records(request(Span(events=events)))
    assert too_many_records(request(Span(attributes=attributes)))
    assert not too_many_records(request(Span(name="n" * 500_000)))


@pytest.mark.parametrize("tail", [b"\x0a\x7f", b"\x0a\xff", b"\x0b", b"\xff" * 9])
def test_what_cannot_be_weighed_is_malformed(tail: bytes) -> None:
    with pytest.raises(Malformed):
        too_many_records(request(Span(name="n" * 200_000)) + tail)


def test_numbers_between_the_parts_are_passed_over() -> None:
    numbers = b"\x08\x96\x01\x11" + bytes(8) + b"\x1d" + bytes(4) + b"\xa0\x06\x01"

    assert not too_many_records(numbers + request(Span(name="n" * 200_000)))


def test_objects_of_json_are_counted() -> None:
    assert not too_many_objects(b"{" * MOST_OBJECTS)
    assert too_many_objects(b"{" * (MOST_OBJECTS + 1))
