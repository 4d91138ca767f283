"""How many tallies one core folds in a second of its time: one by one, and many guards at once."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from datetime import timedelta

import numpy as np

from phasegate.core.evidence import Arm, Position, StoredTally, Tally
from phasegate.core.judge.fold import fold, start
from phasegate.core.judge.terms import Terms
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
from phasegate.rehearsal.counted import Came
from phasegate.rehearsal.lanes import Lanes

ROUNDS, ROWS, LANES, SECONDS = 5, 50_000, 4_000, 60


def main() -> None:
    plan, rows = checkout(), one_by_one()
    trials = {("alpha", "router", 1): 2500}
    print(f"one by one   {rate(lambda: fold(plan, start(), trials, rows), ROWS):>12,.0f} tallies/s")
    many = 2 * LANES * SECONDS
    print(f"many at once {rate(at_once, many):>12,.0f} tallies/s")


def rate(work: Callable[[], object], tallies: int) -> float:
    """Return the median rate of some rounds."""
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return tallies / statistics.median(took)


def at_once() -> None:
    rng = np.random.default_rng(1)
    lanes = Lanes(Terms(allowed=0.02, margin=0.0, alpha=0.001, ticks=240), np.full(LANES, 2500))
    seconds = [
        [Came.once_each(n := rng.poisson(5, LANES), rng.binomial(n, 0.01)) for _ in range(2)]
        for _ in range(4)
    ]
    for second in range(SECONDS):
        lanes.add(second // 30, *seconds[second % 4])


def one_by_one() -> list[StoredTally]:
    draw, rows = random.Random(1), []
    for number in range(ROWS):
        bad = int(draw.random() < 0.05)
        rows.append(
            StoredTally(
                position=Position(ripe_ms=1_000_000_000 + number // 4 * 1000, row=number + 1),
                tally=Tally(
                    run="r1",
                    phase="alpha",
                    component="router",
                    attempt=1,
                    series="error_rate",
                    arm=Arm.CONTROL if number % 4 else Arm.TREATMENT,
                    bucket=1_000_000 + number // 4,
                    seen=5,
                    bad=bad,
                    subjects=5,
                    subjects_bad=bad,
                    at_risk=5,
                    newly_bad=bad,
                    writer="w1",
                    sequence=number,
                ),
            )
        )
    return rows


def checkout() -> Plan:
    above = Condition(metric="error_rate", comparison=Comparison.ABOVE, bound=0.02, text="> 2%")
    return Plan(
        name="checkout",
        environment="production",
        author="Ada",
        metrics=(Metric(name="error_rate", kind=MetricKind.SHARE, bad=Predicate(field="error")),),
        phases=(
            Phase(
                name="alpha",
                title="Alpha",
                lasts_least=timedelta(hours=2),
                lasts_most=timedelta(hours=24),
                components=(
                    Component(name="router", flag="router", stages=(Stage(exposure=2500),)),
                ),
                pass_when=(),
                roll_back_when=(above,),
            ),
        ),
    )


if __name__ == "__main__":
    main()
