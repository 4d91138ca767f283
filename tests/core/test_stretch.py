"""Which exposure was in force when something was seen."""

from __future__ import annotations

from datetime import timedelta

import pytest

from phasegate.core.judge.versions import METHODS
from phasegate.core.stretch import Stretch, in_force
from phasegate.core.watching import earlier
from phasegate.testing.checkout import NOON, checkout_plan
from phasegate.testing.story import Story

RAMPS = (Stretch(exposure=500, until=100.0), Stretch(exposure=2500, until=200.0))


@pytest.mark.parametrize(
    ("first", "last", "exposure"),
    [
        (10, 20, 500),
        (10, 99.9, 500),
        (99, 100, 2500),
        (120, 150, 2500),
        (90, 250, 5000),
        (199, 200, 5000),
        (200, 200, 5000),
        (900, 950, 5000),
    ],
)
def test_the_highest_exposure_between_two_moments_counts(
    first: float, last: float, exposure: int
) -> None:
    assert in_force(RAMPS, 5000, first, last) == exposure


def test_an_exposure_that_falls_counts_until_it_is_over() -> None:
    fell = (Stretch(exposure=10_000, until=100.0),)

    assert [in_force(fell, 2000, at, at + 5) for at in (80, 98, 100)] == [10_000, 10_000, 2000]


def ramped(**methods: int) -> Story:
    story = Story(checkout_plan())
    story.tell("phase_started", {"phase": "beta"})
    for stage in (0, 1):
        story.exposed("beta", stage, methods={**METHODS, **methods})
        story.later(timedelta(minutes=10))
    return story


def test_a_run_knows_its_exposures_before_the_present_one() -> None:
    before = Stretch(exposure=2500, until=(NOON + timedelta(minutes=10)).timestamp())

    assert earlier(ramped().run) == {("beta", "new_cart", 1): (before,)}


def test_a_run_that_was_ramped_under_another_method_goes_on_with_it() -> None:
    assert earlier(ramped(relative=2).run) == {}


def test_the_same_exposure_again_is_no_other_one() -> None:
    story = ramped()
    story.exposed("beta", 1)

    assert len(story.run.trials["new_cart"].earlier) == 1


def test_a_new_trial_has_no_earlier_exposure() -> None:
    story = ramped()
    story.rolled_back("beta", "new_cart")
    story.tell("retried", {"components": {"new_cart": "beta"}, "reason": "again"}, actor="Ada")
    story.exposed("beta", 0)

    assert earlier(story.run) == {}
