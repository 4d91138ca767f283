"""Rules of safety: what takes back, and what holds because harm has no name yet."""

from __future__ import annotations

from collections.abc import Iterable

from phasegate.core.decide.opinion import close, hold, roll_back
from phasegate.core.decide.silence import is_silent, unseen_for
from phasegate.core.decide.situation import Decision, Situation
from phasegate.core.evidence import ENVIRONMENT, Judgement, Outcome
from phasegate.core.plan import OnOutage, Phase
from phasegate.core.run import Run, TrialState

INCIDENT = "incident: "
"""Begins the name of what an incident closes."""


def sentinel_tripped(s: Situation) -> Decision | None:
    """The first safety-critical event takes back the component it accuses, at once.

    So does one that still arrives while the component waits to be tried again. Where it accuses
    none alone, the whole phase goes back, or holds if the plan says so.
    """
    return _tripped(s, "sentinel_tripped", [j for j in s.evidence.guards if _is_sentinel(j)])


def guard_tripped(s: Situation) -> Decision | None:
    """A guard that trips takes back what the evidence accuses, and nothing else.

    Where control is harmed as well, no component is blamed: the phase goes back as a whole, or
    holds with an incident if the plan says so.
    """
    return _tripped(s, "guard_tripped", [j for j in s.evidence.guards if not _is_sentinel(j)])


def guard_blind(s: Situation) -> Decision | None:
    """A guard that has seen nothing for `blind_for` takes its phase back: unseen is not healthy.

    After half of that time the run holds, whether or not somebody could see meanwhile: a server
    that has just begun knows no more than the evidence does.
    """
    guards = [j for j in s.evidence.guards if not _is_sentinel(j)]
    dim = [j for j in guards if is_silent(s, j, s.plan.blind_for / 2)]
    # What is blind is dim as well, so nothing else need be asked a second time.
    unseen = [(j, unseen_for(s, j)) for j in dim]
    blind = [(j, gap) for j, gap in unseen if gap is not None and gap > s.plan.blind_for]
    for phase in dict.fromkeys(judgement.phase for judgement, _ in blind):
        reasons = tuple(
            f"{j.component}: `{j.condition}` has seen nothing for {gap.total_seconds():.0f} s"
            for j, gap in blind
            if j.phase == phase and gap is not None
        )
        components = _going_names(s.run, phase)
        return roll_back("guard_blind", phase, components, reasons, ())
    if dim:
        return hold("guard_blind", *(f"{j.component}: `{j.condition}` is unseen" for j in dim))
    return None


def incident_open(s: Situation) -> Decision | None:
    """An incident that blames no component holds the run until a person waives or retries."""
    reasons = [
        why
        for name, why in s.run.closed.items()
        if name.startswith(INCIDENT) and not s.run.waives(name, s.now)
    ]
    return hold("incident_open", *reasons) if reasons else None


def already_rolling_back(s: Situation) -> Decision | None:
    """Nothing moves forward until every rollback is confirmed at the target."""
    if not s.run.rollbacks:
        return None
    names = sorted({name for rollback in s.run.rollbacks for name in rollback.components})
    return hold("already_rolling_back", f"not yet confirmed back: {', '.join(names)}")


def _tripped(s: Situation, rule: str, guards: Iterable[Judgement]) -> Decision | None:
    going = (t for t in s.run.trials.values() if t.state is not TrialState.WITHDRAWN)
    exposed = {(trial.phase, trial.component) for trial in going}
    tripped = [
        j
        for j in guards
        if j.outcome is Outcome.FAIL and ((j.phase, j.component) in exposed or _is_of_now(s.run, j))
    ]
    accusing = [j for j in tripped if j.accuses and j.component != ENVIRONMENT]
    if accusing:
        phase = accusing[0].phase
        here = tuple(j for j in accusing if j.phase == phase)
        names = tuple(dict.fromkeys(j.component for j in here))
        return roll_back(rule, phase, names, tuple(j.sentence for j in here), here)
    for judgement in tripped:
        decision = _environment(s, rule, judgement)
        if decision:
            return decision
    return None


def _is_of_now(run: Run, judgement: Judgement) -> bool:
    """What the environment did before the latest exposure does not count against it."""
    if judgement.component != ENVIRONMENT or judgement.last_seen is None:
        return False
    starts = [t.since for t in run.of_phase(judgement.phase) if t.since and t.exposure]
    return bool(starts) and judgement.last_seen >= int(max(starts).timestamp())


def _environment(s: Situation, rule: str, judgement: Judgement) -> Decision | None:
    phase = s.plan.phase(judgement.phase)
    reason = f"control is harmed as well, no component alone is to blame: {judgement.sentence}"
    if phase.if_control_fails_too is OnOutage.HOLD:
        return _incident(s, phase, judgement, reason)
    names = _going_names(s.run, phase.name)
    return roll_back(rule, phase.name, names, (reason,), (judgement,)) if names else None


def _incident(s: Situation, phase: Phase, judgement: Judgement, reason: str) -> Decision | None:
    # Written down once, and no opinion after that: other guards, and blindness, must still speak.
    name = f"{INCIDENT}{phase.name}: {judgement.condition}"
    if name in s.run.closed or s.run.waives(name, s.now):
        return None
    return close("incident_raised", phase, {name: reason})


def _going_names(run: Run, phase: str) -> tuple[str, ...]:
    """Name the components of a phase that are exposed, and those that wait to be once more."""
    return tuple(t.component for t in run.of_phase(phase) if t.state is not TrialState.WITHDRAWN)


def _is_sentinel(judgement: Judgement) -> bool:
    return judgement.method == "sentinel"
