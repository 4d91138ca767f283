from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

RUN = "/api/v1/runs/checkout-1"


@pytest.mark.parametrize(
    ("command", "kind", "given", "body"),
    [
        ("pause", "paused", (), {"reason": "why"}),
        ("resume", "resumed", (), {"reason": "why"}),
        ("retry", "retried", (), {"reason": "why", "components": []}),
        (
            "retry",
            "retried",
            ("--component", "a", "--component", "b"),
            {"reason": "why", "components": ["a", "b"]},
        ),
    ],
)
def test_an_order_is_sent_and_the_event_told(
    *,
    command: str,
    kind: str,
    given: tuple[str, ...],
    body: dict[str, Any],
    under_way: Any,
    event: Any,
    phasegate: Callable[..., Result],
) -> None:
    under_way.on("POST", f"{RUN}/{command}", event(6, kind, "ada"))

    result = phasegate("run", command, "--reason", "why", *given)

    assert result.stdout == f"checkout-1: {kind} (event 6)\n"
    assert under_way.bodies(f"{RUN}/{command}") == [body]


@pytest.mark.parametrize("command", ["pause", "resume", "retry", "rollback"])
def test_an_order_without_a_reason_is_wrong_usage(
    command: str, phasegate: Callable[..., Result]
) -> None:
    result = phasegate("run", command, "checkout-1")

    assert result.exit_code == 2
    assert "--reason" in result.stderr


def test_a_run_is_rolled_back_by_component_and_awaited(
    under_way: Any, log: Any, event: Any, phasegate: Callable[..., Result]
) -> None:
    back = event(3, "rollback_started", "ada", components=["new_cart"])
    under_way.on("POST", f"{RUN}/rollback", back)

    result = phasegate("run", "rollback", "--component", "new_cart", "--reason", "prices")

    assert result.stdout.endswith("new_cart confirmed back at the target, safe after 840 ms\n")
    assert under_way.bodies(f"{RUN}/rollback") == [
        {"phase": "current", "components": ["new_cart"], "reason": "prices"}
    ]
