"""Says in which arm an outcome's subject was, from what is known of requests and exposures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from phasegate.telemetry.exposures import Exposures, FlagAt
from phasegate.telemetry.identities import Identities
from phasegate.telemetry.observation import Exposure, Observation
from phasegate.telemetry.recent import Recent
from phasegate.telemetry.watching import Route, Signature, Watching

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
    """An outcome with what it says itself of its subject, arms and environment.

    said    the environments it says it is of; empty: it does not say.
    skewed  its time is too far from now to be believed.
    """

    observation: Observation
    subject: int | None
    own: Mapping[FlagAt, Placement]
    said: frozenset[str]
    skewed: bool


class Request(NamedTuple):
    """What a trace tells of its request. own: the arms that its server span told itself."""

    subject: int | None
    at_s: float
    arms: Mapping[FlagAt, int]
    own: Mapping[FlagAt, int]


def is_skewed(at_s: float, now: float) -> bool:
    """Say whether the time of an observation is too far from now to be believed."""
    return not now - MOST_LATE_S <= at_s <= now + MOST_EARLY_S


class Places:
    """Reads arms from exposures and remembers them for outcomes that come without.

    requests  what traces tell of theirs.
    """

    def __init__(self, key: bytes, most_subjects: int) -> None:
        self.identities = Identities(key)
        self.exposures = Exposures(most_subjects)
        self.requests: Recent[bytes, Request] = Recent(MOST_TRACES)

    def routes(
        self, exposures: tuple[Exposure, ...], subject: str | None, watching: Watching
    ) -> list[tuple[int | None, Route]]:
        """Return who was exposed in a request, each with what that means."""
        signature = tuple(
            [
                (flag, variant, flag_set)
                for flag, variant, who, flag_set in exposures
                if who is None or who == subject
            ]
        )
        number = self.identities.of(subject)
        if len(signature) == len(exposures):
            return [(number, watching.route(signature))]
        return self._routes_of_several(exposures, number, watching)

    def told(self, observation: Observation, watching: Watching, now: float) -> Told:
        """Return what an outcome says itself."""
        own: dict[FlagAt, Placement] = {}
        if observation.exposures:
            routes = self.routes(observation.exposures, observation.subject, watching)
            own = {
                at: Placement(bit, who, observation.at_s)
                for who, route in routes
                for at, bit in route.arms.items()
            }
        who = self.identities.of(observation.subject)
        said = watching.said(observation)
        return Told(observation, who, own, said, is_skewed(observation.at_s, now))

    def remember(self, subject: int | None, route: Route, told: Observation) -> None:
        """Remember a subject's arms for outcomes to come, of that subject or within that trace."""
        if subject is not None and route.joined:
            self.exposures.remember((subject,), (told.at_s,), route.joined)
        if not told.trace or not route.arms:
            return
        arms = route.arms
        own = arms if told.event is None else _NONE
        # Made for every request, so not by name, which would take four times as long.
        request = _new(Request, (subject, told.at_s, arms, own))
        known = self.requests.keep(told.trace, request)
        if known is None or (
            arms.items() <= known.arms.items() and own.items() <= known.own.items()
        ):
            return
        who = subject if known.subject is None else known.subject
        self.requests[told.trace] = Request(
            who, known.at_s, {**arms, **known.arms}, {**own, **known.own}
        )

    def repeats(self, exposed: Observation, watching: Watching) -> bool:
        """Say whether the request itself has told what was told apart from it as well."""
        known = self.requests.get(exposed.trace)
        arms = watching.route(_signature(exposed.exposures)).arms
        return known is not None and arms.items() <= known.own.items()

    def place(self, told: Told, at: FlagAt) -> Placement | None:
        """Return where an outcome belongs by what it, or its request, says of the flag."""
        if at in told.own:
            return told.own[at]
        request = self._request_of(told)
        if request is None or at not in request.arms:
            return None
        who = request.subject if told.subject is None else told.subject
        return Placement(request.arms[at], who, request.at_s)

    def last_met(self, told: Told, at: FlagAt, at_s: float) -> Placement | None:
        """Return the last arm that an outcome's subject had met by then; None if none is known."""
        if told.subject is None:
            return None
        found = self.exposures.find(told.subject, at, at_s)
        return found and Placement(found[0], told.subject, found[1])

    def environments_of(self, told: Told) -> frozenset[str]:
        """Return where an outcome is of, by its own word or its request's; empty: not known."""
        request = None if told.said else self._request_of(told)
        return told.said if request is None else frozenset(at[0] for at in request.arms)

    def age(self, now: float, keep_s: float) -> None:
        """Forget the subjects that were last exposed so long ago."""
        self.exposures.age(now, keep_s)

    def _request_of(self, told: Told) -> Request | None:
        trace = told.observation.trace
        return self.requests.get(trace) if trace else None

    def _routes_of_several(
        self, exposures: tuple[Exposure, ...], who: int | None, watching: Watching
    ) -> list[tuple[int | None, Route]]:
        """Return what is meant where one request evaluated flags for several subjects.

        Each flag is told once: of who was exposed to it, or else of the first.
        """
        arms = watching.route(_signature(exposures)).arms
        chosen: dict[FlagAt, Exposure] = {}
        for one in exposures:
            at = watching.at(one.flag, one.flag_set)
            if at is not None and watching.arm_bit(one.variant) == arms.get(at, _OTHER):
                chosen.setdefault(at, one)
        groups: dict[int | None, list[Exposure]] = {}
        for one in chosen.values():
            own = who if one.subject is None else self.identities.of(one.subject)
            groups.setdefault(own, []).append(one)
        return [(own, watching.route(_signature(told))) for own, told in groups.items()]


def _signature(exposures: Iterable[Exposure]) -> Signature:
    return tuple([(one.flag, one.variant, one.flag_set) for one in exposures])


_new = tuple.__new__
_NONE: Mapping[FlagAt, int] = {}
_OTHER = -1
