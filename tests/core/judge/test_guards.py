from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phasegate.core.evidence import Outcome
from phasegate.core.plan import Comparison

WORSE = "error_rate worse than control by 1%"


def test_nothing_seen_is_neither_health_nor_harm(feed) -> None:
    (verdict,) = feed().guards()

    assert (verdict.outcome, verdict.last_seen, verdict.estimate) == (
        Outcome.INCONCLUSIVE,
        None,
        None,
    )


def test_control_alone_is_no_evidence_about_treatment(feed) -> None:
    (verdict,) = feed().people("control", 100).guards()

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.control == 0.0
    assert verdict.last_seen is None


def test_a_failing_component_is_accused_in_plain_words(feed) -> None:
    trial = feed().people("treatment", 60, 11).people("control", 1000, 3)

    (verdict,) = trial.guards()

    assert (verdict.outcome, verdict.accuses, verdict.method, verdict.progress) == (
        Outcome.FAIL,
        True,
        "relative",
        1.0,
    )
    assert verdict.sentence == (
        "router: error rate 18.3 % where at most 2 % is allowed, 0.3 % in control; "
        "11 of 60 treated patients"
    )
    assert (verdict.n, verdict.bad, verdict.control_n) == (60, 11, 1000)
    assert verdict.low < verdict.estimate < verdict.high


def test_worse_than_control_but_within_the_bound_is_no_harm(feed) -> None:
    trial = feed()
    for block in range(40):
        trial.people("treatment", 250, 2, at=block * 30).people("control", 750, 0, at=block * 30)

    (verdict,) = trial.guards()

    assert (verdict.outcome, verdict.progress) == (Outcome.PASS, 0.99)


def test_repeated_failures_of_known_subjects_count_towards_the_bound(feed) -> None:
    trial = feed()
    for block in range(40):
        trial.people("treatment", 250, 2, at=block * 30).people("control", 750, 0, at=block * 30)
    trial.tally("treatment", at=1200, seen=1000, bad=1000)

    assert trial.guards()[0].accuses


def test_more_than_the_margin_worse_than_control_is_accused(feed) -> None:
    trial = feed(WORSE)
    for second in range(20):
        trial.people("treatment", 50, 5, at=second).people("control", 150, 2, at=second)

    (verdict,) = trial.guards()

    assert (verdict.outcome, verdict.accuses) == (Outcome.FAIL, True)
    assert verdict.sentence == (
        "router: error rate 10 % where 1 % more than in control is allowed, 1.33 % in control; "
        "100 of 1000 treated patients"
    )


def test_within_the_margin_is_not_accused(feed) -> None:
    trial = feed(WORSE)
    for second in range(100):
        trial.people("treatment", 100, 2, at=second).people("control", 300, 4, at=second)

    assert trial.guards()[0].outcome is Outcome.PASS


def test_full_exposure_is_judged_without_control(feed) -> None:
    trial = feed(exposure=10_000)
    for block in range(12):
        trial.people("treatment", 50, 10, at=block * 30)

    (verdict,) = trial.guards()

    assert (verdict.accuses, verdict.method, verdict.control) == (True, "absolute", None)


def test_an_unknown_exposure_compares_nothing(feed) -> None:
    trial = feed(exposure=0).people("treatment", 60, 11).people("control", 1000, 3)

    assert trial.guards()[0].outcome is Outcome.PASS


def test_an_outage_of_both_arms_is_called_one(feed) -> None:
    trial = feed()
    for block in range(12):
        trial.people("treatment", 25, 5, at=block * 30).people("control", 75, 15, at=block * 30)

    (verdict,) = trial.guards()

    assert (verdict.outcome, verdict.accuses) == (Outcome.FAIL, False)
    assert verdict.sentence.endswith("; control fails alike, so no component is accused")


def test_what_was_once_accused_stays_accused(feed) -> None:
    trial = feed().people("treatment", 60, 11).people("control", 1000, 3)
    assert trial.guards()[0].accuses

    trial.people("control", 5000, 5000, at=1).people("treatment", 50_000, 0, at=100)

    assert trial.guards()[0].accuses


def test_no_row_order_within_a_moment_makes_harm_of_health(feed) -> None:
    """All treated failures first would look like harm if the arms were looked at one by one."""
    trial = feed(exposure=5000).people("treatment", 100, 40).people("control", 100, 40, at=0)

    (verdict,) = trial.guards()

    assert not verdict.accuses


