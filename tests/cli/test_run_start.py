from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

SOUND = {"plan_hash": "ab" * 32, "problems": []}


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.yaml").write_text("plan: checkout\n", "utf-8")
    return tmp_path / "plan.yaml"


def problem(severity: str) -> dict[str, Any]:
    return {
        "path": "phases.alpha",
        "line": 3,
        "code": "lasts-form",
        "severity": severity,
        "message": "it is odd",
        "remedy": "Mend it.",
    }


def test_a_run_is_started_with_text_and_place_of_the_plan(
    plan: Path, server: Any, event: Any, phasegate: Callable[..., Result]
) -> None:
    server.on("POST", "/api/v1/plans/check", SOUND)
    server.on("POST", "/api/v1/runs", event(1, "run_started", "ada", environment="demo"))

    result = phasegate(
        *("run", "start", "plan.yaml", "--environment", "demo", "--pace", "60"),
        *("--endpoint", "clinic=http://127.0.0.1:9000"),
    )

    assert result.stdout == (
        "started checkout-1 in demo\nfollow it: phasegate run watch checkout-1\n"
    )
    assert server.bodies("/api/v1/runs") == [
        {
            "plan": "plan: checkout\n",
            "origin": str(plan),
            "environment": "demo",
            "pace": 60.0,
            "endpoints": {"clinic": "http://127.0.0.1:9000"},
        }
    ]


def test_everything_wrong_with_a_plan_is_shown_errors_last_and_nothing_starts(
    plan: Path, server: Any, phasegate: Callable[..., Result]
) -> None:
    found = {"plan_hash": None, "problems": [problem("error"), problem("warning")]}
    server.on("POST", "/api/v1/plans/check", found)

    result = phasegate("run", "start", "plan.yaml")

    assert result.exit_code == 1
    assert result.stderr.startswith(
        "plan.yaml:3  phases.alpha: warning: it is odd\n"
        "    Mend it.  [lasts-form]  phasegate explain lasts-form\n"
        "plan.yaml:3  phases.alpha: it is odd\n"
    )
    assert "plan.yaml has 1 error(s); nothing was started" in result.stderr
    assert server.bodies("/api/v1/runs") == []


def test_warnings_are_shown_and_the_run_starts(
    plan: Path, server: Any, event: Any, phasegate: Callable[..., Result]
) -> None:
    server.on("POST", "/api/v1/plans/check", {**SOUND, "problems": [problem("warning")]})
    server.on("POST", "/api/v1/runs", event(1, "run_started", "ada", environment="demo"))

    result = phasegate("run", "start", "plan.yaml")

    assert "warning: it is odd" in result.stderr
    assert result.exit_code == 0


def test_an_endpoint_without_a_name_is_wrong_usage(
    plan: Path, phasegate: Callable[..., Result]
) -> None:
    result = phasegate("run", "start", "plan.yaml", "--endpoint", "http://127.0.0.1:9000")

    assert result.exit_code == 2
    assert "clinic=http" in result.stderr


def test_a_plan_that_is_not_there_is_wrong_usage(phasegate: Callable[..., Result]) -> None:
    assert phasegate("run", "start", "nowhere.yaml").exit_code == 2
