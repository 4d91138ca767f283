"""What happens next: an ordered list of rules over plan, run and evidence; the first opinion wins.

The order is the policy: safety stands above progress, and only PASS opens a gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property

from phasegate.core.canonical import plain
from phasegate.core.event import Json
from phasegate.core.evidence import ENVIRONMENT, Finding, Judgement, Outcome
from phasegate.core.plan import OnOutage, Phase, Plan, Step
from phasegate.core.run import Run, TrialState
from phasegate.core.wording import span


class Verb(Enum):
    """What a decision does."""

    HOLD = "hold"
    ADVANCE = "advance"
    ROLL_BACK = "roll back"
    COMPLETE = "complete"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that was seen, as the judge sums it up for one decision.

    guards, gates   judgements of every exposed component's guards, and of the phase's gates.
    findings        of the phase under way, this attempt, oldest first.
    watching_since  since when somebody has been able to see; blindness counts from here.
    after_end       what was heard of a run after it has ended, in plain words.
    """

    guards: tuple[Judgement, ...] = ()
    gates: tuple[Judgement, ...] = ()
    findings: tuple[Finding, ...] = ()
    watching_since: datetime
    after_end: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A verb with its reasons. kind and body: the event to write down; None where nothing changes.

    rule   name of the rule that had the opinion.
    """

    verb: Verb
    rule: str
    reasons: tuple[str, ...]
    kind: str | None = None
    body: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What every rule looks at. plan is the paced plan."""

    plan: Plan
    run: Run
    evidence: Evidence
    now: datetime

    @property
    def phase(self) -> Phase | None:
        """The phase under way."""
        return self.plan.phase(self.run.phase) if self.run.phase else None

    @cached_property
    def began(self) -> Mapping[tuple[str, str], datetime]:
        """Since when a component of a phase is exposed; ENVIRONMENT: since the first of them is."""
        starts = [(t.since, t.phase, t.component) for t in self.run.exposed if t.since is not None]
        return {
            (phase, name): since
            for since, phase, component in sorted(starts, reverse=True)
            for name in (component, ENVIRONMENT)
        }

    @cached_property
    def lags(self) -> Mapping[str, timedelta]:
        """How long each metric's outcomes may take to arrive."""
        return {metric.name: metric.lag for metric in self.plan.metrics}


FRESH_FOR = timedelta(days=1)
"""How long ago a step may have passed that exposes somebody. A plan cannot ask for more."""

INCIDENT = "incident: "
"""Begins the name of what an incident closes."""

Rule = Callable[[Situation], Decision | None]


def decide(plan: Plan, run: Run, evidence: Evidence, now: datetime) -> Decision:
    """Return the first opinion of RULES. Pure: the same arguments give the same decision."""
    situation = Situation(plan=plan, run=run, evidence=evidence, now=now)
    for rule in RULES:
        decision = rule(situation)
        if decision is not None:
            return decision
    raise AssertionError("move_on always has an opinion")


def ended(s: Situation) -> Decision | None:
    """A run that has ended stays as it is; sentinels that come after it are told."""
    if s.run.ended is None:
        return None
    return _hold("ended", f"the run has ended: {s.run.ended.value}", *s.evidence.after_end)


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
    dim = [j for j in guards if _is_silent(s, j, s.plan.blind_for / 2)]
    # What is blind is dim as well, so nothing else need be asked a second time.
    unseen = [(j, _unseen_for(s, j)) for j in dim]
    blind = [(j, gap) for j, gap in unseen if gap is not None and gap > s.plan.blind_for]
    for phase in dict.fromkeys(judgement.phase for judgement, _ in blind):
        reasons = tuple(
            f"{j.component}: `{j.condition}` has seen nothing for {gap.total_seconds():.0f} s"
            for j, gap in blind
            if j.phase == phase and gap is not None
        )
        components = _going_names(s.run, phase)
        return _roll_back("guard_blind", phase, components, reasons, ())
    if dim:
        return _hold("guard_blind", *(f"{j.component}: `{j.condition}` is unseen" for j in dim))
    return None


def incident_open(s: Situation) -> Decision | None:
    """An incident that blames no component holds the run until a person waives or retries."""
    reasons = [
        why
        for name, why in s.run.closed.items()
        if name.startswith(INCIDENT) and not s.run.waives(name, s.now)
    ]
    return _hold("incident_open", *reasons) if reasons else None


def already_rolling_back(s: Situation) -> Decision | None:
    """Nothing moves forward until every rollback is confirmed at the target."""
    if not s.run.rollbacks:
        return None
    names = sorted({name for rollback in s.run.rollbacks for name in rollback.components})
    return _hold("already_rolling_back", f"not yet confirmed back: {', '.join(names)}")


