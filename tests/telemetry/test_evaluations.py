"""What an event of a span tells is the same however its bytes are read."""

from __future__ import annotations

from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from phasegate.telemetry import evaluations
from phasegate.telemetry.exposing import evaluated
from phasegate.telemetry.observation import Exposure
from phasegate.telemetry.records import SpanEvent

KEY, VARIANT = "feature_flag.key", "feature_flag.result.variant"
REASON, SUBJECT = "feature_flag.result.reason", "feature_flag.context.id"
SET = "feature_flag.set.id"
NAME = "feature_flag.evaluation"


def event(*pairs: tuple[str, str | int | bool], name: str = NAME) -> bytes:
    """Write an event as exporters do."""
    return bytes(message(*pairs, name=name).SerializeToString())


def message(*pairs: tuple[str, str | int | bool], name: str = NAME) -> Span.Event:
    return Span.Event(
        time_unix_nano=7, name=name, attributes=[KeyValue(key=k, value=any_of(v)) for k, v in pairs]
    )


def any_of(value: str | int | bool) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    return AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value)


def test_an_evaluation_is_read_wherever_its_subject_stands() -> None:
    told = [(KEY, "cart"), (VARIANT, "on")]

    for place in range(3):
        pairs = [*told[:place], (SUBJECT, "p-1"), *told[place:]]
        assert evaluations.read(event(*pairs)) == Exposure("cart", "on", "p-1")


def test_evaluations_of_two_environments_are_not_taken_for_each_other() -> None:
    told = [(KEY, "cart"), (VARIANT, "on"), (SUBJECT, "p-1")]

    for name in ("trial", "production"):
        read = evaluations.read(event(*told, (SET, name)))
        assert read == Exposure("cart", "on", "p-1", name)


def test_two_subjects_that_differ_are_not_taken_for_each_other() -> None:
    first = event((KEY, "cart"), (VARIANT, "on"), (SUBJECT, "p-1"))
    second = event((KEY, "cart"), (VARIANT, "on"), (SUBJECT, "p-2"))

    assert evaluations.read(first) == Exposure("cart", "on", "p-1")
    assert evaluations.read(second) == Exposure("cart", "on", "p-2")


def test_off_because_nobody_watches_is_no_evaluation_in_an_event_either() -> None:
    stale = event((KEY, "cart"), (VARIANT, "off"), (REASON, "stale"), (SUBJECT, "p-1"))
    without = event((KEY, "cart"), (VARIANT, "off"), (REASON, "stale"))

    assert evaluations.read(stale) is None
    assert evaluations.read(without) is None


def test_the_bytes_of_a_subject_within_another_text_are_no_subject() -> None:
    inner = evaluations.MARK.decode("latin-1") + "\x05\n\x03p-1"

    read = evaluations.read(event((KEY, "cart"), (VARIANT, inner)))

    assert read == Exposure("cart", inner, None)


def test_of_a_subject_that_is_told_twice_the_last_counts() -> None:
    pairs = [(KEY, "cart"), (VARIANT, "on"), (SUBJECT, "p-1"), (SUBJECT, "p-2")]

    assert evaluations.read(event(*pairs)) == Exposure("cart", "on", "p-2")


def test_another_event_keeps_its_subject_among_its_attributes() -> None:
    read = evaluations.read(event(("rating", 4), (SUBJECT, "p-1"), name="rated"))

    assert read == SpanEvent("rated", 7, {"rating": 4, SUBJECT: "p-1"})


NAMES = st.sampled_from([KEY, VARIANT, "feature_flag.variant", REASON, SUBJECT, SET, "other"])
SCALARS = st.one_of(
    st.sampled_from(["on", "off", "stale", "", "cart"]),
    st.text(max_size=130),
    st.integers(-3, 1 << 40),
    st.booleans(),
)


@given(st.lists(st.tuples(NAMES, SCALARS), max_size=7), st.sampled_from([NAME, "rated"]))
def test_every_event_is_read_as_if_nothing_were_remembered(
    pairs: list[tuple[str, str | int | bool]], name: str
) -> None:
    attributes = dict(pairs)

    read = evaluations.read(event(*pairs, name=name))

    if name == NAME:
        assert read == evaluated(attributes)
    else:
        assert read == SpanEvent(name, 7, attributes)


@given(st.data())
def test_bytes_that_are_spoilt_say_what_they_say_to_everybody(data: st.DataObject) -> None:
    """What a parser of the published message refuses, or reads otherwise, is never guessed."""
    whole = bytearray(event((KEY, "cart"), (VARIANT, "on"), (REASON, "split"), (SUBJECT, "p-1")))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])

    assert _outcome(evaluations.read, cut) == _outcome(evaluations._read, cut)


def _outcome(read: object, event: bytes) -> object:
    try:
        return read(event)  # type: ignore[operator]
    except (DecodeError, UnicodeDecodeError):
        return "refused"
