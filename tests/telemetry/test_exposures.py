"""The bounded memory of exposures tells the arm and the moment that an outcome belongs to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from phasegate.telemetry.exposures import Exposures

CART = ("production", "cart")
NOON = 1_893_499_200.0
visits = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 1)), min_size=1, max_size=12)


@given(visits)
def test_the_last_arm_is_known_since_its_first_visit(visits: list[tuple[int, int]]) -> None:
    first, last, arm = visits[0][0], visits[0][0], visits[0][1]
    for second, bit in visits[1:]:
        if bit == arm:
            first, last = min(first, second), max(last, second)
        elif second >= last:
            first, last, arm = second, second, bit
    made = Exposures(10)

    for second, bit in visits:
        made.remember([7], [NOON + second], [(CART, bit)])

    assert made.find(7, CART, NOON + 100) == (arm, NOON + last)
    assert made.find(7, CART, NOON + last - 6) in ((arm, NOON + first), None)


def test_who_was_seen_again_outlives_who_was_not() -> None:
    made = Exposures(4)

    made.remember([1, 2, 3, 1, 4, 5], [NOON] * 6, [(CART, 1)])

    assert made.find(1, CART, NOON) == (1, NOON)
    assert made.find(2, CART, NOON) is None


def test_an_outcome_long_before_any_exposure_has_no_arm() -> None:
    made = Exposures(4)
    made.remember([1], [NOON], [(CART, 1)])

    assert made.find(1, CART, NOON - 60) is None
