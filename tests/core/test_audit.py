"""The verifier of the hash chain finds what was done to a log behind phasegate's back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from phasegate.core.audit import Tampering, verify
from phasegate.core.event import START_OF_CHAIN, Event, chain

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def log_of(count: int, actor: str = "Ada") -> list[Event]:
    events: list[Event] = []
    for number in range(1, count + 1):
        events.append(
            chain(
                log="checkout-1",
                number=number,
                at=NOON + timedelta(seconds=number),
                kind="advanced",
                actor=actor,
                body={"phase": "alpha", "number": number},
                previous=events[-1].hash if events else START_OF_CHAIN,
            )
        )
    return events


def kinds(events: list[Event], head: tuple[int, str] | None = None) -> list[Tampering]:
    return [flaw.kind for flaw in verify(events, head)]


def test_a_sound_log_has_no_flaws() -> None:
    events = log_of(5)

    assert verify(events, (5, events[-1].hash)) == ()


def test_an_empty_log_is_sound_unless_an_event_is_known_to_exist() -> None:
    assert verify([]) == ()
    assert kinds([], (1, "f" * 64)) == [Tampering.TRUNCATED]


def test_an_edited_event_is_found() -> None:
    events = log_of(5)
    events[2] = replace(events[2], actor="Cleo")

    assert kinds(events) == [Tampering.EDITED]
    assert verify(events)[0].number == 3


def test_an_edited_moment_is_found() -> None:
    events = log_of(5)
    events[2] = replace(events[2], at=events[2].at + timedelta(microseconds=1))

    assert kinds(events) == [Tampering.EDITED]


def test_an_edited_event_with_a_new_hash_breaks_the_chain_behind_it() -> None:
    events = log_of(5)
    events[2] = chain(
        log="checkout-1",
        number=3,
        at=events[2].at,
        kind="advanced",
        actor="Cleo",
        body=events[2].body,
        previous=events[1].hash,
    )

    assert kinds(events) == [Tampering.UNCHAINED]
    assert verify(events)[0].number == 4


def test_a_deleted_event_is_found() -> None:
    events = log_of(5)
    del events[2]

    assert kinds(events) == [Tampering.MISSING]
    assert verify(events)[0].sentence == "event 3 is missing before event 4"


def test_deleted_first_events_are_found() -> None:
    assert verify(log_of(5)[2:])[0].sentence == "event 1 to 2 is missing before event 3"


def test_events_in_another_order_are_found() -> None:
    events = log_of(5)
    events[1], events[2] = events[2], events[1]

    assert kinds(events) == [Tampering.REORDERED]


def test_an_event_that_is_there_twice_is_found() -> None:
    events = log_of(3)

    assert kinds([*events, events[-1]]) == [Tampering.REPEATED]


def test_a_deleted_event_with_the_later_ones_renumbered_is_found() -> None:
    events = log_of(4)
    del events[1]
    renumbered = [replace(event, number=number) for number, event in enumerate(events, 1)]

    assert kinds(renumbered) == [Tampering.EDITED, Tampering.EDITED, Tampering.UNCHAINED]


def test_a_wrong_previous_is_found() -> None:
    events = log_of(3)
    events[0] = chain(
        log="checkout-1",
        number=1,
        at=events[0].at,
        kind="advanced",
        actor="Ada",
        body=events[0].body,
        previous="f" * 64,
    )

    assert kinds(events) == [Tampering.UNCHAINED, Tampering.UNCHAINED]


def test_an_event_of_another_log_is_found() -> None:
    events = log_of(2)
    events[1] = chain(
        log="checkout-2",
        number=2,
        at=events[1].at,
        kind="advanced",
        actor="Ada",
        body=events[1].body,
        previous=events[0].hash,
    )

    assert kinds(events) == [Tampering.FOREIGN]


def test_a_cut_tail_is_found_where_the_head_is_known() -> None:
    events = log_of(5)

    assert kinds(events[:3]) == []
    assert kinds(events[:3], (5, events[-1].hash)) == [Tampering.TRUNCATED]


def test_a_log_rewritten_from_end_to_end_is_found_where_the_head_is_known() -> None:
    head = log_of(5)[-1]

    assert kinds(log_of(5, actor="Cleo"), (5, head.hash)) == [Tampering.REWRITTEN]


def test_a_log_that_grew_since_its_head_was_noted_is_sound() -> None:
    events = log_of(5)

    assert verify(events, (3, events[2].hash)) == ()


@settings(deadline=None)
@given(
    number=st.integers(0, 4),
    change=st.sampled_from(
        [
            {"kind": "held"},
            {"actor": "Cleo"},
            {"body": {}},
            {"log": "checkout-2"},
            {"previous": "f" * 64},
            {"hash": "f" * 64},
            {"number": 9},
        ]
    ),
)
def test_no_change_to_any_field_goes_unnoticed(number: int, change: dict[str, object]) -> None:
    events = log_of(5)
    events[number] = replace(events[number], **change)

    assert verify(events) != ()
