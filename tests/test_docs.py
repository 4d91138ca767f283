"""The pages that describe the code describe this code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from phasegate.core.decide import RULES

ROOT = Path(__file__).parents[1]
HOUSE = (ROOT / "docs/house.md").read_text("utf-8")
REASONS = (ROOT / "docs/decisions/0002-dependencies.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_the_house_is_drawn_with_its_layers_as_they_are_checked() -> None:
    contract = next(one for one in PROJECT["tool"]["importlinter"]["contracts"] if "layers" in one)
    checked = [
        [name.strip().removeprefix("phasegate.") for name in layer.split("|")]
        for layer in contract["layers"]
    ]

    drawing = HOUSE.split("```")[1].strip().splitlines()

    assert [re.split(r"\s{2,}", line)[0].split(" │ ") for line in drawing] == checked


def test_every_package_has_its_layer() -> None:
    packages = {path.parent.name for path in ROOT.glob("src/phasegate/*/__init__.py")}

    assert packages <= set(re.findall(r"\w+", HOUSE.split("```")[1]))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_place_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text("utf-8")

    named = re.findall(r"`((?:src|tests|docs|scripts|bench|plans)/[\w./-]+)`", text)
    linked = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)

    assert [place for place in named if not (ROOT / place).exists()] == []
    assert [place for place in linked if not (page.parent / place).exists()] == []


def test_the_policy_is_told_in_its_order() -> None:
    table = (ROOT / "docs/concepts.md").read_text("utf-8").split("| rule | |")[1]

    told = re.findall(r"^\| (\w+) \|", table, re.MULTILINE)

    assert told == [rule.__name__ for rule in RULES]


def test_every_dependency_has_its_reason_and_every_reason_its_dependency() -> None:
    extras = PROJECT["project"]["optional-dependencies"].values()
    needed = {named(line) for extra in extras for line in extra} - {"phasegate"}

    rows = re.findall(r"^\| ([^|]+) \| \w", REASONS, re.MULTILINE)[1:]
    told = [name.strip() for row in rows for name in row.split(",")]

    assert sorted(told) == sorted(needed)


def test_what_development_needs_is_named() -> None:
    developing = {named(line) for line in PROJECT["dependency-groups"]["dev"]}

    told = set(re.findall(r"[\w-]+", REASONS.split("For development:")[1]))

    assert developing <= told


def named(requirement: str) -> str:
    """Return the package that a requirement is of."""
    return re.split(r"[\[>=]", requirement)[0]
