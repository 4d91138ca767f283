"""Tickets: a browser's event stream cannot send a token, so its address carries a proof instead."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from urllib.parse import urlencode

from phasegate.server.bare import Scope, query

EVENTS = "/ofrep/v1/events"

WINDOW_S = 6 * 3600
"""A ticket lives one to two of these; within one its address stays the same."""


class Tickets:
    """Gives and checks tickets that open one environment's change notices, and nothing else.

    Servers behind one address share the key.
    """

    def __init__(self, key: bytes, clock: Callable[[], float] = time.time) -> None:
        """clock: Unix time in seconds."""
        self._key = key
        self._clock = clock

    def address(self, environment: str) -> str:
        """Return path and query at which the environment's change notices are heard."""
        until = (int(self._clock()) // WINDOW_S + 2) * WINDOW_S
        asked = {
            "environment": environment,
            "until": until,
            "ticket": self._ticket(environment, until),
        }
        return f"{EVENTS}?{urlencode(asked)}"

    def opens(self, scope: Scope) -> bool:
        """Say whether a request carries a ticket for what it asks."""
        given = query(scope, "ticket")
        if scope["path"] != EVENTS or not given.isascii():
            return False
        left = lasts_s(scope, self._clock())
        expected = self._ticket(query(scope, "environment"), query(scope, "until"))
        return hmac.compare_digest(given, expected) and left is not None and left > 0

    def _ticket(self, environment: str, until: object) -> str:
        said = f"ofrep events\n{environment}\n{until}".encode()
        return hmac.new(self._key, said, "sha256").hexdigest()[:32]


def lasts_s(scope: Scope, now: float) -> float | None:
    """Return for how long the ticket of a request lasts; None where it carries none."""
    until = query(scope, "until")
    return float(until) - now if until.isascii() and until.isdecimal() else None
