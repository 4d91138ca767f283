"""The public scenarios of flagd and JsonLogic, from a `shared` folder beside or above the tree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from phasegate.flags.compile import FlagSet, compile_document
from phasegate.flags.operations import OPERATIONS
from phasegate.flags.resolution import Resolution

PLACES = [place / "shared/conformance/flagd" for place in Path(__file__).parents]
ROOT = next((place for place in PLACES if place.is_dir()), PLACES[0])
EVALUATOR = ROOT / "testbed/evaluator"

# v1 hashes otherwise, on purpose; types are asked for at the provider, not at the flag set.
NOT_OURS = {"@fractional-v1"}
TYPE_ASKED_FOR = "Type mismatch"

pytestmark = pytest.mark.skipif(not EVALUATOR.is_dir(), reason="the shared data is not here")


class Scenario(NamedTuple):
    name: str
    steps: list[str]
    table: list[dict[str, str]]


def scenarios(text: str) -> Iterator[Scenario]:
    """Read a feature: outlines are filled in from each row of their examples."""
    lines = "\n".join(line.strip() for line in text.splitlines())
    tagged = re.sub(r"^(@.*)\n+", r"\1 ", lines, flags=re.MULTILINE)
    blocks = re.split(r"\n(?=(?:@.* )?(?:Background|Scenario))", tagged)[1:]
    background: list[str] = []
    for block in blocks:
        steps, *examples = re.split(r"\n(?=(?:@.* )?Examples)", block)
        title = re.search(r"(?:Background|Scenario)[^:]*:(.*)", block)
        if title[0].startswith("Background"):
            background = _steps(steps)
        elif not examples and not _not_ours(steps):
            yield Scenario(title[1].strip(), background + _steps(steps), _rows(steps))
        for example in examples:
            for row in [] if _not_ours(steps) or _not_ours(example) else _rows(example):
                filled = [_filled(step, row) for step in background + _steps(steps)]
                yield Scenario(title[1].strip(), filled, [])


def _steps(block: str) -> list[str]:
    return re.findall(r"^(?:Given|And|When|Then) (.*)$", block, re.MULTILINE)


def _rows(block: str) -> list[dict[str, str]]:
    lines = re.findall(r"^\|(.*)\|$", block, re.MULTILINE)
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[1:]]


def _not_ours(block: str) -> bool:
    return bool(NOT_OURS & set(re.findall(r"@[\w-]+", block)))


def _filled(step: str, row: dict[str, str]) -> str:
    return re.sub(r"<(\w+)>", lambda match: row[match[1]], step)


def all_scenarios() -> list[Any]:
    files = sorted((EVALUATOR / "gherkin").glob("*.feature")) if EVALUATOR.is_dir() else []
    found = [(file.stem, item) for file in files for item in scenarios(file.read_text())]
    return [
        pytest.param(item, id=f"{stem}-{number}-{item.name}")
        for number, (stem, item) in enumerate(found)
        if item.name != TYPE_ASKED_FOR
    ]


@pytest.fixture(scope="module")
def flags() -> FlagSet:
    return compile_document(json.loads((EVALUATOR / "flags/testkit-flags.json").read_text()))


READ = {
    "Boolean": lambda text: text == "true",
    "String": str,
    "Integer": int,
    "Float": float,
    "Object": lambda text: json.loads(text.replace('\\"', '"')),
}


class Story:
    """Carries out the steps of one scenario."""

    def __init__(self, flags: FlagSet, table: list[dict[str, str]]) -> None:
        self.flags = flags
        self.table = table
        self.subject: str | None = None
        self.attributes: dict[str, Any] = {}
        self.outcome: Resolution | None = None

    def flag(self, kind: str, key: str, default: str) -> None:
        self.kind, self.key, self.default = kind, key, default

    def targeting_key(self, value: str) -> None:
        self.subject = value

    def nested(self, outer: str, inner: str, value: str) -> None:
        self.attributes[outer] = {inner: value}

    def attribute(self, name: str, kind: str, value: str) -> None:
        self.attributes[name] = READ[kind](value)

    def evaluated(self) -> None:
        self.outcome = self.flags.evaluate(self.key, self.subject, self.attributes)

    def value_is(self, expected: str) -> None:
        chosen = self.outcome.value if self.outcome.variant else READ[self.kind](self.default)
        assert chosen == READ[self.kind](expected)

    def reason_is(self, expected: str) -> None:
        assert self.outcome.reason == expected

    def error_is(self, expected: str) -> None:
        assert self.outcome.error_code == expected

    def metadata_holds(self) -> None:
        for row in self.table:
            expected = READ[row["metadata_type"]](row["value"])
            assert self.outcome.metadata[row["key"]] == expected

    def metadata_is_empty(self) -> None:
        assert self.outcome.metadata == {}

    def nothing(self) -> None:
        pass


STEPS = {
    r'a (\w+)-flag with key "(.*?)" and a fallback value "(.*)"': Story.flag,
    r'a context containing a targeting key with value "(.*)"': Story.targeting_key,
    r'.* outer key "(.*)" and inner key "(.*)", with value "(.*)"': Story.nested,
    r'.* a key "(.*)", with type "(.*)" and with value "(.*)"': Story.attribute,
    r"the flag was evaluated with details": Story.evaluated,
    r'the resolved details value should be "(.*)"': Story.value_is,
    r'the reason should be "(.*)"': Story.reason_is,
    r'the error-code should be "(.*)"': Story.error_is,
    r"the resolved metadata should contain": Story.metadata_holds,
    r"the resolved metadata is empty": Story.metadata_is_empty,
    r"an evaluator": Story.nothing,
}


@pytest.mark.parametrize("scenario", all_scenarios())
def test_a_flag_resolves_as_in_the_testbed(flags: FlagSet, scenario: Scenario) -> None:
    story = Story(flags, scenario.table)

    for step in scenario.steps:
        ((match, act),) = [
            (match, act) for form, act in STEPS.items() if (match := re.fullmatch(form, step))
        ]
        act(story, *match.groups())

    assert story.outcome is not None


def test_all_applicable_scenarios_are_found() -> None:
    assert len(all_scenarios()) == 124


OFFICIAL = ROOT / "json-logic/tests.json"
KNOWN = {"if", *OPERATIONS}


def operators_of(rule: object) -> set[str]:
    if isinstance(rule, dict):
        return {*rule, *(name for operands in rule.values() for name in operators_of(operands))}
    if isinstance(rule, list):
        return {name for item in rule for name in operators_of(item)}
    return set()


def official_cases() -> list[Any]:
    cases = json.loads(OFFICIAL.read_text()) if OFFICIAL.is_file() else []
    return [
        pytest.param(*case, id=json.dumps(case)[:80])
        for case in cases
        if isinstance(case, list)
        and operators_of(case[0])
        and operators_of(case[0]) <= KNOWN
        and isinstance(case[1], dict | None)
    ]


@pytest.mark.parametrize(("rule", "data", "expected"), official_cases())
def test_a_rule_comes_to_what_json_logic_says(rule: dict, data: Any, expected: Any) -> None:
    asked = {"if": [{"===": [{"cat": [rule]}, {"cat": [expected]}]}, "right", "wrong"]}
    flag = {"state": "ENABLED", "variants": {"right": 1, "wrong": 0}, "targeting": asked}
    flags = compile_document({"flags": {"asked": flag}})

    assert flags.problems == ()
    assert flags.evaluate("asked", None, data or {}).variant == "right"