def paused(s: Situation) -> Decision | None:
    """A paused run keeps its exposure and its guards, and goes no further."""
    return _hold("paused", "a person paused the run") if s.run.paused else None


def steps_unfinished(s: Situation) -> Decision | None:
    """Every step before a phase must have passed before anybody is exposed; after it, likewise.

    A failed step stays failed until the phase is tried again or a person waives it. What passed
    more than a day ago, or before a pause, exposes nobody: it is done again.
    """
    phase = s.phase
    if phase is None:
        return None
    reasons = [
        why for step in due_steps(s) if (why := _step_open(s, step)) and not _waived(s, step.name)
    ]
    return _hold("steps_unfinished", *reasons) if reasons else None


def exposure_unconfirmed(s: Situation) -> Decision | None:
    """Soaking starts when the target was read back, not when it was asked."""
    if s.run.exposing is None:
        return None
    return _hold("exposure_unconfirmed", "the target does not yet serve the exposure")


def soaking(s: Situation) -> Decision | None:
    """An exposure is watched for its least time before anything is asked of it.

    What passed while no server ran is not watching, and it begins anew.
    """
    since = s.run.soaks_since
    if since is None or s.phase is None or waiting(s):
        return None
    rest = since + _soak(s.phase) - s.now
    if rest <= timedelta(0):
        return None
    return _hold("soaking", f"{span(rest)} of watching are left")


def outside_window(s: Situation) -> Decision | None:
    """A run goes forward only in the plan's window, when people are there to look."""
    if s.plan.window is None or s.plan.window.holds(s.now):
        return None
    return _hold("outside_window", "the plan's window for going forward is closed")


def overdue(s: Situation) -> Decision | None:
    """A phase that cannot show its gates in its longest time stops as inconclusive, for a person.

    The stop is written down: evidence that arrives later does not undo it.
    """
    phase, since = s.phase, s.run.watched_since
    if phase is None or since is None or not _final(s) or s.now - since <= phase.lasts_most:
        return None
    late = {
        _gate_name(j): f"still undecided after the longest time: {j.sentence}"
        for j in (*s.evidence.gates, *_unjudged(s))
        if j.outcome in (Outcome.INCONCLUSIVE, Outcome.INVALID)
        and _gate_name(j) not in s.run.closed
        and not s.run.waives(_gate_name(j), s.now)
    }
    return _close("overdue", phase, late) if late else None


def gate_closed(s: Situation) -> Decision | None:
    """Only a gate that is shown opens. A failure once seen is written down and stays.

    What is closed opens by trying the phase again or by a waiver, never by itself. A guard that
    could not be judged closes the phase like a gate: nobody knows what it would have said.
    """
    if s.phase is None or not _final(s):
        return None
    failed = {
        _gate_name(j): j.sentence
        for j in s.evidence.gates
        if j.outcome is Outcome.FAIL and _gate_name(j) not in s.run.closed
    }
    if failed:
        return _close("gate_failed", s.phase, failed)
    reasons = [why for name, why in _closed(s) if not s.run.waives(name, s.now)]
    return _hold("gate_closed", *reasons) if reasons else None


def sign_off_missing(s: Situation) -> Decision | None:
    """The phase passes when the people the plan names have signed for it."""
    if s.phase is None or not _final(s):
        return None
    reasons = [
        f"{rule.count - signed} sign-off(s) by {rule.role.value} missing for {s.phase.name}"
        for rule in s.phase.sign_off
        if (signed := _signatures(s, rule.role)) < rule.count
    ]
    return _hold("sign_off_missing", *reasons) if reasons else None


def move_on(s: Situation) -> Decision | None:
    """Take the next step of the plan: begin a phase, expose a stage, pass, complete."""
    if s.phase is None:
        return _next_phase(s)
    if waiting(s):
        return _expose(s, s.phase, max(s.run.stage, 0))
    if s.run.stage + 1 < s.phase.stage_count:
        return _expose(s, s.phase, s.run.stage + 1)
    reasons = tuple(judgement.sentence for judgement in s.evidence.gates)
    body: dict[str, Json] = {
        "phase": s.phase.name,
        "gates": [plain(judgement) for judgement in s.evidence.gates],
    }
    return _advance("phase_passed", reasons or ("nothing is left to be shown",), body)


RULES: tuple[Rule, ...] = (
    ended,
    sentinel_tripped,
    guard_tripped,
    guard_blind,
    incident_open,
    already_rolling_back,
    paused,
    steps_unfinished,
    exposure_unconfirmed,
    soaking,
    outside_window,
    overdue,
    gate_closed,
    sign_off_missing,
    move_on,
)


