"""Spans and log records, however they were encoded, and what they mean for a trial."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from phasegate.core.watch import Attributes
from phasegate.telemetry.observation import (
    EXPOSURE_EVENT,
    SHADOW_EVENT,
    Batch,
    Exposure,
    Observation,
)

Scalar = str | bool | int | float

MOST_NESTED = 100  # a bound, since a hostile batch may have parents in a circle
SECOND_NS = 1_000_000_000  # whole, so that dividing by it rounds once
FLAG = "feature_flag.key"
SUBJECT = "feature_flag.context.id"
# The first one present counts; the second is the name before semantic conventions 1.32.
VARIANTS = ("feature_flag.result.variant", "feature_flag.variant")


@dataclass(frozen=True, kw_only=True, slots=True)
class SpanEvent:
    """An event within a span."""

    name: str
    at_ns: int
    attributes: Mapping[str, Scalar]


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A span. attributes are read of server spans only, as nothing else is asked of others."""

    trace: bytes
    id: bytes
    parent: bytes
    server: bool
    failed: bool
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Scalar]
    events: Sequence[SpanEvent]


@dataclass(frozen=True, kw_only=True, slots=True)
class LogRecord:
    """A log record; name is empty where it is no event."""

    name: str
    at_ns: int
    attributes: Mapping[str, Scalar]


def of_spans(spans: Sequence[Span]) -> Batch:
    """Return what spans say: server spans with their exposures, and the events within spans.

    What is told on an inner span belongs to the server span above it in the same batch, or to
    the only server span of its trace; else it stands alone.
    """
    owners = _owners(spans)
    exposures: dict[int, list[Exposure]] = {}
    for index, owner in owners.items():
        exposures.setdefault(owner, []).extend(_exposures_in(spans[index]))
    observations: list[Observation] = []
    for index, span in enumerate(spans):
        found = tuple(exposures.get(index, ()))
        if span.server:
            observations.append(_request(span, found))
        elif found:
            observations.append(_exposed(found, span.end_ns))
        if span.events:
            owner = owners[index]
            whole = tuple(exposures.get(owner, ()))
            observations.extend(_named(span, _subject(spans[owner], whole), whole))
    return Batch(records=len(spans), observations=tuple(observations))


def of_logs(records: Sequence[LogRecord]) -> Batch:
    """Return what log records say: exposures, and events by their names."""
    return Batch(
        records=len(records),
        observations=tuple(one for one in map(_of_record, records) if one is not None),
    )


def _of_record(record: LogRecord) -> Observation | None:
    if not record.name:
        return None
    if record.name == EXPOSURE_EVENT:
        exposure = _exposure(record.attributes)
        return _exposed((exposure,), record.at_ns) if exposure else None
    shadowed = _exposure(record.attributes) if record.name == SHADOW_EVENT else None
    return Observation(
        event=record.name,
        subject=_text(record.attributes.get(SUBJECT)),
        attributes=record.attributes,
        exposures=(shadowed,) if shadowed else (),
        at_s=record.at_ns / SECOND_NS,
    )


def _exposed(exposures: tuple[Exposure, ...], at_ns: int) -> Observation:
    return Observation(
        event=EXPOSURE_EVENT,
        subject=_subject_of(exposures),
        attributes={},
        exposures=exposures,
        at_s=at_ns / SECOND_NS,
    )


def _request(span: Span, exposures: tuple[Exposure, ...]) -> Observation:
    return Observation(
        event=None,
        subject=_subject(span, exposures),
        attributes=_of_server(span),
        exposures=exposures,
        at_s=span.end_ns / SECOND_NS,
    )


def _subject(span: Span, exposures: Sequence[Exposure]) -> str | None:
    return _text(span.attributes.get(SUBJECT)) or _subject_of(exposures)


def _of_server(span: Span) -> Attributes:
    status = span.attributes.get("http.response.status_code", 0)
    failed = (
        span.failed
        or "error.type" in span.attributes
        or span.attributes.get("error") is True
        or (isinstance(status, int) and status >= 500)
    )
    judged: dict[str, Scalar] = {**span.attributes, "error": failed}
    # A span that ends before it starts tells nothing about time; it is still an observation.
    judged.pop("duration", None)
    if span.end_ns >= span.start_ns:
        judged["duration"] = (span.end_ns - span.start_ns) / 1e6
    return judged


def _named(
    span: Span, subject: str | None, exposures: tuple[Exposure, ...]
) -> Iterator[Observation]:
    for event in span.events:
        if event.name and event.name != EXPOSURE_EVENT:
            yield Observation(
                event=event.name,
                subject=_text(event.attributes.get(SUBJECT)) or subject,
                attributes=event.attributes,
                exposures=exposures,
                at_s=(event.at_ns or span.end_ns) / SECOND_NS,
            )


def _exposures_in(span: Span) -> list[Exposure]:
    told = (_exposure(one.attributes) for one in span.events if one.name == EXPOSURE_EVENT)
    return [exposure for exposure in told if exposure]


def _owners(spans: Sequence[Span]) -> dict[int, int]:
    """Return, for each span that has events, the span that they belong to, by index."""
    talking = [index for index, span in enumerate(spans) if span.events]
    if all(spans[index].server for index in talking):
        return {index: index for index in talking}
    places = {(span.trace, span.id): index for index, span in enumerate(spans)}
    servers: dict[bytes, list[int]] = {}
    for index, span in enumerate(spans):
        if span.server:
            servers.setdefault(span.trace, []).append(index)
    return {index: _owner(index, spans, places, servers) for index in talking}


def _owner(
    index: int,
    spans: Sequence[Span],
    places: Mapping[tuple[bytes, bytes], int],
    servers: Mapping[bytes, list[int]],
) -> int:
    trace = spans[index].trace
    if spans[index].server or not trace:
        return index
    above: int | None = index
    for _ in range(MOST_NESTED):
        above = places.get((trace, spans[above].parent)) if above is not None else None
        if above is None or spans[above].server:
            break
    if above is not None and spans[above].server:
        return above
    only = servers.get(trace, [])
    return only[0] if len(only) == 1 else index


def _exposure(attributes: Mapping[str, Scalar]) -> Exposure | None:
    flag = attributes.get(FLAG)
    variant = next((attributes[name] for name in VARIANTS if name in attributes), None)
    if not isinstance(flag, str) or not isinstance(variant, str):
        return None
    return Exposure(flag=flag, variant=variant, subject=_text(attributes.get(SUBJECT)))


def _subject_of(exposures: Sequence[Exposure]) -> str | None:
    return next((one.subject for one in exposures if one.subject), None)


def _text(value: Scalar | None) -> str | None:
    return None if value is None or value == "" else str(value)
