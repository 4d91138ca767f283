"""Compiling a document: what broken flags, odd contexts and hostile texts come to."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phasegate.flags.compile import FlagSet, compile_document
from phasegate.flags.document import FlagState, document
from phasegate.flags.problem import BrokenDocument
from phasegate.flags.resolution import ErrorCode, Reason


def flag(targeting: object = None, **changed: Any) -> dict[str, Any]:
    whole = {
        "state": "ENABLED",
        "variants": {"on": True, "off": False},
        "defaultVariant": "off",
        "targeting": targeting,
    }
    return {**whole, **changed}


def compiled(**flags: object) -> FlagSet:
    return compile_document({"flags": flags})


def variant(targeting: object, subject: str | None = "patient-1", **attributes: object) -> Any:
    flags = compiled(new_cart=flag(targeting))
    assert flags.problems == ()
    return flags.evaluate("new_cart", subject, attributes).variant


def test_a_flag_without_targeting_is_static() -> None:
    outcome = compiled(new_cart=flag()).evaluate("new_cart", None, {})

    assert (outcome.value, outcome.variant, outcome.reason) == (False, "off", Reason.STATIC)


def test_a_rollout_is_a_targeting_match() -> None:
    flags = compile_document(document("production", 7, [FlagState(key="new_cart", exposure=9999)]))

    outcome = flags.evaluate("new_cart", "patient-1", {})

    assert (outcome.value, outcome.reason) == (True, Reason.TARGETING_MATCH)
    assert outcome.metadata["version"] == "7"


def test_without_a_subject_a_rollout_is_off() -> None:
    flags = compile_document(document("production", 7, [FlagState(key="new_cart", exposure=9999)]))

    assert flags.evaluate("new_cart", None, {}).variant == "off"
    assert flags.evaluate("new_cart", "", {}).variant == "off"


def test_a_killed_flag_is_off_for_everyone() -> None:
    state = FlagState(key="new_cart", exposure=10_000, killed=True)

    flags = compile_document(document("production", 7, [state]))

    assert flags.evaluate("new_cart", "patient-1", {}).value is False


def test_a_missing_flag_is_an_error_code() -> None:
    outcome = compiled().evaluate("new_cart", None, {})

    assert (outcome.reason, outcome.error_code) == (Reason.ERROR, ErrorCode.FLAG_NOT_FOUND)


def test_flag_metadata_goes_over_flag_set_metadata() -> None:
    document = {
        "flags": {"new_cart": flag(metadata={"owner": "Ada", "tier": 2})},
        "metadata": {"flagSetId": "production", "tier": 1},
    }

    outcome = compile_document(document).evaluate("new_cart", None, {})

    assert outcome.metadata == {"flagSetId": "production", "owner": "Ada", "tier": 2}


BROKEN = {
    "no object": ("on", "flags.bad", "flag-shape"),
    "no variants": (flag(variants={}), "flags.bad.variants", "flag-variants"),
    "unknown state": (flag(state="MAYBE"), "flags.bad.state", "flag-state"),
    "unknown default": (
        flag(defaultVariant="sideways"),
        "flags.bad.defaultVariant",
        "flag-default",
    ),
    "metadata of objects": (flag(metadata={"a": {}}), "flags.bad.metadata", "flag-metadata"),
    "targeting of text": (flag("on"), "flags.bad.targeting", "rule-shape"),
    "two operators": (flag({"var": "a", "!": "b"}), "flags.bad.targeting", "rule-shape"),
    "unknown operator": (flag({"log": "a"}), "flags.bad.targeting", "unknown-operator"),
    "too few operands": (flag({"==": ["a"]}), "flags.bad.targeting", "rule-operands"),
    "no operands": (flag({"and": []}), "flags.bad.targeting", "rule-operands"),
    "unknown reference": (flag({"$ref": "adults"}), "flags.bad.targeting", "unknown-ref"),
    "a number that is none": (
        flag({"==": [math.nan, 1]}),
        "flags.bad.targeting.==[0]",
        "rule-constant",
    ),
    "a number too large": (
        flag({"==": [1, 2**53]}),
        "flags.bad.targeting.==[1]",
        "rule-constant",
    ),
    "other hashing": (
        flag({"fractional": [["on"]]}, metadata={"hashing": "v1"}),
        "flags.bad.targeting",
        "unknown-hashing",
    ),
}


@pytest.mark.parametrize(("bad", "path", "code"), BROKEN.values(), ids=BROKEN)
def test_a_broken_flag_is_a_problem_and_disturbs_no_other(bad: Any, path: str, code: str) -> None:
    flags = compiled(bad=bad, good=flag())

    assert [(problem.path, problem.code) for problem in flags.problems] == [(path, code)]
    assert flags.evaluate("bad", "patient-1", {}).error_code is ErrorCode.PARSE_ERROR
    assert flags.evaluate("good", "patient-1", {}).value is False


@pytest.mark.parametrize(
    "document", [{}, {"flags": 1}, {"flags": {}, "$evaluators": []}, {"flags": {}, "metadata": 1}]
)
def test_what_is_no_flag_definition_is_refused_as_a_whole(document: dict) -> None:
    with pytest.raises(BrokenDocument):
        compile_document(document)


def test_an_evaluator_that_refers_to_another_breaks_the_flag() -> None:
    document = {
        "flags": {"bad": flag({"$ref": "a"})},
        "$evaluators": {"a": {"!": [{"$ref": "b"}]}, "b": {"var": "x"}},
    }

    assert [problem.code for problem in compile_document(document).problems] == ["nested-ref"]


NESTING = {
    "if": lambda rule: {"if": [rule, "x", "on"]},
    "condition": lambda rule: {"if": [{"==": ["x", rule]}, "on", "x"]},
    "and": lambda rule: {"and": [rule, "on"]},
    "or": lambda rule: {"or": [rule, "on"]},
    "not": lambda rule: {"!": [rule]},
    "between": lambda rule: {"<": [0, rule, 2]},
    "in": lambda rule: {"in": [rule, ["x"]]},
    "cat": lambda rule: {"cat": [rule]},
    "var": lambda rule: {"var": [rule]},
    "version": lambda rule: {"sem_ver": [rule, "=", "1"]},
    "fractional": lambda rule: {"fractional": [[rule, 1], ["x", 0]]},
    "weight": lambda rule: {"fractional": [["x", rule], ["x", 1]]},
}


def deepest(nest: Any, inner: Any) -> Any:
    """Nest as deep as flags may."""
    rule = inner
    while not compiled(new_cart=flag(nest(rule))).problems:
        rule = nest(rule)
        assert len(json.dumps(rule)) < 100_000
    return rule


@pytest.mark.parametrize("nest", NESTING.values(), ids=NESTING)
def test_a_rule_nests_to_the_limit_and_not_beyond(nest: Any) -> None:
    rule = deepest(nest, {"var": "a"})

    too_deep = compiled(new_cart=flag(nest(rule)))

    assert len(json.dumps(rule)) > 150
    assert [problem.code for problem in too_deep.problems] == ["rule-too-deep"]


@pytest.mark.parametrize("nest", NESTING.values(), ids=NESTING)
def test_a_rule_as_deep_as_may_be_refers_to_an_evaluator_as_deep(nest: Any) -> None:
    evaluator = deepest(nest, {"var": "a"})
    text = json.dumps(evaluator).replace('{"var": "a"}', '{"$ref": "deep"}')
    document = {
        "flags": {"new_cart": flag(json.loads(text))},
        "$evaluators": {"deep": evaluator},
    }

    flags = compile_document(document)

    assert flags.problems == ()
    assert flags.evaluate("new_cart", "patient-1", {"a": 1}).reason in Reason


def test_a_long_chain_of_conditions_compiles() -> None:
    pairs = [part for number in range(500) for part in ({"==": [{"var": "n"}, number]}, "on")]

    assert variant({"if": [*pairs, "off"]}, n=499) == "on"
    assert variant({"if": [*pairs, "off"]}, n=500) == "off"


@given(text=st.text(max_size=60), subject=st.text(max_size=20))
def test_text_of_a_document_is_compared_and_never_run(text: str, subject: str) -> None:
    rule = {"if": [{"==": [{"var": text}, text]}, "on", {"fractional": [{"cat": [text]}, [text]]}]}
    whole = {"flags": {text: flag(rule, variants={"on": 1, "off": 0, text: 2})}}

    flags = compile_document(whole)
    outcome = flags.evaluate(text, subject, {text: text})

    assert outcome.variant in ("on", "off", text) or outcome.error_code is not None


HOSTILE = ['"); import os; os.abort() #', "'''", "\\", "\n    return 1\n", "{key}", "__class__"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    rule = {"if": [{"in": [{"var": "a"}, [text]]}, {"cat": [text]}, "off"]}
    flags = compile_document({"flags": {text: flag(rule, variants={"off": 0, text: 1})}})

    assert flags.evaluate(text, text, {"a": text}).variant == text


def test_a_subject_that_is_no_text_gets_the_default_variant() -> None:
    flags = compiled(new_cart=flag({"fractional": [["on"]]}))

    outcome = flags.evaluate("new_cart", 7, {})  # type: ignore[arg-type]

    assert (outcome.variant, outcome.reason) == ("off", Reason.DEFAULT)


def test_a_subject_with_a_lone_surrogate_is_an_error_and_not_a_crash() -> None:
    flags = compiled(new_cart=flag({"fractional": [["on"]]}))

    outcome = flags.evaluate("new_cart", json.loads('"\\ud800"'), {})

    assert outcome.error_code is ErrorCode.INVALID_CONTEXT


def test_a_rule_that_chooses_no_variant_is_an_error() -> None:
    flags = compiled(new_cart=flag({"cat": ["side", "ways"]}), numbered=flag({"var": "a"}))

    assert flags.evaluate("new_cart", None, {}).error_code is ErrorCode.GENERAL
    assert flags.evaluate("numbered", None, {"a": 1}).error_code is ErrorCode.GENERAL
    assert flags.evaluate("numbered", None, {"a": []}).error_code is ErrorCode.GENERAL


def test_true_and_false_choose_the_variants_of_that_name() -> None:
    whole = flag({"==": [{"var": "country"}, "MY"]}, variants={"true": 1, "false": 0})
    flags = compiled(new_cart={**whole, "defaultVariant": None})

    assert flags.evaluate("new_cart", None, {"country": "MY"}).value == 1
    assert flags.evaluate("new_cart", None, {"country": "SG"}).value == 0


RULES: list[tuple[object, dict[str, object], str]] = [
    ({"if": [{"in": [{"var": "c"}, ["MY", "SG"]]}, "on"]}, {"c": "SG"}, "on"),
    ({"if": [{"in": [{"var": "c"}, ["MY", "SG"]]}, "on"]}, {"c": ["SG"]}, "off"),
    ({"if": [{"in": ["a", {"var": "c"}]}, "on"]}, {"c": ["a"]}, "on"),
    ({"if": [{"==": [{"var": "a"}, 1]}, "on"]}, {"a": "1"}, "on"),
    ({"if": [{"===": [{"var": "a"}, 1]}, "on"]}, {"a": "1"}, "off"),
    ({"if": [{"===": [{"var": "a"}, 1]}, "on"]}, {"a": True}, "off"),
    ({"if": [{"!=": [{"var": "a"}, None]}, "on"]}, {}, "off"),
    ({"if": [{"<": [1, {"var": "a"}, 3]}, "on"]}, {"a": 2}, "on"),
    ({"if": [{"<": [1, {"var": "a"}, 3]}, "on"]}, {"a": 3}, "off"),
    ({"if": [{">=": [{"var": "a"}, 18]}, "on"]}, {"a": "eighteen"}, "off"),
    ({"if": [{"and": [{"var": "a"}, {"var": "b"}]}, "on"]}, {"a": 1, "b": "x"}, "on"),
    ({"or": [{"var": "a"}, "on"]}, {"a": ""}, "on"),
    ({"if": [{"!!": [{"var": "a"}]}, "on"]}, {"a": []}, "off"),
    ({"if": [{"!!": [{"var": "a"}]}, "on"]}, {"a": {}}, "on"),
    ({"if": [{"var": ["a.b", True]}, "on"]}, {"a": {"b": False}}, "off"),
    ({"if": [{"var": ["a.b", True]}, "on"]}, {"a": 5}, "on"),
    ({"if": [{"==": [{"var": "$flagd.flagKey"}, "new_cart"]}, "on"]}, {}, "on"),
    ({"if": [{">": [{"var": "$flagd.timestamp"}, 1_600_000_000]}, "on"]}, {}, "on"),
    ({"if": [{"==": [{"var": "targetingKey"}, "patient-1"]}, "on"]}, {}, "on"),
    ({"if": [{"==": [{"var": {"cat": ["targeting", "Key"]}}, "patient-1"]}, "on"]}, {}, "on"),
    ({"if": [{"sem_ver": [{"var": "v"}, ">=", "2.3.0"]}, "on"]}, {"v": "2.10.0"}, "on"),
    ({"if": [{"sem_ver": [{"var": "v"}, "<", "1.0.0-b.11"]}, "on"]}, {"v": "1.0.0-b.2"}, "on"),
    ({"if": [{"sem_ver": [{"var": "v"}, "<", "1.0.0"]}, "on"]}, {"v": "1.0.0-rc.1"}, "on"),
    ({"fractional": [{"var": "ward"}, ["on", 1]]}, {"ward": "ICU"}, "on"),
    ({"fractional": [{"var": "ward"}, ["on", 1]]}, {"ward": 7}, "off"),
    ({"fractional": [["on", {"var": "w"}], ["off", 0]]}, {"w": 10}, "on"),
    ({"fractional": [["on", {"var": "w"}], ["off", 1]]}, {"w": -10}, "off"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "attributes", "expected"), RULES, ids=str)
def test_a_rule_chooses(rule: object, attributes: dict[str, object], expected: str) -> None:
    assert variant(rule, **attributes) == expected


def test_what_flagd_bears_in_silence_is_put_on_record() -> None:
    flags = compiled(
        odd=flag({"fractional": [["on", 2.5]]}),
        flat=flag({"fractional": ["on"]}),
        short=flag({"sem_ver": ["1.0.0", "="]}),
    )

    assert [problem.code for problem in flags.problems] == [
        "fractional-weights",
        "fractional-shape",
        "rule-operands",
    ]
    assert flags.evaluate("odd", "patient-1", {}).reason is Reason.DEFAULT


def test_a_flag_that_has_not_changed_is_not_compiled_again() -> None:
    rule = {"fractional": [["on", 1], ["off", 3]]}
    first = {"flags": {"new_cart": flag(rule), "new_search": flag()}, "metadata": {"version": "1"}}
    second = {
        "flags": {"new_cart": flag(rule), "new_search": flag({"var": "x"}), "more": flag()},
        "metadata": {"version": "2"},
    }
    before = compile_document(first)

    after = compile_document(second, before)

    assert after._flags["new_cart"] is before._flags["new_cart"]
    assert after._flags["new_search"] is not before._flags["new_search"]
    assert after.evaluate("new_cart", "patient-1", {}).metadata["version"] == "2"
    assert before.evaluate("new_cart", "patient-1", {}).metadata["version"] == "1"


@pytest.mark.parametrize("changed", [{"metadata": {"hashing": "v3"}}, {"$evaluators": {"a": {}}}])
def test_what_a_rule_depends_on_compiles_it_again(changed: dict) -> None:
    flags = {"new_cart": flag({"fractional": [["on", 1], ["off", 3]]})}
    before = compile_document({"flags": flags})

    after = compile_document({"flags": flags, **changed}, before)

    assert after._flags["new_cart"] is not before._flags["new_cart"]


def test_a_flag_that_is_replaced_takes_its_problems_and_its_needs_with_it() -> None:
    before = compiled(good=flag(), bad={"state": "ENABLED", "variants": {}})

    mended = before.replaced("bad", {**flag(), "requires": ["good"]})
    broken = mended.replaced("good", {"state": "ENABLED", "variants": {}})
    alone = broken.replaced("bad", flag())

    assert [problem.code for problem in before.problems] == ["flag-variants"]
    assert (mended.problems, mended.requires) == ((), {"bad": ("good",)})
    assert [problem.path for problem in broken.problems] == ["flags.good.variants"]
    assert alone.requires == {}
    assert alone.problems == broken.problems


def test_ten_thousand_flags_load_soon_and_one_is_replaced_at_once() -> None:
    # The targets are 2 s and 5 ms on a free core; three times that leaves room for neighbours.
    rules = [{"if": [{"==": [{"var": f"a{n}"}, n]}, "on", "off"]} for n in range(10_000)]
    whole = {"flags": {f"flag-{n}": flag(rule) for n, rule in enumerate(rules)}}

    start = time.thread_time()
    flags = compile_document(whole)
    loaded = time.thread_time()
    flags.replaced("flag-77", flag())
    replaced = time.thread_time()

    assert loaded - start < 6.0
    assert replaced - loaded < 0.015


def test_rules_of_one_shape_share_their_code() -> None:
    flags = compiled(
        a=flag({"if": [{"==": [{"var": "country"}, "MY"]}, "on"]}),
        b=flag({"if": [{"==": [{"var": "ward"}, "ICU"]}, "on"]}),
    )

    assert flags.evaluate("a", None, {"country": "MY"}).variant == "on"
    assert flags.evaluate("b", None, {"ward": "ICU"}).variant == "on"
    assert flags._bound["a"].__code__ is flags._bound["b"].__code__
