from __future__ import annotations

import re
from pathlib import Path

import pytest

from phasegate.planfile import keys, parse

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "plan-file.md").read_text("utf-8")
TABLES = (keys.PLAN, keys.HAZARD, keys.CASES, keys.METRIC, keys.PHASE, keys.COMPONENT, keys.STEP)


def test_the_example_of_the_reference_is_a_plan_without_problems() -> None:
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)

    assert example is not None
    assert parse(example[1]).problems == ()


@pytest.mark.parametrize("key", sorted({key for table in TABLES for key in table}))
def test_every_key_is_in_the_reference(key: str) -> None:
    assert re.search(rf"\b{key}\b", PAGE)
