from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from phasegate.core.plan import (
    CaseSpec,
    CheckSpec,
    Comparison,
    Condition,
    Hazard,
    Metric,
    MetricKind,
    Mode,
    OnOutage,
    Predicate,
    Risk,
    Role,
    SignOffRule,
    Stage,
    Step,
    StepKind,
)
from phasegate.planfile import parse, parse_unreviewed

PLANS = Path(__file__).parents[2] / "plans"
CHECKOUT = (PLANS / "checkout.yaml").read_text(encoding="utf-8")

EVERYTHING = """
plan: checkout
environment: production
author: ada
subjects: customer
traffic: 3/s
error_budget: 2.5%
confidence: 99%
unattended: keep
blind_for: 90s
block: 20s
endpoints: {shop: "http://127.0.0.1:8080", prometheus: "http://127.0.0.1:9090"}
hazards:
  H1: {text: somebody pays twice, guarded_by: [paid_twice]}
checks:
  ready: {kind: http, url: "{shop}/ready", status: 200}
cases:
  routing: {file: cases/routing.jsonl, url: "{shop}/route"}
metrics:
  error_rate: {kind: share, bad: error, weight: 0.5}
  satisfaction: {kind: share, good: rating >= 4, event: rated, where: app == "web", lag: 1h}
  response_time: {kind: quantile, at: 99%, of: duration, unit: ms}
  paid_twice: {kind: sentinel, event: payment.twice}
  memory: {kind: level, unit: "%", source: prometheus, query: 'sum(rate(x{y="z"}[1m]))', hold: 3m}
  selection: {kind: share, good: correct, source: cases, cases: routing}
phases:
  alpha:
    title: A few
    week: 1
    risk: high
    lasts: 2.5h to 1d
    before:
      - run: shop migrate
        timeout: 1h30m
      - check: ready
      - evaluate: {cases: routing, metric: selection}
    after:
      - check: ready
    components:
      new_cart: 0.5% then 25 %
      new_till: {flag: till.v2, shadow: 100%, then: 20%}
    pass_when:
      - error_rate < 2%
      - selection > 90%
      - no paid_twice
    roll_back_when:
      - error_rate worse than control by 1%
      - satisfaction < 85%
      - response_time > 2.5s
      - memory > 75%
      - paid_twice
    sign_off: [approver, 2 safety_officer]
    if_control_fails_too: hold
"""


def test_every_part_of_the_language_becomes_its_part_of_the_plan() -> None:
    parsed = parse(EVERYTHING, "everything.yaml")

    assert parsed.problems == ()
    assert parsed.plan is not None
    plan = parsed.plan
    assert (plan.name, plan.environment, plan.author) == ("checkout", "production", "ada")
    assert (plan.subjects, plan.traffic) == ("customer", 180.0)
    assert (plan.error_budget, plan.confidence) == (0.025, 0.99)
    assert plan.unattended is None
    assert (plan.blind_for, plan.block) == (timedelta(seconds=90), timedelta(seconds=20))
    assert plan.endpoints == (
        ("shop", "http://127.0.0.1:8080"),
        ("prometheus", "http://127.0.0.1:9090"),
    )
    assert plan.hazards == (
        Hazard(name="H1", text="somebody pays twice", guarded_by=("paid_twice",)),
    )
    assert plan.checks == (
        CheckSpec(name="ready", kind="http", options=(("status", "200"), ("url", "{shop}/ready"))),
    )
    assert plan.cases == (CaseSpec(name="routing", file="cases/routing.jsonl", url="{shop}/route"),)


def test_metrics_of_every_kind_are_read() -> None:
    plan = parse(EVERYTHING).plan

    assert plan is not None
    assert plan.metrics == (
        Metric(name="error_rate", kind=MetricKind.SHARE, bad=Predicate(field="error"), weight=0.5),
        Metric(
            name="satisfaction",
            kind=MetricKind.SHARE,
            event="rated",
            where=Predicate(field="app", op="==", value="web"),
            good=Predicate(field="rating", op=">=", value=4.0),
            lag=timedelta(hours=1),
        ),
        Metric(name="response_time", kind=MetricKind.QUANTILE, of="duration", at=0.99, unit="ms"),
        Metric(name="paid_twice", kind=MetricKind.SENTINEL, event="payment.twice"),
        Metric(
            name="memory",
            kind=MetricKind.LEVEL,
            source="prometheus",
            unit="%",
            query='sum(rate(x{y="z"}[1m]))',
            hold=timedelta(minutes=3),
        ),
        Metric(
            name="selection",
            kind=MetricKind.SHARE,
            source="cases",
            cases="routing",
            good=Predicate(field="correct"),
        ),
    )


