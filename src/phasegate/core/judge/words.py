"""Judgements in plain words: what was seen, what is allowed, how many people stand behind it."""

from __future__ import annotations

from phasegate.core.judge.counts import Arms, Counts
from phasegate.core.judge.level import Streak
from phasegate.core.judge.rules import Rule
from phasegate.core.plan import Comparison, Metric, MetricKind

ALIKE = "; control fails alike, so no component is accused"


def percent(share: float) -> str:
    """Write a share as people do: `18.2 %`, `0.04 %`, `99.95 %`; 100 % only when it is all."""
    text = f"{100 * share:.{4 if share > 0.99 else 3}g}"
    return "below 100 %" if text == "100" and share < 1 else f"{text} %"


def share_line(rule: Rule, subject: str, component: str, arms: Arms) -> str:
    """Say a treated share, its bound, control's share, and the people who met it."""
    own = rule.stated(arms.treated.share)
    other = value(rule.metric, rule.stated(arms.control.share))
    control = f", {other} in control" * bool(arms.control.seen)
    people = f"; {met(rule, subject, arms.treated)}" if arms.treated.subjects else ""
    return f"{component}: {_claim(rule, own)}{control}{people}"


def met(rule: Rule, subject: str, treated: Counts) -> str:
    """Say who stands behind a treated figure."""
    if rule.metric.kind is MetricKind.RATE:
        hours = treated.subjects / rule.ends[1]
        first = counted(round(treated.newly_bad), "first event")
        return f"{first} in {hours:.3g} h of treated {subject}s' presence"
    people = counted(treated.subjects, "treated " + subject)
    if rule.graded:
        return people
    return f"{round(min(treated.newly_bad, treated.subjects))} of {people}"


def behind(rule: Rule, subject: str, count: int, *, treated: bool = True) -> str:
    """Say how many subjects, or how much of their presence, a gate rests on."""
    if rule.metric.kind is MetricKind.RATE:
        return f"{count / rule.ends[1]:.3g} h of {'treated ' * treated}{subject}s' presence"
    return counted(count, "treated " * treated + subject)


def value(metric: Metric, own: float) -> str:
    """Write a figure in its metric's own terms: a share, a mean, or a rate per hour."""
    if metric.kind is MetricKind.MEAN:
        return f"{own:.3g}"
    return f"{own:.3g}/h" if metric.kind is MetricKind.RATE else percent(own)


def named(rule: Rule) -> str:
    """Return the metric's name as words."""
    return rule.metric.name.replace("_", " ")


def unseen(rule: Rule, component: str) -> str:
    """Say that nothing was seen yet."""
    return f"{component}: no {named(rule)} has been seen in treatment yet"


def unheard(rule: Rule, component: str) -> str:
    """Say that a rate's events may be lost, for all that is known."""
    return (
        f"{component}: no {rule.metric.event} event was heard in either arm, so nobody knows that "
        "one would be; have one sent, or waive the gate"
    )


def broken(component: str, why: str) -> str:
    """Say why a series cannot be judged, and what to do."""
    return f"{component}: cannot be judged: {why}; mend what sends it and start a new attempt"


def unjudgeable(rule: Rule, component: str) -> str:
    """Say why a condition cannot be judged, and what to do."""
    return (
        f"{component}: {rule.condition.text!r} cannot be judged: {rule.problem}; correct the plan"
    )


def counted(count: int, noun: str) -> str:
    """Write a count with its noun: `1 patient`, `60 patients`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def amount(rule: Rule, value: float) -> str:
    """Write a value in the metric's unit; long durations in seconds."""
    return _amount(rule.metric, value)


def _amount(metric: Metric, value: float) -> str:
    unit = metric.unit
    if unit in (None, "ms") and metric.kind is MetricKind.QUANTILE:
        return f"{value / 1000:g} s" if value >= 1000 else f"{value:g} ms"
    return f"{value:g} {unit}" if unit else f"{value:g}"


def _claim(rule: Rule, own: float) -> str:
    condition = rule.condition
    if rule.metric.kind in (MetricKind.MEAN, MetricKind.RATE):
        return _figure(rule, own)
    if rule.ladder:
        cuts = ", ".join(_amount(rule.metric, cut) for cut in rule.metric.cuts or ())
        return (
            f"{_things(rule)} are beyond {percent(own)} of {cuts}; "
            f"{percent(condition.margin)} more than in control is allowed"
        )
    if rule.metric.kind is MetricKind.QUANTILE:
        claim = f"{percent(own)} of {_things(rule)} {_exceeded(rule)}"
        if condition.comparison is Comparison.WORSE_THAN_CONTROL:
            return f"{claim}; {percent(condition.margin)} more than in control is allowed"
        at = rule.metric.at or 0.0
        return f"{claim}; {percent(1 - at)} are allowed (p{100 * at:g})"
    claim = f"{named(rule)} {percent(own)}"
    if condition.comparison is Comparison.WORSE_THAN_CONTROL:
        way = "less" if rule.metric.good is not None else "more"
        return f"{claim} where {percent(condition.margin)} {way} than in control is allowed"
    bound = percent(condition.bound or 0.0)
    if rule.metric.good is not None:
        return f"{claim} where at least {bound} is needed"
    return f"{claim} where at most {bound} is allowed"


def _figure(rule: Rule, own: float) -> str:
    """Say a mean or a rate, and what is asked of it."""
    condition, claim = rule.condition, f"{named(rule)} {value(rule.metric, own)}"
    least = rule.metric.better == "higher"
    if condition.comparison is Comparison.WORSE_THAN_CONTROL:
        margin = value(rule.metric, condition.margin)
        way = "less" if least else "more"
        return f"{claim} where {margin} {way} than in control is allowed"
    bound = value(rule.metric, condition.bound or 0.0)
    return f"{claim} where at {'least' if least else 'most'} {bound} is allowed"


def must_show(rule: Rule, bad_share: float) -> str:
    """Say a share and what a gate asks of it."""
    own = value(rule.metric, rule.stated(bad_share))
    condition = rule.condition
    if rule.metric.kind is MetricKind.QUANTILE:
        allowed = percent(rule.allowed or 0.0)
        slow = f"{own} of {_things(rule)} {_exceeded(rule)}"
        return f"{slow} where less than {allowed} must be shown"
    way = "more" if condition.comparison is Comparison.ABOVE else "less"
    bound = value(rule.metric, condition.bound or 0.0)
    return f"{named(rule)} {own} where {way} than {bound} must be shown"


def level_line(rule: Rule, streak: Streak) -> str:
    """Say a level, its bound, and for how long it has been on which side."""
    if streak.invalid:
        return broken(named(rule), streak.invalid)
    if streak.last is None:
        return f"{named(rule)}: no reading yet"
    condition = rule.condition
    held = streak.last - streak.since
    side = "beyond" if streak.beyond else "within"
    bound = amount(rule, condition.bound or 0.0)
    return (
        f"{named(rule)} {amount(rule, streak.reading)}: {side} the bound of {bound} "
        f"for {counted(streak.count, 'reading')} over {held} s"
    )


def _things(rule: Rule) -> str:
    return f"{rule.metric.event} observations" if rule.metric.event else "responses"


def _exceeded(rule: Rule) -> str:
    field = rule.metric.of or "duration"
    did = "took longer than" if field == "duration" else f"had {field} above"
    return f"{did} {amount(rule, rule.cut or 0.0)}"
