"""The policy, rule by rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from phasegate.core.decide import RULES, Decision, Evidence, Verb, decide
from phasegate.core.evidence import ENVIRONMENT, Finding, Judgement, Outcome
from phasegate.core.plan import OnOutage, Plan, Window
from phasegate.testing.checkout import CHECK_DATABASE, NOON, checkout_plan
from phasegate.testing.story import RUN, Story

MINUTE = timedelta(minutes=1)


def judgement(
    outcome: Outcome,
    *,
    component: str = "new_cart",
    phase: str = "alpha",
    condition: str = "error_rate > 2%",
    method: str = "share",
    accuses: bool = False,
    last_seen: datetime | None = NOON + timedelta(minutes=11),
) -> Judgement:
    return Judgement(
        phase=phase,
        component=component,
        condition=condition,
        series="error_rate",
        method=method,
        outcome=outcome,
        accuses=accuses,
        last_seen=None if last_seen is None else int(last_seen.timestamp()),
        sentence=f"{component}: {condition} is {outcome.value}",
    )


def finding(outcome: Outcome, at: datetime = NOON) -> Finding:
    return Finding(
        run=RUN,
        phase="alpha",
        step=CHECK_DATABASE.name,
        attempt=1,
        outcome=outcome,
        exercised=1,
        seen="it said so",
        at=at,
        took_ms=5.0,
    )


DATABASE_FINE = finding(Outcome.PASS)
SHOWN = judgement(Outcome.PASS, condition="error_rate < 2%")
QUIET = judgement(Outcome.PASS)


def soaked(plan: Plan | None = None) -> Story:
    """Alpha was exposed at noon; it is eleven minutes later."""
    story = Story(plan or checkout_plan())
    story.tell("phase_started", {"phase": "alpha"})
    story.exposed("alpha")
    story.later(11 * MINUTE)
    return story


def ask(
    story: Story,
    *,
    guards: tuple[Judgement, ...] = (QUIET,),
    gates: tuple[Judgement, ...] = (),
    findings: tuple[Finding, ...] = (DATABASE_FINE,),
) -> Decision:
    evidence = Evidence(guards=guards, gates=gates, findings=findings, watching_since=NOON)
    return decide(story.plan, story.run, evidence, story.now)


def test_a_new_run_begins_its_first_phase() -> None:
    decision = ask(Story(checkout_plan()), guards=(), findings=())

    assert (decision.kind, decision.body) == ("phase_started", {"phase": "alpha"})


def test_nobody_is_exposed_before_the_steps_before_the_phase_have_passed() -> None:
    story = Story(checkout_plan())
    story.tell("phase_started", {"phase": "alpha"})

    decision = ask(story, findings=())

    assert decision.rule == "steps_unfinished"
    assert decision.reasons == ("run check-database has not finished",)


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.INVALID, Outcome.INCONCLUSIVE])
def test_a_step_that_did_not_pass_holds_the_phase(outcome: Outcome) -> None:
    story = Story(checkout_plan())
    story.tell("phase_started", {"phase": "alpha"})

    decision = ask(story, findings=(finding(outcome),))

    assert decision.rule == "steps_unfinished"
    assert decision.kind is None


def test_a_failed_step_is_not_hidden_by_a_later_pass() -> None:
    story = Story(checkout_plan())
    story.tell("phase_started", {"phase": "alpha"})

    decision = ask(story, findings=(finding(Outcome.FAIL), DATABASE_FINE))

    assert decision.rule == "steps_unfinished"


def test_a_waived_step_lets_the_phase_begin() -> None:
    story = Story(checkout_plan())
    story.tell("phase_started", {"phase": "alpha"})
    expires = (NOON + timedelta(hours=1)).isoformat()
    waiver = {"phase": "alpha", "what": "run check-database", "reason": "r", "expires": expires}
    story.tell("waived", waiver, actor="Ben")

    assert ask(story, findings=(finding(Outcome.FAIL),)).kind == "exposed"


def test_a_waiver_that_has_run_out_opens_nothing() -> None:
    story = Story(checkout_plan())
    story.tell("phase_started", {"phase": "alpha"})
    expires = (NOON + MINUTE).isoformat()
    waiver = {"phase": "alpha", "what": "run check-database", "reason": "r", "expires": expires}
    story.tell("waived", waiver, actor="Ben")
    story.later(2 * MINUTE)

    assert ask(story, findings=(finding(Outcome.FAIL),)).rule == "steps_unfinished"


def test_all_components_of_the_phase_are_exposed_once_its_steps_passed() -> None:
    story = Story(checkout_plan())
    story.tell("phase_started", {"phase": "alpha"})

    decision = ask(story)

    assert decision.kind == "exposed"
    assert decision.body["components"] == [
        {
            "component": "new_cart",
            "phase": "alpha",
            "flag": "new_cart",
            "exposure": 500,
            "mode": "live",
            "attempt": 1,
        },
        {
            "component": "new_prices",
            "phase": "alpha",
            "flag": "new_prices",
            "exposure": 500,
            "mode": "live",
            "attempt": 1,
        },
    ]


def test_soaking_waits_for_the_target_to_be_read_back() -> None:
    story = Story(checkout_plan())
    story.tell("phase_started", {"phase": "alpha"})
    story.exposed("alpha", confirmed=False)
    story.later(60 * MINUTE)
    fresh = replace(QUIET, last_seen=int(story.now.timestamp()))

    assert ask(story, guards=(fresh,), gates=(SHOWN,)).rule == "exposure_unconfirmed"


def test_exposure_that_nobody_sees_goes_back_although_it_was_never_confirmed() -> None:
    story = Story(checkout_plan())
    story.tell("phase_started", {"phase": "alpha"})
    story.exposed("alpha", confirmed=False)
    story.later(6 * MINUTE)

    decision = ask(story, guards=(replace(QUIET, last_seen=None),))

    assert (decision.rule, decision.kind) == ("guard_blind", "rollback_started")


def test_a_guard_that_cannot_be_judged_is_as_blind_as_one_that_sees_nothing() -> None:
    story = soaked()
    invalid = judgement(Outcome.INVALID, last_seen=story.now)

    assert ask(story, guards=(invalid,)).rule == "guard_blind"


def test_a_gate_that_was_shown_closes_when_its_traffic_is_no_longer_heard_of() -> None:
    story = soaked()
    silent = replace(SHOWN, last_seen=int((NOON + MINUTE).timestamp()))

    assert ask(story, gates=(silent,)).rule == "gate_closed"


def test_a_gate_that_was_shown_by_an_earlier_stage_alone_opens_nothing() -> None:
    metrics = tuple(
        replace(one, lag=timedelta(minutes=30)) if one.name == "error_rate" else one
        for one in checkout_plan().metrics
    )
    story = beta(1, replace(checkout_plan(), metrics=metrics))
    raised = int(story.now.timestamp()) - 11 * 60
    late = replace(SHOWN, phase="beta", last_seen=raised - 1)

    before = ask(story, guards=(fed(story),), gates=(late,))
    after = ask(story, guards=(fed(story),), gates=(replace(late, last_seen=raised),))

    story.later(timedelta(hours=24))
    overdue = ask(story, guards=(fed(story),), gates=(late,))

    assert overdue.kind == "overdue"
    assert before.reasons == (f"shown, but not seen of the last exposure yet: {SHOWN.sentence}",)
    assert (before.rule, after.rule) == ("gate_closed", "sign_off_missing")


def test_an_open_incident_does_not_keep_a_guard_from_taking_back_what_is_guilty() -> None:
    plan = checkout_plan()
    alpha = replace(plan.phases[0], if_control_fails_too=OnOutage.HOLD)
    story = soaked(replace(plan, phases=(alpha, plan.phases[1])))
    outage = judgement(Outcome.FAIL, accuses=False)
    first = ask(story, guards=(outage,))
    story.tell(str(first.kind), first.body)
    guilty = judgement(Outcome.FAIL, component="new_prices", accuses=True)

    assert ask(story, guards=(outage, guilty)).body["components"] == ["new_prices"]


def test_what_the_environment_did_before_a_retry_does_not_count_against_it() -> None:
    story = soaked()
    bell = judgement(
        Outcome.FAIL,
        component=ENVIRONMENT,
        method="sentinel",
        last_seen=NOON - MINUTE,
    )

    assert ask(story, guards=(QUIET, bell), gates=(SHOWN,)).kind == "phase_passed"


def test_a_component_of_an_earlier_phase_is_retried_in_that_phase() -> None:
    story = soaked()
    story.tell("phase_passed", {"phase": "alpha"})
    story.tell("phase_started", {"phase": "beta"})
    story.exposed("beta")
    story.rolled_back("alpha", "new_prices")
    story.tell("retried", {"phase": "beta", "components": {"new_prices": "alpha"}}, actor="Ada")

    decision = ask(story, guards=(), gates=())
    story.tell(str(decision.kind), decision.body)

    trial = story.run.trials["new_prices"]
    assert (trial.phase, trial.exposure, trial.attempt) == ("alpha", 500, 2)


def test_a_phase_soaks_for_its_least_time_whatever_its_gates_say() -> None:
    story = Story(checkout_plan())
    story.tell("phase_started", {"phase": "alpha"})
    story.exposed("alpha")
    story.later(9 * MINUTE)

    assert ask(story, gates=(SHOWN,)).rule == "soaking"


def test_a_phase_passes_when_all_its_gates_are_shown() -> None:
    decision = ask(soaked(), gates=(SHOWN,))

    assert (decision.verb, decision.kind) == (Verb.ADVANCE, "phase_passed")


@pytest.mark.parametrize("outcome", [Outcome.INCONCLUSIVE, Outcome.INVALID])
def test_only_pass_opens_a_gate(outcome: Outcome) -> None:
    decision = ask(soaked(), gates=(SHOWN, judgement(outcome, condition="error_rate < 2%")))

    assert (decision.rule, decision.kind) == ("gate_closed", None)


def test_a_failed_gate_is_written_down_and_stays_closed_when_it_would_pass_later() -> None:
    story = soaked()
    failed = judgement(Outcome.FAIL, condition="error_rate < 2%")
    first = ask(story, gates=(failed,))
    story.tell(str(first.kind), first.body)

    later = ask(story, gates=(SHOWN,))

    assert first.kind == "gate_failed"
    assert later.rule == "gate_closed"


def test_a_phase_that_shows_nothing_in_its_longest_time_stops_for_a_person() -> None:
    story = soaked()
    story.later(60 * MINUTE)
    fresh = replace(QUIET, last_seen=int(story.now.timestamp()))
    undecided = judgement(Outcome.INCONCLUSIVE, condition="error_rate < 2%")

    first = ask(story, guards=(fresh,), gates=(undecided,))
    story.tell(str(first.kind), first.body)

    assert first.kind == "overdue"
    assert ask(story, guards=(fresh,), gates=(SHOWN,)).rule == "gate_closed"


def test_a_tripped_guard_takes_back_only_the_component_it_accuses() -> None:
    tripped = judgement(Outcome.FAIL, accuses=True)

    decision = ask(soaked(), guards=(tripped, replace(QUIET, component="new_prices")))

    assert decision.kind == "rollback_started"
    assert decision.body["components"] == ["new_cart"]


def test_a_sentinel_outranks_every_other_rule_but_the_end() -> None:
    story = soaked()
    story.tell("paused", {"reason": "lunch"}, actor="Ada")
    bell = judgement(Outcome.FAIL, method="sentinel", condition="safety_critical", accuses=True)

    decision = ask(story, guards=(judgement(Outcome.FAIL, component="new_prices"), bell))

    assert (decision.rule, decision.body["components"]) == ("sentinel_tripped", ["new_cart"])


def test_harm_in_both_arms_takes_the_whole_phase_back_by_default() -> None:
    decision = ask(soaked(), guards=(judgement(Outcome.FAIL, accuses=False),))

    assert decision.body["components"] == ["new_cart", "new_prices"]


def test_harm_in_both_arms_raises_an_incident_and_holds_where_the_plan_says_hold() -> None:
    plan = checkout_plan()
    alpha = replace(plan.phases[0], if_control_fails_too=OnOutage.HOLD)
    story = soaked(replace(plan, phases=(alpha, plan.phases[1])))
    outage = judgement(Outcome.FAIL, accuses=False)

    first = ask(story, guards=(outage,), gates=(SHOWN,))
    story.tell(str(first.kind), first.body)
    then = ask(story, guards=(outage,), gates=(SHOWN,))

    assert (first.verb, first.kind) == (Verb.HOLD, "incident_raised")
    assert (then.verb, then.kind) == (Verb.HOLD, None)


def test_a_guard_that_sees_nothing_for_too_long_takes_its_phase_back() -> None:
    story = soaked()
    unseen = judgement(Outcome.INCONCLUSIVE, last_seen=NOON + 5 * MINUTE)

    decision = ask(story, guards=(unseen,))

    assert (decision.rule, decision.kind) == ("guard_blind", "rollback_started")


def test_a_guard_that_was_never_fed_is_blind_too() -> None:
    unseen = judgement(Outcome.INCONCLUSIVE, last_seen=None)

    assert ask(soaked(), guards=(unseen,)).kind == "rollback_started"


def test_a_guard_unseen_for_half_of_that_time_holds_the_run() -> None:
    unseen = judgement(Outcome.PASS, last_seen=NOON + 8 * MINUTE)

    decision = ask(soaked(), guards=(unseen,), gates=(SHOWN,))

    assert (decision.rule, decision.verb) == ("guard_blind", Verb.HOLD)


def seen_since(story: Story, since: datetime, last_seen: datetime) -> Decision:
    evidence = Evidence(
        guards=(judgement(Outcome.PASS, last_seen=last_seen),),
        gates=(judgement(Outcome.PASS, condition="error_rate < 2%", last_seen=last_seen),),
        findings=(DATABASE_FINE,),
        watching_since=since,
    )
    return decide(story.plan, story.run, evidence, story.now)


def test_what_nobody_could_see_takes_nothing_back_and_lets_nothing_go_on() -> None:
    story = soaked()

    decision = seen_since(story, since=story.now - MINUTE, last_seen=NOON)

    assert (decision.rule, decision.verb) == ("guard_blind", Verb.HOLD)


def test_after_a_gap_in_watching_an_exposure_soaks_anew() -> None:
    story = soaked()
    story.tell("watch_resumed", {"unwatched_ms": 600_000})
    early = seen_since(story, since=NOON, last_seen=story.now)

    story.later(11 * MINUTE)
    late = seen_since(story, since=NOON, last_seen=story.now)

    assert early.rule == "soaking"
    assert early.reasons[0].endswith(" min of watching are left")
    assert late.kind == "phase_passed"


def test_a_level_that_nobody_reads_is_blind_for_the_environment() -> None:
    unread = judgement(Outcome.INCONCLUSIVE, component=ENVIRONMENT, last_seen=None)

    assert ask(soaked(), guards=(unread,)).rule == "guard_blind"


def test_nothing_goes_forward_while_a_rollback_is_unconfirmed() -> None:
    story = soaked()
    story.rolled_back("alpha", "new_cart", confirmed=False)

    assert ask(story, gates=(SHOWN,)).rule == "already_rolling_back"


def test_a_second_component_is_taken_back_while_the_first_is_still_unconfirmed() -> None:
    story = soaked()
    story.rolled_back("alpha", "new_cart", confirmed=False)
    tripped = judgement(Outcome.FAIL, component="new_prices", accuses=True)

    assert ask(story, guards=(tripped,)).body["components"] == ["new_prices"]


def test_a_withdrawn_component_keeps_its_phase_from_passing() -> None:
    story = soaked()
    story.rolled_back("alpha", "new_cart")

    decision = ask(story, gates=(replace(SHOWN, component="new_prices"),))

    assert decision.reasons == ("new_cart is withdrawn",)


def test_a_retried_component_is_exposed_again_after_the_steps_and_soaks_anew() -> None:
    story = soaked()
    story.rolled_back("alpha", "new_cart")
    story.tell("retried", {"phase": "alpha", "components": {"new_cart": "alpha"}}, actor="Ada")

    decision = ask(story)
    story.tell(str(decision.kind), decision.body)
    story.tell("exposure_confirmed", {"exposed": story.run.number})

    assert [item["attempt"] for item in decision.body["components"]] == [2]  # type: ignore[union-attr, index, call-overload]
    assert ask(story, gates=(SHOWN,)).rule == "soaking"


def test_a_paused_run_goes_no_further() -> None:
    story = soaked()
    story.tell("paused", {"reason": "lunch"}, actor="Ada")

    assert ask(story, gates=(SHOWN,)).rule == "paused"


@pytest.mark.parametrize(
    ("opens", "closes", "rule"),
    [(8 * 60, 16 * 60, "outside_window"), (20 * 60, 21 * 60, "move_on")],
)
def test_a_run_goes_forward_only_in_its_window(opens: int, closes: int, rule: str) -> None:
    # Noon in UTC on Tuesday, 1 January 2030, is eight in the evening at +08:00.
    window = Window(days=(1,), opens=opens, closes=closes, offset=8 * 60)
    story = soaked(replace(checkout_plan(), window=window))

    assert ask(story, gates=(SHOWN,)).rule == rule


def test_a_rollback_knows_no_window() -> None:
    window = Window(days=(6,), opens=0, closes=1, offset=0)
    story = soaked(replace(checkout_plan(), window=window))

    decision = ask(story, guards=(judgement(Outcome.FAIL, accuses=True),))

    assert decision.kind == "rollback_started"


def beta(stage: int, plan: Plan | None = None) -> Story:
    story = soaked(plan)
    story.tell("phase_passed", {"phase": "alpha"})
    story.tell("phase_started", {"phase": "beta"})
    for index in range(stage + 1):
        story.exposed("beta", index)
        story.later(11 * MINUTE)
    return story


def fed(story: Story) -> Judgement:
    return replace(QUIET, phase="beta", last_seen=int(story.now.timestamp()))


def told(story: Story) -> Judgement:
    return replace(SHOWN, phase="beta", last_seen=int(story.now.timestamp()))


def test_stages_follow_each_other_without_asking_the_gates() -> None:
    story = beta(0)

    decision = ask(story, guards=(fed(story),))

    assert (decision.kind, decision.body["stage"]) == ("exposed", 1)
    assert decision.body["components"][0]["exposure"] == 10_000  # type: ignore[index, call-overload]


def test_a_phase_waits_for_the_signatures_that_the_plan_names() -> None:
    story = beta(1)

    assert ask(story, guards=(fed(story),), gates=(told(story),)).rule == "sign_off_missing"


def test_a_signature_lets_the_last_phase_pass_and_the_run_complete() -> None:
    story = beta(1)
    signature = {"phase": "beta", "role": "approver", "meaning": "go", "plan_hash": "x"}
    story.tell("signed_off", signature, actor="Ben")

    passed = ask(story, guards=(fed(story),), gates=(told(story),))
    story.tell(str(passed.kind), passed.body)

    assert passed.kind == "phase_passed"
    assert ask(story, guards=(fed(story),)).verb is Verb.COMPLETE


def test_a_run_that_has_ended_stays_as_it_is() -> None:
    story = soaked()
    story.tell("completed")

    assert ask(story, guards=(judgement(Outcome.FAIL, accuses=True),)).rule == "ended"


def test_every_rule_says_in_its_docstring_what_it_is_for() -> None:
    assert all(rule.__doc__ for rule in RULES)
