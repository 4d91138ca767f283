from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from phasegate.cli.drill import showing
from phasegate.drills.all import DRILLS
from phasegate.drills.processes import until


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


def test_what_a_drill_waits_for_is_told_on_stderr_line_by_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with showing("split (2 of 10)", show=True):
        until("the store is back", lambda: True)
        until("the store is back", lambda: True)
        until("it is confirmed", lambda: True)
    until("nobody looks", lambda: True)

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        "split (2 of 10): waits until the store is back\n"
        "split (2 of 10): waits until it is confirmed\n"
    )


def test_programs_are_told_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    with showing("split", show=False):
        until("the store is back", lambda: True)

    assert capsys.readouterr() == ("", "")
