from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

PLAN = """\
plan: checkout
environment: demo
author: ada
traffic: 200/min
metrics:
  error_rate: {kind: share, bad: error}
  paid_twice: {kind: sentinel, event: payment.twice}
phases:
  alpha:
    title: A few
    risk: low
    lasts: 1h to 8h
    before:
      - run: clinic validate staging
    components:
      new_cart: {shadow: 100%, then: 5%}
    pass_when:
      - error_rate < 2%
    roll_back_when:
      - error_rate > 5%
      - paid_twice
    sign_off: [approver]
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN, "utf-8")
    return path


def test_a_sound_plan_passes_and_shows_its_hash(plan: Path, alone: Callable[..., Result]) -> None:
    result = alone("plan", "check", str(plan))

    assert result.exit_code == 0
    assert "the plan is sound" in result.stdout
    assert len(result.stdout.splitlines()[-1].removeprefix("hash ")) == 64


def test_everything_wrong_is_shown_with_place_and_code(
    plan: Path, alone: Callable[..., Result]
) -> None:
    broken = PLAN.replace("5%}", "500%}").replace("risk: low", "risk: tiny")
    plan.write_text(broken, "utf-8")

    result = alone("plan", "check", str(plan))

    assert result.exit_code == 1
    assert f"{plan}:11  phases.alpha.risk: " in result.stdout
    assert "[exposure-range]  phasegate explain exposure-range" in result.stdout
    assert "2 error(s)" in result.stderr


def test_a_check_in_json_lists_problems_by_line(plan: Path, alone: Callable[..., Result]) -> None:
    plan.write_text(PLAN.replace("risk: low", "risk: tiny"), "utf-8")

    result = alone("plan", "check", str(plan), "--json")

    told = json.loads(result.stdout)
    assert told["plan_hash"] is None
    assert [(p["line"], p["severity"]) for p in told["problems"]] == [(11, "error")]
    assert result.exit_code == 1


def test_a_plan_is_shown_with_exposures_gates_and_guards(
    plan: Path, alone: Callable[..., Result]
) -> None:
    shown = alone("plan", "show", str(plan)).stdout

    rows = [" ".join(line.split()) for line in shown.splitlines()]
    assert "alpha: A few (low risk, 1 h to 8 h)" in rows
    assert "before run clinic validate staging" in rows
    assert "exposes new_cart 100 % in shadow then 5 %" in rows
    assert "passes when error_rate < 2%" in rows
    assert "goes back when paid_twice" in rows
    assert "signed by approver 1" in rows


def test_a_wrong_plan_is_not_shown(plan: Path, alone: Callable[..., Result]) -> None:
    plan.write_text("plan: [", "utf-8")

    result = alone("plan", "show", str(plan))

    assert result.exit_code == 1
    assert "[yaml-broken]" in result.stderr


def test_a_file_that_is_no_text_is_an_error(plan: Path, alone: Callable[..., Result]) -> None:
    plan.write_bytes(b"\xff\xfe\x00")

    assert "[plan-unreadable]" in alone("plan", "check", str(plan)).stderr


def test_the_schema_is_json(alone: Callable[..., Result]) -> None:
    assert json.loads(alone("plan", "schema").stdout)["title"] == "phasegate plan"


def test_a_case_file_that_is_not_there_is_a_warning(
    tmp_path: Path, alone: Callable[..., Result]
) -> None:
    plan = tmp_path / "plan.yaml"
    cases = """cases:
  triage: {file: triage.jsonl, url: "http://127.0.0.1:8090/triage"}
metrics:
  right: {kind: share, good: correct, source: cases, cases: triage}
"""
    text = PLAN.replace("metrics:\n", cases).replace("      - run: clinic validate staging\n", "")
    text = text.replace(
        "    before:\n", "    before:\n      - evaluate: {cases: triage, metric: right}\n"
    )
    plan.write_text(text.replace("pass_when:\n", "pass_when:\n      - right > 90%\n"), "utf-8")

    missing = alone("plan", "check", str(plan))
    (tmp_path / "triage.jsonl").write_text('{"request": 1}')
    broken = alone("plan", "check", str(plan))
    (tmp_path / "triage.jsonl").write_text('{"request": 1, "expect": 1}')
    there = alone("plan", "check", str(plan))

    assert missing.exit_code == 0
    assert f"warning: there is no file {tmp_path}/triage.jsonl\n" in missing.stdout
    assert "the plan is sound, 1 warning(s)" in missing.stdout
    assert f"{tmp_path}/triage.jsonl is broken in line 1: it has no 'expect'" in broken.stdout
    assert "0 warning(s)" in there.stdout
