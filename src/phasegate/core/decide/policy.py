"""What happens next: an ordered list of rules over plan, run and evidence; the first opinion wins.

The order is the policy: safety stands above progress, and only PASS opens a gate.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from phasegate.core.decide.forward import move_on
from phasegate.core.decide.harm import (
    already_rolling_back,
    guard_blind,
    guard_tripped,
    incident_open,
    sentinel_tripped,
)
from phasegate.core.decide.opinion import hold
from phasegate.core.decide.patience import (
    exposure_unconfirmed,
    outside_window,
    paused,
    soaking,
    steps_unfinished,
)
from phasegate.core.decide.proof import gate_closed, overdue, sign_off_missing
from phasegate.core.decide.situation import Decision, Evidence, Situation
from phasegate.core.plan import Plan
from phasegate.core.run import Run

Rule = Callable[[Situation], Decision | None]


def ended(s: Situation) -> Decision | None:
    """A run that has ended stays as it is; sentinels that come after it are told."""
    if s.run.ended is None:
        return None
    return hold("ended", f"the run has ended: {s.run.ended.value}", *s.evidence.after_end)


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


def decide(plan: Plan, run: Run, evidence: Evidence, now: datetime) -> Decision:
    """Return the first opinion of RULES. Pure: the same arguments give the same decision."""
    situation = Situation(plan=plan, run=run, evidence=evidence, now=now)
    for rule in RULES:
        decision = rule(situation)
        if decision is not None:
            return decision
    raise AssertionError("move_on always has an opinion")
