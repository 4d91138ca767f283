"""Rules that wait: for a person, a step, the target, time or the window."""

from __future__ import annotations

from datetime import timedelta

from phasegate.core.decide.opinion import hold
from phasegate.core.decide.situation import Decision, Situation, due_steps, soak, standing, waiting
from phasegate.core.evidence import Outcome
from phasegate.core.plan import Step
from phasegate.core.wording import span


def paused(s: Situation) -> Decision | None:
    """A paused run keeps its exposure and its guards, and goes no further."""
    return hold("paused", "a person paused the run") if s.run.paused else None


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
    return hold("steps_unfinished", *reasons) if reasons else None


def exposure_unconfirmed(s: Situation) -> Decision | None:
    """Soaking starts when the target was read back, not when it was asked."""
    if s.run.exposing is None:
        return None
    return hold("exposure_unconfirmed", "the target does not yet serve the exposure")


def soaking(s: Situation) -> Decision | None:
    """An exposure is watched for its least time before anything is asked of it.

    What passed while no server ran is not watching, and it begins anew.
    """
    since = s.run.soaks_since
    if since is None or s.phase is None or waiting(s):
        return None
    rest = since + soak(s.phase) - s.now
    if rest <= timedelta(0):
        return None
    return hold("soaking", f"{span(rest)} of watching are left")


def outside_window(s: Situation) -> Decision | None:
    """A run goes forward only in the plan's window, when people are there to look."""
    if s.plan.window is None or s.plan.window.holds(s.now):
        return None
    return hold("outside_window", "the plan's window for going forward is closed")


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


def _waived(s: Situation, what: str) -> bool:
    return s.run.waives(what, s.now)
