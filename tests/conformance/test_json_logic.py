"""JsonLogic's official cases, from a `shared` folder beside or above the tree: all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from phasegate.flags.compile import compile_document
from phasegate.flags.rule import logic

PLACES = [place / "shared/conformance/flagd" for place in Path(__file__).parents]
ROOT = next((place for place in PLACES if place.is_dir()), PLACES[0])
OFFICIAL = ROOT / "json-logic/tests.json"

pytestmark = pytest.mark.skipif(not OFFICIAL.is_file(), reason="the shared data is not here")


def official_cases() -> list[Any]:
    cases = json.loads(OFFICIAL.read_text()) if OFFICIAL.is_file() else []
    return [case for case in cases if isinstance(case, list)]


def named(case: Any) -> str:
    return json.dumps(case)[:80]


@pytest.mark.parametrize(("rule", "data", "expected"), official_cases(), ids=named)
def test_a_rule_comes_to_what_json_logic_says(rule: Any, data: Any, expected: Any) -> None:
    found = logic(rule)(data)

    assert (isinstance(found, bool), found) == (isinstance(expected, bool), expected)


@pytest.mark.parametrize(
    ("rule", "data", "expected"),
    [case for case in official_cases() if isinstance(case[1], dict | None)],
    ids=named,
)
def test_a_rule_in_a_flag_comes_to_the_same(rule: Any, data: Any, expected: Any) -> None:
    # A flag can only tell texts, so that is what both sides are made to be.
    asked = {"if": [{"===": [{"cat": [rule]}, {"cat": [expected]}]}, "right", "wrong"]}
    flag = {"state": "ENABLED", "variants": {"right": 1, "wrong": 0}, "targeting": asked}
    flags = compile_document({"flags": {"asked": flag}})

    assert flags.problems == ()
    assert flags.evaluate("asked", None, data or {}).variant == "right"


def test_all_official_cases_are_found() -> None:
    assert len(official_cases()) == 277
