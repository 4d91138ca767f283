from __future__ import annotations

import json
from collections.abc import Callable

from click.testing import Result

from phasegate.drills.all import DRILLS


def test_drills_are_listed_with_their_faults(alone: Callable[..., Result]) -> None:
    result = alone("drill", "--json")

    assert result.exit_code == 0
    assert [each["name"] for each in json.loads(result.stdout)["drills"]] == list(DRILLS)


def test_every_fault_that_is_promised_for_has_a_drill(alone: Callable[..., Result]) -> None:
    shown = alone("drill", "--list").stdout

    for name in (
        "server-killed",
        "store-gone",
        "telemetry-cut",
        "clock-jump",
        "disk-full",
        "slow-store",
        "duplicate-and-reordered-delivery",
        "split",
        "stalled-server",
        "restored",
    ):
        assert f"{name} " in shown


def test_an_unknown_drill_is_told_the_known_ones(alone: Callable[..., Result]) -> None:
    result = alone("drill", "earthquake")

    assert result.exit_code == 2
    assert "server-killed" in result.stderr
    assert "[unknown-drill]" in result.stderr
