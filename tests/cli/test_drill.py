from __future__ import annotations

import json
from collections.abc import Callable

from click.testing import Result

from phasegate.drills.all import DRILLS


def test_drills_are_listed_with_their_faults(alone: Callable[..., Result]) -> None:
    result = alone("drill", "--json")

    assert result.exit_code == 0
    assert [each["name"] for each in json.loads(result.stdout)["drills"]] == list(DRILLS)


def test_an_unknown_drill_is_told_the_known_ones(alone: Callable[..., Result]) -> None:
    result = alone("drill", "earthquake")

    assert result.exit_code == 2
    assert "server-killed" in result.stderr
    assert "[unknown-drill]" in result.stderr
