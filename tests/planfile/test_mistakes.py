"""One mistake for every problem code: what an author might write, and where it is pointed out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import phasegate.planfile
from phasegate.core.explain import explanations
from phasegate.planfile import parse

GOOD = """\
plan: checkout
environment: production
author: ada
traffic: 200/min
confidence: 95%
unattended: withdraw after 15m
endpoints: {shop: "http://127.0.0.1:8080", prometheus: "http://127.0.0.1:9090"}
hazards:
  H1: {text: somebody pays twice, guarded_by: [paid_twice]}
checks:
  ready: {kind: http, url: "{shop}/ready"}
cases:
  routing: {file: cases/routing.jsonl, url: "{shop}/route"}
metrics:
  error_rate: {kind: share, bad: error}
  response_time: {kind: quantile, at: 95%, of: duration, unit: ms}
  paid_twice: {kind: sentinel, event: payment.twice}
  stars: {kind: mean, event: rated, of: stars, scale: 1 to 5, better: higher}
  returns: {kind: rate, event: returned}
  queue: {kind: level, unit: messages, source: prometheus, query: queue_length}
  selection: {kind: share, good: correct, source: cases, cases: routing}
phases:
  alpha:
    week: 2
    lasts: 2h to 24h
    before:
      - check: ready
      - evaluate: {cases: routing, metric: selection}
    components:
      new_cart: 5%
      new_till: 20%
    pass_when:
      - error_rate < 2%
      - selection > 90%
    roll_back_when:
      - error_rate > 5%
      - response_time > 3s
      - queue > 100 messages
      - paid_twice
      - stars worse than control by 0.2
      - returns > 6/h
    sign_off: [approver]
  beta:
    week: 3
    lasts: 2h to 24h
    components:
      new_cart: 25%
    pass_when:
      - response_time < 2s
    roll_back_when:
      - error_rate worse than control by 1%
    sign_off: [approver]
