"""A document is validated at load: every flaw has a path and a reason, and disturbs no other."""

from __future__ import annotations

from typing import Any

import pytest

from phasegate.flags.compile import compile_document
from phasegate.flags.resolution import ErrorCode

GOOD: dict[str, Any] = {
    "state": "ENABLED",
    "variants": {"on": True, "off": False},
    "defaultVariant": "off",
}


def problems(**changed: Any) -> list[tuple[str, str]]:
    flags = compile_document({"flags": {"bad": {**GOOD, **changed}, "good": GOOD}})
    assert flags.evaluate("good", None, {}).value is False
    refused = flags.evaluate("bad", None, {}).error_code is ErrorCode.PARSE_ERROR
    assert refused, "it was not refused"
    return [(problem.path, problem.code) for problem in flags.problems]


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"state": "MAYBE"}, "flags.bad.state", "flag-state"),
    ({"state": ["ENABLED"]}, "flags.bad.state", "flag-state"),
    ({"variants": None}, "flags.bad.variants", "flag-variants"),
    ({"variants": {}}, "flags.bad.variants", "flag-variants"),
    ({"variants": {"": 1, "off": 2}}, "flags.bad.variants", "variant-name"),
    ({"variants": {"on": True, "off": 0}}, "flags.bad.variants", "variant-types"),
    ({"variants": {"on": {}, "off": "x"}}, "flags.bad.variants", "variant-types"),
    ({"variants": {"off": None}}, "flags.bad.variants.off", "variant-value"),
    ({"variants": {"off": [1]}}, "flags.bad.variants.off", "variant-value"),
    ({"variants": {"off": 2**53}}, "flags.bad.variants.off", "variant-number"),
    ({"variants": {"off": -1e300}}, "flags.bad.variants.off", "variant-number"),
    ({"defaultVariant": "sideways"}, "flags.bad.defaultVariant", "flag-default"),
    ({"defaultVariant": 1}, "flags.bad.defaultVariant", "flag-default"),
    ({"metadata": []}, "flags.bad.metadata", "flag-metadata"),
    ({"metadata": {"a": None}}, "flags.bad.metadata", "flag-metadata"),
    ({"targeting": ["on"]}, "flags.bad.targeting", "rule-shape"),
    ({"requires": "other"}, "flags.bad.requires", "flag-requires"),
]


@pytest.mark.parametrize(("changed", "path", "code"), REFUSED, ids=str)
def test_a_flag_that_the_schema_refuses_is_refused(
    changed: dict[str, Any], path: str, code: str
) -> None:
    assert problems(**changed) == [(path, code)]


def test_all_that_is_wrong_with_a_flag_is_said_at_once() -> None:
    wrong = {"state": "on", "variants": {"on": True, "off": "no"}, "metadata": 7}

    assert [code for _, code in problems(**wrong)] == [
        "flag-state",
        "variant-types",
        "flag-metadata",
    ]


def test_a_flag_without_a_key_is_refused() -> None:
    flags = compile_document({"flags": {"": GOOD}})

    assert [problem.code for problem in flags.problems] == ["flag-key"]


LEGAL: list[dict[str, Any]] = [
    {"defaultVariant": None},
    {"defaultVariant": ""},
    {"variants": {"small": 1, "large": 9007199254740991, "off": 0.5}},
    {"variants": {"a": {"deep": [None, 2**60]}, "off": {}}},
    {"targeting": {}},
    {"targeting": None},
    {"metadata": {"owner": "Ada", "tier": 1, "share": 0.5, "old": False}},
    {"source": "file.json", "selector": "x"},
]


@pytest.mark.parametrize("changed", LEGAL, ids=str)
def test_a_flag_that_the_schema_takes_is_taken(changed: dict[str, Any]) -> None:
    flags = compile_document({"flags": {"good": {**GOOD, **changed}}})

    assert flags.problems == ()
    assert flags.evaluate("good", None, {}).error_code is None


BORNE: list[tuple[Any, str, str]] = [
    ({"sem_ver": ["1.0.0", "==", "1.0.0"]}, "flags.f.targeting", "sem-ver-relation"),
    ({"sem_ver": ["soon", "=", {"var": "v"}]}, "flags.f.targeting", "sem-ver-version"),
    ({"starts_with": [7, "a"]}, "flags.f.targeting", "rule-operands"),
    ({"fractional": [["on", -5], ["off", 5]]}, "flags.f.targeting", "fractional-weights"),
    ({"var": "$flagd.unknown"}, "flags.f.targeting", "flagd-property"),
    ({"if": [{"var": "$flagd.x.y"}, "on"]}, "flags.f.targeting.if[0]", "flagd-property"),
    (
        {"if": [{"some": [[1], {"fractional": [["on"]]}]}, "on"]},
        "flags.f.targeting.if[0].some[1]",
        "fractional-no-subject",
    ),
]


@pytest.mark.parametrize(("rule", "path", "code"), BORNE, ids=str)
def test_what_flagd_bears_is_put_on_record_and_evaluates(rule: Any, path: str, code: str) -> None:
    flags = compile_document({"flags": {"f": {**GOOD, "targeting": rule}}})

    assert [(problem.path, problem.code) for problem in flags.problems] == [(path, code)]
    assert flags.evaluate("f", "patient-1", {}).error_code is None


def test_what_nobody_reads_of_a_flag_is_put_on_record_and_the_flag_is_served() -> None:
    flag = {"state": "ENABLED", "variants": {"on": True}, "defaultVariant": "on"}
    odd = {**flag, "prerequisites": ["till"], "$comment": "of old"}

    flags = compile_document({"flags": {"cart": odd}})

    assert [(problem.path, problem.code) for problem in flags.problems] == [
        ("flags.cart.prerequisites", "flag-part")
    ]
    assert flags.evaluate("cart", "patient", {}).value is True


def test_flags_may_be_listed_and_the_last_of_a_key_counts() -> None:
    listed = [
        {**GOOD, "key": "a"},
        {**GOOD, "key": "a", "defaultVariant": "on"},
        GOOD,
    ]

    flags = compile_document({"flags": listed})

    assert flags.evaluate("a", None, {}).value is True
    assert [(problem.path, problem.code) for problem in flags.problems] == [
        ("flags[1]", "flag-twice"),
        ("flags[2]", "flag-key"),
    ]


def test_a_bad_evaluator_refuses_only_the_flags_that_refer_to_it() -> None:
    document = {
        "flags": {"good": GOOD, "bad": {**GOOD, "targeting": {"$ref": "adults"}}},
        "$evaluators": {"adults": ["no rule"]},
    }

    flags = compile_document(document)

    assert [problem.code for problem in flags.problems] == ["evaluator-shape", "unknown-ref"]
    assert flags.evaluate("good", None, {}).value is False


def test_a_problem_inside_an_evaluator_is_said_to_be_there() -> None:
    document = {
        "flags": {"bad": {**GOOD, "targeting": {"if": [{"$ref": "adults"}, "on"]}}},
        "$evaluators": {"adults": {"and": [{"log": 1}]}},
    }

    (problem,) = compile_document(document).problems

    assert problem.path == "flags.bad.targeting.if[0] → $evaluators.adults.and[0]"


def test_a_flag_set_id_that_is_no_text_is_put_on_record() -> None:
    flags = compile_document({"flags": {}, "metadata": {"flagSetId": 7}})

    assert [problem.path for problem in flags.problems] == ["metadata.flagSetId"]
