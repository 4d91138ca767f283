"""Observations to tallies: arms from exposures, late outcomes from memory, nothing guessed."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from phasegate.core.evidence import Arm, Tally
from phasegate.core.watch import Watch
from phasegate.flags.document import OFF
from phasegate.ports import Sighting
from phasegate.telemetry.arms import Arms, Placement, Told
from phasegate.telemetry.lines import Line, identity_of
from phasegate.telemetry.observation import (
    COMPONENT_ATTRIBUTE,
    EXPOSURE_EVENT,
    SHADOW_EVENT,
    VARIANT_ATTRIBUTE,
    Observation,
)
from phasegate.telemetry.watching import Alarm, Trial, Watching, arranged

WAITS_S = 5.0
MOST_WAITING = 50_000
MOST_SUBJECTS = 500_000
REMEMBERED_S = 600.0


@dataclass(kw_only=True)
class Counters:
    """What became of observations: received is the sum of all others.

    exposures  said only what a flag evaluated to.   ignored    concern nothing that is watched.
    joined     tallied.   waiting   outcomes whose exposure may still come.
    unjoined   outcomes whose exposure did not come in time, never tallied.
    skewed     too far from now to be believed. A sentinel among them is tallied all the same.
    """

    received: int = 0
    exposures: int = 0
    joined: int = 0
    waiting: int = 0
    unjoined: int = 0
    skewed: int = 0
    ignored: int = 0


@dataclass(frozen=True, kw_only=True)
class Flush:
    """What is to be stored in one transaction: tallies with their ripe_ms, and sightings."""

    tallies: list[tuple[Tally, int]] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    """An outcome that some trials could not place yet. joined: others could."""

    told: Told
    trials: tuple[Trial, ...]
    until: float
    joined: bool


class Tallier:
    """Counts what one server receives for one environment. Thread-safe.

    writer  names the server; every Tallier makes it unique, so that a restarted server's
            sequence cannot be taken for the old one's.
    key     keys the hashes of subjects; the same after a restart, or `recall` recalls nobody.
    """

    def __init__(self, writer: str, key: bytes, most_subjects: int = MOST_SUBJECTS) -> None:
        self.writer = f"{writer}/{secrets.token_hex(6)}"
        self._lock = threading.Lock()
        self._watching = Watching()
        self._arms = Arms(key, most_subjects)
        self._waiting: list[_Waiting] = []
        self._leaving = Flush()
        self._recalled: list[Sighting] = []
        self._sequence = count(1)
        self._counters = Counters()

    @property
    def counters(self) -> Counters:
        """What became of everything received so far."""
        with self._lock:
            return replace(self._counters)

    def watch(self, watches: Sequence[Watch]) -> None:
        """Replace what is looked for; trials that remain keep their subjects, others lose them."""
        with self._lock:
            before = self._watching.lines
            self._watching = arranged(watches, before)
            gone = before.keys() - self._watching.lines.keys()
            # What they last counted is evidence still; it is stored with the next flush.
            self._drain([before[identity] for identity in gone], 0, self._leaving)
            recalled, self._recalled = self._recalled, []
            self._recall(recalled)

    def recall(self, sightings: Sequence[Sighting]) -> None:
        """Restore the memory of subjects after a restart, before or after `watch`."""
        with self._lock:
            self._recalled.extend(self._recall(sightings))

    def is_sentinel(self, observation: Observation) -> bool:
        """Say whether an observation is a sentinel that is watched."""
        with self._lock:
            return bool(self._alarms(observation))

    def observe(self, observations: Sequence[Observation], now: float) -> bool:
        """Count observations; True if a sentinel was among them, so that a flush is urgent."""
        urgent = False
        with self._lock:
            told = [self._arms.read(observation, now) for observation in observations]
            # All exposures first: the order within a batch means nothing.
            for one in told:
                if one.own and one.observation.event != SHADOW_EVENT:
                    self._arms.remember(one, self._watching.joined_flags)
            for one in told:
                urgent |= self._take(one, now)
        return urgent

    def flush(self, now: float) -> Flush:
        """Return all that was counted since the last flush; whoever calls must not lose it."""
        with self._lock:
            self._retry(now)
            self._arms.forget(now - REMEMBERED_S - self._watching.longest_lag_s)
            now_ms = int(now * 1000)
            leaving, self._leaving = self._leaving, Flush()
            flushed = Flush(
                tallies=[(tally, max(ripe_ms, now_ms)) for tally, ripe_ms in leaving.tallies],
                sightings=leaving.sightings,
            )
            self._drain(self._watching.lines.values(), now_ms, flushed)
            return flushed

    def _drain(self, lines: Iterable[Line], now_ms: int, into: Flush) -> None:
        for line in lines:
            into.tallies.extend(line.drain(now_ms, self.writer, self._sequence))
            if sighting := line.sighting():
                into.sightings.append(sighting)

    def _recall(self, sightings: Sequence[Sighting]) -> list[Sighting]:
        """Hand sightings to their lines and return those that have none yet."""
        strange = []
        for sighting in sightings:
            line = self._watching.lines.get(identity_of(sighting))
            if line is None:
                strange.append(sighting)
            else:
                line.recall(sighting)
        return strange

    def _take(self, told: Told, now: float) -> bool:
        self._counters.received += 1
        event = told.observation.event
        if event == EXPOSURE_EVENT:
            self._counters.exposures += 1
            return False
        alarmed = self._raise_alarms(told, now)
        if told.skewed:
            self._counters.skewed += 1
        elif event is None:
            joined = self._count_span(told) or alarmed
            self._counters.joined += joined
            self._counters.ignored += not joined
        else:
            self._take_outcome(event, told, now, joined=alarmed)
        return alarmed

    def _count_span(self, told: Told) -> bool:
        counted = False
        for flag, placement in told.own.items():
            for trial in self._watching.by_flag.get(flag, ()):
                counted |= _count(trial, told.observation, placement)
        return counted

    def _take_outcome(self, event: str, told: Told, now: float, *, joined: bool) -> None:
        """Count an outcome where its arm is known, and let it wait for the arms that are not."""
        trials = [
            trial
            for trial in self._watching.by_event.get(event, ())
            if _concerns(trial, told.observation)
        ]
        left = tuple(trial for trial in trials if not self._join(trial, told))
        joined = joined or len(left) < len(trials)
        if not left:
            self._counters.joined += joined
            self._counters.ignored += not joined
        elif told.subject is None or len(self._waiting) >= MOST_WAITING:
            self._give_up(joined=joined)
        else:
            self._counters.waiting += 1
            self._waiting.append(
                _Waiting(told=told, trials=left, until=now + WAITS_S, joined=joined)
            )

    def _join(self, trial: Trial, told: Told) -> bool:
        placement = self._arms.place(told, trial.watch.flag, told.observation.at_s)
        if placement is None:
            return False
        _count(trial, told.observation, placement)
        return True

    def _retry(self, now: float) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            trials = [trial for trial in one.trials if self._watching.has(trial)]
            left = tuple(trial for trial in trials if not self._join(trial, one.told))
            joined = one.joined or len(left) < len(trials)
            if left and now < one.until:
                self._waiting.append(replace(one, trials=left, joined=joined))
            else:
                self._counters.waiting -= 1
                self._give_up(joined=joined)

    def _give_up(self, *, joined: bool) -> None:
        self._counters.joined += joined
        self._counters.unjoined += not joined

    def _alarms(self, observation: Observation) -> list[Alarm]:
        return [
            alarm
            for alarm in self._watching.alarms.get(observation.event, ())
            if alarm.series.is_bad(observation.attributes)
        ]

    def _raise_alarms(self, told: Told, now: float) -> bool:
        """Count a sentinel for whom it accuses; True if it was one that is watched.

        It accuses the component it names; else those its subject is treated with; else nobody
        alone, which is counted for the environment: no sentinel is ever dropped. A record that
        says the old version answered (variant "off") is counted in control and accuses nobody.
        """
        alarms = self._alarms(told.observation)
        if not alarms:
            return False
        bucket = int(now if told.skewed else told.observation.at_s)
        name = told.observation.attributes.get(COMPONENT_ATTRIBUTE)
        accused = [line for alarm in alarms for line in alarm.lines_of(name)]
        for alarm in alarms if not accused else ():
            treated = self._treated(alarm, told, now)
            if not treated:
                line = alarm.environment
                line.count(Arm.CONTROL, bucket, told.subject, bad=True, value=0.0)
            accused.extend(treated)
        arm = Arm.CONTROL if _says_old(told.observation) else Arm.TREATMENT
        for line in accused:
            line.count(arm, bucket, told.subject, bad=True, value=0.0)
        return True

    def _treated(self, alarm: Alarm, told: Told, now: float) -> list[Line]:
        placed = [(self._arms.place(told, watch.flag, now), line) for watch, line in alarm.members]
        return [line for placement, line in placed if placement and placement.arm is Arm.TREATMENT]


def _says_old(observation: Observation) -> bool:
    """Say whether a record names the component's old version as the one that answered."""
    return observation.attributes.get(VARIANT_ATTRIBUTE) == OFF


def _concerns(trial: Trial, observation: Observation) -> bool:
    lines = trial.lines[observation.event]
    return any(line.series.is_bad(observation.attributes) is not None for line in lines)


def _count(trial: Trial, observation: Observation, placement: Placement) -> bool:
    counted = False
    for line in trial.lines[observation.event]:
        bad = line.series.is_bad(observation.attributes)
        if bad is not None:
            at_s = placement.exposed_s if line.lag_s else observation.at_s
            value = line.value_in(observation.attributes)
            line.count(placement.arm, int(at_s), placement.subject, bad=bad, value=value)
            counted = True
    return counted
