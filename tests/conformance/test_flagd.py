"""flagd's public scenarios, from a `shared` folder beside or above the tree.

Every scenario goes the whole way: a document that a real server publishes, our provider, and the
OpenFeature SDK. What does not apply is listed in NOT_APPLICABLE with its reason, and nowhere else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagEvaluationDetails

from phasegate.client import PhasegateProvider
from phasegate.server.board import FlagBoard
from phasegate.server.flagstream import flagstream

PLACES = [place / "shared/conformance/flagd" for place in Path(__file__).parents]
TESTBED = next((place for place in PLACES if place.is_dir()), PLACES[0]) / "testbed"

pytestmark = pytest.mark.skipif(not TESTBED.is_dir(), reason="the shared data is not here")

NOT_APPLICABLE = {
    "@fractional-v1": "v1 bucketed by floating-point shares; flagd left it, and we hash v2 and v3",
    "@deprecated": "the testbed itself replaced it by @no-default-variant, which runs",
    "@contextEnrichment": "adds what flagd was started with (-X) to every context; a control "
    "plane adds nothing to an application's context",
    "Use enriched context": "the same over flagd's sync, as @sync-payload",
    "Use enriched context on connection error for IN-PROCESS": "the same while the server is lost; "
    "that flags outlive a lost server is shown in tests/client",
}
"""By tag or by scenario: why it does not run here."""

COUNTS = {
    "evaluator": {"run": 125, "left out": 15},
    "provider": {"run": 270, "left out": 28},
}


class Scenario(NamedTuple):
    name: str
    tags: frozenset[str]
    steps: list[str]
    table: list[dict[str, str]]

    def why_not(self) -> str | None:
        found = (NOT_APPLICABLE.get(mark) for mark in (self.name, *sorted(self.tags)))
        return next((why for why in found if why), None)


def scenarios(text: str) -> Iterator[Scenario]:
    """Read a feature: outlines are filled in from each row of their examples."""
    lines = "\n".join(line.strip() for line in text.splitlines())
    tagged = re.sub(r"^(@.*)\n+", r"\1 ", lines, flags=re.MULTILINE)
    head, *blocks = re.split(r"\n(?=(?:@.* )?(?:Background|Scenario))", tagged)
    whole, background = _tags(head), list[str]()
    for block in blocks:
        steps, *examples = re.split(r"\n(?=(?:@.* )?Examples)", block)
        title = re.search(r"(?:Background|Scenario)[^:]*:(.*)", block)
        if title[0].startswith("Background"):
            background = _steps(steps)
            continue
        name, tags = title[1].strip(), whole | _tags(steps)
        if not examples:
            yield Scenario(name, tags, background + _steps(steps), _rows(steps))
        for example in examples:
            for row in _rows(example):
                filled = [_filled(step, row) for step in background + _steps(steps)]
                yield Scenario(name, tags | _tags(example), filled, [])


def _tags(block: str) -> frozenset[str]:
    return frozenset(re.findall(r"(?<!\S)@[\w-]+", re.sub(r"^#.*$", "", block, flags=re.M)))


def _steps(block: str) -> list[str]:
    return re.findall(r"^(?:Given|And|When|Then) (.*)$", block, re.MULTILINE)


def _rows(block: str) -> list[dict[str, str]]:
    lines = re.findall(r"^\|(.*)\|$", block, re.MULTILINE)
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[1:]]


def _filled(step: str, row: dict[str, str]) -> str:
    return re.sub(r"<([\w ]+)>", lambda match: row[match[1]], step)


def found(suite: str) -> list[tuple[str, Scenario]]:
    folder = TESTBED / ("evaluator/gherkin" if suite == "evaluator" else "gherkin")
    files = sorted(folder.glob("*.feature")) if folder.is_dir() else []
    return [(file.stem, one) for file in files for one in scenarios(file.read_text())]


def versions(scenario: Scenario) -> list[str]:
    """Return the hashings a scenario is asked under; where it names none, it holds under both."""
    named = [version for version in ("v2", "v3") if f"@fractional-{version}" in scenario.tags]
    return named or (["v2", "v3"] if "@fractional-nested" in scenario.tags else ["v2"])


def applicable(suite: str) -> list[Any]:
    return [
        pytest.param(suite, one, version, id=f"{stem}-{number}-{version}-{one.name}")
        for number, (stem, one) in enumerate(found(suite))
        if not one.why_not()
        for version in versions(one)
    ]


def merged(*files: Path) -> dict[str, Any]:
    whole: dict[str, Any] = {"flags": {}, "$evaluators": {}, "metadata": {}}
    for file in files:
        for part, content in json.loads(file.read_text()).items():
            if part in whole:
                whole[part] |= content
    return whole


SELECTORS = ("selector-flags.json", "selector-flag-combined-metadata.json")
"""Flag sets of their own; all other files are one, as in the testbed's `allFlags.json`."""