"""

A, B = "phases.alpha", "phases.beta"

# code, what stands in the good plan, what the author wrote instead, path of the problem.
MISTAKES = [
    ("yaml-broken", "[approver]", "[approver", ""),
    ("yaml-tag", "week: 2", "week: !!int 2", f"{A}.week"),
    ("yaml-depth", "week: 2", f"week: {'[' * 12}", f"{A}.week" + "[0]" * 9),
    ("yaml-documents", "phases:\n", "---\nphases:\n", ""),
    ("duplicate-key", "new_till: 20%", "new_cart: 20%", f"{A}.components.new_cart"),
    ("plan-empty", GOOD, "# nothing yet\n", ""),
    ("plan-without-phases", GOOD[GOOD.index("phases:") :], "phases: {}\n", "phases"),
    ("value-shape", "[approver]", "approver", f"{A}.sign_off"),
    ("value-missing", "author: ada", "author:", "author"),
    ("value-missing", "author: ada", "author: null", "author"),
    ("key-missing", "author: ada\n", "", "author"),
    ("key-missing", ', url: "{shop}/ready"', "", "checks.ready.url"),
    ("key-missing", ", event: payment.twice", "", "metrics.paid_twice.event"),
    ("key-unfit", "bad: error}", "bad: error, at: 95%}", "metrics.error_rate.at"),
    ("unknown-key", "author: ada", "author: ada\nowner: ada", "owner"),
    ("unknown-word", "week: 2", "risk: extreme", f"{A}.risk"),
    ("unknown-word", "[approver]", "[viewer]", f"{A}.sign_off[0]"),
    ("unknown-metric", "- error_rate < 2%", "- eror_rate < 2%", f"{A}.pass_when[0]"),
    ("unknown-metric", "[paid_twice]", "[paid_once, paid_twice]", "hazards.H1.guarded_by[0]"),
    ("unknown-check", "- check: ready", "- check: steady", f"{A}.before[0]"),
    (
        "unknown-cases",
        "cases: routing}\nphases",
        "cases: paths}\nphases",
        "metrics.selection.cases",
    ),
    ("unknown-endpoint", "{shop}/ready", "{ship}/ready", "checks.ready.url"),
    ("name-form", "  alpha:", "  the alpha:", "phases.the alpha"),
    ("name-twice", "new_till: 20%", "new_till: {flag: new_cart, exposure: 20%}", ""),
    ("number-form", "week: 2", "week: second", f"{A}.week"),
    ("unit-missing", "new_cart: 5%", "new_cart: 5", f"{A}.components.new_cart"),
    ("unit-unknown", "lasts: 2h to 24h", "lasts: 2h to 1fortnight", f"{A}.lasts"),
    ("share-form", "confidence: 95%", "confidence: high", "confidence"),
    ("share-range", "confidence: 95%", "confidence: 100%", "confidence"),
    ("share-range", "- error_rate > 5%", "- error_rate > 100%", f"{A}.roll_back_when[0]"),
    ("share-range", "- error_rate < 2%", "- error_rate < 0%", f"{A}.pass_when[0]"),
    ("share-range", "control by 1%", "control by 100%", f"{B}.roll_back_when[0]"),
    ("exposure-range", "new_cart: 5%", "new_cart: 500%", f"{A}.components.new_cart"),
    ("exposure-precision", "new_cart: 5%", "new_cart: 0.125%", f"{A}.components.new_cart"),
    ("window-form", "author: ada", 'author: ada\nwindow: "at night"', "window"),
    ("flag-shared", "new_cart: 25%", "till: {flag: new_till, exposure: 25%}", ""),
    (
        "guard-sentinel-only",
        "- error_rate worse than control by 1%",
        "- paid_twice",
        f"{B}.roll_back_when",
    ),
    ("window-form", "author: ada", 'author: ada\nwindow: "mon 16:00-08:00 +00:00"', "window"),
    ("duration-form", "lasts: 2h to 24h", "lasts: soon to later", f"{A}.lasts"),
    ("duration-range", "lasts: 2h to 24h", "lasts: 2h to 9000d", f"{A}.lasts"),
    ("rate-form", "200/min", "200", "traffic"),
    ("lasts-form", "lasts: 2h to 24h", "lasts: 2h", f"{A}.lasts"),
    ("lasts-inverted", "lasts: 2h to 24h", "lasts: 24h to 2h", f"{A}.lasts"),
    ("unattended-form", "withdraw after 15m", "withdraw", "unattended"),
    ("url-form", "{shop}/route", "shop/route", "cases.routing.url"),
    ("case-file-outside", "cases/routing.jsonl", "../routing.jsonl", "cases.routing.file"),
    ("case-file-outside", "cases/routing.jsonl", "/etc/passwd", "cases.routing.file"),
    ("url-form", "http://127.0.0.1:9090", "127.0.0.1:9090", "endpoints.prometheus"),
    ("address-secret", "http://127.0.0.1:9090", "http://ada:s@10.0.0.7", "endpoints.prometheus"),
    ("predicate-form", "bad: error}", "bad: rating > high}", "metrics.error_rate.bad"),
    ("predicate-choice", "bad: error}", "bad: error, good: opened}", "metrics.error_rate"),
    ("source-unfit", "event: payment.twice}", "source: sql}", "metrics.paid_twice.source"),
    (
        "counts-requests",
        "error_rate: {kind: share, bad: error}",
        "error_rate: {kind: share, source: prometheus, query_all: a, query_bad: b}",
        f"{A}.pass_when[0]",
    ),
    ("condition-form", "- error_rate < 2%", "- error_rate <= 2%", f"{A}.pass_when[0]"),
    ("condition-form", "- error_rate < 2%", "- no error_rate", f"{A}.pass_when[0]"),
    ("condition-form", "- paid_twice", "- paid_twice > 1%", f"{A}.roll_back_when[3]"),
    ("condition-unit", "> 100 messages", "> 100", f"{A}.roll_back_when[2]"),
    ("condition-inverted", "- error_rate < 2%", "- error_rate > 2%", f"{A}.pass_when[0]"),
    ("condition-inverted", "- error_rate > 5%", "- error_rate < 5%", f"{A}.roll_back_when[0]"),
    ("condition-inverted", "- paid_twice", "- no paid_twice", f"{A}.roll_back_when[3]"),
    (
        "comparison-unsupported",
        "- queue > 100 messages",
        "- queue worse than control",
        f"{A}.roll_back_when[2]",
    ),
    (
        "cuts-missing",
        "- response_time > 3s",
        "- response_time worse than control",
        f"{A}.roll_back_when[1]",
    ),
    (
        "cuts-many",
        "unit: ms}",
        'unit: ms, cuts: "1ms, 2ms, 3ms, 4ms, 5ms, 6ms, 7ms"}',
        "metrics.response_time.cuts",
    ),
    (
        "scale-form",
        "scale: 1 to 5",
        "scale: 5",
        "metrics.stars.scale",
    ),
    (
        "scale-range",
        "- queue > 100 messages",
        "- queue > 100 messages\n      - stars < 7",
        f"{A}.roll_back_when[3]",
    ),
    ("component-form", "new_cart: 5%", "new_cart: {then: 5%}", f"{A}.components.new_cart"),
    ("step-form", "- check: ready", "- {check: ready, run: make}", f"{A}.before[0]"),
    ("step-twice", "- check: ready", "- check: ready\n      - check: ready", f"{A}.before[1]"),
    ("sign-off-form", "[approver]", "[0 approver]", f"{A}.sign_off[0]"),
    ("sign-off-missing", "    sign_off: [approver]\n", "", A),
    (
        "phase-without-components",
        "    components:\n      new_cart: 25%",
        "    components: {}",
        f"{B}.components",
    ),
    (
        "phase-without-guards",
        "    roll_back_when:\n      - error_rate worse than control by 1%\n",
        "",
        f"{B}.roll_back_when",
    ),
    (
        "phase-without-gates",
        "    pass_when:\n      - response_time < 2s\n",
        "",
        f"{B}.pass_when",
    ),
    ("hazard-unguarded", "[paid_twice]", "[selection]", "hazards.H1"),
    ("hazard-metric-unused", "      - paid_twice\n", "", "hazards.H1.guarded_by[0]"),
    ("week-order", "week: 3", "week: 1", f"{B}.week"),
    ("guard-over-cases", "- error_rate > 5%", "- selection < 80%", f"{A}.roll_back_when[0]"),
    (
        "cases-unevaluated",
        "      - evaluate: {cases: routing, metric: selection}\n",
        "",
        f"{A}.pass_when[1]",
    ),
    ("cases-mismatch", "metric: selection}", "metric: error_rate}", f"{A}.before[1]"),
    ("exposure-falls", "new_cart: 25%", "new_cart: 1%", f"{B}.components.new_cart"),
    (
        "query-unbounded",
        "{kind: share, bad: error}",
        '{kind: share, bad: error, source: sql, endpoint: shop, query: "WHERE at >= :since"}',
        "metrics.error_rate.query",
    ),
    (
        "bucket-coarse",
        "{kind: share, bad: error}",
        "{kind: share, bad: error, source: sql, endpoint: shop, "
        "query: \"date_trunc('hour', at) :since :until\"}",
        "metrics.error_rate.query",
    ),
    ("control-missing", "new_cart: 25%", "new_cart: 100%", f"{B}.roll_back_when[0]"),
    ("rate-beyond-block", "- returns > 6/h", "- returns > 60/h", f"{A}.roll_back_when[5]"),
    ("gate-equals-guard", "- error_rate > 5%", "- error_rate > 2%", f"{A}.pass_when[0]"),
    ("gate-looser-than-guard", "- error_rate > 5%", "- error_rate > 1%", f"{A}.pass_when[0]"),
    ("gate-undecidable", "- error_rate < 2%", "- error_rate < 0.01%", f"{A}.pass_when[0]"),
    ("gate-late", "- error_rate < 2%", "- error_rate < 0.1%", f"{A}.pass_when[0]"),
    ("gate-doubtful", "- error_rate < 2%", "- error_rate < 0.1%", f"{A}.pass_when[0]"),
    ("guard-late", "traffic: 200/min", "traffic: 0.01/min", f"{A}.roll_back_when[0]"),
    ("lag-too-long", "bad: error}", "bad: error, lag: 2d}", f"{A}.pass_when[0]"),
    ("hold-too-long", "query: queue_length}", "query: q, hold: 3d}", f"{A}.roll_back_when[2]"),
]


def codes_in_the_source() -> Iterator[str]:
    """Yield every code that the source gives to a problem."""
    root = Path(phasegate.planfile.__file__).parents[1]
    for path in [*root.glob("planfile/**/*.py"), *root.glob("core/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield from _codes(node)
    yield from ("unknown-key", "unknown-check", "unknown-cases", "unknown-endpoint")


def _codes(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    place = {"Wrong": 0, "_refuse": 0, "wrong": 1}.get(name)
    found = [call.args[place]] if place is not None and len(call.args) > place else []
    if name != "Refusal":  # those are people's requests, explained elsewhere
        found += [keyword.value for keyword in call.keywords if keyword.arg == "code"]
    for value in found:
        if isinstance(value, ast.Constant):
            yield value.value


def test_the_good_plan_is_good() -> None:
    assert parse(GOOD).problems == ()


@pytest.mark.parametrize(("code", "right", "wrong", "path"), MISTAKES)
def test_a_mistake_is_pointed_out(code: str, right: str, wrong: str, path: str) -> None:
    assert right in GOOD

    problems = parse(GOOD.replace(right, wrong, 1)).problems

    found = [problem for problem in problems if problem.code == code]
    assert found, [problem.code for problem in problems]
    assert path in ("", *(problem.path for problem in found))


def test_an_alias_is_pointed_out() -> None:
    text = GOOD.replace("new_cart: 5%", "new_cart: &few 5%").replace("new_till: 20%", "till: *few")

    assert [problem.code for problem in parse(text).problems] == ["yaml-alias"]


def test_a_tab_that_indents_is_named() -> None:
    (problem,) = parse(GOOD.replace("    week: 2", "\tweek: 2", 1)).problems

    assert problem.remedy == "A tab cannot indent in YAML: use spaces."


def test_an_unused_metric_is_pointed_out() -> None:
    text = GOOD.replace("      - response_time > 3s\n", "").replace(
        "response_time < 2s", "queue < 5 messages"
    )

    assert [problem.code for problem in parse(text).problems] == ["metric-unused"]


def test_every_code_has_a_mistake_that_triggers_it() -> None:
    triggered = {code for code, *_ in MISTAKES} | {"yaml-alias", "metric-unused"}

    assert triggered == set(explanations)


def test_every_code_of_the_source_is_explained_and_every_explanation_is_used() -> None:
    assert set(codes_in_the_source()) == set(explanations)


@pytest.mark.parametrize("code", sorted(explanations))
def test_an_explanation_is_a_paragraph_that_says_what_to_do(code: str) -> None:
    assert 80 < len(explanations[code]) < 400
    assert explanations[code].endswith((".", "?"))


@pytest.mark.parametrize(
    ("written", "near"),
    [("150%", "15 %"), ("2500%", "25 %"), ("0.25", "0.25 % or 25.00 %"), ("25", "25 %")],
)
def test_a_wrong_exposure_is_answered_with_a_likely_one(written: str, near: str) -> None:
    problems = parse(GOOD.replace("new_cart: 5%", f"new_cart: {written}")).problems

    assert problems[0].remedy.endswith(f"Did you mean {near}?")