def test_a_good_share_is_told_as_the_plan_has_it(feed) -> None:
    trial = feed("satisfaction < 85%")
    trial.people("treatment", 200, 100, series="satisfaction")
    trial.people("control", 600, 30, series="satisfaction")

    (verdict,) = trial.guards()

    assert (verdict.accuses, verdict.estimate, verdict.control) == (True, 0.5, 0.95)
    assert verdict.bound == pytest.approx(0.85)
    assert verdict.low < 0.5 < verdict.high
    assert verdict.sentence.startswith("router: satisfaction 50 % where at least 85 % is needed")


def test_a_quantile_is_told_as_the_share_beyond_its_bound(feed) -> None:
    trial = feed("response_time > 3s")
    trial.people("treatment", 1000, 41, series="response_time>3000")

    (verdict,) = trial.guards()

    assert (verdict.outcome, verdict.series) == (Outcome.PASS, "response_time>3000")
    assert verdict.sentence == (
        "router: 4.1 % of responses took longer than 3 s; 5 % are allowed (p95); "
        "41 of 1000 treated patients"
    )


def test_each_condition_has_a_guard_and_a_budget_of_its_own(feed) -> None:
    trial = feed("error_rate > 2%", WORSE, "satisfaction < 85%").people("treatment", 10)

    verdicts = trial.guards()

    assert [v.condition for v in verdicts] == ["error_rate > 2%", WORSE, "satisfaction < 85%"]
    assert [v.alpha for v in verdicts] == pytest.approx([0.01568, 0.01568, 0.00784])


@pytest.mark.parametrize(
    "wrong",
    [
        {"at_risk": 1, "newly_bad": 2},
        {"seen": 1, "bad": 2},
        {"seen": -1},
        {"seen": 1, "at": -2_000_000_000, "ripe": 1000},
        {"subjects": 1, "subjects_bad": 2},
    ],
)
def test_an_impossible_tally_makes_guard_and_gate_invalid(feed: Callable, wrong: dict) -> None:
    trial = feed(gates=("error_rate < 2%",)).people("treatment", 1000).tally(**wrong)

    guard, gate = *trial.guards(), *trial.gates()

    assert (guard.outcome, gate.outcome) == (Outcome.INVALID, Outcome.INVALID)
    assert "writer w1, sequence 2" in guard.sentence
    assert "writer w1, sequence 2" in gate.sentence


def test_an_impossible_tally_does_not_hide_harm(feed) -> None:
    trial = feed().people("treatment", 60, 30).tally(at_risk=1, newly_bad=2)

    (verdict,) = trial.guards()

    assert verdict.outcome is Outcome.FAIL
    assert "writer w1, sequence 2" in verdict.sentence


def test_a_new_attempt_starts_from_nothing_with_a_smaller_budget(feed) -> None:
    trial = feed().people("treatment", 60, 30)

    first, second = trial.guards(attempt=1)[0], trial.guards(attempt=2)[0]

    assert (first.outcome, second.outcome) == (Outcome.FAIL, Outcome.INCONCLUSIVE)
    assert second.alpha == pytest.approx(first.alpha / 5)


def test_an_inverted_guard_is_invalid_and_says_so(feed) -> None:
    trial = feed()
    phase = trial.plan.phases[0]
    inverted = replace(phase.roll_back_when[0], comparison=Comparison.BELOW)
    trial.plan = replace(trial.plan, phases=(replace(phase, roll_back_when=(inverted,)),))

    (verdict,) = trial.people("treatment", 10).guards()

    assert verdict.outcome is Outcome.INVALID
    assert "inverted" in verdict.sentence


@settings(max_examples=50, deadline=None)
@given(counts=st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=1, max_size=40))
def test_progress_is_one_exactly_when_the_guard_has_tripped(counts) -> None:
    # Built by hand: hypothesis does not mix with fixtures that live for one test.
    from phasegate.core.judge.counts import Arms, Block, Counts
    from phasegate.core.judge.share import compare, look, opened, verdict
    from phasegate.core.judge.terms import Terms

    terms = Terms(allowed=None, margin=0.0, alpha=0.01, ticks=5)
    guard, arms = opened(terms), Arms(treated=Counts(seen=1), control=Counts())
    for treated, bad in counts:
        batch = Block(treated=bad, treated_bad=bad) if treated else Block(0, 0, bad, bad)
        guard = look(compare(guard, terms, 0, 2500, batch, arms), terms, arms)

    said = verdict(guard, terms, arms)

    assert (said.progress == 1.0) is (said.outcome is Outcome.FAIL)
    assert guard.peak >= guard.relative.log_total or guard.peak == 0.0


