"""What guards and gates share: the form of a judgement, and when a trial was last heard of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial

from phasegate.core.evidence import ENVIRONMENT, Judgement, Outcome
from phasegate.core.judge import rates
from phasegate.core.judge.account import Account
from phasegate.core.judge.interval import interval
from phasegate.core.judge.ledger import Ledger
from phasegate.core.judge.level import Streak
from phasegate.core.judge.rules import Rule
from phasegate.core.plan import MetricKind, Phase, Plan


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a caller wants judged. components: attempt by component; see judge_guards."""

    plan: Plan
    ledger: Ledger
    phase: Phase
    components: Mapping[str, int]
    now: datetime

    def account(self, component: str, series: str) -> Account | None:
        """Return a component's settled account of a series; None where nothing was seen."""
        key = (self.phase.name, component, self.components[component], series)
        return self.ledger.settled(key)

    def accounts(self, component: str) -> Iterator[tuple[str, Account]]:
        """Yield (series, account) of everything seen of a component's attempt."""
        return iter(self._seen.get((component, self.components[component]), {}).items())

    def uneven(self, component: str) -> str:
        """Say what is wrong with the size of a component's arms; empty where nothing is."""
        known = self._uneven.get(component)
        if known is None:
            settled = (self.account(component, series) for series, _ in self.accounts(component))
            found = (account.uneven for account in settled if account is not None)
            known = self._uneven[component] = next((why for why in found if why), "")
        return known

    @cached_property
    def _uneven(self) -> dict[str, str]:
        return {}

    @cached_property
    def _seen(self) -> Mapping[tuple[str, int], Mapping[str, Account]]:
        """Accounts of the phase by component and attempt, and by series."""
        found: dict[tuple[str, int], dict[str, Account]] = {}
        for (phase, component, attempt, series), account in self.ledger.accounts.items():
            if phase == self.phase.name:
                found.setdefault((component, attempt), {})[series] = account
        return found


def judgement(
    asked: Asked,
    rule: Rule,
    component: str,
    method: str,
    outcome: Outcome,
    *,
    sentence: str | Callable[[], str],
    accuses: bool = False,
    account: Account | None = None,
    events: int | None = None,
    last_seen: int | None = None,
    streak: Streak | None = None,
    alpha: float = 0.0,
    progress: float = 0.0,
    needed: int | None = None,
) -> Judgement:
    """Write a judgement with its figures in the metric's own terms.

    sentence  or what says it; the account must not change any more.
    """
    estimate = control = None
    low: Callable[[], float] | None = None
    high: Callable[[], float] | None = None
    n = bad = control_n = 0
    if account is not None:
        n, control_n = account.treated.seen, account.control.seen
        bad = account.events if rule.sentinel else round(account.treated.bad)
        last_seen = last_seen or (account.last_seen if component == ENVIRONMENT else account.heard)
        control = rule.stated(account.control.share) if control_n and rule.counted else None
        if n and not rule.sentinel:
            estimate = rule.stated(account.treated.share)
            low = partial(_end, rule, account, alpha, 0)
            high = partial(_end, rule, account, alpha, 1)
    if streak is not None and streak.last is not None:
        n, last_seen, estimate = streak.n, streak.last, streak.reading
    if events is not None:
        n, bad = max(n, events), events
    return Judgement(
        phase=asked.phase.name,
        component=component,
        condition=rule.condition.text,
        series=rule.series,
        method=method,
        outcome=outcome,
        accuses=accuses,
        terms=rule.terms,
        estimate=estimate,
        low=low,
        high=high,
        control=control,
        bound=rule.bound,
        n=n,
        bad=bad,
        control_n=control_n,
        alpha=alpha,
        progress=progress,
        last_seen=last_seen,
        needed=needed,
        sentence=sentence,
    )


def telemetry_seen(asked: Asked, component: str) -> int | None:
    """Return when anybody treated was last heard of, whatever the series; None: never."""
    moments = [account.heard for _, account in asked.accounts(component)]
    return max((moment for moment in moments if moment is not None), default=None)


def alive(asked: Asked, component: str) -> bool:
    """Say whether anybody treated has been heard of within the plan's `blind_for`.

    A series whose outcomes arrive late is heard of that much later.
    """
    lags = {metric.name: metric.lag.total_seconds() for metric in asked.plan.metrics}
    oldest = asked.now.timestamp() - asked.plan.blind_for.total_seconds()
    return any(
        account.heard is not None
        and account.heard + lags.get(series.partition(">")[0], 0.0) >= oldest
        for series, account in asked.accounts(component)
    )


def environment_events(asked: Asked, series: str) -> tuple[int, int | None]:
    """Return how often the environment raised a sentinel in a phase, and when last."""
    only = asked.components.get(ENVIRONMENT)
    accounts = [
        account
        for (phase, component, attempt, name), account in asked.ledger.accounts.items()
        if (phase, component, name) == (asked.phase.name, ENVIRONMENT, series)
        and only in (None, attempt)
    ]
    seen = [account.last_seen for account in accounts if account.last_seen is not None]
    events = sum(account.events + round(account.control.bad) for account in accounts)
    return events, max(seen, default=None)


def _end(rule: Rule, account: Account, alpha: float, end: int) -> float:
    return _range(rule, account, alpha)[end]


def _range(rule: Rule, account: Account, alpha: float) -> tuple[float, float]:
    """Return the interval in the metric's own terms, widened where the estimate lies outside.

    The interval is about subjects, the estimate about everything seen: people who come often, or
    who broke late, can pull them apart.
    """
    treated = account.treated
    within = rates.interval if rule.metric.kind is MetricKind.RATE else interval
    low, high = within(treated.subjects_bad, treated.subjects, alpha)
    ends = rule.stated(min(low, treated.share)), rule.stated(max(high, treated.share))
    return min(ends), max(ends)
