from __future__ import annotations

from dataclasses import replace
from math import exp

import pytest

from phasegate.core.evidence import Arm, Outcome, Tally
from phasegate.core.judge import bets, difference, share
from phasegate.core.judge.account import Account
from phasegate.core.judge.counts import Arms, Block, Counts
from phasegate.core.judge.setup import Setup
from phasegate.core.judge.terms import ABSOLUTE, RELATIVE, REPEAT, SYSTEM, Terms

TERMS = Terms(allowed=0.02, margin=0.0, alpha=0.001, ticks=240)
BAD = Block(treated=25, treated_bad=15)


def counts(seen: int, bad: int, recent_seen: float, recent_bad: float) -> Counts:
    return Counts(seen=seen, bad=bad, recent_seen=recent_seen, recent_bad=recent_bad)


def closed(control: Counts, *, blocks: int, guard: share.ShareGuard | None = None):
    """Return the guard after blocks in which treatment fails badly, beside this control."""
    guard = guard or share.opened(TERMS)
    arms = Arms(treated=counts(5000, 100, 125.0, 75.0), control=control)
    for tick in range(blocks):
        guard = share.close(guard, TERMS, tick, BAD, arms)
    return guard, share.verdict(guard, TERMS, arms)


def test_the_parts_together_spend_what_the_guard_may() -> None:
    parts = (RELATIVE, REPEAT, ABSOLUTE, SYSTEM)

    assert sum(exp(-TERMS.threshold(part)) for part in parts) == pytest.approx(0.001)


def test_a_comparison_with_control_alone_spends_all_on_it() -> None:
    alone = replace(TERMS, allowed=None)
    by_margin = replace(alone, margin=0.01)

    assert exp(-by_margin.threshold(RELATIVE)) == pytest.approx(0.001)
    assert exp(-alone.threshold(RELATIVE)) + exp(-alone.threshold(REPEAT)) == pytest.approx(0.001)


def test_without_any_control_the_absolute_part_spends_all() -> None:
    everybody = replace(TERMS, compared=False)

    assert exp(-everybody.threshold(ABSOLUTE)) == pytest.approx(0.001)
    assert exp(-everybody.threshold(RELATIVE)) == 0.0


def test_treatment_alone_beyond_the_bound_is_accused() -> None:
    _, verdict = closed(counts(15_000, 30, 375.0, 1.0), blocks=4)

    assert (verdict.outcome, verdict.accuses, verdict.method) == (Outcome.FAIL, True, "absolute")


def test_control_that_fails_only_of_late_is_an_outage_even_if_it_fails_less() -> None:
    _, verdict = closed(counts(15_000, 40, 375.0, 20.0), blocks=4)

    assert (verdict.outcome, verdict.accuses) == (Outcome.FAIL, False)


def test_a_control_too_small_to_tell_delays_the_accusation_but_not_the_alarm() -> None:
    small = counts(100, 0, 2.0, 0.0)
    first = next(n for n in range(1, 9) if closed(small, blocks=n)[1].outcome is Outcome.FAIL)

    accused = [closed(small, blocks=first + n)[1].accuses for n in range(7)]

    assert accused == [False, False, False, False, False, True, True]


def test_an_outage_is_never_held_against_the_component_later() -> None:
    guard, _ = closed(counts(15_000, 4000, 375.0, 200.0), blocks=6)
    healthy = Arms(treated=counts(9000, 100, 125.0, 0.0), control=counts(90_000, 900, 375.0, 0.0))
    calm, verdicts = Block(treated=25), []
    for tick in range(6, 12):
        guard = share.close(guard, TERMS, tick, calm, healthy)
        verdicts.append(share.verdict(guard, TERMS, healthy))

    assert not any(verdict.accuses for verdict in verdicts)
    assert verdicts[-1].outcome is Outcome.PASS
    assert guard.absolute is not None
    assert guard.absolute.log_total <= 0.0


def test_the_past_is_paid_before_fresh_capital_enters() -> None:
    terms = replace(TERMS, ticks=2)
    account = Account.opened(Setup(terms=(terms,), block_s=30))
    for bucket, arm, bad in ((60, Arm.CONTROL, 4), (90, Arm.TREATMENT, 3)):
        account.add(
            Tally(
                run="r1",
                phase="alpha",
                component="router",
                attempt=1,
                series="error_rate",
                arm=arm,
                bucket=bucket,
                seen=9,
                bad=bad,
                at_risk=9,
                newly_bad=bad,
                writer="w1",
                sequence=bucket,
            ),
            100_000,
            2500,
        )

    wealth = bets.start(difference.WEIGHTS, 2)
    lost = difference.increments(2500, 0.0, not_bad=5, treated=0, control=4)
    won = difference.increments(2500, 0.0, not_bad=6, treated=3, control=0)
    expected = bets.step(bets.release(bets.step(wealth, lost), 1), won)
    assert account.settled().guards[0].relative == expected


def test_control_that_recovers_first_does_not_turn_an_outage_into_an_accusation() -> None:
    guard, _ = closed(counts(15_000, 4000, 375.0, 200.0), blocks=6)
    arms = Arms(treated=counts(5000, 100, 125.0, 75.0), control=counts(90_000, 900, 375.0, 0.0))

    guard = share.close(guard, TERMS, 6, Block(treated=25, treated_bad=1), arms)

    verdict = share.verdict(guard, TERMS, arms)
    assert (verdict.outcome, verdict.accuses) == (Outcome.FAIL, False)


def test_where_everybody_is_exposed_now_a_control_of_before_protects_nobody() -> None:
    guard, arms = (
        share.opened(TERMS),
        Arms(treated=counts(5000, 100, 125.0, 75.0), control=counts(15_000, 30, 0.0, 0.0)),
    )
    for tick in range(4):
        guard = share.close(guard, TERMS, tick, BAD, arms, alone=True)

    assert share.verdict(guard, TERMS, arms).accuses
