"""Rules of proof: a phase passes when its gates are shown and its people have signed."""

from __future__ import annotations

from collections.abc import Iterable

from phasegate.core.decide.opinion import close, hold
from phasegate.core.decide.silence import is_silent
from phasegate.core.decide.situation import Decision, Situation, final
from phasegate.core.evidence import ENVIRONMENT, Judgement, Outcome
from phasegate.core.run import TrialState


def overdue(s: Situation) -> Decision | None:
    """A phase that cannot show its gates in its longest time stops as inconclusive, for a person.

    The stop is written down: evidence that arrives later does not undo it.
    """
    phase, since = s.phase, s.run.watched_since
    if phase is None or since is None or not final(s) or s.now - since <= phase.lasts_most:
        return None
    late = {
        _gate_name(j): f"still undecided after the longest time: {j.sentence}"
        for j in (*s.evidence.gates, *_unjudged(s))
        if (j.outcome in (Outcome.INCONCLUSIVE, Outcome.INVALID) or _is_of_before(s, j))
        and _gate_name(j) not in s.run.closed
        and not s.run.waives(_gate_name(j), s.now)
    }
    return close("overdue", phase, late) if late else None


def gate_closed(s: Situation) -> Decision | None:
    """Only a gate that is shown opens. A failure once seen is written down and stays.

    What is closed opens by trying the phase again or by a waiver, never by itself. A guard that
    could not be judged closes the phase like a gate: nobody knows what it would have said.
    """
    if s.phase is None or not final(s):
        return None
    failed = {
        _gate_name(j): j.sentence
        for j in s.evidence.gates
        if j.outcome is Outcome.FAIL and _gate_name(j) not in s.run.closed
    }
    if failed:
        return close("gate_failed", s.phase, failed)
    reasons = [why for name, why in _closed(s) if not s.run.waives(name, s.now)]
    return hold("gate_closed", *reasons) if reasons else None


def sign_off_missing(s: Situation) -> Decision | None:
    """The phase passes when the people the plan names have signed for it."""
    if s.phase is None or not final(s):
        return None
    reasons = [
        f"{rule.count - signed} sign-off(s) by {rule.role.value} missing for {s.phase.name}"
        for rule in s.phase.sign_off
        if (signed := _signatures(s, rule.role)) < rule.count
    ]
    return hold("sign_off_missing", *reasons) if reasons else None


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
    if is_silent(s, gate, s.plan.blind_for):
        return "not seen any more"
    return "not seen of the last exposure yet" if _is_of_before(s, gate) else ""


def _is_of_before(s: Situation, gate: Judgement) -> bool:
    """Say whether all that live traffic has told was seen before the last exposure."""
    if gate.component == ENVIRONMENT or gate.last_seen is None or s.run.watched_since is None:
        return False
    return gate.last_seen < int(s.run.watched_since.timestamp())


def _unjudged(s: Situation) -> tuple[Judgement, ...]:
    """Return the guards of the phase under way that could not be judged."""
    return tuple(
        j for j in s.evidence.guards if j.phase == s.run.phase and j.outcome is Outcome.INVALID
    )


def _gate_name(judgement: Judgement) -> str:
    if judgement.component == ENVIRONMENT:
        return judgement.condition
    return f"{judgement.component}: {judgement.condition}"


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