def due_steps(s: Situation) -> tuple[Step, ...]:
    """Return the steps whose turn it is: `before` until all is exposed, `after` once it soaked."""
    if s.phase is None:
        return ()
    if waiting(s):
        return s.phase.before
    since = s.run.soaks_since
    soaked = since is not None and s.now - since >= _soak(s.phase)
    return (*s.phase.before, *s.phase.after) if soaked and _final(s) else s.phase.before


def standing(s: Situation) -> tuple[Finding, ...]:
    """Return the findings that still say something: those that passed may have grown old.

    They do before anybody is exposed, when the run could go forward: what is exposed is watched,
    and steps are not carried out for nothing while the window is closed.
    """
    since, window = s.run.steps_since, s.plan.window
    if since is None or not waiting(s) or not (window is None or window.holds(s.now)):
        return s.evidence.findings
    oldest = max(since, s.now - FRESH_FOR)
    return tuple(f for f in s.evidence.findings if f.outcome is not Outcome.PASS or f.at >= oldest)


def waiting(s: Situation) -> tuple[str, ...]:
    """Name the components that should be exposed and are not: all, before the first stage."""
    if s.phase is None:
        return ()
    if s.run.stage < 0:
        return tuple(component.name for component in s.phase.components)
    return tuple(t.component for t in s.run.trials.values() if t.state is TrialState.WAITING)


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
        return _roll_back(rule, phase, names, tuple(j.sentence for j in here), here)
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
    return _roll_back(rule, phase.name, names, (reason,), (judgement,)) if names else None


def _incident(s: Situation, phase: Phase, judgement: Judgement, reason: str) -> Decision | None:
    # Written down once, and no opinion after that: other guards, and blindness, must still speak.
    name = f"{INCIDENT}{phase.name}: {judgement.condition}"
    if name in s.run.closed or s.run.waives(name, s.now):
        return None
    return _close("incident_raised", phase, {name: reason})


def _roll_back(
    rule: str,
    phase: str,
    components: tuple[str, ...],
    reasons: tuple[str, ...],
    judgements: tuple[Judgement, ...],
) -> Decision | None:
    if not components:
        return None
    body: dict[str, Json] = {
        "phase": phase,
        "components": list(components),
        "rule": rule,
        "reasons": list(reasons),
        "judgements": [plain(judgement) for judgement in judgements],
    }
    return Decision(
        verb=Verb.ROLL_BACK, rule=rule, reasons=reasons, kind="rollback_started", body=body
    )


def _hold(rule: str, *reasons: str) -> Decision:
    return Decision(verb=Verb.HOLD, rule=rule, reasons=reasons)


def _close(kind: str, phase: Phase, closed: Mapping[str, str]) -> Decision:
    body: dict[str, Json] = {"phase": phase.name, "closed": dict(closed)}
    return Decision(verb=Verb.HOLD, rule=kind, reasons=tuple(closed.values()), kind=kind, body=body)


def _advance(kind: str, reasons: tuple[str, ...], body: Mapping[str, Json]) -> Decision:
    return Decision(verb=Verb.ADVANCE, rule="move_on", reasons=reasons, kind=kind, body=body)


def _next_phase(s: Situation) -> Decision:
    for phase in s.plan.phases:
        if phase.name not in s.run.passed:
            return _advance("phase_started", (f"{phase.title} begins",), {"phase": phase.name})
    reasons = (f"all {len(s.plan.phases)} phases have passed",)
    return Decision(verb=Verb.COMPLETE, rule="move_on", reasons=reasons, kind="completed", body={})


def _expose(s: Situation, phase: Phase, stage: int) -> Decision:
    names = [name for name in _to_expose(s, phase, stage) if not _withdrawn(s.run, name)]
    items: list[Json] = [_exposure(s, name, phase, stage) for name in names]
    body: dict[str, Json] = {"phase": phase.name, "stage": stage, "components": items}
    return _advance("exposed", (f"{phase.title}: stage {stage + 1}",), body)


def _to_expose(s: Situation, phase: Phase, stage: int) -> tuple[str, ...]:
    if stage == s.run.stage:
        return waiting(s)
    return tuple(component.name for component in phase.components)


def _exposure(s: Situation, name: str, phase: Phase, stage: int) -> dict[str, Json]:
    before = s.run.trials.get(name)
    of_phase = name in {component.name for component in phase.components}
    home = phase if of_phase or before is None else s.plan.phase(before.phase)
    component = home.component(name)
    at = component.stage(stage if of_phase else home.stage_count - 1)
    return {
        "component": name,
        "phase": home.name,
        "flag": component.flag,
        "exposure": at.exposure,
        "mode": at.mode.value,
        "attempt": before.attempt if before and before.phase == home.name else 1,
    }


