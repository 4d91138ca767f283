from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

RUN = "/api/v1/runs/checkout-1"
SIGN = ("run", "sign-off", "--meaning", "safe enough")
WAIVE = ("run", "waive", "--what", "run tests", "--reason", "known")
HASH = "ab" * 32


@pytest.fixture
def signing(under_way: Any, event: Any) -> Any:
    under_way.on("POST", f"{RUN}/sign-off", event(6, "signed_off", "ben"))
    under_way.on("POST", f"{RUN}/waive", event(6, "waived", "ben"))
    return under_way


def test_who_signs_is_shown_the_plan_and_its_gates_and_asked(
    signing: Any, phasegate: Callable[..., Result]
) -> None:
    result = phasegate(*SIGN, answers="y\n")

    assert f"hash  {HASH}\n" in result.stderr
    assert "gate  inconclusive: new_cart: error rate 3.1 %" in result.stderr
    assert "Sign for beta of this plan?" in result.stderr
    assert signing.bodies(f"{RUN}/sign-off") == [
        {"phase": "beta", "meaning": "safe enough", "plan_hash": HASH}
    ]


@pytest.mark.parametrize("answers", ["n\n", ""])
def test_without_a_yes_nothing_is_signed(
    answers: str, signing: Any, phasegate: Callable[..., Result]
) -> None:
    result = phasegate(*SIGN, answers=answers)

    assert result.exit_code == 1
    assert result.stderr.endswith("--plan-hash HASH or --yes.  [not-signed]\n")
    assert signing.bodies(f"{RUN}/sign-off") == []


def test_a_hash_that_was_read_elsewhere_is_signed_without_a_question(
    signing: Any, phasegate: Callable[..., Result]
) -> None:
    result = phasegate(*SIGN, "--phase", "beta", "--plan-hash", "cd" * 32)

    assert result.exit_code == 0
    assert signing.bodies(f"{RUN}/sign-off")[0]["plan_hash"] == "cd" * 32


def test_between_phases_there_is_nothing_to_sign(
    signing: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    signing.on("GET", RUN, view(phase=None))

    result = phasegate(*SIGN, "--yes")

    assert result.exit_code == 1
    assert "[no-phase]" in result.stderr


@pytest.mark.parametrize(("lasts", "seconds"), [((), 3600.0), (("--lasts", "90m"), 5400.0)])
def test_a_waiver_lasts_an_hour_or_as_long_as_is_said(
    lasts: tuple[str, ...], seconds: float, signing: Any, phasegate: Callable[..., Result]
) -> None:
    phasegate(*WAIVE, *lasts)

    assert signing.bodies(f"{RUN}/waive") == [
        {"phase": "beta", "what": "run tests", "reason": "known", "lasts_s": seconds}
    ]


@pytest.mark.parametrize("lasts", ["5", "an hour", "-1h", ""])
def test_a_duration_without_its_unit_is_wrong_usage(
    lasts: str, signing: Any, phasegate: Callable[..., Result]
) -> None:
    result = phasegate(*WAIVE, "--lasts", lasts)

    assert result.exit_code == 2
    assert signing.bodies(f"{RUN}/waive") == []
