"""The vectorised guards say what core.judge says of the same counts."""

from __future__ import annotations

import numpy as np
import pytest

from phasegate.core.evidence import Arm, Outcome, Tally
from phasegate.core.judge import share
from phasegate.core.judge.account import Account
from phasegate.core.judge.setup import Setup
from phasegate.core.judge.terms import Terms
from phasegate.rehearsal.counted import Came
from phasegate.rehearsal.lanes import METHODS, Lanes

BLOCK_S = 10
NAMES = ("seen", "bad", "subjects", "subjects_bad", "at_risk", "newly_bad", "again_bad")


def came(rng: np.random.Generator, people: np.ndarray, rate: np.ndarray) -> Came:
    """Return random counts that a receiver could have made: each lane with a rate of its own."""
    at_risk = rng.poisson(people)
    bad = rng.binomial(at_risk, rate)
    again = rng.binomial(bad, 0.3)
    return Came(
        seen=at_risk + again,
        bad=bad + again,
        subjects=at_risk,
        subjects_bad=bad,
        at_risk=at_risk,
        newly_bad=bad,
        again_bad=again,
    )


def values(rng: np.random.Generator, people: np.ndarray, mean: np.ndarray) -> Came:
    """Return random values between 0 and 1, one for each subject."""
    n = rng.poisson(people)
    return Came.once_each(n, rng.binomial(4 * n, mean) / 4)


def tally(counts: Came, lane: int, arm: Arm, second: int, *, graded: bool = False) -> Tally:
    if graded:
        n = int(counts.seen[lane])
        return Tally(
            run="r1",
            phase="alpha",
            component="new_cart",
            attempt=1,
            series="rating",
            arm=arm,
            bucket=second,
            seen=n,
            subjects=n,
            at_risk=n,
            total=float(counts.bad[lane]),
            writer="w1",
            sequence=second,
        )
    return Tally(
        run="r1",
        phase="alpha",
        component="new_cart",
        attempt=1,
        series="error_rate",
        arm=arm,
        bucket=second,
        writer="w1",
        sequence=second,
        **{name: int(getattr(counts, name)[lane]) for name in NAMES},
    )


def rates(rng: np.random.Generator, lanes: int, second: int) -> tuple[np.ndarray, np.ndarray]:
    """Health, harm in treatment, outages of both, by lane, over 300 seconds."""
    own, other = np.full(lanes, 0.01), np.full(lanes, 0.01)
    kind = np.arange(lanes) % 5
    late = second >= 120
    own[kind == 1] = 0.2
    own[(kind == 2)] = 0.5 if late else 0.0
    own[kind == 3] = other[kind == 3] = 0.6 if 100 <= second < 180 else 0.01
    own[kind == 4] = 0.9 if 100 <= second < 130 else 0.02
    other[kind == 4] = 0.3 if 100 <= second < 130 else 0.02
    return own, other


@pytest.mark.parametrize(
    "terms",
    [
        Terms(allowed=0.05, margin=0.0, alpha=0.01, ticks=20),
        Terms(allowed=0.05, margin=0.0, alpha=0.01, ticks=20, compared=False),
        Terms(allowed=None, margin=0.0, alpha=0.01, ticks=20),
        Terms(allowed=None, margin=0.02, alpha=0.01, ticks=20),
        Terms(allowed=0.3, margin=0.0, alpha=0.2, ticks=5),
        Terms(allowed=0.2, margin=0.0, alpha=0.01, ticks=20, graded=True),
        Terms(allowed=None, margin=0.02, alpha=0.01, ticks=20, graded=True),
    ],
    ids=["bound", "everybody", "control", "margin", "loose", "mean", "mean by margin"],
)
def test_lanes_say_what_the_core_says_at_every_look(terms: Terms) -> None:
    rng = np.random.default_rng(4)
    lanes = 40
    exposures = rng.choice([500, 2500, 5000, 9000, 10_000], lanes)
    people = rng.choice([0.0, 0.4, 3.0, 30.0], lanes)
    many = Lanes(terms, exposures)
    scale = (0.0, 1.0) if terms.graded else None
    setup = Setup(terms=(terms,), block_s=BLOCK_S, scale=scale)
    accounts = [Account.opened(setup) for _ in range(lanes)]
    draw = values if terms.graded else came
    said: set[str] = set()

    for second in range(300):
        if second == 150:
            exposures = np.where(exposures == 5000, 10_000, exposures)
            many.expose(exposures)
        own, other = rates(rng, lanes, second)
        s = exposures / 10_000
        treated, control = draw(rng, people * s, own), draw(rng, people * (1 - s), other)
        many.add(second // BLOCK_S, treated, control)
        for lane, account in enumerate(accounts):
            for arm, counts in ((Arm.TREATMENT, treated), (Arm.CONTROL, control)):
                row = tally(counts, lane, arm, second, graded=terms.graded)
                account.add(row, 1_000_000 + second * 1000, int(exposures[lane]))

        if second % 3 == 0 or second > 290:
            failed, accusing = many.failed(), many.accusing()
            for lane, account in enumerate(accounts):
                after = account.settled()
                verdict = share.verdict(after.guards[0], terms, after.arms)
                assert failed[lane] == (verdict.outcome is Outcome.FAIL), (second, lane)
                assert accusing[lane] == verdict.accuses, (second, lane)
                if verdict.accuses and many.blamed[lane]:
                    assert METHODS[many.blamed[lane]] == after.guards[0].blamed
                    said.add(after.guards[0].blamed)

    assert said
