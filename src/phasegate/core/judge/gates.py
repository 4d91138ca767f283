"""What the gates of a phase say now: whether what must be shown has been shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from phasegate.core.evidence import ENVIRONMENT, Finding, Judgement, Outcome
from phasegate.core.judge import level, rates, sentinel, words
from phasegate.core.judge.account import Account
from phasegate.core.judge.casegate import judge_case_gate
from phasegate.core.judge.ledger import Ledger
from phasegate.core.judge.level import Streak
from phasegate.core.judge.rules import Rule, gate_rules
from phasegate.core.judge.shown import Seen, Shown, shown
from phasegate.core.judge.trial import Asked, alive, environment_events, judgement
from phasegate.core.plan import MetricKind, Plan


def judge_gates(  # noqa: PLR0917 the six things a gate depends on, as guards have them
    plan: Plan,
    ledger: Ledger,
    phase_name: str,
    components: Mapping[str, int],
    findings: Sequence[Finding],
    now: datetime,
) -> tuple[Judgement, ...]:
    """Judge every gate of a phase, in the order of the plan.

    components  attempt by component, for those that must pass; see judge_guards.
    findings    of the phase's steps; labelled cases are judged by them, for ENVIRONMENT.

    Shares and quantiles are judged for each component, levels for ENVIRONMENT.
    """
    asked = Asked(
        plan=plan, ledger=ledger, phase=plan.phase(phase_name), components=components, now=now
    )
    return tuple(
        verdict
        for rule in gate_rules(plan, asked.phase)
        for verdict in _judged(asked, rule, findings)
    )


def _judged(asked: Asked, rule: Rule, findings: Sequence[Finding]) -> Iterator[Judgement]:
    if rule.problem:
        sentence = words.unjudgeable(rule, asked.phase.name)
        yield judgement(asked, rule, ENVIRONMENT, "plan", Outcome.INVALID, sentence=sentence)
    elif rule.level:
        yield _level(asked, rule)
    elif rule.metric.cases is not None:
        yield judge_case_gate(asked.plan, asked.phase, rule, findings)
    else:
        exposed = [component for component in asked.components if component != ENVIRONMENT]
        for component in exposed:
            judge = _sentinel if rule.sentinel else _share
            yield judge(asked, rule, component)
        if not exposed:
            # Without this, a phase whose components are all withdrawn would have no closed gate.
            sentence = f"{rule.condition.text!r}: no component is exposed, so nothing can be shown"
            yield judgement(
                asked, rule, ENVIRONMENT, "none", Outcome.INCONCLUSIVE, sentence=sentence
            )


def _share(asked: Asked, rule: Rule, component: str) -> Judgement:
    beta = 1 - asked.plan.confidence
    account = asked.account(component, rule.series)
    if account is None or not account.treated.seen:
        broken = account.invalid if account else ""
        outcome = Outcome.INVALID if broken else Outcome.INCONCLUSIVE
        sentence = words.broken(component, broken) if broken else words.unseen(rule, component)
        return judgement(
            asked, rule, component, "shown", outcome, account=account, alpha=beta, sentence=sentence
        )
    treated = account.treated
    counts = Seen(
        seen=treated.seen,
        bad=treated.bad,
        subjects=treated.subjects,
        subjects_bad=treated.subjects_bad,
    )
    prove = rates.shown if rule.metric.kind is MetricKind.RATE else shown
    verdict = prove(counts, rule.allowed or 0.0, beta)
    sentence = _sentence(asked.plan, rule, component, counts, verdict)
    if verdict.outcome is Outcome.PASS and _unheard(rule, account):
        verdict = Shown(outcome=Outcome.INCONCLUSIVE, progress=0.99)
        sentence = words.unheard(rule, component)
    if account.invalid:
        verdict = Shown(outcome=Outcome.INVALID, progress=0.0)
        sentence = words.broken(component, account.invalid)
    return judgement(
        asked,
        rule,
        component,
        "shown",
        verdict.outcome,
        account=account,
        alpha=beta,
        progress=verdict.progress,
        needed=verdict.needed,
        sentence=sentence,
    )


def _unheard(rule: Rule, account: Account) -> bool:
    """Say that no event of a rate was ever heard, in either arm: a broken sender is as quiet."""
    events = account.treated.bad + account.control.bad
    return rule.metric.kind is MetricKind.RATE and rule.metric.event is not None and not events


def _sentence(plan: Plan, rule: Rule, component: str, counts: Seen, verdict: Shown) -> str:
    line = f"{component}: {words.must_show(rule, counts.bad / counts.seen)}"
    people = words.behind(rule, plan.subjects, counts.subjects)
    at = words.percent(plan.confidence)
    if verdict.outcome is Outcome.PASS:
        return f"{line}: shown at {at} by {people}"
    if verdict.outcome is Outcome.FAIL:
        return f"{line}: shown at {at} not to be so by {people}"
    if verdict.needed is None:
        return f"{line}: not shown by {people}, and not on the way to it"
    more = words.behind(rule, plan.subjects, verdict.needed, treated=False)
    return f"{line}: not shown yet by {people}; about {more} more if it stays so"


def _sentinel(asked: Asked, rule: Rule, component: str) -> Judgement:
    account = asked.account(component, rule.series)
    around, _ = environment_events(asked, rule.series)
    events = around + (account.events if account else 0)
    heard = alive(asked, component)
    broken = account.invalid if account else ""
    outcome = sentinel.absent(events, alive=heard, broken=bool(broken))
    name = f"{words.named(rule)} event"
    sentence = {
        Outcome.FAIL: f"{component}: {words.counted(events, name)} in this phase",
        Outcome.INVALID: words.broken(component, broken),
        Outcome.PASS: f"{component}: no {name} in this phase, and telemetry is alive",
    }.get(outcome, f"{component}: no {name} was reported, but neither was anything else")
    return judgement(
        asked,
        rule,
        component,
        "sentinel",
        outcome,
        account=account,
        progress=0.0 if outcome is Outcome.INCONCLUSIVE else 1.0,
        sentence=sentence,
    )


def _level(asked: Asked, rule: Rule) -> Judgement:
    streak = asked.ledger.levels.get((asked.phase.name, True, rule.index), Streak())
    hold = rule.metric.hold.total_seconds()
    fresh_for = max(hold, asked.plan.blind_for.total_seconds())
    outcome = level.within(streak, hold, asked.now.timestamp(), fresh_for)
    return judgement(
        asked,
        rule,
        ENVIRONMENT,
        "level",
        outcome,
        streak=streak,
        progress=level.progress(streak, hold, beyond=False),
        sentence=words.level_line(rule, streak),
    )
