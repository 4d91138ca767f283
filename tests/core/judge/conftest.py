"""The plan `checkout` with one phase, and a feed that numbers tallies as a store would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from phasegate.core.evidence import Arm, Judgement, Position, StoredTally, Tally
from phasegate.core.judge.fold import Ledger, fold, judge_gates, judge_guards, start
from phasegate.core.plan import (
    Comparison,
    Component,
    Condition,
    Metric,
    MetricKind,
    Phase,
    Plan,
    Predicate,
    Stage,
)

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
T0 = int(NOON.timestamp())

METRICS = (
    Metric(name="error_rate", kind=MetricKind.SHARE, bad=Predicate(field="error")),
    Metric(
        name="satisfaction",
        kind=MetricKind.SHARE,
        event="rating",
        good=Predicate(field="rating", op=">=", value=4),
    ),
    Metric(name="response_time", kind=MetricKind.QUANTILE, of="duration", at=0.95, unit="ms"),
    Metric(name="safety_critical", kind=MetricKind.SENTINEL, event="safety.critical"),
    Metric(name="memory", kind=MetricKind.LEVEL, unit="%", query="memory"),
    Metric(
        name="sensitivity",
        kind=MetricKind.SHARE,
        good=Predicate(field="right"),
        cases="emergencies",
    ),
)

CONDITIONS = {
    text: Condition(text=text, metric=metric, comparison=comparison, bound=bound, margin=margin)
    for text, metric, comparison, bound, margin in (
        ("error_rate > 2%", "error_rate", Comparison.ABOVE, 0.02, 0.0),
        ("error_rate < 2%", "error_rate", Comparison.BELOW, 0.02, 0.0),
        (
            "error_rate worse than control by 1%",
            "error_rate",
            Comparison.WORSE_THAN_CONTROL,
            None,
            0.01,
        ),
        ("satisfaction < 85%", "satisfaction", Comparison.BELOW, 0.85, 0.0),
        ("satisfaction > 85%", "satisfaction", Comparison.ABOVE, 0.85, 0.0),
        ("response_time > 3s", "response_time", Comparison.ABOVE, 3000.0, 0.0),
        ("response_time < 3s", "response_time", Comparison.BELOW, 3000.0, 0.0),
        ("safety_critical", "safety_critical", Comparison.OCCURS, None, 0.0),
        ("no safety_critical", "safety_critical", Comparison.OCCURS, None, 0.0),
        ("memory > 90%", "memory", Comparison.ABOVE, 90.0, 0.0),
        ("memory < 80%", "memory", Comparison.BELOW, 80.0, 0.0),
        ("sensitivity > 95%", "sensitivity", Comparison.ABOVE, 0.95, 0.0),
    )
}


def plan_of(
    guards: tuple[str, ...] = ("error_rate > 2%",),
    gates: tuple[str, ...] = ("error_rate < 2%",),
    *,
    components: tuple[str, ...] = ("router",),
    alpha: float | None = None,
    **phase: object,
) -> Plan:
    """Return `checkout` with these conditions; alpha: what its only guard may spend at first."""
    budget = 0.05 if alpha is None else alpha / 0.8 / 0.98
    return Plan(
        name="checkout",
        environment="production",
        author="Ada",
        error_budget=budget,
        metrics=METRICS,
        phases=(
            Phase(
                name="alpha",
                title="Alpha",
                lasts_least=timedelta(hours=2),
                lasts_most=timedelta(hours=24),
                components=tuple(
                    Component(name=name, flag=name, stages=(Stage(exposure=2500),))
                    for name in components
                ),
                pass_when=tuple(CONDITIONS[text] for text in gates),
                roll_back_when=tuple(CONDITIONS[text] for text in guards),
                **phase,
            ),
        ),
    )


@dataclass
class Feed:
    """Numbers tallies, folds them, and asks for judgements."""

    plan: Plan
    exposure: int = 2500
    ledger: Ledger = field(default_factory=start)
    rows: list[StoredTally] = field(default_factory=list)
    row: int = 0

    def tally(self, arm: str = "treatment", *, at: int = 0, ripe: int | None = None, **counts):
        """Add a row that became readable at the end of its second, or at `ripe` ms from noon."""
        self.row += 1
        counts = {"component": "router", "series": "error_rate", "attempt": 1} | counts
        stored = StoredTally(
            position=Position(
                ripe_ms=T0 * 1000 + (at * 1000 if ripe is None else ripe), row=self.row
            ),
            tally=Tally(
                run="r1",
                phase="alpha",
                arm=Arm(arm),
                bucket=T0 + at,
                writer="w1",
                sequence=self.row,
                **counts,
            ),
        )
        self.rows.append(stored)
        return self

    def people(self, arm: str, n: int, bad: int = 0, *, at: int = 0, **counts):
        """Add n new subjects with one observation each, `bad` of them bad."""
        return self.tally(
            arm,
            at=at,
            seen=n,
            bad=bad,
            subjects=n,
            subjects_bad=bad,
            at_risk=n,
            newly_bad=bad,
            **counts,
        )

    @property
    def trials(self) -> dict[tuple[str, str, int], int]:
        """Exposure of every trial that appears in these tests."""
        names = [component.name for component in self.plan.phases[0].components]
        return {("alpha", name, n): self.exposure for name in names for n in (1, 2)}

    def folded(self) -> Ledger:
        """Fold what was added since the last time."""
        self.ledger = fold(self.plan, self.ledger, self.trials, self.rows)
        self.rows = []
        return self.ledger

    def guards(self, attempt: int = 1, **components: int) -> tuple[Judgement, ...]:
        """Judge all guards."""
        return judge_guards(
            self.plan, self.folded(), "alpha", components or {"router": attempt}, NOON
        )

    def gates(self, findings=(), *, now: int = 0, **components: int) -> tuple[Judgement, ...]:
        """Judge all gates, `now` seconds after noon."""
        return judge_gates(
            self.plan,
            self.folded(),
            "alpha",
            components or {"router": 1},
            findings,
            NOON + timedelta(seconds=now),
        )


@pytest.fixture
def make_plan() -> Callable[..., Plan]:
    return plan_of


@pytest.fixture
def feed() -> Callable[..., Feed]:
    def make(*guards: str, gates: tuple[str, ...] = (), exposure: int = 2500, **plan) -> Feed:
        return Feed(plan_of(guards or ("error_rate > 2%",), gates, **plan), exposure)

    return make


@pytest.fixture
def noon() -> datetime:
    return NOON