def test_arms_of_the_wrong_size_make_the_comparison_invalid(feed) -> None:
    trial = feed("error_rate > 2%", WORSE, "satisfaction < 85%")
    for second in range(0, 400, 5):
        trial.people("treatment", 25, at=second).people("control", 25, at=second)
        trial.people("treatment", 5, 4, at=second, series="satisfaction")

    verdicts = trial.guards()

    assert [v.outcome for v in verdicts] == [Outcome.INVALID] * 3
    assert not any(v.accuses for v in verdicts)
    assert "treated where 25 % are assigned" in verdicts[0].sentence


def test_arms_of_the_wrong_size_do_not_hide_a_share_beyond_its_bound(feed) -> None:
    trial = feed()
    for block in range(20):
        trial.people("treatment", 25, at=block * 30).people("control", 25, at=block * 30)
    for block in range(20, 24):
        trial.people("treatment", 25, 20, at=block * 30).people("control", 75, at=block * 30)

    (verdict,) = trial.people("control", 1, at=720).guards()

    assert (verdict.outcome, verdict.method, verdict.accuses) == (Outcome.FAIL, "absolute", True)


def test_who_comes_before_an_exposure_is_confirmed_says_nothing_about_the_arms(feed, noon) -> None:
    from phasegate.core.judge.fold import fold, judge_guards, start

    trial = feed()
    for second in range(60):
        trial.people("control", 50, at=second)

    ledger = fold(trial.plan, start(), trial.trials, trial.rows, trial.trials)

    (verdict,) = judge_guards(trial.plan, ledger, "alpha", {"router": 1}, noon)
    assert verdict.outcome is Outcome.INCONCLUSIVE


def test_observations_of_nobody_in_particular_are_no_evidence_of_health(feed) -> None:
    (verdict,) = feed().tally(seen=500, bad=2).guards()

    assert verdict.outcome is Outcome.INVALID
    assert "500 treated observations name no patient" in verdict.sentence


def test_a_measured_series_whose_unit_changes_cannot_be_judged(feed) -> None:
    trial = feed("response_time > 3s", gates=("response_time < 3s",), exposure=10_000)
    slow = {"series": "response_time>3000"}
    for block in range(4):
        trial.tally(at=block * 30, seen=100, subjects=100, at_risk=100, total=80_000.0, **slow)
    trial.tally(at=120, seen=100, subjects=100, at_risk=100, total=80.0, **slow)
    trial.tally(at=150, seen=100, subjects=100, at_risk=100, total=80.0, **slow)

    guard, gate = *trial.guards(), *trial.gates()

    assert (guard.outcome, gate.outcome) == (Outcome.INVALID, Outcome.INVALID)
    assert "its mean went from 800 to 0.8 at once" in guard.sentence


def test_a_subject_at_risk_in_one_second_may_turn_bad_in_the_next(feed) -> None:
    trial = feed().tally(seen=60, subjects=60, at_risk=60)
    trial.tally(at=1, seen=50, bad=50, newly_bad=50).people("control", 180, at=1)

    (verdict,) = trial.guards()

    assert (verdict.outcome, verdict.accuses) == (Outcome.FAIL, True)


def test_a_few_subjects_broken_for_good_are_found_by_their_second_failure(feed) -> None:
    """Everybody meets a failure now and then; only some treated subjects meet one again."""
    trial = feed()
    for second in range(60):
        trial.people("treatment", 25, 1, at=second).people("control", 75, 3, at=second)
        trial.tally("treatment", at=second, seen=2, bad=2, again_bad=1)

    (verdict,) = trial.guards()

    assert (verdict.outcome, verdict.accuses, verdict.method) == (Outcome.FAIL, True, "repeat")


def test_a_total_outage_of_two_minutes_after_health_is_found_and_blames_nobody(feed) -> None:
    trial = feed(alpha=0.001)
    for second in range(0, 1200, 3):
        trial.people("treatment", 2, at=second).people("control", 8, at=second)
    for second in range(1200 + 17, 1320 + 17, 3):
        trial.people("treatment", 2, 2, at=second).people("control", 8, 8, at=second)
    trial.people("control", 8, at=1350)

    (verdict,) = trial.guards()

    assert (verdict.outcome, verdict.accuses) == (Outcome.FAIL, False)


def test_a_judgement_says_when_it_is_read_what_was_so_when_it_was_judged(feed) -> None:
    trial = feed().people("treatment", 200, 3).people("control", 600, 6)
    read_at_once, read_late = trial.guards()[0], trial.guards()[0]
    said = (read_at_once.sentence, read_at_once.low, read_at_once.high)

    trial.people("treatment", 400, 40, at=31).people("control", 600, 6, at=31).guards()

    assert (read_late.sentence, read_late.low, read_late.high) == said
