from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

RUN = "/api/v1/runs/checkout-1"
EVENTS = f"{RUN}/events"


@pytest.fixture
def withdrawing(under_way: Any, event: Any, log: Any) -> Any:
    """Event 6 takes two components back; it is confirmed at the second look."""
    started = event(6, "rollback_started", "ada", components=["new_cart", "old_cart"])
    body = {"phase": "beta", "components": ["new_cart", "old_cart"], "time_to_safe_ms": 1250}
    confirmed = event(7, "rollback_confirmed", rollback=6, **body)
    for command in ("emergency", "rollback"):
        under_way.on("POST", f"{RUN}/{command}", started)
    before = {"events": [*log, started]}
    under_way.on("GET", EVENTS, before, {"events": [*log, started, confirmed]})
    return under_way


def test_an_emergency_takes_the_current_phase_back_and_tells_time_to_safe(
    withdrawing: Any, phasegate: Callable[..., Result]
) -> None:
    result = phasegate("rollback", "emergency", "--phase", "current")

    assert result.exit_code == 0
    assert result.stdout == (
        "checkout-1: rolling back new_cart, old_cart (event 6)\n"
        "checkout-1: new_cart, old_cart confirmed back at the target, safe after 1.25 s\n"
    )
    assert withdrawing.bodies(f"{RUN}/emergency") == [
        {"phase": "current", "components": [], "reason": ""}
    ]


def test_a_controlled_rollback_names_phase_and_reason(
    withdrawing: Any, phasegate: Callable[..., Result]
) -> None:
    phasegate("rollback", "controlled", "--phase", "beta", "--reason", "Performance issues")

    assert withdrawing.bodies(f"{RUN}/rollback") == [
        {"phase": "beta", "components": [], "reason": "Performance issues"}
    ]


@pytest.mark.parametrize("given", [("--phase", "beta"), ("--reason", "slow")])
def test_a_controlled_rollback_needs_both(
    given: tuple[str, str], withdrawing: Any, phasegate: Callable[..., Result]
) -> None:
    assert phasegate("rollback", "controlled", *given).exit_code == 2


def test_another_rollback_confirmed_before_is_no_confirmation(
    withdrawing: Any, log: Any, event: Any, phasegate: Callable[..., Result]
) -> None:
    other = event(7, "rollback_confirmed", rollback=3, components=[], time_to_safe_ms=1)
    withdrawing.on("GET", EVENTS, {"events": [*log, other]})

    result = phasegate("rollback", "emergency", "--timeout", "10ms")

    assert result.exit_code == 1
    assert "safe after" not in result.stdout
    assert "event 6 is not confirmed at the target yet" in result.stderr


def test_who_does_not_wait_is_told_only_that_it_began(
    withdrawing: Any, phasegate: Callable[..., Result]
) -> None:
    result = phasegate("rollback", "emergency", "--no-wait", "--json")

    told = json.loads(result.stdout)
    assert (told["event"], told["confirmed"], told["time_to_safe_ms"]) == (6, False, None)


def test_in_json_the_time_to_safe_is_a_number(
    withdrawing: Any, phasegate: Callable[..., Result]
) -> None:
    told = json.loads(phasegate("rollback", "emergency", "--json").stdout)

    assert (told["confirmed"], told["time_to_safe_ms"]) == (True, 1250)


def test_a_run_may_be_named(withdrawing: Any, phasegate: Callable[..., Result]) -> None:
    phasegate("rollback", "emergency", "--run", "checkout-1")

    assert ("GET", "/api/v1/runs", None) not in withdrawing.asked
