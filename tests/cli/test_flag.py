from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from phasegate.core.plan import Mode
from phasegate.flags.document import FlagState, document

STATES = (
    FlagState(key="all", exposure=10_000),
    FlagState(key="dark", exposure=2_500, mode=Mode.SHADOW, on_trial=True),
    FlagState(key="dead", exposure=5_000, killed=True),
    FlagState(key="nobody", exposure=0),
    FlagState(key="some", exposure=50, on_trial=True),
)


@pytest.fixture
def flags(server: Any) -> Any:
    server.on("GET", "/api/v1/flags", document("demo", 7, STATES))
    return server


def test_the_list_shows_what_each_flag_is(flags: Any, phasegate: Callable[..., Result]) -> None:
    told = json.loads(phasegate("flag", "list", "--json").stdout)["flags"]

    shown = {f["flag"]: (f["exposure"], f["mode"], f["on_trial"], f["killed"]) for f in told}
    assert shown == {
        "all": (10_000, "live", False, False),
        "dark": (2_500, "shadow", True, False),
        "dead": (0, "live", False, True),
        "nobody": (0, "live", False, False),
        "some": (50, "live", True, False),
    }


def test_people_see_shares_not_basis_points(flags: Any, phasegate: Callable[..., Result]) -> None:
    shown = phasegate("flag", "list").stdout

    assert shown.startswith("demo, version 7\n")
    assert "0.5 %" in shown


def test_the_environment_goes_along(flags: Any, phasegate: Callable[..., Result]) -> None:
    phasegate("flag", "show", "some", "--environment", "staging")

    assert flags.queries == [{"environment": ["staging"]}]


def test_an_unknown_flag_is_told_with_the_known(
    flags: Any, phasegate: Callable[..., Result]
) -> None:
    result = phasegate("flag", "show", "sum")

    assert result.exit_code == 1
    assert "Known: all, dark, dead, nobody, some.  [unknown-flag]" in result.stderr


@pytest.mark.parametrize(("share", "points"), [("25%", 2500), ("0.5 %", 50), ("0%", 0)])
def test_a_flag_is_set_to_a_share_in_basis_points(
    share: str, points: int, server: Any, event: Any, phasegate: Callable[..., Result]
) -> None:
    server.on("POST", "/api/v1/flags/new_cart/set", event(1, "flag_set", "ada"))

    result = phasegate("flag", "set", "new_cart", share, "--reason", "pilot")

    assert result.stdout == "new_cart: flag_set (event 1 of checkout-1)\n"
    assert server.bodies("/api/v1/flags/new_cart/set") == [{"exposure": points, "reason": "pilot"}]


@pytest.mark.parametrize("share", ["25", "0.25", "101%", "a lot", "0.001%"])
def test_what_is_no_share_is_wrong_usage(
    share: str, server: Any, phasegate: Callable[..., Result]
) -> None:
    assert phasegate("flag", "set", "new_cart", share, "--reason", "pilot").exit_code == 2
    assert server.asked == []


@pytest.mark.parametrize("change", ["kill", "revive"])
def test_a_flag_is_killed_and_revived_with_a_reason(
    change: str, server: Any, event: Any, phasegate: Callable[..., Result]
) -> None:
    path = f"/api/v1/flags/new_cart/{change}"
    server.on("POST", path, event(1, f"flag_{change}ed", "ada"))

    result = phasegate("flag", change, "new_cart", "--reason", "totals", "--environment", "demo")

    assert result.exit_code == 0
    assert server.bodies(path) == [{"reason": "totals"}]
    assert server.queries == [{"environment": ["demo"]}]
