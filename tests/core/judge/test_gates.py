from __future__ import annotations

from phasegate.core.evidence import ENVIRONMENT, Outcome
from phasegate.core.judge.fold import judge_gates


def test_a_share_below_its_bound_is_shown(feed) -> None:
    trial = feed(gates=("error_rate < 2%",)).people("treatment", 1000, 4)

    (verdict,) = trial.gates()

    assert (verdict.outcome, verdict.component, verdict.needed) == (Outcome.PASS, "router", 0)
    assert verdict.sentence == (
        "router: error rate 0.4 % where less than 2 % must be shown: "
        "shown at 95 % by 1000 treated patients"
    )


def test_too_few_subjects_show_nothing_yet(feed) -> None:
    (verdict,) = feed(gates=("error_rate < 2%",)).people("treatment", 50).gates()

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.needed is not None
    assert f"about {verdict.needed} patients more if it stays so" in verdict.sentence


def test_nothing_seen_is_inconclusive(feed) -> None:
    assert feed(gates=("error_rate < 2%",)).gates()[0].outcome is Outcome.INCONCLUSIVE


def test_a_share_above_its_bound_fails(feed) -> None:
    (verdict,) = feed(gates=("error_rate < 2%",)).people("treatment", 500, 50).gates()

    assert verdict.outcome is Outcome.FAIL
    assert "not to be so" in verdict.sentence


def test_a_good_share_must_be_shown_above_its_bound(feed) -> None:
    trial = feed(gates=("satisfaction > 85%",)).people("treatment", 400, 20, series="satisfaction")

    (verdict,) = trial.gates()

    assert (verdict.outcome, verdict.estimate) == (Outcome.PASS, 0.95)
    assert "satisfaction 95 % where more than 85 % must be shown" in verdict.sentence


def test_a_quantile_is_shown_by_the_share_beyond_its_bound(feed) -> None:
    trial = feed(gates=("response_time < 3s",)).people(
        "treatment", 1000, 10, series="response_time>3000"
    )

    (verdict,) = trial.gates()

    assert verdict.outcome is Outcome.PASS
    assert "1 % of responses took longer than 3 s where less than 5 %" in verdict.sentence


def test_good_results_of_control_open_nothing(feed) -> None:
    trial = feed(gates=("error_rate < 2%",)).people("control", 5000)

    assert trial.gates()[0].outcome is Outcome.INCONCLUSIVE


def test_each_component_must_show_it_alone(feed) -> None:
    trial = feed(gates=("error_rate < 2%",), components=("router", "triage"))
    trial.people("treatment", 1000, component="router").people("treatment", 20, component="triage")

    outcomes = {v.component: v.outcome for v in trial.gates(router=1, triage=1)}

    assert outcomes == {"router": Outcome.PASS, "triage": Outcome.INCONCLUSIVE}


def test_a_phase_without_exposed_components_has_closed_gates(feed, noon) -> None:
    trial = feed(gates=("error_rate < 2%",)).people("treatment", 1000)

    (verdict,) = judge_gates(trial.plan, trial.folded(), "alpha", {}, (), noon)

    assert (verdict.outcome, verdict.component) == (Outcome.INCONCLUSIVE, ENVIRONMENT)


def test_a_gate_that_compares_with_control_is_invalid(feed) -> None:
    trial = feed(gates=("error_rate worse than control by 1%",)).people("treatment", 1000)

    (verdict,) = trial.gates()

    assert verdict.outcome is Outcome.INVALID
    assert "correct the plan" in verdict.sentence
