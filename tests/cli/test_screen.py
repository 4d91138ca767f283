from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from rich.console import Console

from phasegate.cli import shapes
from phasegate.cli.screen import screen

View = Callable[..., dict[str, Any]]


def drawn(raw: dict[str, Any], log: Sequence[dict[str, Any]] = (), height: int = 50) -> str:
    console = Console(file=io.StringIO(), width=160, height=height, record=True)
    console.print(screen(shapes.run_view(raw), [shapes.event(e) for e in log], height))
    return console.export_text()


def test_the_header_says_where_the_run_is_and_what_is_decided(view: View) -> None:
    shown = drawn(view())

    assert "checkout-1 in demo  running  pace 60\n" in shown
    assert "Everyone  stage 1 of 2  watched 30 s of 1 min\n" in shown
    assert "decision: hold (soaking)\n" in shown
    assert "• 30 s of watching are left" in shown


def test_phases_are_marked_as_passed_or_under_way(view: View) -> None:
    assert "✔ alpha  ▶ beta" in drawn(view())


def test_a_guard_shows_its_numbers_and_how_near_it_is(view: View) -> None:
    row = next(line for line in drawn(view()).splitlines() if "error_rate > 5%" in line)

    for part in ("new_cart", "3.1 %", "1.2 % – 6.2 %", "5 %", "1.1 %", "10/320 | 960", "pass"):
        assert part in row
    assert "████░░░░░░  40%" in row


def test_a_guard_without_data_shows_no_number(view: View) -> None:
    blank = {
        key: view()["guards"][0][key]
        for key in ("phase", "component", "condition", "series", "method")
    }

    shown = drawn(view(guards=[{**blank, "outcome": "inconclusive"}]))

    row = next(line for line in shown.splitlines() if "error_rate > 5%" in line)
    assert row.split()[4:8] == ["–", "–", "–", "–"]
    assert "inconclusive" in row


def test_levels_and_counts_are_no_percentages(view: View) -> None:
    level = {
        **view()["guards"][0],
        "component": "*",
        "condition": "memory > 75%",
        "method": "level",
        "estimate": 61.5,
        "bound": 75.0,
    }

    row = next(line for line in drawn(view(guards=[level])).splitlines() if "memory" in line)

    assert "environment" in row
    assert " 61.5 " in row


def test_where_room_is_short_the_nearest_guards_stay(view: View) -> None:
    guard = view()["guards"][0]
    many = [{**guard, "condition": f"m{i} > 5%", "progress": i / 100} for i in range(40)]
    tripped = {**guard, "condition": "safety_critical", "outcome": "fail", "progress": 0.0}

    shown = drawn(view(guards=[*many, tripped]), height=30)

    assert "safety_critical" in shown
    assert "m39 > 5%" in shown
    assert "m0 > 5%" not in shown
    assert "guards that are farther from tripping" in shown


def test_the_last_six_events_are_shown(view: View, event: Any) -> None:
    shown = drawn(view(), [event(n, "paused", "ada", reason=f"r{n}") for n in range(1, 10)])

    assert "#4 paused  ada  r4" in shown
    assert "#9 paused" in shown
    assert "#3 paused" not in shown


@pytest.mark.parametrize("status", ["completed", "rolled back", "paused", "rolling back"])
def test_a_run_between_or_after_phases_can_be_drawn(status: str, view: View) -> None:
    shown = drawn(view(status=status, phase=None, guards=[], components=[]))

    assert f"checkout-1 in demo  {status}" in shown


def test_text_is_never_read_as_markup(view: View) -> None:
    decision = {"verb": "hold", "rule": "gate_closed", "reasons": ["[bold]p[/bold] [0.1, 0.2]"]}

    assert "• [bold]p[/bold] [0.1, 0.2]" in drawn(view(decision=decision))


def test_on_eighty_columns_a_guard_loses_no_word(view: View) -> None:
    judged = {
        **view()["guards"][0],
        "component": "medical_safety_validator",
        "condition": "error_rate worse than control by 1%",
        "outcome": "inconclusive",
    }
    console = Console(file=io.StringIO(), width=80, record=True)

    console.print(screen(shapes.run_view(view(guards=[judged])), [], 50, 80))

    shown = console.export_text()
    row = next(line for line in shown.splitlines() if "medical_safety_validator" in line)
    for part in ("error_rate", "3.1 %", "40%", "inconclusive"):
        assert part in row
    assert "…" not in shown
