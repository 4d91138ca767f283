"""Joins what one request told apart: its server span here, its flag evaluations elsewhere.

An evaluation that was told on the server span itself, by that span's id, joins it at once. One that
was told on a span within it joins when the time is over, if its trace has one server span only.
What finds nothing is counted, never guessed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from phasegate.telemetry.exposures import FlagAt
from phasegate.telemetry.observation import Observation

JOINED_WITHIN_S = 15.0
"""How long parts of a request wait for each other: SDKs send spans every 5 s and logs every 1 s."""

MOST_HELD = 50_000


@dataclass(slots=True)
class Held:
    """A request that may still learn of exposures.

    known    watched flags whose exposure it told itself, or was joined with.
    counted  it has been tallied for one of them.
    """

    request: Observation
    known: set[FlagAt]
    counted: bool


@dataclass(slots=True)
class Trace:
    """What is held of one trace: requests, and exposures that found none of them yet."""

    until: float
    requests: list[Held] = field(default_factory=list)
    exposures: list[Observation] = field(default_factory=list)


class Joins:
    """Holds requests and lone exposures by their trace for a bounded time, in bounded number."""

    def __init__(self, most: int = MOST_HELD) -> None:
        self._most = most
        self._traces: dict[bytes, Trace] = {}
        self._order: deque[bytes] = deque()
        self._count = 0

    def hold(self, held: Held, now: float) -> list[Observation]:
        """Hold a request; return the exposures that waited for exactly this span."""
        trace = self._trace(held.request.trace, now)
        trace.requests.append(held)
        self._count += 1
        found = [one for one in trace.exposures if one.span == held.request.span]
        if found:
            trace.exposures = [one for one in trace.exposures if one.span != held.request.span]
            self._count -= len(found)
        return found

    def expose(self, exposed: Observation, now: float) -> list[Held]:
        """Return the requests that an exposure was told on; hold it if there is none."""
        trace = self._trace(exposed.trace, now)
        found = [held for held in trace.requests if held.request.span == exposed.span]
        if not found:
            trace.exposures.append(exposed)
            self._count += 1
        return found

    def over(self, now: float) -> Iterator[Trace]:
        """Yield, and let go, the traces whose time is over, and the oldest of too many."""
        while self._order:
            trace = self._traces[self._order[0]]
            if trace.until > now and self._count <= self._most:
                return
            del self._traces[self._order.popleft()]
            self._count -= len(trace.requests) + len(trace.exposures)
            yield trace

    def _trace(self, trace: bytes, now: float) -> Trace:
        known = self._traces.get(trace)
        if known is None:
            known = self._traces[trace] = Trace(until=now + JOINED_WITHIN_S)
            self._order.append(trace)
        return known
