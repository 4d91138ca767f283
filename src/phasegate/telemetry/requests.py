"""What spans mean for a trial: requests with their exposures, and the events within them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from phasegate.telemetry.exposing import SUBJECT, subject_of, text
from phasegate.telemetry.observation import (
    EXPOSURE_EVENT,
    Batch,
    Exposure,
    Observation,
    Scalar,
)
from phasegate.telemetry.records import SECOND_NS, Span
from phasegate.telemetry.sampling import is_sampled

MOST_NESTED = 100  # a bound, since a hostile batch may have parents in a circle


def of_spans(spans: Sequence[Span]) -> Batch:
    """Return what spans say: server spans with their exposures, and the events within spans.

    What is told on an inner span belongs to the server span above it in the same batch, or to
    the only server span of its trace; else it stands alone, for whoever joins by trace.
    """
    kept = [span for span in spans if not span.refused]
    observations: list[Observation] = []
    if any(_tells(span) for span in kept if not span.server):
        _add_nested(kept, observations)
    else:
        for span in kept:
            if span.server:
                _add_request(span, tuple(span.exposures), observations)
    return Batch(
        records=len(spans), observations=tuple(observations), refused=len(spans) - len(kept)
    )


_new = tuple.__new__


def _add_request(
    span: Span, exposures: tuple[Exposure, ...], observations: list[Observation]
) -> None:
    trace, name, _, _, failed, start_ns, end_ns, judged, _, events, state, _ = span
    subject = None if SUBJECT not in judged else text(judged[SUBJECT])
    if subject is None and exposures:
        subject = exposures[0].subject or subject_of(exposures)
    _complete(judged, start_ns, end_ns, failed=failed)
    sampled = is_sampled(state) if state else False
    told = (None, subject, judged, end_ns / SECOND_NS, exposures, trace, name, sampled)
    # Made for every request, so not by name, which would take four times as long.
    observations.append(_new(Observation, told))
    if events:
        observations.extend(_named(span, subject, exposures))


def _add_nested(spans: Sequence[Span], observations: list[Observation]) -> None:
    owners = _owners(spans)
    exposures: dict[int, list[Exposure]] = {}
    for index, (owner, _) in owners.items():
        exposures.setdefault(owner, []).extend(spans[index].exposures)
    for index, span in enumerate(spans):
        found = tuple(exposures.get(index, ()))
        if span.server:
            _add_request(span, found, observations)
            continue
        owner, above = owners.get(index, (index, span.parent))
        if found:
            observations.append(_exposed(span, found, above))
        if span.events:
            whole = tuple(exposures.get(owner, ()))
            observations.extend(_named(span, _subject(spans[owner], whole), whole))


def _exposed(span: Span, exposures: tuple[Exposure, ...], above: bytes) -> Observation:
    return Observation(
        event=EXPOSURE_EVENT,
        subject=subject_of(exposures),
        attributes={},
        at_s=span.end_ns / SECOND_NS,
        exposures=exposures,
        trace=span.trace,
        span=above,
    )


def _subject(span: Span, exposures: Sequence[Exposure]) -> str | None:
    return text(span.attributes.get(SUBJECT)) or subject_of(exposures)


def _complete(judged: dict[str, Scalar], start_ns: int, end_ns: int, *, failed: bool) -> None:
    """Complete a span's own attributes with what every request is judged by."""
    if not failed:
        status = judged.get("http.response.status_code", 0)
        failed = (
            "error.type" in judged
            or judged.get("error") is True
            or (isinstance(status, int) and status >= 500)
        )
    judged["error"] = failed
    # A span that ends before it starts tells nothing about time; it is still an observation.
    if end_ns >= start_ns:
        judged["duration"] = (end_ns - start_ns) / 1e6
    else:
        judged.pop("duration", None)


def _named(
    span: Span, subject: str | None, exposures: tuple[Exposure, ...]
) -> Iterator[Observation]:
    sampled = is_sampled(span.trace_state)
    for event in span.events:
        if event.name:
            yield Observation(
                event=event.name,
                subject=text(event.attributes.get(SUBJECT)) or subject,
                attributes=event.attributes,
                at_s=(event.at_ns or span.end_ns) / SECOND_NS,
                exposures=exposures,
                trace=span.trace,
                span=span.id,
                sampled=sampled,
            )


def _tells(span: Span) -> bool:
    """Say whether a span that is no request tells something that belongs to one."""
    return bool(span.exposures or span.events or span.attributes)


def _owners(spans: Sequence[Span]) -> dict[int, tuple[int, bytes]]:
    """Return, for each span that tells something, the span that it belongs to, by index.

    With it comes the id of the nearest span above that is not in the batch.
    """
    places = {(span.trace, span.id): index for index, span in enumerate(spans)}
    servers: dict[bytes, list[int]] = {}
    for index, span in enumerate(spans):
        if span.server:
            servers.setdefault(span.trace, []).append(index)
    return {
        index: _owner(index, spans, places, servers)
        for index, span in enumerate(spans)
        if span.server or _tells(span)
    }


def _owner(
    index: int,
    spans: Sequence[Span],
    places: Mapping[tuple[bytes, bytes], int],
    servers: Mapping[bytes, list[int]],
) -> tuple[int, bytes]:
    trace = spans[index].trace
    if spans[index].server or not trace:
        return index, b""
    above: int | None = index
    missing = b""
    for _ in range(MOST_NESTED):
        if above is None:
            break
        missing = spans[above].parent
        above = places.get((trace, missing))
        if above is not None and spans[above].server:
            return above, b""
    only = servers.get(trace, [])
    return (only[0], b"") if len(only) == 1 else (index, missing)
