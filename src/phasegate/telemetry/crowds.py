"""Counts the requests of one batch, those together about which nothing is unusual.

Most requests differ only in who came, and when within a second. What is unusual, an error or a flag
that is missing, is left to whoever looks at each by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import nan
from typing import Any  # durations are numbers: the receiver itself measures them

from phasegate.telemetry.observation import EXPOSURE_EVENT, Observation
from phasegate.telemetry.placing import MOST_EARLY_S, MOST_LATE_S, Places, Request
from phasegate.telemetry.watching import Route, Signature, Watching

_new = tuple.__new__


class Crowd:
    """Requests of one second that met the same flags in the same way: who came, and when."""

    __slots__ = ("seen", "subjects", "times_s", "took")

    def __init__(self) -> None:
        self.seen = 0
        self.took = 0.0
        self.subjects: list[int] = []
        self.times_s: list[float] = []


class Crowds:
    """Gathers requests that are good at a glance and counts them for what is watched.

    counted  how many that were.
    """

    def __init__(self, watching: Watching, places: Places) -> None:
        self._watching = watching
        self._places = places
        self._met: dict[Signature, tuple[Route, dict[int, Crowd]]] = {}
        self.counted = 0

    def unusual(  # noqa: C901 in one piece: to call a function for each step takes as long again
        self, observations: Iterable[Observation], now: float
    ) -> Iterator[Observation]:
        """Yield all others: requests and exposures once what came before them is counted."""
        earliest, latest = now - MOST_LATE_S, now + MOST_EARLY_S
        number_of, keep = self._places.identities.of, self._places.requests.keep
        met = self._met
        for one in observations:
            event, subject, attributes, at_s, exposures, trace, _, sampled = one
            if event is not None:
                if event == EXPOSURE_EVENT:
                    self.count()
                yield one
                continue
            signature = tuple(
                [
                    (flag, variant, flag_set)
                    for flag, variant, who, flag_set in exposures
                    if who == subject or who is None
                ]
            )
            found = met.get(signature)
            if found is None:
                found = met[signature] = (self._watching.route(signature), {})
            route, seconds = found
            glance = route.glance
            took: Any = attributes.get("duration", nan)
            if (
                glance is None
                or not 0.0 <= took <= glance.quiet
                or attributes.get("error") is not False
                or sampled
                or at_s < glance.since
                or not earliest <= at_s <= latest
                or len(signature) != len(exposures)
            ):
                self.count()
                yield one
                continue
            number = number_of(subject)
            second = int(at_s)
            crowd = seconds.get(second)
            if crowd is None:
                crowd = seconds[second] = Crowd()
            crowd.seen += 1
            crowd.took += took
            if number is not None:
                crowd.subjects.append(number)
                crowd.times_s.append(at_s)
            for arm_bit, bundle in glance.apart:
                value = bundle.value_of(attributes)
                if value is not None:
                    bundle.count(arm_bit, second, number, value)
            request = _new(Request, (number, at_s, route.arms, route.arms))
            if trace and keep(trace, request) is not None:
                self._places.remember(number, route, one)
        self.count()

    def count(self) -> None:
        """Count what was gathered, in the order of its seconds."""
        gathered = [
            (second, crowd, route)
            for route, seconds in self._met.values()
            for second, crowd in seconds.items()
        ]
        gathered.sort(key=_second)
        for second, crowd, route in gathered:
            assert route.glance is not None  # noqa: S101 nothing is gathered without
            for arm_bit, bundle in route.glance.together:
                bundle.count_quiet(arm_bit, second, crowd.subjects, crowd.seen, crowd.took)
            self._places.exposures.remember(crowd.subjects, crowd.times_s, route.joined)
            self.counted += crowd.seen
        for _, seconds in self._met.values() if gathered else ():
            seconds.clear()


def _second(gathered: tuple[int, Crowd, Route]) -> int:
    return gathered[0]
