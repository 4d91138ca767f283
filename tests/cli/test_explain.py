from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from click.testing import Result

import phasegate
from phasegate.cli.explain import explanations
from phasegate.core.audit import Tampering

SOURCE = Path(phasegate.__path__[0])
PACKAGES = ("cli", "server", "service", "core/command", "flags")
PLACES = [path for package in PACKAGES for path in SOURCE.glob(f"{package}/**/*.py")]
PLACES += [SOURCE / "planfile/casefile.py", SOURCE / "planfile/folder.py"]
PATTERN = (
    r'(?:Failed|Misused|UnusableCases|OutOfReach|Answer)(?:\.told)?\(\s*(?:\d+,\s*)?"([a-z-]+)"'
    r'|\bcode="([a-z-]+)"|_refusal\(\s*"([a-z-]+)"'
    r'|(?:broken|note)\(\s*"([a-z-]+)"|_problem\([^,]+, "([a-z-]+)"'
)


def codes() -> set[str]:
    texts = [path.read_text("utf-8") for path in PLACES]
    found = [pair for text in texts for pair in re.findall(PATTERN, text)]
    said = {code for groups in found for code in groups if code}
    return said | at_the_end(SOURCE.glob("adapters/[cm]*/*.py")) | {"no-token", "no-answer"}


def at_the_end(places: Iterable[Path]) -> set[str]:
    texts = [path.read_text("utf-8") for path in places]
    return {code for text in texts for code in re.findall(r"\[([a-z]+-[a-z-]+)\]\"", text)}


@pytest.mark.parametrize("code", sorted(codes()))
def test_every_code_of_a_refusal_is_explained(code: str) -> None:
    assert len(explanations()[code]) > 40


def test_no_code_is_explained_that_no_message_has() -> None:
    from phasegate.cli.codes import EXPLANATIONS
    from phasegate.cli.flag_codes import FLAG_EXPLANATIONS

    assert (EXPLANATIONS.keys() | FLAG_EXPLANATIONS.keys()) - codes() == set()


def codes_of_stores() -> set[str]:
    """Return the codes that stand at the end of what stores and health say."""
    places = (*SOURCE.glob("adapters/stores/**/*.py"), SOURCE / "engine/health.py")
    texts = [path.read_text("utf-8") for path in places]
    named = {code for text in texts for code in re.findall(r'"(store-[a-z-]+)"', text)}
    ours = {flaw.value for flaw in Tampering}
    return (at_the_end(places) | named) - ours - {"event-number-taken", "fence-passed"}


def test_what_stores_and_health_say_is_explained_and_nothing_else() -> None:
    from phasegate.cli.codes import EXPLANATIONS
    from phasegate.cli.store_codes import STORE_EXPLANATIONS

    assert (codes_of_stores() - EXPLANATIONS.keys()) ^ STORE_EXPLANATIONS.keys() == set()


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
