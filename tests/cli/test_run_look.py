from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from click.testing import Result


def test_the_list_shows_every_run(under_way: Any, phasegate: Callable[..., Result]) -> None:
    row = next(row for row in phasegate("run", "list").stdout.splitlines() if "checkout-1" in row)

    assert row.split() == ["checkout-1", "demo", "running", "beta", "1", "60", "ada"]


def test_without_runs_the_list_says_how_to_start_one(
    server: Any, phasegate: Callable[..., Result]
) -> None:
    server.on("GET", "/api/v1/runs", {"runs": []})

    assert phasegate("run", "list").stdout == (
        "there are no runs; start one: phasegate run start PLAN\n"
    )


def test_status_says_what_is_decided_and_why(
    under_way: Any, phasegate: Callable[..., Result]
) -> None:
    shown = phasegate("run", "status").stdout

    assert "decision: hold (soaking)\n  30 s of watching are left\n" in shown
    assert "1 of 2   30 s of 1 min" in shown
    assert "25 %" in shown


def test_status_says_what_a_rollback_waits_for(
    under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    waits = "application checkout-1 was lost and may still serve"
    under_way.on("GET", "/api/v1/runs/checkout-1", view(unconfirmed=[waits]))

    assert f"\n  waits: {waits}\n" in phasegate("run", "status").stdout
    assert f"\n  waits: {waits}\n" in phasegate("run", "why").stdout


def test_status_says_why_a_metric_is_unseen(
    under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    at, why = "2030-01-01T12:00:00+00:00", "queue: no answer from 127.0.0.1:9090"
    unseen = [{"metric": "queue", "at": at, "why": why}]
    under_way.on("GET", "/api/v1/runs/checkout-1", view(unseen=unseen))

    assert re.search(
        rf"\n  unseen at \d\d:\d\d:\d\d: {re.escape(why)}\n", phasegate("run", "why").stdout
    )


def test_status_says_how_it_goes_on_after_a_rollback(
    under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    old, new = view()["components"]
    back = view(components=[old, {**new, "state": "withdrawn", "exposure": 0}])
    under_way.on("GET", "/api/v1/runs/checkout-1", back)

    shown = phasegate("run", "status").stdout

    assert "\n  new_cart was taken back, and the phase does not pass without it" in shown
    assert "\n    phasegate run retry checkout-1 --component new_cart --reason TEXT\n" in shown
    assert "old_cart was" not in shown


def test_status_in_json_is_what_the_server_says(
    under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    assert json.loads(phasegate("run", "status", "--json").stdout) == view()


def test_text_in_brackets_is_shown_as_it_is(
    under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    phases = [{**view()["phases"][1], "title": "[red]Everyone[/] :smile:"}]
    under_way.on("GET", "/api/v1/runs/checkout-1", view(phases=phases))

    assert "[red]Everyone[/] :smile:" in phasegate("run", "status").stdout


def test_events_are_told_one_a_line(under_way: Any, phasegate: Callable[..., Result]) -> None:
    lines = phasegate("run", "events", "--after", "1").stdout.splitlines()

    assert [line.partition("  ")[2] for line in lines] == [
        "#2 phase_started  engine  alpha",
        "#3 rollback_started  engine  new_cart by guard_tripped: "
        "new_cart: error rate 8 % where at most 5 % is allowed",
        "#4 rollback_confirmed  engine  new_cart confirmed back, safe after 840 ms",
        "#5 phase_passed  engine  alpha",
    ]
