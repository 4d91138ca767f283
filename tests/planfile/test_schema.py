from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from phasegate.planfile import schema

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "reference" / "plan.schema.json"
PLANS = sorted((ROOT / "plans").glob("*.yaml"))


def test_the_published_schema_is_the_one_the_code_gives() -> None:
    expected = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"

    assert PUBLISHED.read_text(encoding="utf-8") == expected, "write schema() to the file again"


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_shipped_plans_keep_to_the_schema(path: Path) -> None:
    plan = yaml.safe_load(path.read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator(schema()).validate(plan)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("new_cart: 5%", "new_cart: 5"),
        ("risk: low", "risk: none"),
        ("roll_back_when:", "rollback_when:"),
        ("lasts: 1h to 8h", "lasts: 8h"),
        ("[approver]", "[viewer]"),
        ("author: ada", "owner: ada"),
    ],
)
def test_editors_see_what_the_reader_would_refuse(right: str, wrong: str) -> None:
    text = (ROOT / "plans" / "checkout.yaml").read_text(encoding="utf-8")
    plan = yaml.safe_load(text.replace(right, wrong, 1))

    assert not jsonschema.Draft202012Validator(schema()).is_valid(plan)
