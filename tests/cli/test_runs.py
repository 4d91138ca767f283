from __future__ import annotations

from collections.abc import Callable
from typing import Any

from click.testing import Result

RUNS = "/api/v1/runs"


def test_the_only_run_under_way_needs_no_name(
    under_way: Any, line: Any, phasegate: Callable[..., Result]
) -> None:
    ended = line("checkout-0", status="completed", phase=None)
    under_way.on("GET", RUNS, {"runs": [ended, line()]})

    assert phasegate("run", "status").stdout.startswith("checkout-1: running in demo, 60 times")


def test_of_several_runs_one_must_be_named(
    server: Any, line: Any, phasegate: Callable[..., Result]
) -> None:
    server.on("GET", RUNS, {"runs": [line("a"), line("b", environment="production")]})

    result = phasegate("run", "status")

    assert result.exit_code == 1
    assert result.stderr == (
        "error: 2 runs are under way\n    Name one: a (demo), b (production).  [several-runs]\n"
    )


def test_where_none_is_under_way_the_latest_is_named_not_taken(
    server: Any, line: Any, phasegate: Callable[..., Result]
) -> None:
    server.on("GET", RUNS, {"runs": [line("checkout-0", status="rolled back")]})

    result = phasegate("run", "why")

    assert result.exit_code == 1
    assert "The latest that ended is checkout-0.  [no-run]" in result.stderr


def test_a_name_is_sent_as_one_segment_of_the_path(
    server: Any, phasegate: Callable[..., Result]
) -> None:
    phasegate("run", "status", "../flags?x=1")

    assert server.asked == [("GET", "/api/v1/runs/..%2Fflags%3Fx%3D1", None)]


def test_a_log_without_events_is_no_run(server: Any, phasegate: Callable[..., Result]) -> None:
    server.on("GET", f"{RUNS}/nobody/events", {"events": []})

    result = phasegate("run", "events", "nobody")

    assert result.exit_code == 1
    assert "[unknown-run]" in result.stderr
