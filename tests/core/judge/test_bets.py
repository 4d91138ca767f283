from __future__ import annotations

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phasegate.core.judge import bets


def test_wealth_begins_at_one() -> None:
    assert bets.start((0.25, 0.75), 10).log_total == pytest.approx(0.0)


def test_one_winning_batch_pays_only_what_is_in_play() -> None:
    wealth = bets.step(bets.start((0.5, 0.5), 10), (log(4), log(2)))

    assert exp(wealth.log_total) == pytest.approx(0.25 * 4 + 0.25 * 2 + 0.5)


def test_released_capital_joins_the_bets_and_creates_no_wealth() -> None:
    early = bets.release(bets.start((1.0,), 4), 1)

    assert exp(early.log_total) == pytest.approx(1.0)
    assert exp(early.logs[0]) == pytest.approx(0.5 + 0.125)


def test_late_harm_is_met_by_fresh_capital() -> None:
    lost = bets.step(bets.start((1.0,), 4), (-1000.0,))

    back = bets.step(bets.release(lost, 2), (log(100),))

    assert exp(back.log_total) == pytest.approx(0.25 * 100 + 0.25)


def test_no_more_than_everything_is_released() -> None:
    wealth = bets.release(bets.release(bets.start((1.0,), 4), 3), 9)

    assert (wealth.released, bets.release(wealth, 99)) == (4, wealth)
    assert exp(wealth.logs[0]) == pytest.approx(1.0)


@given(
    gains=st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), max_size=6),
    tick=st.integers(0, 12),
)
def test_capped_wealth_is_at_most_one_and_never_more_than_before(gains, tick) -> None:
    wealth = bets.release(bets.start((0.3, 0.7), 8), tick)
    for gain in gains:
        wealth = bets.step(wealth, gain)

    after = bets.capped(wealth).log_total

    assert after <= min(wealth.log_total, 0.0) + 1e-9


def test_enormous_batches_do_not_overflow() -> None:
    wealth = bets.step(bets.start((0.5, 0.5), 10), (1e6, -1e6))

    assert wealth.log_total == pytest.approx(1e6, rel=1e-5)
    assert bets.lowered(wealth, 8.0).log_total == pytest.approx(8.0)
