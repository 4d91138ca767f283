from __future__ import annotations

from collections.abc import Callable
from typing import Any

from click.testing import Result

AUDIT = "/api/v1/runs/checkout-1/audit"


def test_a_sound_log_is_told_with_its_length(
    under_way: Any, phasegate: Callable[..., Result]
) -> None:
    under_way.on("GET", AUDIT, {"events": 14, "flaws": []})

    result = phasegate("audit", "verify")

    assert (result.exit_code, result.stdout) == (0, "checkout-1: the chain of 14 events holds\n")


def test_a_flawed_log_fails_and_says_where(
    under_way: Any, phasegate: Callable[..., Result]
) -> None:
    under_way.on("GET", AUDIT, {"events": 14, "flaws": ["event 3 is not what it was"]})

    result = phasegate("audit", "verify")

    assert result.exit_code == 1
    assert "event 3 is not what it was" in result.stderr
    assert "[log-flawed]" in result.stderr


def test_a_log_without_events_is_not_sound(server: Any, phasegate: Callable[..., Result]) -> None:
    server.on("GET", "/api/v1/runs/nobody/audit", {"events": 0, "flaws": []})

    result = phasegate("audit", "verify", "nobody")

    assert result.exit_code == 1
    assert "[unknown-run]" in result.stderr