def _withdrawn(run: Run, name: str) -> bool:
    trial = run.trials.get(name)
    return trial is not None and trial.state is TrialState.WITHDRAWN


def _soak(phase: Phase) -> timedelta:
    return phase.lasts_least / phase.stage_count


def _final(s: Situation) -> bool:
    return s.phase is not None and s.run.stage == s.phase.stage_count - 1 and not waiting(s)


def _step_open(s: Situation, step: Step) -> str | None:
    outcomes = [f for f in standing(s) if f.step == step.name]
    failed = [f for f in outcomes if f.outcome is Outcome.FAIL]
    if failed:
        return f"{step.name} failed: {failed[0].seen}. {failed[0].remedy}".strip()
    if any(f.outcome is Outcome.PASS for f in outcomes):
        return None
    if outcomes:
        return f"{step.name} could not do its job: {outcomes[-1].seen}"
    passed = any(f.step == step.name for f in s.evidence.findings)
    return (
        f"{step.name} {'passed too long ago and is done again' if passed else 'has not finished'}"
    )


def _closed(s: Situation) -> Iterable[tuple[str, str]]:
    yield from s.run.closed.items()
    for judgement in (*s.evidence.gates, *_unjudged(s)):
        name = _gate_name(judgement)
        if name in s.run.closed:
            continue
        if judgement.outcome is not Outcome.PASS:
            yield name, judgement.sentence
        elif old := _outdated(s, judgement):
            yield name, f"shown, but {old}: {judgement.sentence}"
    for trial in s.run.trials.values():
        if trial.state is TrialState.WITHDRAWN:
            yield f"component {trial.component}", f"{trial.component} is withdrawn"


def _outdated(s: Situation, gate: Judgement) -> str:
    """Say why what live traffic has shown is not of what is exposed now; empty where it is.

    A gate stays open only while the traffic is heard of, and it takes some of the last exposure:
    of a metric whose outcomes come late, all that was told may be of an earlier stage.
    """
    if gate.component == ENVIRONMENT or gate.last_seen is None:
        return ""
    if _is_silent(s, gate, s.plan.blind_for):
        return "not seen any more"
    since = s.run.watched_since
    of_now = since is not None and gate.last_seen >= int(since.timestamp())
    return "" if of_now else "not seen of the last exposure yet"


def _unjudged(s: Situation) -> tuple[Judgement, ...]:
    """Return the guards of the phase under way that could not be judged."""
    return tuple(
        j for j in s.evidence.guards if j.phase == s.run.phase and j.outcome is Outcome.INVALID
    )


def _gate_name(judgement: Judgement) -> str:
    if judgement.component == ENVIRONMENT:
        return judgement.condition
    return f"{judgement.component}: {judgement.condition}"


def _waived(s: Situation, what: str) -> bool:
    return s.run.waives(what, s.now)


def _signatures(s: Situation, role: object) -> int:
    return len(
        {
            signature.actor
            for signature in s.run.signatures
            if signature.phase == s.run.phase
            and signature.attempt == s.run.phase_attempt
            and signature.role is role
        }
    )


def _going_names(run: Run, phase: str) -> tuple[str, ...]:
    """Name the components of a phase that are exposed, and those that wait to be once more."""
    return tuple(t.component for t in run.of_phase(phase) if t.state is not TrialState.WITHDRAWN)


def _is_sentinel(judgement: Judgement) -> bool:
    return judgement.method == "sentinel"


def _unseen_for(s: Situation, judgement: Judgement) -> timedelta | None:
    """Say for how long nothing was seen, while somebody could have; None: there is no trial."""
    began = s.began.get((judgement.phase, judgement.component))
    return None if began is None else _gap(s, judgement, max(began, s.evidence.watching_since))


def _is_silent(s: Situation, judgement: Judgement, most: timedelta) -> bool:
    """Say whether nothing was seen for longer than that, whoever could have seen it."""
    began = s.began.get((judgement.phase, judgement.component))
    return began is not None and _gap(s, judgement, began) > most


def _gap(s: Situation, judgement: Judgement, since: datetime) -> timedelta:
    # What could not be judged says nothing, however much of it there was.
    if judgement.last_seen is not None and judgement.outcome is not Outcome.INVALID:
        seen = datetime.fromtimestamp(judgement.last_seen, tz=s.now.tzinfo)
        since = max(since, seen)
    metric = judgement.series.partition(">")[0]
    return s.now - since - s.lags.get(metric, timedelta(0))
