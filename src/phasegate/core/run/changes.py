"""What each kind of event changes of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import cast

from phasegate.core.event import Event, Json
from phasegate.core.evidence import Position
from phasegate.core.judge.versions import knows_aging, knows_earlier
from phasegate.core.plan import Mode, Role
from phasegate.core.run.body import evidence_position, names_in, number_in, text_in
from phasegate.core.run.state import Rollback, Run, Signature, Status, Trial, TrialState, Waiver
from phasegate.core.stretch import Stretch


def _phase_started(run: Run, event: Event) -> Run:
    return replace(
        run,
        phase=text_in(event.body, "phase"),
        phase_attempt=1,
        stage=-1,
        steps_since=event.at if knows_aging(event.body) else None,
        exposing=None,
        watched_since=None,
        closed={},
    )


def _exposed(run: Run, event: Event) -> Run:
    trials = dict(run.trials)
    for item in cast("list[dict[str, Json]]", event.body["components"]):
        name = text_in(item, "component")
        before = trials.get(name)
        goes_on = before is not None and _goes_on(before, item)
        trials[name] = Trial(
            phase=text_in(item, "phase"),
            component=name,
            flag=text_in(item, "flag"),
            attempt=int(number_in(item, "attempt")),
            state=TrialState.EXPOSED,
            exposure=int(number_in(item, "exposure")),
            mode=Mode(text_in(item, "mode")),
            since=before.since if before and goes_on else event.at,
            begun=before.begun if before and before.phase == item["phase"] else event.at,
            earlier=_earlier(before, item, event) if before and goes_on else (),
        )
    now = [(t.phase, t.component, t.attempt) for t in trials.values() if t.exposure]
    return replace(
        run,
        trials=trials,
        begun=tuple(dict.fromkeys([*run.begun, *now])),
        stage=int(number_in(event.body, "stage")),
        exposing=event.number,
        watched_since=None,
    )


def _goes_on(trial: Trial, item: Mapping[str, Json]) -> bool:
    """A later stage goes on with a trial; a later phase begins a new one, unseen so far."""
    return trial.state is TrialState.EXPOSED and trial.phase == item["phase"]


def _earlier(trial: Trial, item: Mapping[str, Json], event: Event) -> tuple[Stretch, ...]:
    """Return the exposures that are over once a trial goes on with another one."""
    if not knows_earlier(event.body) or trial.exposure == item["exposure"]:
        return trial.earlier
    return (*trial.earlier, Stretch(exposure=trial.exposure, until=event.at.timestamp()))


def _exposure_confirmed(run: Run, event: Event) -> Run:
    return replace(run, exposing=None, watched_since=event.at)


def _watch_resumed(run: Run, event: Event) -> Run:
    return replace(run, resumed_at=event.at)


def _rollback_started(run: Run, event: Event) -> Run:
    components = names_in(event.body, "components")
    trials = dict(run.trials)
    for name in components:
        trials[name] = replace(trials[name], state=TrialState.WITHDRAWN, exposure=0)
    evidence_ms = event.body.get("evidence_ms")
    begun = Rollback(
        number=event.number,
        phase=text_in(event.body, "phase"),
        components=components,
        at=event.at,
        evidence_ms=int(evidence_ms) if isinstance(evidence_ms, int) else None,
        run_ends=bool(event.body.get("run_ends")),
    )
    return replace(run, trials=trials, rollbacks=(*run.rollbacks, begun))


def _rollback_confirmed(run: Run, event: Event) -> Run:
    number = number_in(event.body, "rollback")
    rest = tuple(rollback for rollback in run.rollbacks if rollback.number != number)
    ends = any(rollback.run_ends for rollback in run.rollbacks if rollback.number == number)
    if not ends:
        return replace(run, rollbacks=rest)
    return _ended(replace(run, rollbacks=rest), event, Status.ROLLED_BACK)


def _retried(run: Run, event: Event) -> Run:
    trials = dict(run.trials)
    homes = cast("dict[str, str]", event.body["components"])
    for name, home in homes.items():
        before = trials[name]
        trials[name] = replace(
            before,
            phase=home,
            attempt=before.attempt + 1 if before.phase == home else 1,
            state=TrialState.WAITING,
            since=None,
            begun=event.at,
        )
    return replace(
        run,
        trials=trials,
        phase_attempt=run.phase_attempt + 1,
        closed={},
        watched_since=None if homes else event.at,
    )


def _closed(run: Run, event: Event) -> Run:
    found = {name: str(why) for name, why in cast("dict[str, Json]", event.body["closed"]).items()}
    return replace(run, closed={**run.closed, **found})


def _signed_off(run: Run, event: Event) -> Run:
    signature = Signature(
        phase=text_in(event.body, "phase"),
        actor=event.actor,
        role=Role(text_in(event.body, "role")),
        meaning=text_in(event.body, "meaning"),
        plan_hash=text_in(event.body, "plan_hash"),
        attempt=run.phase_attempt,
        at=event.at,
    )
    return replace(run, signatures=(*run.signatures, signature))


def _waived(run: Run, event: Event) -> Run:
    waiver = Waiver(
        phase=text_in(event.body, "phase"),
        what=text_in(event.body, "what"),
        actor=event.actor,
        reason=text_in(event.body, "reason"),
        expires=datetime.fromisoformat(text_in(event.body, "expires")),
    )
    return replace(run, waivers=(*run.waivers, waiver))


def _phase_passed(run: Run, event: Event) -> Run:
    return replace(run, phase=None, passed=(*run.passed, text_in(event.body, "phase")))


def _paused(run: Run, _: Event) -> Run:
    return replace(run, paused=True)


def _resumed(run: Run, event: Event) -> Run:
    # Somebody had a reason to pause: what was proven before it is proven anew.
    return replace(run, paused=False, steps_since=run.steps_since and event.at)


def _completed(run: Run, event: Event) -> Run:
    return _ended(run, event, Status.COMPLETED)


def _ended(run: Run, event: Event, status: Status) -> Run:
    judged = evidence_position(event)
    then = Position(ripe_ms=int(event.at.timestamp() * 1000))
    return replace(run, ended=status, ended_after=then if judged is None else judged)


CHANGES: dict[str, Callable[[Run, Event], Run]] = {
    "phase_started": _phase_started,
    "exposed": _exposed,
    "exposure_confirmed": _exposure_confirmed,
    "watch_resumed": _watch_resumed,
    "rollback_started": _rollback_started,
    "rollback_confirmed": _rollback_confirmed,
    "gate_failed": _closed,
    "overdue": _closed,
    "retried": _retried,
    "paused": _paused,
    "resumed": _resumed,
    "signed_off": _signed_off,
    "waived": _waived,
    "phase_passed": _phase_passed,
    "incident_raised": _closed,
    "completed": _completed,
}
"""What each kind of event changes; the closed set of kinds beside run_started."""
