"""What the guards of a phase say now: one judgement for each component and condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from phasegate.core.evidence import ENVIRONMENT, Judgement, Outcome
from phasegate.core.judge import level, sentinel, share, words
from phasegate.core.judge.account import Account
from phasegate.core.judge.budget import Budget, allocate
from phasegate.core.judge.ledger import Ledger
from phasegate.core.judge.level import Streak
from phasegate.core.judge.rules import Rule, guard_rules
from phasegate.core.judge.terms import COMPARING
from phasegate.core.judge.trial import Asked, environment_events, judgement, telemetry_seen
from phasegate.core.plan import Plan

LEAST_NAMELESS = 20
"""So many treated observations without any subject are no slip of a few."""


def judge_guards(
    plan: Plan, ledger: Ledger, phase_name: str, components: Mapping[str, int], now: datetime
) -> tuple[Judgement, ...]:
    """Judge every guard of a phase, in the order of the plan.

    components  attempt by component, for those that are exposed. ENVIRONMENT may be among them, to
                leave its earlier attempts' sentinels behind; without it all of them count.

    Levels, and sentinels that the environment raised, are judged for ENVIRONMENT. The outcome does
    not depend on `now`: silence is the business of whoever reads last_seen.
    """
    asked = Asked(
        plan=plan, ledger=ledger, phase=plan.phase(phase_name), components=components, now=now
    )
    budget = allocate(plan)
    return tuple(
        verdict
        for rule in guard_rules(plan, asked.phase)
        for verdict in _judged(asked, budget, rule)
    )


def _judged(asked: Asked, budget: Budget, rule: Rule) -> Iterator[Judgement]:
    if rule.level:
        yield _level(asked, budget, rule)
        return
    for component in asked.components:
        if component == ENVIRONMENT:
            continue
        if rule.problem:
            sentence = words.unjudgeable(rule, component)
            yield judgement(asked, rule, component, "plan", Outcome.INVALID, sentence=sentence)
        elif rule.sentinel:
            yield _sentinel(asked, rule, component)
        else:
            yield _share(asked, budget, rule, component)
    if rule.sentinel:
        yield from _environment_sentinel(asked, rule)


def _share(asked: Asked, budget: Budget, rule: Rule, component: str) -> Judgement:
    attempt = asked.components[component]
    alpha = budget.alpha(asked.phase.name, rule.index, component, attempt) * rule.part
    account = asked.account(component, rule.series)
    if account is None:
        sentence = words.unseen(rule, component)
        return judgement(
            asked, rule, component, "none", Outcome.INCONCLUSIVE, alpha=alpha, sentence=sentence
        )
    guard, terms = account.guard(rule.index)
    verdict = share.verdict(guard, terms, account.arms)
    stands = bool(account.uneven and guard.blamed)
    trouble = "" if stands else _trouble(asked, rule, component, account, verdict)
    if trouble:
        verdict = replace(verdict, outcome=Outcome.INVALID, accuses=False)
    return judgement(
        asked,
        rule,
        component,
        verdict.method,
        verdict.outcome,
        accuses=verdict.accuses,
        account=account,
        alpha=alpha,
        progress=verdict.progress,
        sentence=partial(_sentence, asked.plan, rule, component, account, verdict, trouble=trouble),
    )


def _trouble(
    asked: Asked, rule: Rule, component: str, account: Account, verdict: share.Verdict
) -> str:
    """Say why a verdict is invalid; empty where it stands.

    Nothing hides harm that was seen, save one thing: with arms of the wrong size a comparison
    with control is no harm that was seen. What was accused before the arms were found uneven
    stays accused.
    """
    uneven = asked.uneven(component)
    harmed = verdict.outcome is Outcome.FAIL
    if uneven and (not harmed or verdict.method in COMPARING):
        return uneven
    return "" if harmed else account.invalid or _nobody(asked.plan, rule, account)


def _nobody(plan: Plan, rule: Rule, account: Account) -> str:
    """Say that telemetry names no subjects, where that is so: people cannot be counted then.

    Of a source that never does, the plan asks for nothing that needs them.
    """
    if not rule.metric.knows_subjects:
        return ""
    if account.treated.subjects or account.observed < LEAST_NAMELESS:
        return ""
    seen = words.counted(account.observed, "treated observation")
    return f"{seen} name no {plan.subjects}, so that nobody can be counted"


def _sentence(
    plan: Plan,
    rule: Rule,
    component: str,
    account: Account,
    verdict: share.Verdict,
    *,
    trouble: str,
) -> str:
    if trouble:
        return words.broken(component, trouble)
    if not account.treated.seen:
        return words.unseen(rule, component)
    line = words.share_line(rule, plan.subjects, component, account.arms)
    alike = verdict.outcome is Outcome.FAIL and not verdict.accuses
    also = f"; besides, {account.invalid}" if account.invalid else ""
    return f"{line}{words.ALIKE if alike else ''}{also}"


def _sentinel(asked: Asked, rule: Rule, component: str) -> Judgement:
    account = asked.account(component, rule.series)
    seen = telemetry_seen(asked, component)
    events = account.events if account else 0
    outcome = sentinel.tripped(events, alive=seen is not None)
    if account and account.invalid and outcome is not Outcome.FAIL:
        outcome = Outcome.INVALID
    return judgement(
        asked,
        rule,
        component,
        "sentinel",
        outcome,
        accuses=outcome is Outcome.FAIL,
        account=account,
        events=events,
        progress=1.0 if events else 0.0,
        last_seen=seen,
        sentence=_happened(rule, component, events, account),
    )


def _happened(rule: Rule, component: str, events: int, account: Account | None) -> str:
    if account and account.invalid and not events:
        return words.broken(component, account.invalid)
    if not events:
        return f"{component}: no {words.named(rule)} event in treatment"
    return f"{component}: {words.counted(events, words.named(rule) + ' event')} in treatment"


def _environment_sentinel(asked: Asked, rule: Rule) -> Iterator[Judgement]:
    events, last_seen = environment_events(asked, rule.series)
    if events:
        yield judgement(
            asked,
            rule,
            ENVIRONMENT,
            "sentinel",
            Outcome.FAIL,
            events=events,
            progress=1.0,
            last_seen=last_seen,
            sentence=f"environment: {words.counted(events, words.named(rule) + ' event')}",
        )


def _level(asked: Asked, budget: Budget, rule: Rule) -> Judgement:
    if rule.problem:
        sentence = words.unjudgeable(rule, "environment")
        return judgement(asked, rule, ENVIRONMENT, "plan", Outcome.INVALID, sentence=sentence)
    streak = asked.ledger.levels.get((asked.phase.name, False, rule.index), Streak())
    hold = rule.metric.hold.total_seconds()
    return judgement(
        asked,
        rule,
        ENVIRONMENT,
        "level",
        level.tripped(streak, hold),
        streak=streak,
        alpha=budget.shares[asked.phase.name, rule.index] * len(asked.phase.components),
        progress=level.progress(streak, hold, beyond=True),
        sentence=words.level_line(rule, streak),
    )
