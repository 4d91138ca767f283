from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from phasegate.cli import shapes
from phasegate.cli.wording import TOLD, exposure, milliseconds, tell
from phasegate.core.run import CHANGES

BODIES: dict[str, tuple[dict[str, Any], str]] = {
    "run_started": (
        {"plan": "checkout", "environment": "demo", "pace": 60.0},
        "plan checkout in demo, 60 times as fast",
    ),
    "exposed": (
        {
            "phase": "alpha",
            "stage": 0,
            "components": [
                {"component": "a", "exposure": 500, "mode": "live"},
                {"component": "b", "exposure": 10_000, "mode": "shadow"},
            ],
        },
        "alpha, stage 1: a 5 %, b 100 % in shadow",
    ),
    "retried": (
        {"components": {}, "reason": "more traffic now"},
        "the gates: more traffic now",
    ),
    "overdue": ({"closed": {"error_rate < 2%": "undecided"}}, "error_rate < 2%: undecided"),
    "signed_off": (
        {"phase": "alpha", "role": "approver", "meaning": "fine"},
        "alpha as approver: fine",
    ),
    "waived": (
        {"what": "run tests", "expires": "2030-01-01T13:00:00+00:00", "reason": "known"},
        "run tests until 2030-01-01T13:00:00+00:00: known",
    ),
    "rollback_started": (
        {"phase": "beta", "components": [], "rule": "by_hand", "reasons": ["the pilot is over"]},
        "beta (nothing of it was exposed) by hand: the pilot is over",
    ),
    "paused": ({"reason": "lunch"}, "lunch"),
}


@pytest.mark.parametrize("kind", BODIES)
def test_an_event_is_told_in_one_line(kind: str, event: Callable[..., dict[str, Any]]) -> None:
    body, told = BODIES[kind]

    assert tell(shapes.event(event(1, kind, **body))) == told


def test_every_kind_of_event_is_told() -> None:
    flags = {"flag_set", "flag_killed", "flag_revived"}

    assert TOLD.keys() == {"run_started", *CHANGES, *flags}


def test_an_event_of_another_shape_does_not_end_a_watch(
    event: Callable[..., dict[str, Any]],
) -> None:
    assert tell(shapes.event(event(1, "exposed", phases=[]))) == "(unreadable: phases)"
    assert tell(shapes.event(event(1, "from_the_future", x=1))) == ""


@pytest.mark.parametrize(("points", "text"), [(1, "0.01 %"), (50, "0.5 %"), (10_000, "100 %")])
def test_basis_points_are_shown_as_shares(points: int, text: str) -> None:
    assert exposure(points) == text


@pytest.mark.parametrize(("ms", "text"), [(8, "8 ms"), (999, "999 ms"), (1250, "1.25 s")])
def test_short_times_keep_their_digits(ms: float, text: str) -> None:
    assert milliseconds(ms) == text
