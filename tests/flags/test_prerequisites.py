"""Prerequisites between flags: nothing is on that stands on what is off."""

from __future__ import annotations

from typing import Any

import pytest

from phasegate.flags.compile import FlagSet, compile_document
from phasegate.flags.resolution import ErrorCode, Reason


def flag(*requires: str, default: str = "on", **changed: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "state": "ENABLED",
        "variants": {"on": True, "off": False},
        "defaultVariant": default,
    }
    return {**whole, **({"requires": list(requires)} if requires else {}), **changed}


def compiled(**flags: Any) -> FlagSet:
    return compile_document({"flags": flags})


def test_a_flag_is_what_it_says_while_its_prerequisite_is_on() -> None:
    flags = compiled(payments=flag(), receipts=flag("payments"))

    assert flags.evaluate("receipts", "patient-1", {}).reason is Reason.STATIC
    assert flags.evaluate("receipts", "patient-1", {}).value is True


@pytest.mark.parametrize(
    "payments",
    [
        flag(default="off"),
        flag(state="DISABLED"),
        flag(defaultVariant=None),
        flag(variants={}),
        flag(variants={"on": "true", "off": "false"}),
    ],
    ids=["off", "disabled", "without value", "broken", "of another type"],
)
def test_a_flag_whose_prerequisite_is_not_on_serves_its_safe_variant(payments: Any) -> None:
    flags = compiled(payments=payments, receipts=flag("payments", metadata={"owner": "Ada"}))

    outcome = flags.evaluate("receipts", "patient-1", {})

    assert (outcome.value, outcome.variant, outcome.reason) == (False, "off", Reason.DEFAULT)
    assert outcome.metadata == {"owner": "Ada", "prerequisiteOff": "payments"}


def test_the_prerequisite_is_asked_for_the_same_subject() -> None:
    half = {"fractional": [["on", 1], ["off", 1]]}
    flags = compiled(payments=flag(targeting=half), receipts=flag("payments"))
    patients = [f"patient-{number}" for number in range(100)]

    receipts = [flags.evaluate("receipts", patient, {}).value for patient in patients]

    assert receipts == [flags.evaluate("payments", patient, {}).value for patient in patients]
    assert {True, False} == set(receipts)


def test_a_chain_of_prerequisites_goes_together() -> None:
    flags = compiled(a=flag(default="off"), b=flag("a"), c=flag("b"))

    assert flags.evaluate("c", "patient-1", {}).metadata == {"prerequisiteOff": "b"}
    assert flags.dependents(frozenset({"a"})) == {"b", "c"}


def test_without_a_variant_that_is_called_off_the_default_is_safe() -> None:
    sizes = {"small": 1, "large": 2}
    flags = compiled(
        a=flag(default="off"),
        b=flag("a", variants=sizes, defaultVariant="small", targeting={"if": [True, "large"]}),
    )

    assert flags.evaluate("b", "patient-1", {}).value == 1


def test_flags_that_require_each_other_are_refused_and_disturb_no_other() -> None:
    flags = compiled(a=flag("b"), b=flag("c"), c=flag("a"), own=flag("own"), good=flag())

    codes = {problem.path: problem.code for problem in flags.problems}
    assert codes == {
        f"flags.{key}.requires": "prerequisite-cycle" for key in ("a", "b", "c", "own")
    }
    assert flags.evaluate("b", "patient-1", {}).error_code is ErrorCode.PARSE_ERROR
    assert flags.evaluate("good", "patient-1", {}).value is True


def test_an_unknown_prerequisite_refuses_the_flag() -> None:
    flags = compiled(receipts=flag("payments"))

    assert [problem.code for problem in flags.problems] == ["unknown-prerequisite"]
    assert flags.evaluate("receipts", "patient-1", {}).error_code is ErrorCode.PARSE_ERROR


def test_a_flag_that_is_replaced_takes_its_dependents_along() -> None:
    before = compiled(payments=flag(), receipts=flag("payments"))

    after = before.replaced("payments", flag(default="off"))

    assert before.evaluate("receipts", "patient-1", {}).value is True
    assert after.evaluate("receipts", "patient-1", {}).value is False
