"""Events that follow an exposure: sentinels, counted at once, and outcomes, joined to their arm."""

from __future__ import annotations

from dataclasses import dataclass, replace

from phasegate.core.evidence import Arm
from phasegate.flags.document import OFF
from phasegate.telemetry.bundles import Bundle
from phasegate.telemetry.counters import Counters
from phasegate.telemetry.observation import COMPONENT_ATTRIBUTE, VARIANT_ATTRIBUTE, Observation
from phasegate.telemetry.placing import Places, Told
from phasegate.telemetry.subjects import ARM_BIT
from phasegate.telemetry.watching import Alarm, Trial, Watching

WAITS_S = 15.0
"""How long an outcome waits for its exposure: SDKs send spans every 5 s and logs every 1 s."""

MOST_WAITING = 50_000
CONTROL, TREATMENT = ARM_BIT[Arm.CONTROL], ARM_BIT[Arm.TREATMENT]


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    """An outcome that some trials could not place yet. joined: others could."""

    told: Told
    trials: tuple[Trial, ...]
    until: float
    joined: bool


class Outcomes:
    """Counts events for the arms of their subjects. The Tallier holds its lock around all calls."""

    def __init__(self, places: Places, counters: Counters) -> None:
        self._places = places
        self._counters = counters
        self._waiting: list[_Waiting] = []

    def is_sentinel(self, observation: Observation, watching: Watching) -> bool:
        """Say whether an observation is a sentinel that is watched."""
        return bool(_alarms(observation, watching, watching.said(observation)))

    def knows_accused(self, observation: Observation, watching: Watching) -> bool:
        """Say whether a sentinel names no component, or one that is watched."""
        name = observation.attributes.get(COMPONENT_ATTRIBUTE)
        alarms = _alarms(observation, watching, watching.said(observation))
        return name is None or any(alarm.bundles_of(name) for alarm in alarms)

    def hear(self, observation: Observation, watching: Watching, now: float) -> bool:
        """Count an event for whom it accuses if it is a sentinel that is watched."""
        told = self._places.told(observation, watching, now)
        return self._raise_alarms(told, watching, now)

    def take(self, observation: Observation, watching: Watching, now: float) -> bool:
        """Count an event, or a request that may be a sentinel; True if it was one.

        A request was counted before for all else.
        """
        told = self._places.told(observation, watching, now)
        alarmed = self._raise_alarms(told, watching, now)
        if observation.event is None:
            return alarmed
        if told.skewed:
            self._counters.skewed += 1
        else:
            self._take_outcome(observation.event, told, watching, now, joined=alarmed)
        return alarmed

    def retry(self, watching: Watching, now: float) -> None:
        """Look again for the arms of outcomes that wait, and give up those that waited enough."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            trials = [trial for trial in one.trials if watching.has(trial)]
            left = tuple(trial for trial in trials if not self._join(trial, one.told, watching))
            joined = one.joined or len(left) < len(trials)
            if left and now < one.until:
                self._waiting.append(replace(one, trials=left, joined=joined))
            else:
                self._counters.waiting -= 1
                ambiguous = any(_is_ambiguous(trial, one.told, watching) for trial in left)
                self._give_up(one.told, joined=joined, ambiguous=ambiguous)

    def _take_outcome(
        self, event: str, told: Told, watching: Watching, now: float, *, joined: bool
    ) -> None:
        """Count an outcome where its arm is known, and let it wait for the arms that are not."""
        trials = [trial for trial in watching.by_event.get(event, ()) if _concerns(trial, told)]
        left = tuple(trial for trial in trials if not self._join(trial, told, watching))
        joined = joined or len(left) < len(trials)
        nobody = told.subject is None and not told.observation.trace
        if not left and not joined:
            self._counters.ignored += 1
        elif not left or nobody or len(self._waiting) >= MOST_WAITING:
            ambiguous = any(_is_ambiguous(trial, told, watching) for trial in left)
            self._give_up(told, joined=joined, ambiguous=ambiguous)
        else:
            self._counters.waiting += 1
            self._waiting.append(
                _Waiting(told=told, trials=left, until=now + WAITS_S, joined=joined)
            )

    def _join(self, trial: Trial, told: Told, watching: Watching) -> bool:
        observation = told.observation
        placement = self._places.place(told, trial.at)
        if placement is None and not _is_ambiguous(trial, told, watching):
            placement = self._places.last_met(told, trial.at, observation.at_s)
        if placement is None:
            return False
        for bundle in trial.bundles[observation.event]:
            value = bundle.value_of(observation.attributes)
            if value is None:
                continue
            second = int(placement.exposed_s if bundle.lag_s else observation.at_s)
            if min(placement.exposed_s, observation.at_s) < bundle.since:
                self._counters.before_watch += 1
            elif observation.sampled:
                bundle.refuse(placement.arm_bit, second)
            else:
                bundle.count(placement.arm_bit, second, placement.subject, value)
        return True

    def _give_up(self, told: Told, *, joined: bool, ambiguous: bool) -> None:
        if joined:
            self._counters.count(told.observation)
        else:
            self._counters.unjoined += 1
            self._counters.unattributable += ambiguous

    def _raise_alarms(self, told: Told, watching: Watching, now: float) -> bool:
        """Count a sentinel for whom it accuses; True if it was one that is watched.

        It accuses the component it names; else those its subject is treated with; else nobody
        alone, which is counted for the environment: no sentinel is ever dropped. A record that
        says the old version answered (variant "off") is counted in control and accuses nobody.
        One that does not say in which environment it happened counts wherever it may have, and
        one that comes late counts all the same.
        """
        where = self._places.environments_of(told)
        alarms = _alarms(told.observation, watching, where)
        if not alarms:
            return False
        at_s = now if told.skewed else told.observation.at_s
        name = told.observation.attributes.get(COMPONENT_ATTRIBUTE)
        accused = [bundle for alarm in alarms for bundle in alarm.bundles_of(name)]
        for alarm in alarms if not accused else ():
            treated = self._treated(alarm, told, now)
            if not treated:
                # A clock behind ours must not silence it: what comes during a watch is of it.
                second = int(max(at_s, alarm.environment.since))
                alarm.environment.count(CONTROL, second, told.subject, True)
            accused.extend(treated)
        arm = CONTROL if _says_old(told.observation) else TREATMENT
        for bundle in accused:
            bundle.count(arm, int(at_s), told.subject, True)
        return True

    def _treated(self, alarm: Alarm, told: Told, now: float) -> list[Bundle]:
        placed = [
            (self._places.place(told, at) or self._places.last_met(told, at, now), bundle)
            for watch, bundle in alarm.members
            if (at := (watch.environment, watch.flag))
        ]
        return [
            bundle for placement, bundle in placed if placement and placement.arm_bit == TREATMENT
        ]


def _alarms(observation: Observation, watching: Watching, where: frozenset[str]) -> list[Alarm]:
    """Return whose sentinel it is. Where it does not say where it happened, all may be meant."""
    return [
        alarm
        for alarm in watching.alarms.get(observation.event, ())
        if (not where or alarm.where in where) and alarm.series.is_bad(observation.attributes)
    ]


def _says_old(observation: Observation) -> bool:
    """Say whether a record names the component's old version as the one that answered."""
    return observation.attributes.get(VARIANT_ATTRIBUTE) == OFF


def _concerns(trial: Trial, told: Told) -> bool:
    if told.said and trial.at[0] not in told.said:
        return False
    return any(
        bundle.value_of(told.observation.attributes) is not None
        for bundle in trial.bundles[told.observation.event]
    )


def _is_ambiguous(trial: Trial, told: Told, watching: Watching) -> bool:
    """Say whether a subject alone cannot tell whose outcome it is: people are in several places."""
    return not told.said and trial.at[1] in watching.shared
