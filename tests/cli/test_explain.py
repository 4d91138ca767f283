from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import phasegate
from phasegate.cli.explain import explanations

SOURCE = Path(phasegate.__path__[0])
PLACES = (*SOURCE.glob("cli/*.py"), *SOURCE.glob("server/*.py"))
PLACES += (SOURCE / "service.py", SOURCE / "core/command.py", *SOURCE.glob("flags/*.py"))
PATTERN = (
    r'(?:Failed|Misused|OutOfReach|Answer)\(\s*(?:\d+,\s*)?"([a-z-]+)"'
    r'|\bcode="([a-z-]+)"|_refusal\(\s*"([a-z-]+)"'
    r'|(?:broken|note)\(\s*"([a-z-]+)"|_problem\([^,]+, "([a-z-]+)"'
)


def codes() -> set[str]:
    texts = [path.read_text("utf-8") for path in PLACES]
    found = [pair for text in texts for pair in re.findall(PATTERN, text)]
    return {code for groups in found for code in groups if code} | {"no-token"}


@pytest.mark.parametrize("code", sorted(codes()))
def test_every_code_of_a_refusal_is_explained(code: str) -> None:
    assert len(explanations()[code]) > 40


def test_no_code_is_explained_that_no_message_has() -> None:
    from phasegate.cli.codes import EXPLANATIONS
    from phasegate.cli.flag_codes import FLAG_EXPLANATIONS

    assert (EXPLANATIONS.keys() | FLAG_EXPLANATIONS.keys()) - codes() == set()


def test_a_code_is_explained_in_a_paragraph(alone: Callable[..., Result]) -> None:
    shown = alone("explain", "own-work").stdout

    assert shown.startswith("own-work: Whoever wrote a plan")


def test_a_code_of_plans_is_explained_too(alone: Callable[..., Result]) -> None:
    assert alone("explain", "exposure-range").exit_code == 0


def test_an_unknown_code_is_told_with_the_nearest(alone: Callable[..., Result]) -> None:
    result = alone("explain", "exposure-rnge")

    assert result.exit_code == 1
    assert "Did you mean exposure-range?" in result.stderr


def test_without_a_code_all_are_listed(alone: Callable[..., Result]) -> None:
    assert set(alone("explain").stdout.split()) == set(explanations())
