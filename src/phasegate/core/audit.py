"""The hash chain's verifier: says what was done to a log behind phasegate's back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from phasegate.core.event import START_OF_CHAIN, Event, hash_of


class Tampering(Enum):
    """What is wrong at one place of a log."""

    EDITED = "event-edited"
    MISSING = "event-missing"
    REPEATED = "event-repeated"
    REORDERED = "event-reordered"
    UNCHAINED = "event-unchained"
    FOREIGN = "event-foreign"
    TRUNCATED = "log-truncated"
    REWRITTEN = "log-rewritten"


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """One thing that is wrong with a log. number: the event it was noticed at."""

    kind: Tampering
    number: int
    sentence: str


def verify(events: Sequence[Event], head: tuple[int, str] | None = None) -> tuple[Flaw, ...]:
    """Return everything that is wrong with one log, given from its first event on; empty: sound.

    head is (number, hash) of an event that is known from elsewhere, as a report or a notice
    shows it. Only with a head can a cut tail, or a log rewritten from end to end, be found.
    """
    in_order = sorted(events, key=lambda event: event.number)
    return (
        *_of_order(events),
        *_of_numbers(in_order),
        *_of_content(in_order),
        *_of_chain(in_order),
        *_of_head(in_order, head),
    )


def _of_order(events: Sequence[Event]) -> Iterator[Flaw]:
    for before, event in pairwise(events):
        if event.number < before.number:
            yield Flaw(
                kind=Tampering.REORDERED,
                number=event.number,
                sentence=f"event {event.number} stands after event {before.number}",
            )


def _of_numbers(events: Sequence[Event]) -> Iterator[Flaw]:
    times = Counter(event.number for event in events)
    expected = 1
    for number in sorted(times):
        if number > expected:
            span = f"{expected}" if number == expected + 1 else f"{expected} to {number - 1}"
            yield Flaw(
                kind=Tampering.MISSING,
                number=expected,
                sentence=f"event {span} is missing before event {number}",
            )
        if times[number] > 1:
            yield Flaw(
                kind=Tampering.REPEATED,
                number=number,
                sentence=f"event {number} is there {times[number]} times",
            )
        expected = number + 1


def _of_content(events: Sequence[Event]) -> Iterator[Flaw]:
    for event in events:
        if event.log != events[0].log:
            yield Flaw(
                kind=Tampering.FOREIGN,
                number=event.number,
                sentence=f"event {event.number} belongs to log {event.log}, not {events[0].log}",
            )
        if event.hash != _true_hash(event):
            yield Flaw(
                kind=Tampering.EDITED,
                number=event.number,
                sentence=f"event {event.number} ({event.kind}) is not what its hash was made of",
            )


def _of_chain(events: Sequence[Event]) -> Iterator[Flaw]:
    if events and events[0].number == 1 and events[0].previous != START_OF_CHAIN:
        yield _unchained(events[0], "the start of the chain")
    for before, event in pairwise(events):
        if event.number == before.number + 1 and event.previous != before.hash:
            yield _unchained(event, f"event {before.number}")


def _unchained(event: Event, before: str) -> Flaw:
    return Flaw(
        kind=Tampering.UNCHAINED,
        number=event.number,
        sentence=f"event {event.number} does not name the hash of {before} as its previous",
    )


def _of_head(events: Sequence[Event], head: tuple[int, str] | None) -> Iterator[Flaw]:
    if head is None:
        return
    number, known = head
    last = events[-1].number if events else 0
    if last < number:
        yield Flaw(
            kind=Tampering.TRUNCATED,
            number=last + 1,
            sentence=f"the log ends with event {last}, but event {number} is known to exist",
        )
    for event in events:
        if event.number == number and event.hash != known:
            yield Flaw(
                kind=Tampering.REWRITTEN,
                number=number,
                sentence=f"event {number} has another hash than the one known from elsewhere",
            )


def _true_hash(event: Event) -> str:
    return hash_of(
        log=event.log,
        number=event.number,
        at=event.at,
        kind=event.kind,
        actor=event.actor,
        body=event.body,
        previous=event.previous,
    )
