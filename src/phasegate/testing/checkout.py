"""The cast of every story: Ada owns the plan, Ben signs, Cleo looks; it is noon on 1 Jan 2030."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from phasegate.core.command import Person
from phasegate.core.plan import (
    Comparison,
    Component,
    Condition,
    Metric,
    MetricKind,
    Phase,
    Plan,
    Predicate,
    Role,
    SignOffRule,
    Stage,
    Step,
    StepKind,
)

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)

ADA = Person(name="Ada", role=Role.OPERATOR)
BEN = Person(name="Ben", role=Role.APPROVER)
CLEO = Person(name="Cleo", role=Role.VIEWER)

ERRORS_SHOWN = Condition(
    metric="error_rate", comparison=Comparison.BELOW, bound=0.02, text="error_rate < 2%"
)
ERRORS_TRIP = Condition(
    metric="error_rate", comparison=Comparison.ABOVE, bound=0.02, text="error_rate > 2%"
)
NO_INCIDENT = Condition(
    metric="safety_critical", comparison=Comparison.OCCURS, text="safety_critical"
)
CHECK_DATABASE = Step(kind=StepKind.RUN, argument="check-database")

TEXT = """
plan: checkout
environment: {environment}
author: ben
traffic: 6000/min
hazards:
  H1: {{text: somebody comes to harm, guarded_by: [safety_critical]}}
metrics:
  error_rate: {{kind: share, bad: error}}
  safety_critical: {{kind: sentinel, event: safety.critical}}
phases:
  alpha:
    title: At once
    lasts: 1h to 8h
    components: {{{components}}}
    pass_when: [error_rate < 2%, no safety_critical]
    roll_back_when: [error_rate > 5%, safety_critical]
"""


def checkout_text(components: str = "new_cart: 100%", *more: str, environment: str = "demo") -> str:
    """Return a plan file of one phase, which watches errors and a sentinel.

    components   with their exposures, as the file has them. more: further lines of the phase.
    """
    lines = [f"    {line}\n" for line in more]
    return TEXT.format(components=components, environment=environment) + "".join(lines)


def checkout_plan() -> Plan:
    """Two phases: new_cart and new_prices for 5 %, then new_cart for 25 % and for everyone."""
    return Plan(
        name="checkout",
        environment="staging",
        author="Ada",
        traffic=600.0,
        metrics=(
            Metric(name="error_rate", kind=MetricKind.SHARE, bad=Predicate(field="error")),
            Metric(name="safety_critical", kind=MetricKind.SENTINEL, event="safety.critical"),
        ),
        phases=(
            Phase(
                name="alpha",
                title="A few",
                lasts_least=timedelta(minutes=10),
                lasts_most=timedelta(hours=1),
                before=(CHECK_DATABASE,),
                components=(
                    Component(name="new_cart", flag="new_cart", stages=(Stage(exposure=500),)),
                    Component(name="new_prices", flag="new_prices", stages=(Stage(exposure=500),)),
                ),
                pass_when=(ERRORS_SHOWN,),
                roll_back_when=(ERRORS_TRIP, NO_INCIDENT),
            ),
            Phase(
                name="beta",
                title="Everyone",
                lasts_least=timedelta(minutes=20),
                lasts_most=timedelta(hours=2),
                components=(
                    Component(
                        name="new_cart",
                        flag="new_cart",
                        stages=(Stage(exposure=2_500), Stage(exposure=10_000)),
                    ),
                ),
                pass_when=(ERRORS_SHOWN,),
                roll_back_when=(ERRORS_TRIP, NO_INCIDENT),
                sign_off=(SignOffRule(role=Role.APPROVER),),
            ),
        ),
    )
