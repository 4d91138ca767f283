from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from click.testing import Result

RUN = "/api/v1/runs/checkout-1"
QUICK = ("--every", "1ms")


def test_in_a_pipe_every_event_is_one_line_until_the_run_ends(
    under_way: Any, view: Any, log: Any, event: Any, phasegate: Callable[..., Result]
) -> None:
    longer = [*log, event(6, "completed")]
    under_way.on("GET", RUN, view(), view(status="completed", phase=None))
    under_way.on("GET", f"{RUN}/events", {"events": log}, {"events": longer})

    result = phasegate("run", "watch", *QUICK)

    assert result.exit_code == 0
    numbers = [line.split()[1] for line in result.stdout.splitlines()]
    assert numbers == ["#1", "#2", "#3", "#4", "#5", "#6"]


def test_watching_until_completed_fails_when_the_run_is_rolled_back(
    under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    under_way.on("GET", RUN, view(status="rolled back"))

    result = phasegate("run", "watch", "--until", "completed", *QUICK)

    assert result.exit_code == 1
    assert "checkout-1 has ended otherwise: rolled back" in result.stderr


@pytest.mark.parametrize(
    ("goal", "status"), [("completed", "completed"), ("rolled-back", "rolled back")]
)
def test_watching_until_an_end_succeeds_when_it_comes(
    goal: str, status: str, under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    under_way.on("GET", RUN, view(), view(status=status, phase=None))

    assert phasegate("run", "watch", "--until", goal, *QUICK).exit_code == 0


def test_watching_until_an_event_counts_what_is_in_the_log_already(
    under_way: Any, phasegate: Callable[..., Result]
) -> None:
    assert phasegate("run", "watch", "--until", "rollback_confirmed", *QUICK).exit_code == 0


def test_events_up_to_after_do_not_count(under_way: Any, phasegate: Callable[..., Result]) -> None:
    result = phasegate(
        *("run", "watch", "--until", "rollback_confirmed", "--after", "4"),
        *("--timeout", "20ms", *QUICK),
    )

    assert result.exit_code == 1
    assert "[watch-timeout]" in result.stderr


def test_an_unknown_goal_is_wrong_usage_and_names_the_known(
    under_way: Any, phasegate: Callable[..., Result]
) -> None:
    result = phasegate("run", "watch", "--until", "done")

    assert result.exit_code == 2
    assert "Known: completed, rolled-back, exposed" in result.stderr


def test_a_server_that_is_away_for_a_moment_is_forgiven(
    under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    error = {"error": {"code": "unavailable", "message": "locked", "remedy": "Wait."}}
    under_way.answers["GET", RUN] = [(503, error), (200, view(status="completed"))]

    assert phasegate("run", "watch", "--until", "completed", *QUICK).exit_code == 0


def test_a_refusal_is_not_forgiven(under_way: Any, phasegate: Callable[..., Result]) -> None:
    under_way.refuse("GET", RUN, 403, "may-not")

    assert "[may-not]" in phasegate("run", "watch", *QUICK).stderr


def test_in_json_every_event_is_one_line_for_programs(
    under_way: Any, log: Any, phasegate: Callable[..., Result]
) -> None:
    result = phasegate("run", "watch", "--until", "phase_passed", "--json", *QUICK)

    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [entry["number"] for entry in told] == [1, 2, 3, 4, 5]
    assert told[3]["body"]["time_to_safe_ms"] == 840


@pytest.mark.parametrize(("goal", "code"), [((), 0), (("--until", "completed"), 1)])
def test_who_only_looks_may_stop_and_who_waits_has_not_succeeded(
    goal: tuple[str, ...], code: int, under_way: Any
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "phasegate.cli.main", "run", "watch", *goal],
        env={**os.environ, "PHASEGATE_URL": under_way.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background has Ctrl-C ignored, and children inherit it.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 no threads
    )
    assert process.stdout is not None
    process.stdout.readline()

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert process.returncode == code