@pytest.fixture(scope="module")
def clients(serve_on: Callable[..., Any]) -> Iterator[Callable[[str], OpenFeatureClient]]:
    board = FlagBoard()
    together = [
        file for file in sorted((TESTBED / "flags").glob("*.json")) if file.name not in SELECTORS
    ]
    sets = {
        "evaluator": merged(TESTBED / "evaluator/flags/testkit-flags.json"),
        "provider": merged(*together),
        **{name: merged(TESTBED / "flags" / name) for name in SELECTORS},
    }
    for name, whole in sets.items():
        for version in ("v2", "v3"):
            # What records no hashing is v2, and a scenario wants to see no metadata there.
            hashing = {"hashing": version} if version == "v3" else {}
            metadata = {**whole["metadata"], **hashing}
            board.publish(f"{name}/{version}", 1, {**whole, "metadata": metadata})
    server = serve_on(flagstream(board, None))
    known: dict[str, OpenFeatureClient] = {}

    def client(environment: str) -> OpenFeatureClient:
        if environment not in known:
            provider = PhasegateProvider(server.url, environment)
            api.set_provider_and_wait(provider, domain=environment)
            known[environment] = api.get_client(environment)
        return known[environment]

    yield client
    api.clear_providers()


READ: dict[str, Callable[[str], Any]] = {
    "Boolean": lambda text: text == "true",
    "String": str,
    "Integer": int,
    "Float": float,
    "Object": lambda text: json.loads(text.replace('\\"', '"')),
}


class Story:
    """Carries out the steps of one scenario."""

    def __init__(self, suite: str, version: str, table: list[dict[str, str]]) -> None:
        self.environment = suite
        self.version = version
        self.table = table
        self.subject: str | None = None
        self.attributes: dict[str, Any] = {}
        self.details: FlagEvaluationDetails[Any] | None = None

    def option(self, name: str, _: str, value: str) -> None:
        """A source that flagd is to read is an environment here; `cache` is for RPC alone."""
        file = Path(value).name
        if name == "selector" and file in SELECTORS:
            self.environment = file

    def flag(self, kind: str, key: str, default: str) -> None:
        self.kind, self.key, self.default = kind, key, READ[kind](default)

    def targeting_key(self, value: str) -> None:
        self.subject = value

    def nested(self, outer: str, inner: str, value: str) -> None:
        self.attributes[outer] = {inner: value}

    def attribute(self, name: str, kind: str, value: str) -> None:
        if name == "targetingKey":
            # The SDK takes a text only; what is none cannot even be handed to a provider of ours.
            self.subject = READ[kind](value)
        else:
            self.attributes[name] = READ[kind](value)

    def evaluated(self, clients: Callable[[str], OpenFeatureClient]) -> None:
        client = clients(f"{self.environment}/{self.version}")
        ask = getattr(client, f"get_{self.kind.lower()}_details")
        context = EvaluationContext(self.subject, self.attributes)
        self.details = ask(self.key, self.default, context)

    def value_is(self, expected: str) -> None:
        wanted = READ[self.kind](expected)
        assert (type(self.details.value), self.details.value) == (type(wanted), wanted)

    def reason_is(self, expected: str) -> None:
        assert self.details.reason == expected

    def error_is(self, expected: str) -> None:
        assert (self.details.error_code or "") == expected

    def metadata_holds(self) -> None:
        for row in self.table:
            expected = READ[row["metadata_type"]](row["value"])
            assert self.details.flag_metadata[row["key"]] == expected

    def metadata_is_empty(self) -> None:
        assert self.details.flag_metadata == {}

    def nothing(self) -> None:
        pass


STEPS = {
    r'an option "(.*)" of type "(.*)" with value "(.*)"': Story.option,
    r'a (\w+)-flag with key "(.*?)" and a (?:fallback|default) value "(.*)"': Story.flag,
    r'a context containing a targeting key with value "(.*)"': Story.targeting_key,
    r'.* outer key "(.*)" and inner key "(.*)", with value "(.*)"': Story.nested,
    r'.* a key "(.*)", with type "(.*)" and with value "(.*)"': Story.attribute,
    r'the resolved details value should be "(.*)"': Story.value_is,
    r'the reason should be "(.*)"': Story.reason_is,
    r'the error-code should be "(.*)"': Story.error_is,
    r"the resolved metadata should contain": Story.metadata_holds,
    r"the resolved metadata is empty": Story.metadata_is_empty,
    r"an evaluator|a (stable|metadata|syncpayload) flagd provider": Story.nothing,
}
EVALUATED = "the flag was evaluated with details"


def tell(story: Story, steps: list[str], clients: Callable[[str], OpenFeatureClient]) -> None:
    for step in steps:
        if step == EVALUATED:
            story.evaluated(clients)
            continue
        ((match, act),) = [
            (match, act) for form, act in STEPS.items() if (match := re.fullmatch(form, step))
        ]
        act(story, *(() if act is Story.nothing else match.groups()))


@pytest.mark.parametrize(
    ("suite", "scenario", "version"), [*applicable("evaluator"), *applicable("provider")]
)
def test_a_flag_resolves_as_in_the_testbed(
    suite: str, scenario: Scenario, version: str, clients: Callable[[str], OpenFeatureClient]
) -> None:
    story = Story(suite, version, scenario.table)

    tell(story, scenario.steps, clients)

    assert story.details is not None


@pytest.mark.parametrize("suite", COUNTS)
def test_every_scenario_runs_or_is_left_out_with_a_reason(suite: str) -> None:
    left_out = [one for _, one in found(suite) if one.why_not()]

    counts = {"run": len(found(suite)) - len(left_out), "left out": len(left_out)}

    assert counts == COUNTS[suite]


def test_no_reason_is_given_for_what_is_not_there() -> None:
    marks = {mark for suite in COUNTS for _, one in found(suite) for mark in (one.name, *one.tags)}

    assert set(NOT_APPLICABLE) <= marks
