"""All that judging one run has come to so far: a value, made by folding stored tallies in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from phasegate.core.evidence import Position
from phasegate.core.judge import ratio
from phasegate.core.judge.account import Account
from phasegate.core.judge.budget import Budget
from phasegate.core.judge.level import Streak
from phasegate.core.judge.rules import Rule, block_seconds, gate_rules, guard_rules, onset_ticks
from phasegate.core.judge.setup import Setup
from phasegate.core.judge.terms import Terms
from phasegate.core.plan import EVERYONE, MetricKind, Phase, Plan

AccountKey = tuple[str, str, int, str]
"""Phase, component, attempt, series."""

LevelKey = tuple[str, bool, int]
"""Phase, gate or guard, index of the condition."""


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """State of all judging of one run. position: the last row folded. Never edited in place."""

    position: Position = field(default_factory=Position)
    accounts: Mapping[AccountKey, Account] = field(default_factory=lambda: MappingProxyType({}))
    levels: Mapping[LevelKey, Streak] = field(default_factory=lambda: MappingProxyType({}))

    def settled(self, key: AccountKey) -> Account | None:
        """Return an account as it is once its open group is complete; not to be changed.

        Settled once for all who ask: every guard asks for all of its component, and settling
        copies, so that a phase with a thousand guards spent most of a turn on the same copies.
        """
        known = self._settled.get(key)
        if known is None and key in self.accounts:
            known = self._settled[key] = self.accounts[key].settled()
        return known

    def to_go_on(self, key: AccountKey, group: int) -> Account | None:
        """Return an account to which rows of `group` may be added; None: there is none yet.

        What was settled for a turn is not settled again, unless its group goes on after all.
        """
        known = self.accounts.get(key)
        if known is not None and known.group != group:
            known = self._settled.get(key, known)
        return None if known is None else known.copy()

    @cached_property
    def _settled(self) -> dict[AccountKey, Account]:
        return {}


def start() -> Ledger:
    """Return the ledger before any evidence."""
    return Ledger()


def setup_of(plan: Plan, budget: Budget, key: AccountKey) -> Setup:
    """Return what an account is judged by; no guards for a series that none watches."""
    phase_name, component, attempt, series = key
    block_s = block_seconds(plan)
    phase = next((phase for phase in plan.phases if phase.name == phase_name), None)
    known = phase is not None and component in {member.name for member in phase.components}
    if phase is None or not known or attempt < 1:
        return Setup(block_s=block_s)
    rules = [*gate_rules(plan, phase), *guard_rules(plan, phase)]
    mine = [rule for rule in rules if rule.series == series]
    metrics = [rule.metric for rule in mine]
    terms = tuple(
        terms_of(plan, budget, phase, rule, component, attempt)
        for rule in mine
        if not rule.gate and rule.counted and not rule.problem
    )
    ladder = next((rule.ladder for rule in mine if rule.ladder), ())
    arriving = any(ratio.counts_arrivals(metric) for metric in metrics)
    return Setup(
        terms=terms,
        block_s=block_s,
        arms=_arms(plan, budget, phase, attempt) if arriving and not ladder else 0.0,
        # Applications that poll learn of an exposure late; whoever has not by then is a fault.
        grace_s=max(block_s, int(plan.blind_for.total_seconds())),
        valued=any(metric.kind is MetricKind.QUANTILE for metric in metrics),
        scale=next((r.ends for r in mine if r.metric.kind is MetricKind.MEAN), None),
        timed=any(metric.kind is MetricKind.RATE for metric in metrics),
        ladder=ladder,
    )


def terms_of(  # noqa: PLR0917 the six things that a guard's promise depends on
    plan: Plan, budget: Budget, phase: Phase, rule: Rule, component: str, attempt: int
) -> Terms:
    """Return what the guard of a condition is promised for one attempt of a component."""
    stages = phase.component(component).stages
    return Terms(
        index=rule.index,
        allowed=rule.allowed,
        margin=rule.margin,
        alpha=budget.alpha(phase.name, rule.index, component, attempt) * rule.part,
        ticks=onset_ticks(plan, phase),
        compared=rule.metric.knows_subjects
        and any(0 < stage.exposure < EVERYONE for stage in stages),
        graded=rule.graded,
    )


def _arms(plan: Plan, budget: Budget, phase: Phase, attempt: int) -> float:
    series = {
        name
        for condition in phase.conditions
        if ratio.counts_arrivals(plan.metric(condition.metric))
        for name, _ in plan.series_of(condition)
    }
    return budget.arms_alpha(attempt, len(series))
