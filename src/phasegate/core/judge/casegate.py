"""The gate on labelled cases: which finding counts, and what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from phasegate.core.evidence import ENVIRONMENT, Finding, Judgement, Outcome
from phasegate.core.judge import words
from phasegate.core.judge.cases import CaseVerdict, judge_cases
from phasegate.core.judge.rules import Rule
from phasegate.core.plan import Metric, Phase, Plan, Step, StepKind


def judge_case_gate(plan: Plan, phase: Phase, rule: Rule, findings: Sequence[Finding]) -> Judgement:
    """Judge a gate by the newest attempt at its cases.

    Within one attempt a failure stands, and so does what a step has left undecided: asking the
    same cases until they pass shows nothing.
    INCONCLUSIVE before the cases were run; INVALID where none was exercised.
    """
    beta = 1 - plan.confidence
    finding = _deciding(phase, rule, findings, plan.confidence)
    if finding is None:
        sentence = f"{words.named(rule)}: its labelled cases have not been run yet"
        return _written(phase, rule, None, CaseVerdict(outcome=Outcome.INCONCLUSIVE), sentence)
    verdict = _verdict(rule, finding, plan.confidence)
    sentence = _sentence(plan, rule, finding, verdict)
    return _written(phase, rule, finding, verdict, sentence, beta=beta)


def belongs(step: Step, metric: Metric) -> bool:
    """Say whether a step runs the labelled cases of a metric."""
    return step.kind is StepKind.EVALUATE and (
        step.metric == metric.name or (step.metric is None and step.argument == metric.cases)
    )


def _deciding(
    phase: Phase, rule: Rule, findings: Sequence[Finding], confidence: float
) -> Finding | None:
    names = {step.name for step in (*phase.before, *phase.after) if belongs(step, rule.metric)}
    mine = [item for item in findings if item.phase == phase.name and item.step in names]
    newest = max((item.attempt for item in mine), default=0)

    def weight(item: Finding) -> tuple[int, datetime]:
        return _STANDS.get(_verdict(rule, item, confidence).outcome, 0), item.at

    worst: dict[str, Finding] = {}
    for item in mine:
        if item.attempt == newest:
            worst[item.step] = max(worst.get(item.step, item), item, key=weight)
    # A step of more cases may show what an earlier step had too few for; it undoes no failure.
    failed = [item for item in worst.values() if weight(item)[0] == _STANDS[Outcome.FAIL]]
    return max(failed or worst.values(), key=lambda item: item.at, default=None)


_STANDS = {Outcome.INCONCLUSIVE: 1, Outcome.FAIL: 2}
"""What a later finding of the same step and attempt does not undo."""


def _verdict(rule: Rule, finding: Finding, confidence: float) -> CaseVerdict:
    if finding.outcome is Outcome.INVALID:
        return CaseVerdict(outcome=Outcome.INVALID)
    return judge_cases(finding.exercised, finding.bad, rule.allowed or 0.0, confidence)


def _sentence(plan: Plan, rule: Rule, finding: Finding, verdict: CaseVerdict) -> str:
    if verdict.outcome is Outcome.INVALID:
        seen = f"{finding.bad} wrong of {finding.exercised}: {finding.seen}"
        return f"{words.named(rule)}: {finding.step} could not be judged ({seen}); run it again"
    right = f"{finding.exercised - finding.bad} of {finding.exercised} cases right"
    needs = words.must_show(rule, finding.bad / finding.exercised)
    at = words.percent(plan.confidence)
    ends = {
        Outcome.PASS: f"shown at {at}",
        Outcome.FAIL: f"shown at {at} not to be so",
    }
    return f"{needs}: {right}, {ends.get(verdict.outcome, f'too few to show it at {at}')}"


def _written(
    phase: Phase,
    rule: Rule,
    finding: Finding | None,
    verdict: CaseVerdict,
    sentence: str,
    *,
    beta: float = 0.0,
) -> Judgement:
    judged = verdict.outcome is not Outcome.INVALID and finding is not None
    low, high = rule.stated(verdict.low), rule.stated(verdict.high)
    share = finding.bad / finding.exercised if finding is not None and judged else 0.0
    return Judgement(
        phase=phase.name,
        component=ENVIRONMENT,
        condition=rule.condition.text,
        series=rule.series,
        method="cases",
        outcome=verdict.outcome,
        estimate=rule.stated(share) if judged else None,
        low=min(low, high) if judged else None,
        high=max(low, high) if judged else None,
        bound=rule.condition.bound,
        n=finding.exercised if finding else 0,
        bad=finding.bad if finding else 0,
        alpha=beta,
        progress=1.0 if verdict.outcome in (Outcome.PASS, Outcome.FAIL) else 0.0,
        last_seen=int(finding.at.timestamp()) if finding else None,
        sentence=sentence,
    )
