"""Observations to tallies: arms from exposures, late outcomes from memory, nothing guessed."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from phasegate.core.evidence import Tally
from phasegate.core.watch import Watch
from phasegate.ports import Sighting
from phasegate.telemetry import levels
from phasegate.telemetry.arranging import arranged
from phasegate.telemetry.bundles import Bundle, identity_of
from phasegate.telemetry.counters import Counters
from phasegate.telemetry.crowds import Crowds
from phasegate.telemetry.joining import Held, Joins, Trace
from phasegate.telemetry.observation import EXPOSURE_EVENT, Observation, Point
from phasegate.telemetry.outcomes import Outcomes
from phasegate.telemetry.placing import Places, is_skewed
from phasegate.telemetry.unheard import Unheard
from phasegate.telemetry.wanted import Wanted
from phasegate.telemetry.watching import Route, Watching

MOST_SUBJECTS = 500_000
REMEMBERED_S = 600.0


@dataclass(frozen=True, kw_only=True)
class Flush:
    """What is to be stored in one transaction: tallies with their ripe_ms, and sightings."""

    tallies: list[tuple[Tally, int]] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)


class Tallier:
    """Counts what one server receives, of all environments. Thread-safe.

    writer  names the server; every Tallier makes it unique, so that a restarted server's
            sequence cannot be taken for the old one's.
    key     keys the hashes of subjects; the same after a restart, or `recall` recalls nobody.
    """

    def __init__(self, writer: str, key: bytes, most_subjects: int = MOST_SUBJECTS) -> None:
        self.writer = f"{writer}/{secrets.token_hex(6)}"
        self._lock = threading.Lock()
        self._watches: tuple[Watch, ...] = ()
        self._told = False
        self._watching = Watching()
        self._counters = Counters()
        self._places = Places(key, most_subjects)
        self._joins = Joins()
        self._outcomes = Outcomes(self._places, self._counters)
        self._leaving = Flush()
        self._recalled: list[Sighting] = []
        self._unheard = Unheard(self._outcomes)
        self._sequence = count(1)
        self._now = 0.0

    @property
    def counters(self) -> Counters:
        """What became of everything received so far."""
        with self._lock:
            return replace(self._counters)

    @property
    def knows_what_to_look_for(self) -> bool:
        """Say whether anybody has said what is looked for: before that nothing can be counted."""
        with self._lock:
            return self._told

    @property
    def wanted(self) -> Wanted:
        """Which attributes of requests are asked for at present."""
        return self._watching.wanted

    def watch(self, watches: Sequence[Watch]) -> None:
        """Replace what is looked for; trials that remain keep their subjects, others lose them."""
        with self._lock:
            self._told = True
            if tuple(watches) == self._watches:
                return
            self._watches = tuple(watches)
            before = self._watching.bundles
            self._watching = arranged(watches, self._watching)
            gone = before.keys() - self._watching.bundles.keys()
            # What they last counted is evidence still; it is stored with the next flush.
            self._drain([before[key] for key in gone], 0, self._leaving)
            for heard in self._unheard.hear_again(self._watching, self._now):
                self._counters.ignored -= 1
                self._counters.count(heard)
            recalled, self._recalled = self._recalled, []
            self._recall(recalled)

    def recall(self, sightings: Sequence[Sighting]) -> None:
        """Restore the memory of subjects after a restart, before or after `watch`."""
        with self._lock:
            self._recalled.extend(self._recall(sightings))

    def is_sentinel(self, observation: Observation) -> bool:
        """Say whether an observation is a sentinel that is watched."""
        with self._lock:
            return self._outcomes.is_sentinel(observation, self._watching)

    def observe(self, observations: Sequence[Observation], now: float) -> bool:
        """Count observations; True if a sentinel was among them, so that a flush is urgent."""
        urgent = False
        with self._lock:
            self._now = max(self._now, now)
            self._counters.received += len(observations)
            outcomes: list[Observation] = []
            watches_requests = None in self._watching.alarms
            if watches_requests:
                outcomes.extend(one for one in observations if one.event is None)
            crowds = Crowds(self._watching, self._places)
            # All exposures first: the order within a batch means nothing.
            for one in crowds.unusual(observations, now):
                if one.event is None:
                    self._take_request(one, now)
                elif one.event == EXPOSURE_EVENT:
                    self._take_exposure(one, now)
                else:
                    outcomes.append(one)
            self._counters.joined += crowds.counted
            for one in outcomes:
                ignored = self._counters.ignored
                alarmed = self._outcomes.take(one, self._watching, now)
                urgent |= alarmed
                if self._counters.ignored > ignored or (
                    alarmed and not self._outcomes.knows_accused(one, self._watching)
                ):
                    self._unheard.keep(one, now, counted=alarmed)
            self._end_joins(now)
        return urgent

    def read(self, points: Sequence[Point]) -> None:
        """Take in data points of levels."""
        with self._lock:
            self._counters.points += len(points)
            levels.take(self._watching.levels, points)

    def flush(self, now: float, *, retry: bool = True) -> Flush:
        """Return all that was counted since the last flush; whoever calls must not lose it.

        retry   whether the arms of outcomes that wait are looked for again: of many, that takes a
                while, in which nothing else is counted.
        """
        with self._lock:
            self._now = max(self._now, now)
            self._end_joins(now)
            if retry:
                self._outcomes.retry(self._watching, now)
            self._places.age(now, REMEMBERED_S + self._watching.longest_lag_s)
            now_ms = int(now * 1000)
            leaving, self._leaving = self._leaving, Flush()
            flushed = Flush(
                tallies=[(tally, max(ripe_ms, now_ms)) for tally, ripe_ms in leaving.tallies],
                sightings=leaving.sightings,
            )
            self._drain(self._watching.bundles.values(), now_ms, flushed)
            for level in (one for many in self._watching.levels.values() for one in many):
                readings = level.drain(now, self.writer, self._sequence)
                flushed.tallies.extend((tally, now_ms) for tally in readings)
            return flushed

    def _drain(self, bundles: Iterable[Bundle], now_ms: int, into: Flush) -> None:
        for bundle in bundles:
            into.tallies.extend(bundle.drain(now_ms, self.writer, self._sequence))
            into.sightings.extend(bundle.sightings())

    def _recall(self, sightings: Sequence[Sighting]) -> list[Sighting]:
        """Hand sightings to their bundles and return those that have none yet."""
        strange = []
        for sighting in sightings:
            bundle = self._watching.by_series.get(identity_of(sighting))
            if bundle is None:
                strange.append(sighting)
            else:
                bundle.recall(sighting)
        return strange

    def _take_request(self, request: Observation, now: float) -> None:
        if is_skewed(request.at_s, now):
            self._counters.skewed += 1
            return
        watching, places = self._watching, self._places
        self._tell_unattributable(request)
        counted, lacking = False, bool(watching.by_flag)
        for who, route in places.routes(request.exposures, request.subject, watching):
            counted |= self._count(request, who, route)
            lacking &= route.lacking
        if lacking and request.trace:
            self._counters.waiting += 1
            self._hold(request, counted, now)
        elif counted or self._outcomes.is_sentinel(request, watching):
            self._counters.count(request)
        else:
            self._counters.ignored += 1

    def _count(self, request: Observation, who: int | None, route: Route) -> bool:
        """Count a request and remember who was exposed in it; True if it concerns a series."""
        second = int(request.at_s)
        if request.sampled:
            # Outcomes of its stream are told of some requests only, as the requests are.
            for arm_bit, bundle in (*route.counting, *route.outcomes):
                if request.at_s >= bundle.since:
                    bundle.refuse(arm_bit, second)
            return bool(route.counting)
        counted, attributes = False, request.attributes
        for arm_bit, bundle in route.counting:
            value = bundle.value_of(attributes)
            if value is None:
                continue
            if request.at_s < bundle.since:
                self._counters.before_watch += 1
            else:
                bundle.count(arm_bit, second, who, value)
                counted = True
        if route.arms:
            self._places.remember(who, route, request)
        return counted

    def _tell_unattributable(self, told: Observation) -> None:
        """Count evaluations of flags of several environments that do not say of which they are."""
        shared = self._watching.shared
        if shared:
            self._counters.unattributable += sum(
                one.flag_set is None and one.flag in shared for one in told.exposures
            )

    def _hold(self, request: Observation, counted: bool, now: float) -> None:
        kept = request._replace(attributes=self._watching.judged(request.attributes))
        own = (self._watching.at(one.flag, one.flag_set) for one in request.exposures)
        held = Held(kept, {at for at in own if at is not None}, counted)
        for exposed in self._joins.hold(held, now):
            self._join(held, exposed)

    def _take_exposure(self, exposed: Observation, now: float) -> None:
        self._counters.exposures += 1
        if is_skewed(exposed.at_s, now):
            return
        self._tell_unattributable(exposed)
        watching, concerns = self._watching, False
        for who, route in self._places.routes(exposed.exposures, exposed.subject, watching):
            self._places.remember(who, route, exposed)
            concerns |= bool(route.counting)
        if concerns and exposed.trace and not self._places.repeats(exposed, watching):
            for held in self._joins.expose(exposed, now):
                self._join(held, exposed)

    def _join(self, held: Held, exposed: Observation) -> None:
        """Count a request for the exposures that were told apart from it."""
        told = [(self._watching.at(one.flag, one.flag_set), one) for one in exposed.exposures]
        new = tuple(one for at, one in told if at is not None and at not in held.known)
        held.known.update(at for at, _ in told if at is not None)
        request = held.request
        subject = request.subject or exposed.subject
        for who, route in self._places.routes(new, subject, self._watching):
            held.counted |= self._count(request, who, route)

    def _end_joins(self, now: float) -> None:
        for trace in self._joins.over(now):
            self._end(trace)

    def _end(self, trace: Trace) -> None:
        if len(trace.requests) == 1:
            for exposed in trace.exposures:
                self._join(trace.requests[0], exposed)
        else:
            self._counters.stray_exposures += sum(
                not self._places.repeats(exposed, self._watching) for exposed in trace.exposures
            )
        for held in trace.requests:
            self._counters.waiting -= 1
            if held.counted or self._outcomes.is_sentinel(held.request, self._watching):
                self._counters.count(held.request)
            else:
                self._counters.ignored += 1
