"""A run is a fold over its events."""

from __future__ import annotations

from datetime import timedelta

import pytest

from phasegate.core.event import Event
from phasegate.core.run import CHANGES, Status, TrialState, apply, replay
from phasegate.testing.checkout import NOON, checkout_plan
from phasegate.testing.story import Story


def alpha() -> Story:
    story = Story(checkout_plan())
    story.tell("phase_started", {"phase": "alpha"})
    story.exposed("alpha")
    return story


def test_a_run_knows_who_started_what() -> None:
    run = Story(checkout_plan()).run

    assert (run.started_by, run.author, run.environment) == ("Ada", "Ada", "staging")
    assert run.plan_hash == checkout_plan().hash


def test_exposure_counts_from_its_confirmation() -> None:
    story = Story(checkout_plan())
    story.tell("phase_started", {"phase": "alpha"})
    story.exposed("alpha", confirmed=False)
    before = story.run.watched_since
    story.later(timedelta(seconds=3))
    story.tell("exposure_confirmed", {"exposed": 3})

    assert before is None
    assert story.run.watched_since == NOON + timedelta(seconds=3)


def test_a_rollback_withdraws_and_is_open_until_it_is_confirmed() -> None:
    story = alpha()
    story.rolled_back("alpha", "new_cart", confirmed=False)
    rolling = story.run
    story.tell("rollback_confirmed", {"rollback": rolling.rollbacks[0].number})

    assert rolling.status is Status.ROLLING_BACK
    assert rolling.trials["new_cart"].exposure == 0
    assert rolling.trials["new_prices"].exposure == 500
    assert story.run.status is Status.RUNNING
    assert story.run.trials["new_cart"].state is TrialState.WITHDRAWN


def test_a_rollback_of_everything_ends_the_run_once_confirmed() -> None:
    story = alpha()
    names = ["new_prices", "new_cart"]
    begun = story.tell(
        "rollback_started", {"phase": "alpha", "components": names, "run_ends": True}, actor="Ada"
    )
    story.tell("rollback_confirmed", {"rollback": begun.number})

    assert story.run.ended is Status.ROLLED_BACK


def test_a_retry_counts_the_component_and_the_phase_anew() -> None:
    story = alpha()
    story.rolled_back("alpha", "new_cart")
    story.tell("retried", {"phase": "alpha", "components": {"new_cart": "alpha"}}, actor="Ada")

    assert story.run.trials["new_cart"].attempt == 2
    assert story.run.trials["new_cart"].state is TrialState.WAITING
    assert story.run.trials["new_prices"].attempt == 1
    assert story.run.phase_attempt == 2


def test_an_event_with_a_gap_before_it_is_refused() -> None:
    story = alpha()

    with pytest.raises(ValueError, match="does not follow"):
        replay([story.events[0], story.events[2]])


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    story = alpha()
    story.tell("teleported")

    with pytest.raises(ValueError, match=r"known: .*exposed"):
        replay(story.events)


def test_folding_on_is_the_same_as_folding_from_the_start() -> None:
    story = alpha()
    run = replay(story.events)
    story.rolled_back("alpha", "new_cart")
    more: list[Event] = story.events[run.number :]

    for event in more:
        run = apply(run, event)

    assert run == replay(story.events)


def test_every_kind_of_event_has_a_change() -> None:
    assert set(CHANGES) == {
        "phase_started",
        "exposed",
        "exposure_confirmed",
        "watch_resumed",
        "rollback_started",
        "rollback_confirmed",
        "gate_failed",
        "overdue",
        "incident_raised",
        "retried",
        "paused",
        "resumed",
        "signed_off",
        "waived",
        "phase_passed",
        "completed",
    }
