"""Says in which arm an outcome's subject was, from what is known of requests and exposures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from phasegate.telemetry.exposures import Exposures
from phasegate.telemetry.identities import Identities
from phasegate.telemetry.observation import Exposure, Observation
from phasegate.telemetry.recent import Recent
from phasegate.telemetry.watching import Route, Watching

MOST_EARLY_S = 300
MOST_LATE_S = 3600
MOST_TRACES = 100_000
"""Traces whose exposures are remembered for outcomes that carry no subject."""


class Placement(NamedTuple):
    """An arm's bit, who was in it, and when they were exposed."""

    arm_bit: int
    subject: int | None
    exposed_s: float


class Told(NamedTuple):
    """An outcome with what it says itself of its subject and arms.

    skewed  its time is too far from now to be believed.
    """

    observation: Observation
    subject: int | None
    own: Mapping[str, Placement]
    skewed: bool


class _Request(NamedTuple):
    """What a trace tells of its request. own: the arms that its server span told itself."""

    subject: int | None
    at_s: float
    arms: Mapping[str, int]
    own: Mapping[str, int]


def is_skewed(at_s: float, now: float) -> bool:
    """Say whether the time of an observation is too far from now to be believed."""
    return not now - MOST_LATE_S <= at_s <= now + MOST_EARLY_S


class Places:
    """Reads arms from exposures and remembers them for outcomes that come without."""

    def __init__(self, key: bytes, most_subjects: int) -> None:
        self._identities = Identities(key)
        self._exposures = Exposures(most_subjects)
        self._requests: Recent[bytes, _Request] = Recent(MOST_TRACES)

    def routes(
        self, exposures: tuple[Exposure, ...], subject: str | None, watching: Watching
    ) -> list[tuple[int | None, Route]]:
        """Return who was exposed in a request, each with what that means."""
        signature = tuple([one[:2] for one in exposures if one[2] is None or one[2] == subject])
        who = self._identities.of(subject)
        if len(signature) == len(exposures):
            return [(who, watching.route(signature))]
        return self._routes_of_several(exposures, who, watching)

    def told(self, observation: Observation, watching: Watching, now: float) -> Told:
        """Return what an outcome says itself."""
        own: dict[str, Placement] = {}
        if observation.exposures:
            routes = self.routes(observation.exposures, observation.subject, watching)
            own = {
                flag: Placement(bit, who, observation.at_s)
                for who, route in routes
                for flag, bit in route.arms.items()
            }
        who = self._identities.of(observation.subject)
        return Told(observation, who, own, is_skewed(observation.at_s, now))

    def remember(self, subject: int | None, route: Route, told: Observation) -> None:
        """Remember a subject's arms for outcomes to come, of that subject or within that trace."""
        if subject is not None and route.joined:
            self._exposures.remember(subject, route.joined, told.at_s)
        if not told.trace or not route.arms:
            return
        arms = route.arms
        own = arms if told.event is None else _NONE
        known = self._requests.keep(told.trace, _Request(subject, told.at_s, arms, own))
        if known is None or (
            arms.items() <= known.arms.items() and own.items() <= known.own.items()
        ):
            return
        who = subject if known.subject is None else known.subject
        self._requests[told.trace] = _Request(
            who, known.at_s, {**arms, **known.arms}, {**own, **known.own}
        )

    def repeats(self, exposed: Observation, watching: Watching) -> bool:
        """Say whether the request itself has told what was told apart from it as well."""
        known = self._requests.get(exposed.trace)
        signature = tuple([(one.flag, one.variant) for one in exposed.exposures])
        return known is not None and watching.route(signature).arms.items() <= known.own.items()

    def place(self, told: Told, flag: str, at_s: float) -> Placement | None:
        """Return where an outcome of that time belongs; None if its arm is not known."""
        if flag in told.own:
            return told.own[flag]
        trace = told.observation.trace
        request = self._requests.get(trace) if trace else None
        if request is not None and flag in request.arms:
            who = request.subject if told.subject is None else told.subject
            return Placement(request.arms[flag], who, request.at_s)
        if told.subject is None:
            return None
        found = self._exposures.find(told.subject, flag, at_s)
        return found and Placement(found[0], told.subject, found[1])

    def age(self, now: float, keep_s: float) -> None:
        """Forget the subjects that were last exposed so long ago."""
        self._exposures.age(now, keep_s)

    def _routes_of_several(
        self, exposures: tuple[Exposure, ...], who: int | None, watching: Watching
    ) -> list[tuple[int | None, Route]]:
        """Return what is meant where one request evaluated flags for several subjects.

        Each flag is told once: of who was exposed to it, or else of the first.
        """
        arms = watching.route(tuple([(one.flag, one.variant) for one in exposures])).arms
        chosen: dict[str, Exposure] = {}
        for one in exposures:
            if one.flag in arms and watching.arm_bit(one.variant) == arms[one.flag]:
                chosen.setdefault(one.flag, one)
        groups: dict[int | None, list[tuple[str, str]]] = {}
        for one in chosen.values():
            own = who if one.subject is None else self._identities.of(one.subject)
            groups.setdefault(own, []).append((one.flag, one.variant))
        return [(own, watching.route(tuple(pairs))) for own, pairs in groups.items()]


_NONE: Mapping[str, int] = {}