def test_a_phase_is_read_with_its_stages_steps_conditions_and_signers() -> None:
    plan = parse(EVERYTHING).plan

    assert plan is not None
    phase = plan.phase("alpha")
    assert (phase.title, phase.week, phase.risk) == ("A few", 1, Risk.HIGH)
    assert (phase.lasts_least, phase.lasts_most) == (timedelta(hours=2.5), timedelta(days=1))
    assert phase.before == (
        Step(kind=StepKind.RUN, argument="shop migrate", timeout=timedelta(minutes=90)),
        Step(kind=StepKind.CHECK, argument="ready"),
        Step(kind=StepKind.EVALUATE, argument="routing", metric="selection"),
    )
    assert phase.after == (Step(kind=StepKind.CHECK, argument="ready"),)
    assert phase.component("new_cart").flag == "new_cart"
    assert phase.component("new_cart").stages == (Stage(exposure=50), Stage(exposure=2500))
    assert phase.component("new_till").flag == "till.v2"
    assert phase.component("new_till").stages == (
        Stage(exposure=10_000, mode=Mode.SHADOW),
        Stage(exposure=2000),
    )
    assert phase.sign_off == (
        SignOffRule(role=Role.APPROVER),
        SignOffRule(role=Role.SAFETY_OFFICER, count=2),
    )
    assert phase.if_control_fails_too is OnOutage.HOLD


def test_conditions_are_read_in_the_unit_of_their_metric() -> None:
    plan = parse(EVERYTHING).plan

    assert plan is not None
    below, above = Comparison.BELOW, Comparison.ABOVE
    assert tuple(plan.phase("alpha").conditions) == (
        Condition(metric="error_rate", comparison=below, bound=0.02, text="error_rate < 2%"),
        Condition(metric="selection", comparison=above, bound=0.9, text="selection > 90%"),
        Condition(metric="paid_twice", comparison=Comparison.OCCURS, text="no paid_twice"),
        Condition(
            metric="error_rate",
            comparison=Comparison.WORSE_THAN_CONTROL,
            margin=0.01,
            text="error_rate worse than control by 1%",
        ),
        Condition(metric="satisfaction", comparison=below, bound=0.85, text="satisfaction < 85%"),
        Condition(
            metric="response_time", comparison=above, bound=2500.0, text="response_time > 2.5s"
        ),
        Condition(metric="memory", comparison=above, bound=75.0, text="memory > 75%"),
        Condition(metric="paid_twice", comparison=Comparison.OCCURS, text="paid_twice"),
    )


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    text = (
        CHECKOUT.replace("traffic: 200/min", "traffic: much")
        .replace("new_cart: 5%", "new_cart: 150%")
        .replace("- response_time > 3s", "- respnse_time > 3s", 1)
        .replace("lasts: 2h to 24h", "lasts: 24h to 2h")
    )

    parsed = parse(text, "checkout.yaml")

    assert parsed.plan is None
    assert [(problem.line, problem.path, problem.code) for problem in parsed.errors] == [
        (6, "traffic", "rate-form"),
        (25, "phases.alpha.components.new_cart", "exposure-range"),
        (33, "phases.alpha.roll_back_when[2]", "unknown-metric"),
        (39, "phases.beta.lasts", "lasts-inverted"),
    ]


def test_a_problem_reads_as_place_message_remedy_and_code() -> None:
    parsed = parse(CHECKOUT.replace("new_cart: 5%", "new_cart: 150%"), "checkout.yaml")

    assert parsed.errors[0].shown("checkout.yaml") == (
        "checkout.yaml:25  phases.alpha.components.new_cart: 150 % is more than everyone\n"
        '    An exposure is a share of the phase\'s audience, like "25 %" or "0.5 %". '
        "Did you mean 15 %?  [exposure-range]  phasegate explain exposure-range"
    )


def test_an_unknown_name_is_answered_with_the_nearest_and_all_known_ones() -> None:
    parsed = parse(CHECKOUT.replace("roll_back_when:", "rollback_when:", 1))

    assert parsed.errors[0].code == "unknown-key"
    assert parsed.errors[0].remedy == (
        "Did you mean roll_back_when? Known: title, week, risk, lasts, before, after, components, "
        "pass_when, roll_back_when, sign_off, if_control_fails_too."
    )


def test_a_guard_that_cannot_be_read_is_not_reported_as_missing() -> None:
    text = CHECKOUT.replace("paid_twice: {kind: sentinel", "paid_twice: {kind: sentinl")

    assert [problem.code for problem in parse(text).problems] == ["unknown-word"]


