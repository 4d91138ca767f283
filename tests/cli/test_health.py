from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from click.testing import Result


def test_a_server_that_decides_is_healthy(server: Any, phasegate: Callable[..., Result]) -> None:
    server.on("GET", "/health/live", {"status": "live"})
    server.on("GET", "/health/ready", {"status": "ready", "why": None})

    result = phasegate("health")

    assert (result.exit_code, result.stdout) == (0, "live    yes\nready   yes\n")


def test_a_server_that_does_not_decide_is_not(
    server: Any, phasegate: Callable[..., Result]
) -> None:
    server.on("GET", "/health/live", {"status": "live"})
    why = {"status": "not ready", "why": "the store does not answer"}
    server.on("GET", "/health/ready", why, status=503)

    result = phasegate("health", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["why"] == "the store does not answer"
    assert "[not-ready]" in result.stderr


def test_a_reason_with_a_code_of_its_own_has_that_one(
    server: Any, phasegate: Callable[..., Result]
) -> None:
    server.on("GET", "/health/live", {"status": "live"})
    why = {"status": "not ready", "why": "nobody decides [nobody-decides]"}
    server.on("GET", "/health/ready", why, status=503)

    told = phasegate("health").stderr

    assert told.splitlines()[0] == f"error: {server.url} is not ready: nobody decides"
    assert told.endswith("  [nobody-decides]\n")


def test_another_program_on_the_port_is_not_healthy(
    server: Any, phasegate: Callable[..., Result]
) -> None:
    server.on("GET", "/health/live", {"status": "up"})
    server.on("GET", "/health/ready", {"status": "up"})

    assert phasegate("health").exit_code == 1


def test_nobody_there_ends_with_three(alone: Callable[..., Result]) -> None:
    assert alone("health", "--server", "http://127.0.0.1:9").exit_code == 3
