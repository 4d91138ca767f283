"""What people may do, and what they are told when they may not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from phasegate.core.command import (
    Draft,
    Pause,
    Person,
    Refusal,
    Request,
    Resume,
    Retry,
    RollBack,
    SignOff,
    Waive,
    handle,
)
from phasegate.core.plan import Role
from phasegate.testing.checkout import ADA, BEN, CLEO, NOON, checkout_plan
from phasegate.testing.story import Story

PLAN = checkout_plan()
SIGNED = SignOff(phase="alpha", meaning="I read the evidence", plan_hash=PLAN.hash)
WAIVED = Waive(
    phase="alpha", what="new_cart: error_rate < 2%", reason="known", lasts=timedelta(hours=1)
)


def alpha() -> Story:
    story = Story(PLAN)
    story.tell("phase_started", {"phase": "alpha"})
    story.exposed("alpha")
    return story


def ask(story: Story, request: Request, actor: Person) -> Draft | Refusal:
    return handle(PLAN, story.run, request, actor, NOON)


def code(answer: Draft | Refusal) -> str:
    assert isinstance(answer, Refusal), answer
    assert answer.message
    assert answer.remedy
    return answer.code


@pytest.mark.parametrize(
    "request_",
    [
        Pause(reason="r"),
        Resume(reason="r"),
        SIGNED,
        WAIVED,
        RollBack(phase="all", reason="r"),
        Retry(reason="r"),
    ],
    ids=lambda request_: type(request_).__name__,
)
def test_who_may_only_look_changes_nothing(request_: Request) -> None:
    assert code(ask(alpha(), request_, CLEO)) == "may-not"


def test_the_author_cannot_approve_the_own_plan() -> None:
    ada_approves = Person(name="Ada", role=Role.APPROVER)

    assert code(ask(alpha(), SIGNED, ada_approves)) == "own-work"
    assert code(ask(alpha(), WAIVED, ada_approves)) == "own-work"


def test_an_operator_cannot_sign() -> None:
    assert code(ask(alpha(), SIGNED, Person(name="Dora", role=Role.OPERATOR))) == "may-not"


def test_a_signature_binds_to_the_plan_by_its_hash() -> None:
    other = SignOff(phase="alpha", meaning="go", plan_hash="0" * 64)

    assert code(ask(alpha(), other, BEN)) == "other-plan"


def test_a_signature_is_for_the_phase_under_way() -> None:
    later = SignOff(phase="beta", meaning="go", plan_hash=PLAN.hash)

    assert code(ask(alpha(), later, BEN)) == "other-phase"


def test_a_signature_is_given_once_the_last_stage_is_exposed() -> None:
    signed = SignOff(phase="beta", meaning="I read the evidence", plan_hash=PLAN.hash)
    story = Story(PLAN)
    story.tell("phase_started", {"phase": "beta"})
    story.exposed("beta")
    early = ask(story, signed, BEN)
    story.exposed("beta", stage=1)

    assert code(early) == "stages-ahead"
    assert isinstance(ask(story, signed, BEN), Draft)


def test_ben_signs_once() -> None:
    story = alpha()
    answer = ask(story, SIGNED, BEN)
    assert isinstance(answer, Draft)
    story.tell(answer.kind, answer.body, actor="Ben")

    assert code(ask(story, SIGNED, BEN)) == "already-so"


def test_a_waiver_names_something_that_is_there() -> None:
    unknown = Waive(phase="alpha", what="the weather", reason="r", lasts=timedelta(hours=1))

    assert code(ask(alpha(), unknown, BEN)) == "nothing-to-waive"
    assert isinstance(ask(alpha(), WAIVED, BEN), Draft)


@pytest.mark.parametrize(
    "request_",
    [
        RollBack(phase="current", reason=" "),
        Waive(phase="alpha", what="error_rate < 2%", reason="", lasts=timedelta(hours=1)),
    ],
)
def test_what_weakens_or_ends_something_needs_a_reason(request_: Request) -> None:
    assert code(ask(alpha(), request_, BEN)) == "reason-missing"


def test_an_emergency_needs_no_reason_and_takes_the_current_phase() -> None:
    answer = ask(alpha(), RollBack(phase="current", reason="", emergency=True), ADA)

    assert isinstance(answer, Draft)
    assert answer.body["components"] == ["new_prices", "new_cart"]
    assert answer.body["run_ends"] is False


def test_a_controlled_rollback_takes_back_what_came_later_first() -> None:
    story = alpha()
    story.tell("phase_passed", {"phase": "alpha"})
    story.tell("phase_started", {"phase": "beta"})
    story.exposed("beta")

    answer = ask(story, RollBack(phase="alpha", reason="slow"), ADA)

    assert isinstance(answer, Draft)
    assert set(answer.body["components"]) == {"new_cart", "new_prices"}  # type: ignore[arg-type]


def test_a_rollback_names_phases_and_components_that_exist() -> None:
    assert code(ask(alpha(), RollBack(phase="gamma", reason="r"), ADA)) == "unknown-phase"
    unknown = RollBack(phase="alpha", components=("new_door",), reason="r")
    assert code(ask(alpha(), unknown, ADA)) == "not-exposed"


def test_nothing_is_rolled_back_where_nothing_is_exposed() -> None:
    story = Story(PLAN)
    story.tell("phase_started", {"phase": "alpha"})

    assert code(ask(story, RollBack(phase="current", reason="r"), ADA)) == "nothing-exposed"


def test_a_rollback_of_all_ends_a_run_with_nothing_exposed_any_more() -> None:
    story = alpha()
    story.rolled_back("alpha", "new_cart", "new_prices")

    answer = ask(story, RollBack(phase="all", reason="enough"), ADA)

    assert isinstance(answer, Draft)
    assert (answer.body["components"], answer.body["run_ends"]) == ([], True)


def test_a_retry_waits_for_the_rollback_to_be_confirmed() -> None:
    story = alpha()
    story.rolled_back("alpha", "new_cart", confirmed=False)

    assert code(ask(story, Retry(reason="mended"), ADA)) == "rolling-back"


def test_a_retry_takes_what_was_withdrawn() -> None:
    story = alpha()
    story.rolled_back("alpha", "new_cart")

    answer = ask(story, Retry(reason="mended"), ADA)

    assert isinstance(answer, Draft)
    assert answer.body["components"] == {"new_cart": "alpha"}
    unknown = Retry(components=("new_prices",), reason="r")
    assert code(ask(story, unknown, ADA)) == "not-withdrawn"


def test_pausing_twice_and_resuming_what_goes_on_are_refused() -> None:
    story = alpha()

    assert code(ask(story, Resume(reason="r"), ADA)) == "already-so"
    story.tell("paused", {"reason": "r"}, actor="Ada")
    assert code(ask(story, Pause(reason="r"), ADA)) == "already-so"


def test_a_run_that_has_ended_takes_no_requests() -> None:
    story = alpha()
    story.tell("completed")

    assert code(ask(story, Pause(reason="r"), ADA)) == "run-ended"