def test_the_review_goes_on_beside_a_part_that_cannot_be_read() -> None:
    text = CHECKOUT.replace("week: 1", "week: one").replace(
        "- error_rate < 2%", "- error_rate > 2%", 1
    )

    assert [problem.code for problem in parse(text).errors] == ["number-form", "condition-inverted"]


def test_a_plan_comes_with_its_warnings_and_never_with_an_error() -> None:
    parsed = parse(CHECKOUT.replace("- error_rate > 5%", "- error_rate > 2%", 1))

    assert parsed.plan is not None
    assert parsed.errors == ()
    assert [warning.code for warning in parsed.warnings] == ["gate-equals-guard"]


def test_a_plan_that_was_accepted_before_is_read_without_todays_review() -> None:
    inverted = CHECKOUT.replace("- error_rate < 2%", "- error_rate > 2%", 1)

    assert parse(inverted).plan is None
    assert parse_unreviewed(inverted).plan is not None
    assert parse_unreviewed("plan: [").plan is None


def test_comments_and_spacing_leave_the_hash_as_it_is() -> None:
    spaced = "# signed copy\n" + CHECKOUT.replace("new_cart: 5%", "new_cart:   '5 %'  # few")

    original, copy = parse(CHECKOUT).plan, parse(spaced).plan

    assert original is not None
    assert copy is not None
    assert copy.hash == original.hash


def test_one_changed_number_changes_the_hash() -> None:
    original, changed = parse(CHECKOUT).plan, parse(CHECKOUT.replace("5%", "6%", 1)).plan

    assert original is not None
    assert changed is not None
    assert changed.hash != original.hash


def test_the_hash_of_the_checkout_plan_stays_over_releases() -> None:
    plan = parse(CHECKOUT).plan

    assert plan is not None
    assert plan.hash == "737ff8e4b307e9179cffa3ac86f1e3873b452f451cf09974ebe7dae23a8c1a03"


def test_a_duration_too_long_for_anybody_is_a_problem_and_no_crash() -> None:
    text = CHECKOUT.replace("lasts: 1h to 8h", "lasts: 1h to 999999999d")

    assert [problem.code for problem in parse(text).errors] == ["duration-range"]


YAML = [
    "\n",
    "  ",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "'",
    '"',
    "%",
    "#",
    "&a ",
    "*a",
    "!!int ",
    "---\n",
]
ODD = ["\x00", "\ud800", "\u00a0", "\u0663", "1e400", "no ", " then ", " to ", "null", "999999999d"]
PIECES = st.sampled_from([*YAML, *ODD])


@settings(max_examples=300, deadline=None)
@given(
    cuts=st.lists(
        st.tuples(
            st.integers(0, len(EVERYTHING)), st.integers(0, 12), PIECES | st.text(max_size=6)
        ),
        max_size=6,
    )
)
def test_mangled_text_gives_problems_and_never_raises(cuts: list[tuple[int, int, str]]) -> None:
    text = EVERYTHING
    for start, length, piece in cuts:
        text = text[:start] + piece + text[start + length :]

    parsed = parse(text)

    assert parsed.plan is not None or parsed.errors
    assert all(problem.line is not None for problem in parsed.problems)


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_gives_problems_and_never_raises(text: str) -> None:
    assert parse(text).plan is None


def level(keys: str) -> str:
    return CHECKOUT.replace(
        "metrics:\n", f"metrics:\n  memory: {{kind: level, {keys}}}\n", 1
    ).replace("    roll_back_when:\n", "    roll_back_when:\n      - memory > 5\n", 1)


def test_a_level_from_otlp_names_its_metric_and_which_of_its_series_count() -> None:
    text = level('source: otlp, query: memory.usage, across: highest, where: host == "a"')

    parsed = parse(text)

    assert parsed.errors == ()
    assert parsed.plan is not None
    assert parsed.plan.metric("memory") == Metric(
        name="memory",
        kind=MetricKind.LEVEL,
        source="otlp",
        query="memory.usage",
        across="highest",
        where=Predicate(field="host", op="==", value="a"),
    )


def test_a_level_from_otlp_without_a_choice_among_series_is_refused() -> None:
    errors = parse(level("source: otlp, query: memory.usage")).errors

    assert [(error.path, error.code) for error in errors] == [
        ("metrics.memory.across", "key-missing")
    ]


def test_only_otlp_narrows_a_level_by_attributes() -> None:
    keys = 'source: http_json, query: "http://127.0.0.1:1/#a", where: host == "a"'

    errors = parse(level(keys)).errors

    assert [error.code for error in errors] == ["key-unfit"]
