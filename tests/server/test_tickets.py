"""Tickets open change notices of one environment for a while, and nothing else."""

from __future__ import annotations

from typing import Any

from phasegate.server.tickets import EVENTS, WINDOW_S, Tickets

NOON = 1_893_499_200.0


def asked(address: str) -> dict[str, Any]:
    path, _, query = address.partition("?")
    return {"path": path, "query_string": query.encode()}


def tickets(now: float = NOON, key: bytes = b"k" * 32) -> Tickets:
    return Tickets(key, lambda: now)


def test_a_ticket_opens_what_it_was_given_for() -> None:
    assert tickets().opens(asked(tickets().address("production")))


def test_an_address_stays_the_same_for_hours() -> None:
    start = NOON // WINDOW_S * WINDOW_S

    assert tickets(start).address("a b") == tickets(start + WINDOW_S - 1).address("a b")


def test_a_ticket_ends() -> None:
    address = tickets().address("production")

    assert tickets(NOON + WINDOW_S - 1).opens(asked(address))
    assert not tickets(NOON + 2 * WINDOW_S).opens(asked(address))


def test_a_ticket_opens_nothing_else() -> None:
    address = tickets().address("production")

    for forged in (
        address.replace("production", "staging"),
        address.replace("until=1", "until=2"),
        address[:-1] + ("0" if address[-1] != "0" else "1"),
        address.replace(EVENTS, "/ofrep/v1/evaluate/flags"),
        EVENTS,
        f"{EVENTS}?environment=production&until=9999999999&ticket=%E6%82%A3",
    ):
        assert not tickets().opens(asked(forged)), forged


def test_a_ticket_of_another_key_opens_nothing() -> None:
    assert not tickets(key=b"x" * 32).opens(asked(tickets().address("production")))
